//! Logs: what happened to which statement, as JSON lines, without what stood in it.

use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use std::fmt;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What all our events have as their target. Those of libraries are not written: they may hold anything.
pub const TARGET: &str = "radsql";

/// Writes events to standard error from now on, and panics as events without their text, which may hold a value.
pub fn start() {
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_writer(std::io::stderr);
    let ours = Targets::new().with_target(TARGET, LevelFilter::INFO);
    // A second server in one process keeps the first one's.
    let _ = tracing_subscriber::registry().with(ours).with(lines).try_init();
    std::panic::set_hook(Box::new(|panic| {
        // The place in the source tells nothing of the data.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(target: TARGET, place, "panic");
    }));
}

/// Tells one statement from another without its values: a hash of its words, in which literals, comments and blanks do not
/// count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 8]);

impl Fingerprint {
    /// Of a statement.
    pub fn of(statement: &str) -> Self {
        let mut hash = blake3::Hasher::new();
        let tokens = Tokenizer::new(&DuckDbDialect {}, statement).tokenize();
        for token in tokens.unwrap_or_default() {
            let word = match token {
                Token::Whitespace(_) => continue,
                Token::Word(word) if word.quote_style.is_none() => word.value.to_lowercase(),
                Token::Word(word) => word.value,
                Token::Number(..)
                | Token::SingleQuotedString(_)
                | Token::DoubleQuotedString(_)
                | Token::TripleSingleQuotedString(_)
                | Token::TripleDoubleQuotedString(_)
                | Token::DollarQuotedString(_)
                | Token::NationalStringLiteral(_)
                | Token::EscapedStringLiteral(_)
                | Token::UnicodeStringLiteral(_)
                | Token::HexStringLiteral(_)
                | Token::Placeholder(_) => "?".to_owned(),
                other => other.to_string(),
            };
            hash.update(word.as_bytes());
            hash.update(&[0]);
        }
        let mut first = [0; 8];
        first.copy_from_slice(&hash.finalize().as_bytes()[..8]);
        Self(first)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_do_not_count() {
        let of = |text| Fingerprint::of(text).to_string();
        assert_eq!(
            of("SELECT a FROM t WHERE b = 'x' AND c = 1"),
            of("select a\nfrom t -- y\n where b = 'DOE^JOHN' and c = 2.5e3")
        );
        assert_ne!(of("SELECT a FROM t"), of("SELECT b FROM t"));
        assert_eq!(of("SELECT 'unended").len(), 16);
    }
}
