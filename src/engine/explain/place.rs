//! Where in a statement the name stands that an error is about, for errors that do not say it.

use crate::engine::Position;
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

/// Part of a line: where it begins, and how many characters it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its first character.
    pub start: Position,
    /// Characters, at least one.
    pub length: u64,
}

/// How a name stands in a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A word, on its own or behind its table's name.
    Word,
    /// Before an opening parenthesis.
    Call,
    /// Before the arrow of a named argument.
    Argument,
    /// In brackets, as text, or behind a dot.
    Field,
    /// Text in quotes, or a number.
    Literal,
}

/// The words of a statement, without spaces and comments.
pub struct Words(Vec<TokenWithSpan>);

impl Words {
    /// Those of a statement; of one that cannot be cut into words, those before the fault.
    pub fn of(statement: &str) -> Self {
        let mut tokens = vec![];
        // What could be cut is there in either case.
        let _ = Tokenizer::new(&DuckDbDialect {}, statement).tokenize_with_location_into_buf(&mut tokens);
        tokens.retain(|t| !matches!(t.token, Token::Whitespace(_) | Token::EOF));
        Self(tokens)
    }

    /// The only place where a name, or a name behind others with dots, stands so; `None` when it stands nowhere or in
    /// several places.
    pub fn only(&self, name: &str, standing: Standing) -> Option<Place> {
        let parts: Vec<&str> = match standing {
            Standing::Word | Standing::Call => name.split('.').collect(),
            _ => vec![name],
        };
        let exact = self.places(&parts, standing, |a, b| a == b);
        let found = match exact.is_empty() {
            true => self.places(&parts, standing, str::eq_ignore_ascii_case),
            false => exact,
        };
        match found[..] {
            [one] => Some(one),
            _ => None,
        }
    }

    fn places(&self, parts: &[&str], standing: Standing, same: impl Fn(&str, &str) -> bool) -> Vec<Place> {
        // Names with dots are words with dots in between.
        let length = parts.len() * 2 - 1;
        let is_name = |at: usize| {
            (0..length).all(|i| match (self.0.get(at + i).map(|t| &t.token), i % 2) {
                (Some(Token::Period), 1) => true,
                (Some(token), 0) => text(token, standing).is_some_and(|t| same(t, parts[i / 2])),
                _ => false,
            })
        };
        let stands = |at: usize| {
            let before = at.checked_sub(1).and_then(|b| self.0.get(b)).map(|t| &t.token);
            let after = self.0.get(at + length).map(|t| &t.token);
            match standing {
                Standing::Word => !matches!(after, Some(Token::LParen | Token::RArrow)),
                Standing::Call => matches!(after, Some(Token::LParen)),
                Standing::Argument => matches!(after, Some(Token::RArrow | Token::Assignment | Token::Eq)),
                Standing::Field => matches!(before, Some(Token::LBracket | Token::Period)),
                Standing::Literal => true,
            }
        };
        let found = (0..self.0.len()).filter(|at| is_name(*at) && stands(*at));
        found
            .filter_map(|at| Some(between(self.0.get(at)?, self.0.get(at + length - 1)?)))
            .collect()
    }

    /// What stands at a position.
    pub fn at(&self, position: Position) -> Place {
        let found = self.0.iter().find(|t| Position::from(t.span.start) == position);
        found.map_or(
            Place {
                start: position,
                length: 1,
            },
            |t| between(t, t),
        )
    }

    /// The name that stands behind the first word, with dots in it.
    pub fn second_name(&self) -> Option<(String, Place)> {
        let first = self.0.get(1)?;
        let mut name = self.word(1)?.to_owned();
        let mut end = 1;
        while let (Some(Token::Period), Some(next)) = (self.0.get(end + 1).map(|t| &t.token), self.word(end + 2)) {
            name = format!("{name}.{next}");
            end += 2;
        }
        Some((name, between(first, self.0.get(end)?)))
    }

    fn word(&self, at: usize) -> Option<&str> {
        match &self.0.get(at)?.token {
            Token::Word(w) => Some(&w.value),
            _ => None,
        }
    }

    /// Behind the last word.
    pub fn end(&self) -> Option<Place> {
        let last = self.0.last()?;
        Some(Place {
            start: last.span.end.into(),
            length: 1,
        })
    }

    /// Whether a function is called in FROM.
    pub fn in_from(&self, function: &str) -> bool {
        (1..self.0.len()).any(|at| {
            let is = self.word(at).is_some_and(|w| w.eq_ignore_ascii_case(function));
            let called = matches!(self.0.get(at + 1).map(|t| &t.token), Some(Token::LParen));
            let before = self.word(at - 1).unwrap_or_default().to_uppercase();
            is && called && matches!(before.as_str(), "FROM" | "JOIN" | "LATERAL")
        })
    }

    /// The texts in quotes.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|t| match &t.token {
            Token::SingleQuotedString(s) => Some(s.as_str()),
            _ => None,
        })
    }

    /// The words that may be names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        (0..self.0.len()).filter_map(|at| self.word(at))
    }
}

/// What a word says, where it can be a name that stands so.
fn text(token: &Token, standing: Standing) -> Option<&str> {
    match (token, standing) {
        (Token::Word(w), Standing::Literal) => w.quote_style.is_none().then_some(&w.value),
        (Token::Word(w), _) => Some(&w.value),
        (Token::SingleQuotedString(s), Standing::Field | Standing::Literal) => Some(s),
        (Token::Number(n, _), Standing::Literal) => Some(n),
        _ => None,
    }
}

fn between(first: &TokenWithSpan, last: &TokenWithSpan) -> Place {
    let (start, end) = (first.span.start, last.span.end);
    let length = match start.line == end.line {
        true => end.column.saturating_sub(start.column).max(1),
        false => 1,
    };
    Place {
        start: start.into(),
        length,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(statement: &str, name: &str, standing: Standing) -> Option<(u64, u64, u64)> {
        let place = Words::of(statement).only(name, standing)?;
        Some((place.start.line, place.start.column, place.length))
    }

    #[test]
    fn a_name_is_found_where_it_stands_alone() {
        use Standing::*;
        let sql = "SELECT r['a b'],\n  f(x), p.\"é x\" -- f(x)\nFROM cox(t, f => 'x')";
        assert_eq!(only(sql, "f", Call), Some((2, 3, 1)));
        assert_eq!(only(sql, "F", Call), Some((2, 3, 1)));
        assert_eq!(only(sql, "f", Argument), Some((3, 13, 1)));
        assert_eq!(only(sql, "a b", Field), Some((1, 10, 5)));
        assert_eq!(only(sql, "p.é x", Word), Some((2, 9, 7)));
        assert_eq!(only(sql, "x", Word), Some((2, 5, 1)));
        assert_eq!(only(sql, "absent", Word), None);
        assert_eq!(only("SELECT a, a", "a", Word), None, "which of them?");
        assert_eq!(only("SELECT a, A", "A", Word), Some((1, 11, 1)));
    }

    #[test]
    fn names_behind_the_first_word() {
        let words = Words::of("SET radsql.sed = 3");
        let (name, place) = words.second_name().unwrap();
        assert_eq!((name.as_str(), place.start.column, place.length), ("radsql.sed", 5, 10));
        assert!(Words::of("").second_name().is_none() && Words::of("SELECT 'open").end().is_some());
        assert!(Words::of("SELECT * FROM cox(t)").in_from("cox") && !Words::of("SELECT cox(t)").in_from("cox"));
    }
}
