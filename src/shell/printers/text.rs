//! Texts as a terminal shows them: their width, cut and filled up, and with nothing in them that acts.

use std::borrow::Cow;
use std::fmt::Write;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What stands for the rest of a text.
pub const REST: &str = "…";

/// Dim, for what is no data of the user's.
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

/// A text in which what a terminal would obey is written out, as in `\x1b`. A line's end is too: `\n`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if acts(c) && u32::from(c) < 0x100 => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if acts(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// The lines of a text, each with nothing in it that acts. An end of line at its end begins no other.
pub fn lines(text: &str) -> Vec<Cow<'_, str>> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.split('\n')
        .map(|line| visible(line.strip_suffix('\r').unwrap_or(line)))
        .collect()
}

/// Control characters, and those that turn the direction of writing, so that a text seems to be another.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Columns that a visible text takes.
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

/// A text of at most so many columns; the end that is cut off is told by `…`.
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    // A byte is never wider than a column.
    if text.len() <= columns || width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let mut taken = 0;
    for c in text.chars() {
        taken += c.width().unwrap_or(0);
        if taken >= columns {
            break;
        }
        out.push(c);
    }
    out.push_str(REST);
    Cow::Owned(out)
}

/// Adds a text to a line, filled up with spaces.
pub fn pad(line: &mut String, text: &str, columns: usize, right: bool) {
    let spaces = columns.saturating_sub(width(text));
    if right {
        line.extend(std::iter::repeat_n(' ', spaces));
    }
    line.push_str(text);
    if !right {
        line.extend(std::iter::repeat_n(' ', spaces));
    }
}

/// A text in the dim style, where there are colours.
pub fn dim(text: &str, colours: bool) -> Cow<'_, str> {
    match colours {
        true => Cow::Owned(format!("{DIM}{text}{PLAIN}")),
        false => Cow::Borrowed(text),
    }
}

/// A number and what it counts.
pub fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_moves_the_cursor() {
        assert_eq!(visible("a b é 漢"), "a b é 漢");
        assert_eq!(visible("\u{1b}[2J\r\nx\t\u{7f}\u{9b}"), "\\x1b[2J\\r\\nx\\t\\x7f\\x9b");
        assert_eq!(visible("abc\u{202e}cba"), "abc\\u{202e}cba");
        assert_eq!(lines("a\r\nb\u{7}\n"), ["a", "b\\x07"]);
    }

    #[test]
    fn widths_are_columns() {
        assert_eq!((width("漢字"), width("e\u{301}"), width("a")), (4, 1, 1));
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("漢字漢字", 4), "漢…");
        assert_eq!(cut("ä", 1), "ä");
        for columns in 1..8 {
            assert!(width(&cut("a漢b字c漢d", columns)) <= columns);
        }
        let mut line = String::new();
        pad(&mut line, "漢", 4, true);
        pad(&mut line, "é", 3, false);
        assert_eq!(line, "  漢é  ");
    }
}
