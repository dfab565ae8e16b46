//! Errors as users read them.

use super::lake::VERSION;
use datafusion::common::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;

/// An error as users read it: no backtrace, no name of a Rust type.
pub fn message(e: &DataFusionError) -> String {
    match e {
        DataFusionError::Context(context, inner) => format!("{}: {}", context.trim_end(), message(inner)),
        DataFusionError::Diagnostic(_, inner) => message(inner),
        DataFusionError::Shared(inner) => message(inner),
        DataFusionError::Collection(errors) => match errors.first() {
            Some(first) => message(first),
            None => "unknown error".into(),
        },
        DataFusionError::SQL(inner, _) => match &**inner {
            ParserError::TokenizerError(m) | ParserError::ParserError(m) => format!("syntax error: {m}"),
            other => format!("syntax error: {other}"),
        },
        other => {
            // A table as it was at a version has a name that no user wrote.
            let text = other.strip_backtrace().replace(VERSION, " at version ");
            let prefixes = [
                "Error during planning: ",
                "Execution error: ",
                "Schema error: ",
                "Arrow error: ",
                "External error: ",
            ];
            prefixes
                .iter()
                .find_map(|p| text.strip_prefix(p))
                .map_or_else(|| text.clone(), String::from)
        }
    }
}
