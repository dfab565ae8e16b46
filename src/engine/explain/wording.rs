//! What an error says, without what DataFusion says beside the point, and what it is about.

use crate::engine::message::message;
use datafusion::common::{Column, DataFusionError, SchemaError};

/// What an error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A column that is not there, as the statement names it, and those that are.
    Column {
        /// Its name.
        name: String,
        /// The table that the statement gave.
        table: Option<String>,
        /// The columns that are there, with their tables.
        known: Vec<(Option<String>, String)>,
    },
    /// A table that is not there.
    Table(String),
    /// A function that is not there, in an expression.
    Function(String),
    /// A function that is not there, in FROM.
    Relation(String),
    /// A named argument that the function does not have, and those that it has.
    Argument(String, Vec<String>),
    /// A field that a struct does not have.
    Field(String),
    /// A setting that is not there.
    Setting,
    /// A model that is not there.
    Model(String),
    /// A word that is none of those possible.
    Choice(String, Vec<String>),
    /// A text that is no value of its type.
    Value(String),
    /// A word that the grammar does not have there.
    Grammar(String),
    /// Something else.
    Other,
}

/// Formats of external tables.
const FORMATS: [&str; 7] = ["NIFTI", "NRRD", "DICOM", "CSV", "PARQUET", "JSON", "ARROW"];

/// What stands between two texts.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = &text[text.find(before)? + before.len()..];
    Some(&rest[..rest.find(after)?])
}

/// The texts within single quotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

fn list(text: &str) -> Vec<String> {
    text.split(", ").map(|n| n.trim_end_matches('.').to_owned()).collect()
}

/// What the error is about, from its kind or, where it is of no kind, its words.
pub fn about(e: &DataFusionError) -> About {
    if let DataFusionError::SchemaError(schema, _) = e.find_root()
        && let SchemaError::FieldNotFound { field, valid_fields } = &**schema
    {
        let known = valid_fields.iter().filter(|c| !c.name.contains('('));
        return About::Column {
            name: field.name.clone(),
            table: field.relation.as_ref().map(|t| t.to_string()),
            known: known
                .map(|c| (c.relation.as_ref().map(|t| t.to_string()), c.name.clone()))
                .collect(),
        };
    }
    of_words(&message(e))
}

fn of_words(text: &str) -> About {
    let first = text.lines().next().unwrap_or_default();
    if let Some(name) = between(text, "No field named ", ".") {
        // The column of a relation function's argument: the names that its message has.
        let mut known = vec![];
        if let Some(near) = between(text, "Did you mean '", "'?") {
            known.push((None, Column::from_qualified_name_ignore_case(near).name));
        }
        let rest = first.split("; the query has ").nth(1).map(list).unwrap_or_default();
        known.extend(rest.into_iter().map(|n| (None, n)));
        let name = name.trim_matches('"').to_owned();
        return About::Column {
            name,
            table: None,
            known,
        };
    }
    let table = between(first, "table '", "' not found").or_else(|| between(first, "Table '", "' doesn't exist"));
    if let Some(name) = table.or_else(|| between(first, "View '", "' doesn't exist")) {
        return About::Table(name.into());
    }
    if let Some(name) = between(first, "Invalid function '", "'") {
        return About::Function(name.into());
    }
    let relation = between(first, "table function '", "' not found");
    if let Some(name) = relation.or_else(|| between(first, "there is no relation function '", "'")) {
        return About::Relation(name.into());
    }
    if let Some(name) = between(first, "there is no argument '", "'") {
        let known = first.split("the arguments are ").nth(1).map(list);
        return About::Argument(name.into(), known.unwrap_or_default());
    }
    if let Some(name) = between(first, "Field ", " not found in struct") {
        return About::Field(name.into());
    }
    let no_setting = [
        "there is no setting ",
        "Error setting config ",
        "can be viewed with 'SHOW'",
        "Could not find config namespace",
    ];
    if no_setting.iter().any(|s| first.contains(s)) {
        return About::Setting;
    }
    if let Some(name) = between(first, "there is no option '", "'") {
        let known = first.split("the options are ").nth(1).map(list);
        return About::Choice(name.into(), known.unwrap_or_default());
    }
    if let Some(format) = first.split("Unable to find factory for ").nth(1) {
        return About::Choice(format.into(), FORMATS.map(str::to_owned).into());
    }
    if let Some(name) = between(first, "there is no model '", "'") {
        return About::Model(name.into());
    }
    if let Some(name) = between(first, "settings '", "' are unknown") {
        let known = first.split("expected ").nth(1).unwrap_or_default();
        return About::Choice(name.into(), quoted(known).into_iter().take(2).collect());
    }
    if let Some(found) = first.split("; found ").nth(1).filter(|_| first.contains(" must be '")) {
        let known = between(first, " must be ", "; found ").unwrap_or_default();
        return About::Choice(found.into(), quoted(known));
    }
    // A setting's value.
    if let Some(value) = between(first, " cannot be '", "': expected ") {
        let known = first.split("': expected ").nth(1).unwrap_or_default();
        return About::Choice(value.into(), quoted(known));
    }
    if let Some(value) = between(first, " => '", "' names no column") {
        return About::Value(value.into());
    }
    if let Some(value) = between(first, "Cannot cast string '", "'") {
        return About::Value(value.into());
    }
    if let Some(name) = first.split("Unsupported SQL type ").nth(1) {
        return About::Value(name.into());
    }
    if let Some(found) = first
        .split(", found: ")
        .nth(1)
        .filter(|_| first.starts_with("syntax error"))
    {
        let word = found.split(" at Line").next().unwrap_or(found);
        return About::Grammar(word.into());
    }
    About::Other
}

/// The message: what is told elsewhere, and what only developers of DataFusion understand, left out.
pub fn wording(e: &DataFusionError) -> String {
    let text = message(e);
    let text = match text.rsplit_once(" at Line: ") {
        Some((before, place)) if place.contains("Column: ") => before,
        _ => &text,
    };
    let mut text = text.to_owned();
    // Their names are not the user's.
    for prefix in [
        "Invalid or Unsupported Configuration: ",
        "Cast error: ",
        "Execution error: ",
        "Error during planning: ",
    ] {
        text = text.replace(prefix, "");
    }
    if let Some(rest) = text.strip_prefix("Optimizer rule '") {
        text = rest.split_once("' failed: ").map_or(rest, |(_, why)| why).to_owned();
    }
    if let Some(call) = between(&text, "No function matches the given name and argument types '", "'") {
        text = match text.starts_with("Internal error") {
            true => format!("no form of the function takes {call}"),
            false => text
                .split(". No function matches")
                .next()
                .unwrap_or_default()
                .to_owned(),
        };
    }
    if let Some(name) = between(&text, "Error setting config ", ": ") {
        text = match text.contains("\" not found on ") {
            true => format!("there is no setting {name}"),
            false => text,
        };
    }
    if let Some((before, _)) = text.split_once("; they are ") {
        text = before.to_owned();
    }
    // The inside of a parser.
    if let Some((before, _)) = text.split_once(" { expr: ") {
        text = before
            .rsplit_once(' ')
            .map_or(before, |(message, _)| message)
            .to_owned();
    }
    let grouped = "Column in SELECT must be in GROUP BY or an aggregate function: While expanding wildcard, ";
    if let Some(rest) = text.strip_prefix(grouped) {
        text = rest.split(", currently only").next().unwrap_or(rest).to_owned();
    }
    if let Some(near) = between(&text, ". Did you mean '", "'?") {
        text = text.replace(&format!(". Did you mean '{near}'?"), "");
    }
    let beside = [
        "Did you mean '",
        "Valid fields are ",
        "Column names are case sensitive",
        "This issue was likely",
        "\tCandidate",
    ];
    let lines = text.lines().filter(|line| !beside.iter().any(|b| line.starts_with(b)));
    let lines: Vec<&str> = lines.collect();
    let text = lines.join("\n");
    let text = text.trim_end();
    let text = text.strip_suffix('.').filter(|t| !t.ends_with('.')).unwrap_or(text);
    // What a file or a value holds must not move the cursor.
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::common::plan_datafusion_err;

    fn said(text: &str) -> (String, About) {
        let e = plan_datafusion_err!("{text}");
        (wording(&e), about(&e))
    }

    #[test]
    fn what_is_beside_the_point_is_left_out() {
        let (text, about) = said("Invalid function 'coxx'.\nDid you mean 'cox'?");
        assert_eq!(
            (text.as_str(), about),
            ("Invalid function 'coxx'", About::Function("coxx".into()))
        );
        let (text, _) = said(
            "Internal error: Function 'round' failed to match any signature, errors: a,b.\nThis issue was likely caused by a bug \
             in DataFusion's code. Please. No function matches the given name and argument types 'round(Utf8)'. You might need to add \
             explicit type casts.\n\tCandidate functions:\n\tround(Decimal)",
        );
        assert_eq!(text, "no form of the function takes round(Utf8)");
        let (text, about) =
            said("cox: time => tme: No field named tme. Did you mean 'p.time'?; the query has time, dead");
        assert_eq!(text, "cox: time => tme: No field named tme; the query has time, dead");
        let known = ["time", "time", "dead"].map(|n| (None, n.to_owned())).into();
        let name = "tme".to_owned();
        assert_eq!(
            about,
            About::Column {
                name,
                table: None,
                known
            }
        );
        let (text, _) = said("Substring without for/from is not valid Substring { expr: Value(1) }");
        assert_eq!(text, "Substring without for/from is not valid");
        assert_eq!(said("a\u{1b}[2Jb").0, "a\u{fffd}[2Jb");
        assert_eq!(said("and so on ...").0, "and so on ...");
    }

    #[test]
    fn what_it_is_about() {
        for (text, expected) in [
            ("table 'memory.main.x' not found", About::Table("memory.main.x".into())),
            ("table function 'x' not found", About::Relation("x".into())),
            ("Table 'x' doesn't exist.", About::Table("x".into())),
            ("Field a not found in struct", About::Field("a".into())),
            (
                "cox: ties must be 'a' or 'b'; found c",
                About::Choice("c".into(), vec!["a".into(), "b".into()]),
            ),
            (
                "cox: there is no argument 'tim'; the arguments are time, event",
                About::Argument("tim".into(), vec!["time".into(), "event".into()]),
            ),
            ("there is no model 'm'; there are a", About::Model("m".into())),
            ("Divide by zero error", About::Other),
        ] {
            assert_eq!(said(text).1, expected, "{text}");
        }
    }
}
