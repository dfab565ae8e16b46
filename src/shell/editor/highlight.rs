//! Colours of SQL, and the bracket that belongs to the one at the cursor.

use super::keywords::is_keyword;
use crate::engine::tokens;
use datafusion::sql::sqlparser::tokenizer::{Token, Whitespace};
use std::ops::Range;

const KEYWORD: &str = "1;34";
const FUNCTION: &str = "36";
const STRING: &str = "32";
const NUMBER: &str = "35";
const COMMENT: &str = "2";
const COMMAND: &str = "1";
const BRACKET: &str = "1;7";

/// A text from byte `from` on, with colours; `cursor` is the byte before which the cursor stands, if brackets are to be shown.
pub fn highlight(text: &str, from: usize, cursor: Option<usize>) -> String {
    if let Some(command) = text[from..]
        .strip_prefix('\\')
        .filter(|_| text[..from].trim().is_empty())
    {
        let text = &text[from..];
        let name = command.find(char::is_whitespace).map_or(text.len(), |n| n + 1);
        return format!("{}{}", painted(&text[..name], COMMAND), &text[name..]);
    }
    let (tokens, failed) = tokens(text);
    let pair = cursor.and_then(|cursor| pair(&tokens, cursor));
    let mut out = String::with_capacity(text.len() * 2);
    let mut done = from;
    for (i, (range, token)) in tokens.iter().enumerate() {
        if range.end <= from {
            continue;
        }
        let range = range.start.max(from)..range.end;
        out.push_str(&text[done..range.start.max(done)]);
        let style = match pair {
            Some((a, b)) if i == a || i == b => Some(BRACKET),
            _ => style(token, tokens.get(i + 1).map(|(_, t)| t)),
        };
        let word = &text[range.clone()];
        match style {
            Some(style) => out.push_str(&painted(word, style)),
            None => out.push_str(word),
        }
        done = range.end;
    }
    let rest = &text[done..];
    match failed {
        Some(_) if rest.trim_start().starts_with("/*") => out.push_str(&painted(rest, COMMENT)),
        Some(_) => out.push_str(&painted(rest, STRING)),
        None => out.push_str(rest),
    }
    out
}

/// A text of several lines is painted line by line, as the editor moves the cursor between them.
fn painted(text: &str, style: &str) -> String {
    let lines: Vec<_> = text
        .split('\n')
        .map(|line| match line.is_empty() {
            true => String::new(),
            false => format!("\x1b[{style}m{line}\x1b[0m"),
        })
        .collect();
    lines.join("\n")
}

fn style(token: &Token, next: Option<&Token>) -> Option<&'static str> {
    Some(match token {
        Token::Word(w) if w.quote_style.is_none() && is_keyword(&w.value) => KEYWORD,
        Token::Word(_) if next == Some(&Token::LParen) => FUNCTION,
        Token::Number(..) => NUMBER,
        Token::SingleQuotedString(_)
        | Token::NationalStringLiteral(_)
        | Token::EscapedStringLiteral(_)
        | Token::DollarQuotedString(_)
        | Token::HexStringLiteral(_) => STRING,
        Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_)) => COMMENT,
        _ => return None,
    })
}

/// The brackets that belong together, one of which stands under the cursor or before it.
fn pair(tokens: &[(Range<usize>, Token)], cursor: usize) -> Option<(usize, usize)> {
    let at = |byte: usize| {
        tokens
            .iter()
            .position(|(range, t)| range.start == byte && depth(t) != 0)
    };
    let first = at(cursor).or_else(|| at(cursor.checked_sub(1)?))?;
    let step = depth(&tokens[first].1);
    let mut open = 0;
    let mut i = first;
    loop {
        open += depth(&tokens[i].1);
        if open == 0 {
            return closes(&tokens[first.min(i)].1, &tokens[first.max(i)].1).then_some((first, i));
        }
        i = if step > 0 { i + 1 } else { i.checked_sub(1)? };
        if i >= tokens.len() {
            return None;
        }
    }
}

fn depth(token: &Token) -> i32 {
    match token {
        Token::LParen | Token::LBracket | Token::LBrace => 1,
        Token::RParen | Token::RBracket | Token::RBrace => -1,
        _ => 0,
    }
}

fn closes(open: &Token, close: &Token) -> bool {
    matches!(
        (open, close),
        (Token::LParen, Token::RParen) | (Token::LBracket, Token::RBracket) | (Token::LBrace, Token::RBrace)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("\x1b[") {
            out.push_str(before);
            rest = after.split_once('m').map_or("", |(_, rest)| rest);
        }
        out + rest
    }

    #[test]
    fn nothing_but_colours_is_added() {
        for text in [
            "SELECT a, 'it''s' FROM t -- c\nWHERE x = 1.5;",
            "SELECT 'open",
            "SELECT /* open\n é",
            "\\d scans",
            "SELECT \"Ä\" || '漢字' ;; )",
            "",
            "   ",
            "$$ a",
        ] {
            for cursor in 0..=text.len() {
                assert_eq!(plain(&highlight(text, 0, Some(cursor))), text);
                if text.is_char_boundary(cursor) {
                    assert_eq!(plain(&highlight(text, cursor, None)), text[cursor..]);
                }
            }
        }
    }

    #[test]
    fn kinds_of_words() {
        let text = highlight("select sum(a) from \"from\" where b = 'x'", 0, None);
        assert!(text.contains("\x1b[1;34mselect\x1b[0m \x1b[36msum\x1b[0m(a)"), "{text}");
        assert!(text.contains(" \"from\" "), "{text}");
        assert!(text.ends_with("\x1b[32m'x'\x1b[0m"), "{text}");
    }

    #[test]
    fn brackets_of_strings_do_not_count() {
        let text = "f(')', [1])";
        let (tokens, _) = tokens(text);
        let bytes = |cursor| pair(&tokens, cursor).map(|(a, b)| (tokens[a].0.start, tokens[b].0.start));
        assert_eq!(bytes(1), Some((1, 10)));
        assert_eq!(bytes(11), Some((10, 1)));
        assert_eq!(bytes(7), Some((7, 9)));
        assert_eq!(bytes(4), None);
    }
}
