//! Errors as the command line tells them: what is wrong, where, the line with a mark under the place, and what may help.

use super::statement::shown as visible;
use super::terminal;
use crate::engine::{Place, Position};
use std::fmt::Write as _;
use std::io::IsTerminal;
use unicode_width::UnicodeWidthChar;

/// Columns of the terminal that a line of a statement may take. Longer ones are cut around the place.
const WIDTH: usize = 100;

/// What a tab becomes.
const TAB: &str = "    ";

/// Whether errors may have colours.
pub fn colours() -> bool {
    terminal::colours(std::io::stderr().is_terminal())
}

/// An error and the text that it is in.
pub struct Report<'a> {
    /// What the text is called: a file, `-c`, `stdin`.
    pub name: &'a str,
    /// The text.
    pub text: &'a str,
    /// Where in it the statement or the fault begins.
    pub position: Position,
    /// What is wrong.
    pub message: &'a str,
    /// The part of the text that is wrong, where that is known.
    pub place: Option<Place>,
    /// What may help, a line each.
    pub help: &'a [String],
}

impl Report<'_> {
    /// `file:line:column: message`, the line of the text with the place marked, and the help. Without an end of line.
    pub fn render(&self, colours: bool) -> String {
        let mut out = format!("{}:{}: {}", visible(self.name), self.position, visible(self.message));
        let line = self.place.map_or(self.position.line, |p| p.start.line);
        if let Some(excerpt) = Excerpt::of(self.text, line, self.place) {
            let paint = |code: &str, text: &str| match colours {
                true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
                false => text.to_owned(),
            };
            let number = line.to_string();
            // Writing to a text does not fail.
            let _ = write!(out, "\n  {} {}", paint("2", &format!("{number} |")), excerpt.line);
            if let Some((before, marks)) = excerpt.mark {
                let gutter = paint("2", &format!("{:1$} |", "", number.len()));
                let marks = paint("1;31", &"^".repeat(marks));
                let _ = write!(out, "\n  {gutter} {:before$}{marks}", "");
            }
        }
        for help in self.help {
            let help = match (visible(help), colours) {
                (help, true) => format!("\u{1b}[36m{help}\u{1b}[0m"),
                (help, false) => help,
            };
            let _ = write!(out, "\n  {help}");
        }
        out
    }
}

/// A line as it is shown, and the columns before the mark and of the mark.
#[derive(Debug, PartialEq, Eq)]
struct Excerpt {
    line: String,
    mark: Option<(usize, usize)>,
}

/// A character as it is shown, and its columns.
fn shown(c: char) -> (String, usize) {
    match c {
        '\t' => (TAB.to_owned(), TAB.len()),
        // Those that would move the cursor, or nothing.
        c if c.is_control() || c.width().unwrap_or(0) == 0 && !is_joined(c) => ("\u{fffd}".to_owned(), 1),
        c => (c.to_string(), c.width().unwrap_or(0)),
    }
}

/// Whether a character is drawn over the one before it.
fn is_joined(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}')
}

impl Excerpt {
    fn of(text: &str, line: u64, place: Option<Place>) -> Option<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let line = text.split('\n').nth(usize::try_from(line.checked_sub(1)?).ok()?)?;
        let line = line.trim_end();
        if line.is_empty() {
            return None;
        }
        let cells: Vec<(String, usize)> = line.chars().map(shown).collect();
        let index = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        // A fault may lie right behind the line's end.
        let start = place
            .map_or(0, |p| index(p.start.column.saturating_sub(1)))
            .min(cells.len());
        let end = place
            .map_or(0, |p| start.saturating_add(index(p.length)))
            .min(cells.len())
            .max(start);
        let width = |cells: &[(String, usize)]| cells.iter().map(|(_, w)| w).sum::<usize>();
        let mut from = 0;
        let mut to = cells.len();
        if width(&cells) > WIDTH {
            // A third before the place, so that one sees what led to it, and no more than is needed.
            while from < start && width(&cells[from..start]) > WIDTH / 3 && width(&cells[from..]) > WIDTH - 1 {
                from += 1;
            }
            let room = WIDTH - usize::from(from > 0);
            while to > from && width(&cells[from..to]) > room {
                // One for the dots.
                to -= 1;
                while to > from && width(&cells[from..to]) > room - 1 {
                    to -= 1;
                }
            }
        }
        let mut out = String::new();
        if from > 0 {
            out.push('…');
        }
        cells[from..to].iter().for_each(|(text, _)| out.push_str(text));
        if to < cells.len() {
            out.push('…');
        }
        let mark = place.map(|_| {
            let before = usize::from(from > 0) + width(&cells[from..start]);
            (before, width(&cells[start..end.min(to).max(start)]).max(1))
        });
        Some(Self { line: out, mark })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: u64, column: u64, length: u64) -> Option<Place> {
        Some(Place {
            start: Position { line, column },
            length,
        })
    }

    fn render(text: &str, at: Option<Place>, colours: bool) -> String {
        let report = Report {
            name: "f.sql",
            text,
            position: at.map_or(Position { line: 1, column: 1 }, |p| p.start),
            message: "wrong",
            place: at,
            help: &["did you mean 'b'?".to_owned()],
        };
        report.render(colours)
    }

    #[test]
    fn a_mark_stands_under_the_place() {
        assert_eq!(
            render("SELECT 1;\nSELECT aa, b", place(2, 8, 2), false),
            "f.sql:2:8: wrong\n  2 | SELECT aa, b\n    |        ^^\n  did you mean 'b'?"
        );
        // Behind the end of the line, and with no place at all.
        assert_eq!(
            render("SELECT 1 +", place(1, 11, 1), false),
            "f.sql:1:11: wrong\n  1 | SELECT 1 +\n    |           ^\n  did you mean 'b'?"
        );
        assert_eq!(
            render("SELECT 1 / 0\r\nFROM t", None, false),
            "f.sql:1:1: wrong\n  1 | SELECT 1 / 0\n  did you mean 'b'?"
        );
        assert_eq!(
            render("", place(1, 1, 1), false),
            "f.sql:1:1: wrong\n  did you mean 'b'?"
        );
        assert_eq!(
            render("x", place(7, 1, 1), false),
            "f.sql:7:1: wrong\n  did you mean 'b'?"
        );
        let tenth = format!("{}\tx", "\n".repeat(9));
        assert_eq!(
            render(&tenth, place(10, 2, 1), false),
            "f.sql:10:2: wrong\n  10 |     x\n     |     ^\n  did you mean 'b'?"
        );
    }

    #[test]
    fn columns_are_those_of_the_terminal() {
        // Wide, combining and control characters, and a byte-order mark.
        let text = "\u{feff}SELECT '肿瘤', e\u{301}, \u{1b}x";
        let excerpt = Excerpt::of(text, 1, place(1, 19, 1)).unwrap();
        assert_eq!(excerpt.line, "SELECT '肿瘤', e\u{301}, \u{fffd}x");
        assert_eq!(excerpt.mark, Some((19, 1)));
        let excerpt = Excerpt::of(text, 1, place(1, 8, 4)).unwrap();
        assert_eq!(excerpt.mark, Some((7, 6)), "a wide character takes two marks");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let many = "abcdefghi ".repeat(50);
        for (column, length) in [(1, 9), (95, 3), (101, 9), (250, 30), (491, 9), (500, 1), (200, 300)] {
            let excerpt = Excerpt::of(&many, 1, place(1, column, length)).unwrap();
            assert!(excerpt.line.chars().count() <= WIDTH, "{column}: {}", excerpt.line);
            let (before, marks) = excerpt.mark.unwrap();
            let under: String = excerpt.line.chars().skip(before).take(marks).collect();
            let start = column as usize - 1;
            let meant: String = many.trim_end().chars().skip(start).take(length as usize).collect();
            assert!(
                meant.starts_with(under.trim_end_matches('…')),
                "{column}: '{under}' of '{meant}'"
            );
            assert!(
                length > 60 || under.chars().count() == meant.chars().count(),
                "{column}"
            );
        }
        let wide = "肿".repeat(300);
        let excerpt = Excerpt::of(&wide, 1, place(1, 150, 1)).unwrap();
        assert!(excerpt.line.chars().count() <= WIDTH / 2 + 2);
        assert!(excerpt.line.starts_with('…') && excerpt.line.ends_with('…'));
    }

    #[test]
    fn colours_are_asked_for() {
        let plain = render("SELECT aa", place(1, 8, 2), false);
        let coloured = render("SELECT aa", place(1, 8, 2), true);
        assert!(!plain.contains('\u{1b}') && coloured.contains("\u{1b}[1;31m^^\u{1b}[0m"));
    }
}
