//! Errors as clients get them: a gRPC code and a sentence, without cell values, paths of the server and names of Rust.

use crate::engine::message;
use datafusion::common::{DataFusionError, SchemaError};
use std::collections::HashSet;
use tonic::Status;

/// Why a call fails.
#[derive(Debug)]
pub enum Fault {
    /// The statement or its data: the engine's error, and whether rows were being computed when it came.
    Engine {
        /// What the engine says.
        error: Box<DataFusionError>,
        /// The statement, whose names may stand in the message.
        statement: String,
    },
    /// The call is not one that can be answered.
    Invalid(String),
    /// What is named is not there.
    NotFound(String),
    /// It is there already.
    Exists(String),
    /// The user may not do that.
    Forbidden(String),
    /// A limit is reached.
    TooMuch(String),
    /// The statement took too long.
    Deadline(String),
    /// The client, or an administrator, stopped it.
    Cancelled,
    /// The server is stopping.
    Stopping,
    /// Not offered.
    Unsupported(String),
    /// A panic, or what cannot be.
    Defect,
    /// In a client's words already.
    Told(Box<Status>),
}

impl Fault {
    /// An error of the engine about a statement.
    pub fn engine(error: DataFusionError, statement: &str) -> Self {
        Self::Engine {
            error: Box::new(error),
            statement: statement.to_owned(),
        }
    }

    /// The outcome in logs and metrics.
    pub fn outcome(&self) -> &'static str {
        match self.code() {
            tonic::Code::InvalidArgument => "invalid",
            tonic::Code::NotFound => "not_found",
            tonic::Code::AlreadyExists => "exists",
            tonic::Code::PermissionDenied => "forbidden",
            tonic::Code::ResourceExhausted => "too_much",
            tonic::Code::DeadlineExceeded => "deadline",
            tonic::Code::Cancelled => "cancelled",
            tonic::Code::Unavailable => "stopping",
            tonic::Code::Unimplemented => "unsupported",
            _ => "defect",
        }
    }

    fn code(&self) -> tonic::Code {
        match self {
            Self::Engine { error, .. } => code(error),
            Self::Invalid(_) => tonic::Code::InvalidArgument,
            Self::NotFound(_) => tonic::Code::NotFound,
            Self::Exists(_) => tonic::Code::AlreadyExists,
            Self::Forbidden(_) => tonic::Code::PermissionDenied,
            Self::TooMuch(_) => tonic::Code::ResourceExhausted,
            Self::Deadline(_) => tonic::Code::DeadlineExceeded,
            Self::Cancelled => tonic::Code::Cancelled,
            Self::Stopping => tonic::Code::Unavailable,
            Self::Unsupported(_) => tonic::Code::Unimplemented,
            Self::Defect => tonic::Code::Internal,
            Self::Told(status) => status.code(),
        }
    }
}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        let code = fault.code();
        let text = match fault {
            Fault::Engine { error, statement } => explain(&error, &statement),
            Fault::Invalid(text)
            | Fault::NotFound(text)
            | Fault::Exists(text)
            | Fault::Forbidden(text)
            | Fault::TooMuch(text)
            | Fault::Deadline(text)
            | Fault::Unsupported(text) => text,
            Fault::Cancelled => "the statement was cancelled".into(),
            Fault::Stopping => "the server is stopping".into(),
            Fault::Defect => DEFECT.into(),
            Fault::Told(status) => return *status,
        };
        Self::new(code, text)
    }
}

const DEFECT: &str = "a defect in radsql ended this statement; the server goes on";

/// The innermost error that says what happened.
fn root(error: &DataFusionError) -> &DataFusionError {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => root(inner),
        DataFusionError::Shared(inner) => root(inner),
        DataFusionError::Collection(errors) => errors.first().map_or(error, root),
        DataFusionError::External(inner) => inner.downcast_ref::<DataFusionError>().map_or(error, root),
        DataFusionError::ArrowError(inner, _) => match &**inner {
            datafusion::arrow::error::ArrowError::ExternalError(e) => {
                e.downcast_ref::<DataFusionError>().map_or(error, root)
            }
            _ => error,
        },
        _ => error,
    }
}

/// Whether a task of the engine has panicked, which it tells in several ways.
fn is_panic(error: &DataFusionError, text: &str) -> bool {
    matches!(error, DataFusionError::ExecutionJoin(e) if e.is_panic()) || text.contains("panicked with message")
}

/// What the file policy's refusals have in common.
fn is_refusal(text: &str) -> bool {
    text.contains("this server") || text.contains("not granted to this user")
}

fn code(error: &DataFusionError) -> tonic::Code {
    let error = root(error);
    let text = error.to_string();
    if is_refusal(&text) {
        return tonic::Code::PermissionDenied;
    }
    match error {
        DataFusionError::ResourcesExhausted(_) => tonic::Code::ResourceExhausted,
        DataFusionError::Internal(_) => tonic::Code::Internal,
        DataFusionError::Plan(m) if m.starts_with("table '") && m.ends_with("' not found") => tonic::Code::NotFound,
        DataFusionError::Plan(m) | DataFusionError::Execution(m) if m.ends_with("already exists") => {
            tonic::Code::AlreadyExists
        }
        DataFusionError::Execution(m) if m.contains("doesn't exist") => tonic::Code::NotFound,
        DataFusionError::SchemaError(inner, _) if matches!(**inner, SchemaError::FieldNotFound { .. }) => {
            tonic::Code::InvalidArgument
        }
        _ if is_panic(error, &text) => tonic::Code::Internal,
        _ => tonic::Code::InvalidArgument,
    }
}

/// What is wrong, in words that tell no cell's value.
fn explain(error: &DataFusionError, statement: &str) -> String {
    let inner = root(error);
    match inner {
        DataFusionError::Internal(_) => return DEFECT.into(),
        _ if is_panic(inner, &inner.to_string()) => return DEFECT.into(),
        _ => {}
    }
    let text = message(inner);
    match inner {
        // About the statement and the names of tables and columns, which its author may see.
        DataFusionError::Plan(_)
        | DataFusionError::SchemaError(..)
        | DataFusionError::SQL(..)
        | DataFusionError::Configuration(_)
        | DataFusionError::NotImplemented(_)
        | DataFusionError::ResourcesExhausted(_)
            if !names_a_value(&text) =>
        {
            text
        }
        _ => without_values(&text, statement),
    }
}

/// Errors of values are told while planning too, when constants are computed.
fn names_a_value(text: &str) -> bool {
    ["cast", "Cast", "pars", "Pars", "convert", "verflow", "nvalid"]
        .iter()
        .any(|word| text.contains(word))
}

/// The text with every quoted piece and every number replaced that is not a name in the statement. What is left says which
/// function, which argument and what was expected.
fn without_values(text: &str, statement: &str) -> String {
    let (known, literals) = words(statement);
    // Further lines quote what was read.
    let text = hide(text.lines().next().unwrap_or_default(), &literals);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let quote = matches!(first, '\'' | '"' | '`');
        // An apostrophe within a word opens nothing.
        let opens = quote && !(first == '\'' && out.ends_with(|c: char| c.is_alphanumeric()));
        if opens {
            let quoted = &rest[1..];
            let name = closing(quoted, first)
                .map(|end| &quoted[..end])
                .filter(|name| known.contains(*name));
            out.push(first);
            // A value may hold quotes of its own: it ends where the last one stands.
            let (shown, end) = match name {
                Some(name) => (name, Some(name.len())),
                None => ("…", quoted.rfind(first)),
            };
            out.push_str(shown);
            out.push(first);
            rest = end.map_or("", |end| &quoted[end + 1..]);
        } else if !out.ends_with(is_of_word) && is_path(word(rest)) {
            out.push('…');
            rest = &rest[word(rest).len()..];
        } else if first.is_ascii_digit() && !out.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            // A number with all that is written together with it: dates, times, exponents.
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '+' | ':' | '_' | '/')))
                .unwrap_or(rest.len());
            let trailing = rest[..end].trim_end_matches(['.', ':', '-']).len();
            out.push('…');
            rest = &rest[trailing..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// Where a quoted name ends: at the first quote of its kind that a blank, a sign or the end follows.
fn closing(text: &str, quote: char) -> Option<usize> {
    text.match_indices(quote).map(|(at, _)| at).find(|at| {
        let next = text[at + 1..].chars().next();
        next.is_none_or(|c| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '.' | ')' | ']'))
    })
}

fn is_of_word(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '\'' | '"' | '`' | '(' | ')' | ',' | ';')
}

/// The word that a text begins with.
fn word(text: &str) -> &str {
    let end = text.find(|c| !is_of_word(c)).unwrap_or(text.len());
    text[..end].trim_end_matches(['.', ':'])
}

/// Whether a word may be a path: messages name files without quotes too.
fn is_path(word: &str) -> bool {
    word.contains(['/', '\\']) && word.len() > 1
}

/// The text without literals of the statement.
fn hide(text: &str, literals: &[String]) -> String {
    literals
        .iter()
        .fold(text.to_owned(), |text, literal| text.replace(literal, "…"))
}

/// Words of a statement that are no values (names of tables, columns, functions), and its literals of any length worth hiding,
/// the longest first.
fn words(statement: &str) -> (HashSet<String>, Vec<String>) {
    use datafusion::sql::sqlparser::dialect::DuckDbDialect;
    use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
    let tokens = Tokenizer::new(&DuckDbDialect {}, statement).tokenize();
    let (mut names, mut literals) = (HashSet::new(), vec![]);
    for token in tokens.unwrap_or_default() {
        match token {
            Token::Word(word) => {
                names.insert(word.value);
            }
            Token::SingleQuotedString(text) if text.chars().count() > 2 => literals.push(text),
            _ => {}
        }
    }
    literals.sort_by_key(|literal| std::cmp::Reverse(literal.len()));
    (names, literals)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::common::{exec_datafusion_err, plan_datafusion_err};

    fn told(error: DataFusionError, statement: &str) -> String {
        Status::from(Fault::engine(error, statement)).message().to_owned()
    }

    #[test]
    fn promise_31_values_and_paths_are_not_told() {
        for text in [
            "Cannot cast string 'DOE^JOHN' to value of Int64 type",
            "Cannot cast string 'DOE^JO'HN' to value of Int64 type",
            "Cannot cast string 'x' DOE' to value of Int64 type",
            "radiomics: image: '/srv/data/DOE^JOHN/ct.nii.gz' cannot be read",
            "radiomics: image: \"/srv/data/DOE^JOHN/ct.nii.gz\" cannot be read",
            "cox: time of patient `DOE^JOHN` is -7",
            "open 'DOE^JOHN",
            "regex parse error:\n    DOE^JOHN(",
            "radiomics: image: DOE^JOHN/ct.nii is no image: /srv/x",
        ] {
            let told = told(
                exec_datafusion_err!("{text}"),
                "SELECT radiomics(image, mask) FROM 'DOE^JOHN'",
            );
            assert!(!told.contains("DOE") && !told.contains("srv"), "{told}");
        }
        let e = exec_datafusion_err!("Overflow happened on: 9223372036854775807 + 1 at 2024-02-29T10:00:00");
        assert_eq!(told(e, ""), "Overflow happened on: … + … at …");
    }

    #[test]
    fn what_helps_stays() {
        let e = exec_datafusion_err!("cox: column 'age' holds Utf8, expected Float64; it doesn't fit");
        assert_eq!(
            told(e, "SELECT * FROM cox(t, time => age)"),
            "cox: column 'age' holds Utf8, expected Float64; it doesn't fit"
        );
        let e = plan_datafusion_err!("table 'memory.main.x' not found");
        let status = Status::from(Fault::engine(e, "SELECT * FROM x"));
        assert_eq!(status.code(), tonic::Code::NotFound);
        assert_eq!(status.message(), "table 'memory.main.x' not found");
    }
}
