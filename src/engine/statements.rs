//! Cuts a text into statements with the SQL tokenizer, so that quotes, comments and dollar strings mean what SQL says,
//! and puts the values of `:name` variables in.

use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

/// A piece of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A SQL statement, without its semicolon.
    Statement(Statement),
    /// A line that begins with a backslash, without it: for the shell.
    Command {
        /// The rest of the line.
        text: String,
        /// Where it stands.
        position: Position,
    },
}

/// A SQL statement and where it begins in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The text, without its semicolon.
    pub text: String,
    /// Where its first word stands.
    pub position: Position,
    /// Whether a semicolon ended it; a shell waits for one.
    pub ended: bool,
}

/// A place in a text; both count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line.
    pub line: u64,
    /// Character in the line.
    pub column: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl From<Location> for Position {
    fn from(l: Location) -> Self {
        Self {
            line: l.line,
            column: l.column,
        }
    }
}

/// A text that cannot be cut into statements, such as one with a string that does not end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SplitError {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub position: Position,
}

/// Cuts a script into statements and commands.
///
/// # Errors
/// [`SplitError`] when a string, a quoted name or a comment does not end.
pub fn split(text: &str) -> Result<Vec<Piece>, SplitError> {
    // Some editors begin a file with a byte-order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::of(text);
    let mut pieces = vec![];
    let mut from = 0;
    while from < text.len() {
        let (found, next) = split_until_command(text, &lines, from)?;
        pieces.extend(found);
        from = next;
    }
    Ok(pieces)
}

/// Statements from byte `from` on, up to the end or behind the first command line.
fn split_until_command(text: &str, lines: &Lines, from: usize) -> Result<(Vec<Piece>, usize), SplitError> {
    let mut pieces = vec![];
    let mut tokens = vec![];
    let failure = Tokenizer::new(&DuckDbDialect {}, &text[from..])
        .with_unescape(false)
        .tokenize_with_location_into_buf(&mut tokens)
        .err();
    let base = lines.position(text, from);
    let mut begin: Option<Position> = None;
    for TokenWithSpan { token, span } in &tokens {
        let at = base.plus(span.start);
        match (token, begin) {
            (Token::Whitespace(_) | Token::EOF, _) => {}
            (Token::SemiColon, None) => {}
            (Token::SemiColon, Some(b)) => {
                pieces.push(statement(&text[lines.byte(text, b)..lines.byte(text, at)], b, true));
                begin = None;
            }
            (Token::Backslash, None) => {
                let start = lines.byte(text, at);
                let end = text[start..].find('\n').map_or(text.len(), |n| start + n);
                pieces.push(Piece::Command {
                    text: text[start + 1..end].trim().into(),
                    position: at,
                });
                return Ok((pieces, end));
            }
            (_, None) => begin = Some(at),
            (_, Some(_)) => {}
        }
    }
    if let Some(e) = failure {
        let message = e.message.trim_end().to_string();
        return Err(SplitError {
            message,
            position: base.plus(e.location),
        });
    }
    if let Some(b) = begin {
        pieces.push(statement(&text[lines.byte(text, b)..], b, false));
    }
    Ok((pieces, text.len()))
}

fn statement(text: &str, position: Position, ended: bool) -> Piece {
    Piece::Statement(Statement {
        text: text.trim_end().into(),
        position,
        ended,
    })
}

impl Position {
    /// This place, counted on by a location in the text that begins here.
    fn plus(self, l: Location) -> Self {
        if l.line <= 1 {
            Self {
                line: self.line,
                column: self.column + l.column.saturating_sub(1),
            }
        } else {
            Self {
                line: self.line + l.line - 1,
                column: l.column,
            }
        }
    }
}

/// Where each line begins.
struct Lines(Vec<Line>);

struct Line {
    /// Its first byte.
    start: usize,
    /// The byte of every so many characters, when it has characters of several bytes: a long line is not counted through
    /// for each of its words.
    marks: Vec<usize>,
}

/// Characters from mark to mark.
const MARK: usize = 256;

impl Lines {
    fn of(text: &str) -> Self {
        let mut start = 0;
        let lines = text.split('\n').map(|line| {
            let marks = match line.is_ascii() {
                true => vec![],
                false => line.char_indices().step_by(MARK).map(|(i, _)| start + i).collect(),
            };
            let begin = start;
            start += line.len() + 1;
            Line { start: begin, marks }
        });
        Self(lines.collect())
    }

    fn byte(&self, text: &str, p: Position) -> usize {
        let Some(line) = usize::try_from(p.line - 1).ok().and_then(|l| self.0.get(l)) else {
            return text.len();
        };
        let skip = usize::try_from(p.column - 1).unwrap_or(usize::MAX);
        if line.marks.is_empty() {
            return line.start.saturating_add(skip).min(text.len());
        }
        let Some(mark) = line.marks.get(skip / MARK) else {
            return text.len();
        };
        text[*mark..]
            .char_indices()
            .nth(skip % MARK)
            .map_or(text.len(), |(i, _)| mark + i)
    }

    fn position(&self, text: &str, byte: usize) -> Position {
        let line = self.0.partition_point(|l| l.start <= byte) - 1;
        let column = text[self.0[line].start..byte].chars().count() + 1;
        Position {
            line: line as u64 + 1,
            column: column as u64,
        }
    }
}

/// The tokens of a text that may still be written, each with its bytes. Behind the last of them the text cannot be read: a
/// string or a comment that does not end, most likely, from the byte that is given.
pub fn tokens(text: &str) -> (Vec<(Range<usize>, Token)>, Option<usize>) {
    let mut tokens = vec![];
    let failure = Tokenizer::new(&DuckDbDialect {}, text)
        .with_unescape(false)
        .tokenize_with_location_into_buf(&mut tokens)
        .err();
    let lines = Lines::of(text);
    let byte = |l: Location| lines.byte(text, l.into());
    let tokens: Vec<_> = tokens
        .into_iter()
        .filter(|t| t.token != Token::EOF)
        .map(|t| (byte(t.span.start)..byte(t.span.end), t.token))
        .collect();
    let read = tokens.last().map_or(0, |(range, _)| range.end);
    (tokens, failure.map(|_| read))
}

/// Values of `:name` variables.
pub type Variables = BTreeMap<String, String>;

/// Puts values in the place of variables.
///
/// `:name` becomes a number when the value is one and a quoted text otherwise, so a value is data and never SQL. A string
/// that begins with a variable, as in `':data/scans'`, has the value in its place: for `LOCATION`, which takes nothing
/// but a string.
///
/// # Errors
/// The name of a variable that has no value.
pub fn substitute(text: &str, variables: &Variables) -> Result<String, SplitError> {
    substituted(text, variables).map(|s| s.text)
}

/// As [`substitute`], for those who want to know where places in the text were before.
///
/// # Errors
/// As there.
pub fn substituted(text: &str, variables: &Variables) -> Result<Substituted, SplitError> {
    let mut tokens = vec![];
    let tokenized = Tokenizer::new(&DuckDbDialect {}, text)
        .with_unescape(false)
        .tokenize_with_location_into_buf(&mut tokens);
    if let Err(e) = tokenized {
        return Err(SplitError {
            message: e.message,
            position: e.location.into(),
        });
    }
    let lines = Lines::of(text);
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    let mut changes = vec![];
    let mut i = 0;
    while i < tokens.len() {
        let TokenWithSpan { token, span } = &tokens[i];
        let start = lines.byte(text, span.start.into());
        match token {
            Token::Colon if stands_alone(&tokens, i) => {
                if let Some(TokenWithSpan {
                    token: Token::Word(w),
                    span: word,
                }) = tokens.get(i + 1)
                    && w.quote_style.is_none()
                    && word.start == span.end
                {
                    let value = value(variables, &w.value, span.start.into())?;
                    out.push_str(&text[copied..start]);
                    let begin = out.len();
                    out.push_str(&literal(value));
                    copied = lines.byte(text, word.end.into());
                    changes.push((begin..out.len(), start..copied));
                    i += 1;
                }
            }
            Token::SingleQuotedString(s) => {
                let name = s.strip_prefix(':').map(|r| {
                    let end = r.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(r.len());
                    &r[..end]
                });
                let name = name.filter(|n| !n.is_empty());
                if let Some(name) = name
                    && !variables.contains_key(name)
                    && follows_location(&tokens, i)
                {
                    value(variables, name, span.start.into())?;
                }
                // Any other text may begin with a colon: it is what it is.
                if let Some((name, value)) = name.and_then(|n| Some((n, variables.get(n)?))) {
                    out.push_str(&text[copied..start]);
                    out.push('\'');
                    let begin = out.len();
                    out.push_str(&value.replace('\'', "''"));
                    copied = start + 2 + name.len();
                    changes.push((begin..out.len(), start + 1..copied));
                }
            }
            _ => {}
        }
        i += 1;
    }
    out.push_str(&text[copied..]);
    Ok(Substituted { text: out, changes })
}

/// A statement with values in the place of its variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substituted {
    /// The statement.
    pub text: String,
    /// Bytes of values, and those of their variables in the statement as it was.
    changes: Vec<(Range<usize>, Range<usize>)>,
}

impl Substituted {
    /// Where a place of this statement stands in the one as it was, which is `original`.
    pub fn origin(&self, at: Position, original: &str) -> Position {
        if self.changes.is_empty() {
            return at;
        }
        let byte = Lines::of(&self.text).byte(&self.text, at);
        let before = self.changes.iter().rev().find(|(new, _)| new.start <= byte);
        let byte = match before {
            None => byte,
            Some((new, old)) if byte < new.end => old.start,
            Some((new, old)) => old.end + (byte - new.end),
        };
        Lines::of(original).position(original, byte.min(original.len()))
    }
}

/// A colon is no variable's when it stands behind a name, as in a struct literal `{a:b}`, or in a slice `x[1:n]`.
fn stands_alone(tokens: &[TokenWithSpan], i: usize) -> bool {
    let before = i.checked_sub(1).and_then(|b| tokens.get(b));
    !matches!(
        before.map(|t| &t.token),
        Some(
            Token::Word(_)
                | Token::Number(..)
                | Token::SingleQuotedString(_)
                | Token::DoubleQuotedString(_)
                | Token::RBracket
                | Token::Colon
        )
    )
}

/// Whether a token stands behind the word LOCATION.
fn follows_location(tokens: &[TokenWithSpan], i: usize) -> bool {
    let before = tokens
        .iter()
        .take(i)
        .rev()
        .find(|t| !matches!(t.token, Token::Whitespace(_)));
    matches!(before.map(|t| &t.token), Some(Token::Word(w)) if w.value.eq_ignore_ascii_case("location"))
}

fn value<'a>(variables: &'a Variables, name: &str, position: Position) -> Result<&'a str, SplitError> {
    variables.get(name).map(String::as_str).ok_or_else(|| SplitError {
        message: format!("variable :{name} has no value; give one with --set {name}=..."),
        position,
    })
}

fn literal(value: &str) -> String {
    let numeric = value.parse::<f64>().is_ok_and(f64::is_finite)
        && value
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | 'e' | 'E' | '+'));
    // A space in front: a minus before a negative number would begin a comment.
    if numeric && value.starts_with('-') {
        return format!(" {value}");
    }
    if numeric {
        value.to_string()
    } else {
        format!("'{}'", value.replace('\'', "''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(script: &str) -> Vec<String> {
        split(script)
            .unwrap()
            .into_iter()
            .map(|p| match p {
                Piece::Statement(s) => format!("{} {}", s.position, s.text),
                Piece::Command { text, position } => format!("{position} \\{text}"),
            })
            .collect()
    }

    #[test]
    fn statements_end_at_semicolons_of_sql_only() {
        let script = "SELECT ';', \"a;b\" -- no; end\n  , 1;\n/* ; */ SELECT $$ ; $$;;\n\\set a it's\nSELECT 'é;' ; x";
        assert_eq!(
            texts(script),
            [
                "1:1 SELECT ';', \"a;b\" -- no; end\n  , 1",
                "3:9 SELECT $$ ; $$",
                "4:1 \\set a it's",
                "5:1 SELECT 'é;'",
                "5:15 x"
            ]
        );
        assert!(texts("  -- nothing\n ; ").is_empty());
    }

    #[test]
    fn a_long_line_is_cut_where_its_words_are() {
        let values: Variables = [("a".to_owned(), "1".to_owned())].into();
        for letter in ["x", "é"] {
            let many = format!("SELECT '{letter}' :a, ").repeat(2_000);
            let text = format!("{many}\n{many}; {many}");
            let expected = text.replace(":a", "1");
            assert_eq!(substitute(&text, &values).unwrap(), expected);
            assert_eq!(split(&text).unwrap().len(), 2);
            assert_eq!(
                texts(&text)[1],
                format!("2:{} {}", many.chars().count() + 3, many.trim_end())
            );
        }
    }

    #[test]
    fn an_open_string_is_found_where_it_begins() {
        let e = split("SELECT 1;\n SELECT 'abc").unwrap_err();
        assert_eq!(e.position, Position { line: 2, column: 9 });
        assert!(e.message.contains("Unterminated"), "{}", e.message);
    }

    #[test]
    fn variables_become_values_and_never_sql() {
        let v: Variables = [("data", "o'x/y"), ("n", "0.7"), ("m", "-5"), ("s", "1; DROP")]
            .map(|(k, v)| (k.into(), v.into()))
            .into();
        let s = |t: &str| substitute(t, &v).unwrap();
        assert_eq!(s("LOCATION ':data/scans' x"), "LOCATION 'o''x/y/scans' x");
        assert_eq!(
            s("train => :n, a::int, {k:1}, {n:n}, x[1:2], :s"),
            "train => 0.7, a::int, {k:1}, {n:n}, x[1:2], '1; DROP'"
        );
        assert_eq!(s("-- :nothing\nSELECT 'a :n'"), "-- :nothing\nSELECT 'a :n'");
        assert_eq!(s("SELECT ':abc', 3 -:m"), "SELECT ':abc', 3 - -5");
        assert!(substitute("LOCATION ':missing/x'", &v).is_err());
        let e = substitute("SELECT\n :missing", &v).unwrap_err();
        assert_eq!((e.position.line, e.position.column), (2, 2));
        assert!(e.message.contains(":missing"));
    }
    #[test]
    fn places_are_those_of_the_text_before_values_came() {
        let v: Variables = [("long", "a value of many words"), ("n", "-1")]
            .map(|(k, v)| (k.into(), v.into()))
            .into();
        let text = "SELECT é, :long AS a,\n ':long/x' AS b, :n + oops";
        let found = substituted(text, &v).unwrap();
        let column = |part: &str| {
            let line = found.text.lines().nth(1).unwrap();
            line[..line.find(part).unwrap()].chars().count() as u64 + 1
        };
        let origin = |line, column| {
            let at = found.origin(Position { line, column }, text);
            (at.line, at.column)
        };
        assert_eq!(origin(1, 8), (1, 8));
        assert_eq!(origin(1, 11), (1, 11), "the value");
        assert_eq!(origin(1, 20), (1, 11), "within the value");
        assert_eq!(origin(1, 38), (1, 20), "a");
        assert_eq!(origin(2, column("/x")), (2, 8));
        assert_eq!(origin(2, column("oops")), (2, 23));
    }
}
