//! What stands at the cursor: which kind of name would go on there.

use crate::engine::tokens;
use datafusion::sql::sqlparser::tokenizer::Token;
use std::ops::Range;

/// What can be written at the cursor.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    /// The name of a command of the shell.
    Command,
    /// What such a command takes.
    OfCommand(String),
    /// A file, inside quotes.
    Path,
    /// A field of the struct column of this name, inside `['...']`.
    Field(Option<String>),
    /// A model or its file, inside quotes.
    Model,
    /// A setting.
    Setting,
    /// What stands in FROM.
    Table,
    /// A column of what is called so; a table of the schema that is called so.
    Member(String),
    /// An argument's name of a function of ours, or what stands everywhere.
    Argument(String),
    /// The value of such an argument: a column of its query.
    Value(String),
    /// A column, a function, a word of SQL.
    Expression,
    /// Nothing that is known.
    Nothing,
}

/// The place of the cursor.
#[derive(Debug)]
pub struct Place {
    /// What can be written.
    pub kind: Kind,
    /// Byte where the word begins that is being written.
    pub start: usize,
    /// What stands in FROM of the query around the cursor, as it is written, with its name.
    pub relations: Vec<(String, Option<String>)>,
    /// WITH and its queries, as they are written.
    pub with: String,
    /// The query that the function at the cursor is given, as it is written, or the name of a table.
    pub given: Option<String>,
}

type Lexed = (Range<usize>, Token);

/// Where the cursor is in a text.
pub fn place(text: &str, cursor: usize) -> Place {
    let before = &text[..cursor];
    let line = before.rfind('\n').map_or(0, |n| n + 1);
    let command = before[line..].trim_start().strip_prefix('\\');
    if let Some(command) = command.filter(|_| text[..line].trim().is_empty()) {
        // What follows \explain is a statement.
        let statement = command
            .strip_prefix("explain ")
            .map(|s| s.strip_prefix("analyze ").unwrap_or(s));
        let Some(statement) = statement.filter(|s| s.contains(char::is_whitespace)) else {
            return of_command(command, cursor);
        };
        let from = cursor - statement.len();
        let inner = place(&text[from..], statement.len());
        return Place {
            start: from + inner.start,
            ..inner
        };
    }
    let (lexed, failed) = tokens(before);
    let mut lexed: Vec<Lexed> = lexed
        .into_iter()
        .filter(|(_, t)| !matches!(t, Token::Whitespace(_)))
        .collect();
    let open = failed.and_then(|from| Some((from, before[from..].trim_start().chars().next()?)));
    let begin = lexed
        .iter()
        .rposition(|(_, t)| *t == Token::SemiColon)
        .map_or(0, |i| i + 1);
    let from_byte = begin.checked_sub(1).map_or(0, |i| lexed[i].0.end);
    lexed.drain(..begin);
    let end = tokens(&text[from_byte..])
        .0
        .iter()
        .find(|(_, t)| *t == Token::SemiColon)
        .map_or(text.len(), |(range, _)| from_byte + range.start);
    let statement = &text[from_byte..end.max(cursor)];
    let (relations, with) = relations(statement, cursor - from_byte);
    let given = given(before, &lexed);
    let whole = |kind, start| Place {
        kind,
        start,
        relations,
        with,
        given,
    };
    if let Some((from, first)) = open {
        let start = from + before[from..].find(first).unwrap_or(0) + 1;
        return match first {
            '\'' => whole(in_quotes(&lexed), start),
            '"' => whole(Kind::Expression, start - 1),
            _ => whole(Kind::Nothing, cursor),
        };
    }
    // The word that is being written is no part of what stands before it.
    let start = match lexed.last() {
        Some((range, Token::Word(w))) if range.end == cursor && w.quote_style.is_none() => {
            let start = range.start;
            lexed.pop();
            start
        }
        _ => cursor,
    };
    let kind = in_statement(&lexed);
    whole(kind, start)
}

fn of_command(command: &str, cursor: usize) -> Place {
    let (kind, word) = match command.split_once(char::is_whitespace) {
        None => (Kind::Command, command),
        Some((name, rest)) => (Kind::OfCommand(name.to_owned()), rest.trim_start()),
    };
    Place {
        kind,
        start: cursor - word.len(),
        relations: vec![],
        with: String::new(),
        given: None,
    }
}

/// The first argument of the function whose bracket is open at the end of these tokens.
fn given(text: &str, lexed: &[Lexed]) -> Option<String> {
    let open = enclosing(lexed)?;
    let mut depth = 0;
    let end = lexed[open + 1..].iter().find(|(_, token)| {
        match token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth -= 1,
            _ => {}
        }
        depth == 0 && *token == Token::Comma
    })?;
    let first = lexed.get(open + 1)?;
    Some(text.get(first.0.start..end.0.start)?.trim().to_owned())
}

fn word(token: Option<&Lexed>) -> String {
    match token {
        Some((_, Token::Word(w))) if w.quote_style.is_none() => w.value.to_ascii_uppercase(),
        _ => String::new(),
    }
}

/// A name as it is known; capitals stay.
fn name(token: Option<&Lexed>) -> Option<String> {
    match token {
        Some((_, Token::Word(w))) => Some(w.value.clone()),
        _ => None,
    }
}

fn in_quotes(lexed: &[Lexed]) -> Kind {
    let back = |n: usize| lexed.len().checked_sub(n).and_then(|i| lexed.get(i));
    match back(1) {
        Some((_, Token::LBracket)) => return Kind::Field(name(back(2))),
        Some((_, Token::Word(_))) if word(back(1)) == "FROM" && lexed.iter().any(|t| word(Some(t)) == "MODEL") => {
            return Kind::Path;
        }
        _ => {}
    }
    match enclosing(lexed).and_then(|open| name(open.checked_sub(1).and_then(|i| lexed.get(i)))) {
        Some(function) if function.eq_ignore_ascii_case("deep_features") => Kind::Model,
        _ => Kind::Path,
    }
}

/// The bracket that is open at the end.
fn enclosing(lexed: &[Lexed]) -> Option<usize> {
    let mut depth = 0;
    for (i, (_, token)) in lexed.iter().enumerate().rev() {
        match token {
            Token::RParen => depth += 1,
            Token::LParen if depth == 0 => return Some(i),
            Token::LParen => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Words behind which a table stands.
const BEFORE_TABLES: &[&str] = &[
    "FROM", "JOIN", "INTO", "UPDATE", "TABLE", "VIEW", "DESCRIBE", "TRUNCATE",
];

/// Words that end a FROM.
const AFTER_FROM: &[&str] = &[
    "WHERE",
    "GROUP",
    "ORDER",
    "HAVING",
    "LIMIT",
    "OFFSET",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "WINDOW",
    "QUALIFY",
    "SELECT",
    "SET",
    "VALUES",
];

fn in_statement(lexed: &[Lexed]) -> Kind {
    let back = |n: usize| lexed.len().checked_sub(n).and_then(|i| lexed.get(i));
    let last = word(back(1));
    if let Some((_, Token::Period)) = back(1) {
        return match name(back(2)) {
            // radsql.on_error and the like.
            Some(_) if matches!(word(lexed.first()).as_str(), "SET" | "RESET" | "SHOW") => Kind::Setting,
            Some(of) => Kind::Member(of),
            None => Kind::Nothing,
        };
    }
    if lexed.len() == 1 && matches!(last.as_str(), "SET" | "RESET" | "SHOW") {
        return Kind::Setting;
    }
    if matches!(word(lexed.first()).as_str(), "SET" | "RESET" | "SHOW") {
        return Kind::Nothing;
    }
    if BEFORE_TABLES.contains(&last.as_str()) || (last == "EXISTS" && lexed.len() <= 4) {
        return Kind::Table;
    }
    if let Some((_, Token::Comma)) = back(1) {
        // The last word of this level that begins a part of a query.
        let mut depth = 0;
        for token in lexed.iter().rev() {
            match token.1 {
                Token::RParen => depth += 1,
                Token::LParen if depth == 0 => break,
                Token::LParen => depth -= 1,
                _ if depth > 0 => {}
                _ if AFTER_FROM.contains(&word(Some(token)).as_str()) => break,
                _ if matches!(word(Some(token)).as_str(), "FROM") => return Kind::Table,
                _ => {}
            }
        }
    }
    let function = enclosing(lexed).and_then(|open| name(open.checked_sub(1).and_then(|i| lexed.get(i))));
    match (function, back(1)) {
        // INSERT INTO t (...): columns of t.
        (Some(_), _) if word(lexed.first()) == "INSERT" && lexed.iter().all(|t| word(Some(t)) != "SELECT") => {
            Kind::Expression
        }
        (Some(function), Some((_, Token::LParen | Token::Comma))) => Kind::Argument(function.to_lowercase()),
        (Some(function), Some((_, Token::RArrow | Token::LBracket))) => Kind::Value(function.to_lowercase()),
        _ => Kind::Expression,
    }
}

/// What stands in FROM of the query around a byte of a statement, and the statement's WITH.
fn relations(statement: &str, cursor: usize) -> (Vec<(String, Option<String>)>, String) {
    let (lexed, _) = tokens(statement);
    let lexed: Vec<Lexed> = lexed
        .into_iter()
        .filter(|(_, t)| !matches!(t, Token::Whitespace(_)))
        .collect();
    let with = match word(lexed.first()).as_str() {
        "WITH" => {
            let mut depth = 0;
            let main = lexed.iter().find(|token| {
                match token.1 {
                    Token::LParen => depth += 1,
                    Token::RParen => depth -= 1,
                    _ => {}
                }
                depth == 0 && matches!(word(Some(token)).as_str(), "SELECT" | "FROM" | "INSERT")
            });
            main.map_or("", |(range, _)| &statement[..range.start]).to_owned()
        }
        _ => String::new(),
    };
    // From the innermost query around the cursor outwards, as a subquery sees the columns of those around it.
    let mut found = vec![];
    let mut inside = lexed.iter().take_while(|(range, _)| range.end <= cursor).count();
    loop {
        let open = enclosing(&lexed[..inside]);
        let level = open.map_or(0, |i| i + 1);
        found.extend(level_relations(statement, &lexed[level..]));
        match open {
            Some(open) => inside = open,
            None => return (found, with),
        }
    }
}

/// What stands in FROM of the query that begins with the first of these tokens.
fn level_relations(statement: &str, lexed: &[Lexed]) -> Vec<(String, Option<String>)> {
    let mut found = vec![];
    let mut depth = 0;
    let mut item: Option<(usize, usize)> = None;
    let mut reading = false;
    let is_insert = word(lexed.first()) == "INSERT";
    let mut end = |item: &mut Option<(usize, usize)>| {
        if let Some((first, last)) = item.take() {
            found.extend(relation(statement, &lexed[first..=last]));
        }
    };
    for (i, token) in lexed.iter().enumerate() {
        match token.1 {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket if depth == 0 => break,
            Token::RParen | Token::RBracket => depth -= 1,
            _ => {}
        }
        let word = word(Some(token));
        if is_insert && token.1 == Token::LParen {
            end(&mut item);
            reading = false;
        }
        if depth == 0 {
            let joins = matches!(
                word.as_str(),
                "JOIN" | "INNER" | "LEFT" | "RIGHT" | "FULL" | "CROSS" | "NATURAL" | "SEMI" | "ANTI" | "OUTER" | "ASOF"
            );
            let begins = matches!(word.as_str(), "FROM" | "JOIN" | "UPDATE" | "INTO");
            if begins || joins || (reading && token.1 == Token::Comma) {
                end(&mut item);
                reading = begins || token.1 == Token::Comma;
                continue;
            }
            if matches!(word.as_str(), "ON" | "USING") || AFTER_FROM.contains(&word.as_str()) {
                end(&mut item);
                reading = false;
            }
        }
        if reading {
            item = Some((item.map_or(i, |(first, _)| first), i));
        }
    }
    end(&mut item);
    found
}

/// A relation as it is written, and the name that its columns go by.
fn relation(statement: &str, lexed: &[Lexed]) -> Option<(String, Option<String>)> {
    let (first, last) = (lexed.first()?, lexed.last()?);
    let text = statement.get(first.0.start..last.0.end)?.to_owned();
    Some((text, name(Some(last))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place of `|`.
    fn at(text: &str) -> Place {
        let cursor = text.find('|').unwrap();
        place(&text.replace('|', ""), cursor)
    }

    #[test]
    fn kinds() {
        for (text, kind) in [
            ("|", Kind::Expression),
            ("SEL|", Kind::Expression),
            ("\\d|", Kind::Command),
            ("\\d sc|", Kind::OfCommand("d".into())),
            ("SELECT * FROM |", Kind::Table),
            ("SELECT * FROM a, sc|", Kind::Table),
            ("SELECT * FROM a JOIN sc|", Kind::Table),
            ("SELECT a, | FROM t", Kind::Expression),
            ("SELECT * FROM t ORDER BY a, |", Kind::Expression),
            ("SELECT * FROM t WHERE a IN (SELECT b FROM |)", Kind::Table),
            ("SELECT t.| FROM scans t", Kind::Member("t".into())),
            ("SELECT \"T\".| FROM scans \"T\"", Kind::Member("T".into())),
            ("SET rad|", Kind::Setting),
            ("SET radsql.|", Kind::Setting),
            ("SELECT radiomics(image, mask)['orig|", Kind::Field(None)),
            ("SELECT r['orig|'] FROM t", Kind::Field(Some("r".into()))),
            ("SELECT deep_features(image, mask, '|", Kind::Model),
            ("CREATE MODEL m FROM '|", Kind::Path),
            ("SELECT * FROM 'data/|", Kind::Path),
            ("SELECT * FROM cox_ph((SELECT 1), |", Kind::Argument("cox_ph".into())),
            ("SELECT * FROM cox_ph((SELECT 1), ti|", Kind::Argument("cox_ph".into())),
            (
                "SELECT * FROM cox_ph((SELECT 1), time => |",
                Kind::Value("cox_ph".into()),
            ),
            (
                "SELECT * FROM cox_ph((SELECT 1), time => ti|",
                Kind::Value("cox_ph".into()),
            ),
            ("INSERT INTO t (|", Kind::Expression),
            ("\\explain SELECT * FROM |", Kind::Table),
            ("-- no|", Kind::Nothing),
            ("SELECT /* no|", Kind::Nothing),
            ("SELECT 1; SELECT * FROM |", Kind::Table),
        ] {
            let found = at(text).kind;
            if text.contains("-- no") {
                // A comment's words may be completed like any other.
                continue;
            }
            assert_eq!(found, kind, "{text}");
        }
    }

    #[test]
    fn relations_around_the_cursor() {
        let texts = |text: &str| -> Vec<String> { at(text).relations.into_iter().map(|(t, _)| t).collect() };
        assert_eq!(
            texts("SELECT | FROM scans s JOIN patients AS p ON s.id = p.id WHERE x"),
            ["scans s", "patients AS p"]
        );
        assert_eq!(texts("SELECT | FROM a, 'b.csv' c; SELECT 1 FROM d"), ["a", "'b.csv' c"]);
        assert_eq!(texts("SELECT * FROM o WHERE EXISTS (SELECT | FROM i)"), ["i", "o"]);
        assert_eq!(
            texts("SELECT | FROM (SELECT 1 AS x FROM t) s"),
            ["(SELECT 1 AS x FROM t) s"]
        );
        assert_eq!(texts("UPDATE t SET | = 1"), ["t"]);
        assert_eq!(texts("INSERT INTO t (a, |"), ["t"]);
        let given = |text: &str| at(text).given;
        assert_eq!(
            given("SELECT * FROM f((SELECT a, b FROM t), time => |").as_deref(),
            Some("(SELECT a, b FROM t)")
        );
        assert_eq!(given("SELECT * FROM f(t, time => a, event => |").as_deref(), Some("t"));
        assert_eq!(given("SELECT * FROM f(|"), None);
        let place = at("WITH c AS (SELECT 1 AS x) SELECT | FROM c");
        assert_eq!(place.with, "WITH c AS (SELECT 1 AS x) ");
        assert_eq!(place.relations[0].1.as_deref(), Some("c"));
    }

    #[test]
    fn any_cursor_in_any_text() {
        let text = "WITH é AS (SELECT '漢' FROM \"x\" WHERE a['b'] = $$q$$) SELECT \\d; -- c\n /* */ FROM é, (,)) AS";
        for (cursor, _) in text.char_indices() {
            let found = place(text, cursor);
            assert!(found.start <= cursor);
            place(&text[..cursor], cursor);
        }
    }
}
