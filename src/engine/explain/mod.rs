//! Errors explained to those who wrote the statement: what is wrong, where, and what they may have meant.
//!
//! It names tables, columns and settings of the session: for the session's own user, who may list them anyway.

mod names;
mod place;
mod wording;

pub use place::Place;

use super::nearest::{did_you_mean, nearest, quoted, some_of, spelt};
use super::{Position, Session};
use datafusion::common::DataFusionError;
use place::{Standing, Words};
use radsql_udfs::doc::Kind;
use std::collections::BTreeSet;
use wording::{About, about, wording};

/// Names that are listed where none is near.
const LISTED: usize = 10;

/// An error, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// What is wrong, in one line as a rule.
    pub message: String,
    /// Where in the statement it lies, as the error says or as its words are found there.
    pub place: Option<Place>,
    /// What may help, a line each.
    pub help: Vec<String>,
}

impl Session {
    /// Explains why a statement failed.
    pub fn explain(&self, e: &DataFusionError, statement: &str) -> Explained {
        let words = Words::of(statement);
        let about = about(e);
        let place = match told(e) {
            Some(start) => Some(span(e, start).unwrap_or_else(|| words.at(start))),
            None => found(&about, e, &words),
        };
        let message = wording(e);
        let mut help: Vec<String> = match message.contains("did you mean") {
            true => vec![],
            false => self.suggestion(&about, &words).into_iter().collect(),
        };
        if !matches!(about, About::Column { .. }) {
            help.extend(advice(e));
        }
        help.extend(self.usage(e, &about, &message, &words));
        Explained { message, place, help }
    }

    /// What the name that is not there may have meant, or which names there are.
    fn suggestion(&self, about: &About, words: &Words) -> Option<String> {
        match about {
            About::Column { name, table, known } => column(name, table.as_deref(), known),
            About::Table(name) => self.table(name, words),
            About::Function(name) => {
                if let Some(doc) = names::relation_doc(name) {
                    return Some(format!("{name} stands in FROM: SELECT * FROM {}", doc.syntax));
                }
                did_you_mean(&nearest(name, self.functions().iter().map(String::as_str)), quoted)
            }
            About::Relation(name) => {
                let functions = self.functions();
                if functions.iter().any(|f| f.eq_ignore_ascii_case(name)) {
                    return Some(format!(
                        "{name} is no function of rows: it stands in SELECT, not in FROM"
                    ));
                }
                let relations = self.relation_functions();
                let near = nearest(name, relations.iter().map(String::as_str));
                let near = did_you_mean(&near, quoted);
                near.or_else(|| did_you_mean(&nearest(name, functions.iter().map(String::as_str)), quoted))
            }
            About::Field(name) => {
                let fields = self.struct_fields(words);
                let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
                let near = did_you_mean(&nearest(name, fields.iter().copied()), quoted);
                near.or_else(|| {
                    let shown = some_of(fields.iter().copied(), LISTED);
                    (!shown.is_empty()).then(|| format!("fields: {shown}"))
                })
            }
            About::Setting => {
                let (name, _) = words.second_name()?;
                let settings = self.settings();
                let settings = settings.iter().map(String::as_str).chain(names::SHOWN);
                did_you_mean(&nearest(&name, settings), |n| n.to_owned())
            }
            About::Model(name) => {
                let models = self.model_names();
                did_you_mean(&nearest(name, models.iter().map(String::as_str)), quoted)
            }
            About::Argument(name, known) | About::Choice(name, known) => {
                did_you_mean(&nearest(name, known.iter().map(String::as_str)), quoted)
            }
            About::Grammar(word) => {
                // A word that is right stands in the wrong place.
                let others = names::KEYWORDS.into_iter().filter(|k| !k.eq_ignore_ascii_case(word));
                did_you_mean(&nearest(word, others), str::to_owned)
            }
            About::Value(_) | About::Other => None,
        }
    }

    fn table(&self, name: &str, words: &Words) -> Option<String> {
        let tables = self.tables();
        // The session's own catalog and schema need not be said.
        let short = self.short_name(name);
        let near = |name: &str| did_you_mean(&nearest(name, tables.iter().map(String::as_str)), spelt);
        let last = short.rsplit('.').next().unwrap_or(short);
        if let Some(line) = near(short).or_else(|| near(last)) {
            return Some(line);
        }
        if words.texts().any(|t| t == short) || short.contains('/') {
            return Some("a table with a file's name is read from the file, and there is no such file".into());
        }
        if self.relation_functions().iter().any(|f| f.eq_ignore_ascii_case(short)) {
            return Some(format!("{short} is a function: it needs arguments in parentheses"));
        }
        let own = tables
            .iter()
            .map(String::as_str)
            .filter(|t| !t.starts_with("information_schema."));
        match some_of(own, LISTED) {
            none if none.is_empty() => Some("there are no tables yet".into()),
            some => Some(format!("tables: {some}")),
        }
    }

    /// How a function is called that was called in a wrong way, and what it does.
    fn usage(&self, e: &DataFusionError, about: &About, message: &str, words: &Words) -> Vec<String> {
        let is_call = !matches!(
            about,
            About::Column { .. } | About::Table(_) | About::Model(_) | About::Choice(..)
        );
        let planned = matches!(
            e.find_root(),
            DataFusionError::Plan(_) | DataFusionError::NotImplemented(_)
        );
        // DataFusion takes some of its functions' wrong arguments for faults of its own.
        let faulty = message.starts_with("no form of the function takes ");
        let Some(function) = named_function(message).filter(|_| is_call && (planned || faulty)) else {
            return vec![];
        };
        let Some((syntax, summary)) = self.documented(function, words.in_from(function)) else {
            return vec![];
        };
        // Ours often tell how they are called.
        match message.contains(&syntax) {
            true => vec![summary],
            false => vec![syntax, summary],
        }
    }

    /// Syntax and first sentence of a function's documentation.
    fn documented(&self, function: &str, in_from: bool) -> Option<(String, String)> {
        let mut docs = radsql_udfs::catalogue();
        docs.retain(|d| d.name == function);
        docs.sort_by_key(|d| matches!(d.kind, Kind::Relation | Kind::Table) != in_from);
        if let Some(doc) = docs.first() {
            return Some((doc.syntax.to_owned(), doc.summary.to_owned()));
        }
        self.datafusion_documentation(function)
    }
}

/// Where an error says that it lies.
fn told(e: &DataFusionError) -> Option<Position> {
    let text = super::message(e);
    // The parser puts the place at the end of its message.
    if let Some((_, place)) = text.rsplit_once(" at Line: ") {
        let mut numbers = place.split(", Column: ").map(|n| n.trim().parse().ok());
        if let (Some(Some(line)), Some(Some(column))) = (numbers.next(), numbers.next()) {
            return Some(Position { line, column });
        }
    }
    let span = e.diagnostic().and_then(|d| d.span)?;
    let position = Position {
        line: span.start.line,
        column: span.start.column,
    };
    (position.line > 0).then_some(position)
}

/// The part of its line that an error says it is about.
fn span(e: &DataFusionError, start: Position) -> Option<Place> {
    let span = e.diagnostic().and_then(|d| d.span)?;
    let length = match span.start.line == span.end.line && span.start.column == start.column {
        true => span.end.column.checked_sub(span.start.column)?,
        false => 0,
    };
    (length > 0).then_some(Place { start, length })
}

/// The only place where that stands which an error is about.
fn found(about: &About, e: &DataFusionError, words: &Words) -> Option<Place> {
    match about {
        About::Column { name, table, .. } => {
            let whole = table.as_ref().map(|t| format!("{t}.{name}"));
            let whole = whole.and_then(|n| words.only(&n, Standing::Word));
            whole.or_else(|| words.only(name, Standing::Word))
        }
        About::Table(name) => {
            // The session's own catalog and schema need not be written.
            let shorter = name.match_indices('.').map(|(dot, _)| &name[dot + 1..]);
            std::iter::once(name.as_str()).chain(shorter).find_map(|name| {
                let word = words.only(name, Standing::Word);
                word.or_else(|| words.only(name, Standing::Literal))
            })
        }
        About::Function(name) | About::Relation(name) => words.only(name, Standing::Call),
        About::Argument(name, _) => words.only(name, Standing::Argument),
        About::Field(name) => words.only(name, Standing::Field),
        About::Setting => words.second_name().map(|(_, place)| place),
        About::Model(name) => {
            let text = words.only(name, Standing::Literal);
            text.or_else(|| words.only(name, Standing::Word))
        }
        About::Choice(name, _) | About::Value(name) => words.only(name, Standing::Literal),
        About::Grammar(word) if word == "EOF" => words.end(),
        About::Grammar(_) => None,
        About::Other => {
            let message = wording(e);
            let found = message.split_once("; found ").map(|(_, found)| found);
            let text = found.and_then(|f| words.only(f.trim_matches('\''), Standing::Literal));
            let call = || words.only(named_function(&message)?, Standing::Call);
            let mut names = message.split('\'').skip(1).step_by(2);
            let name = || {
                names.find_map(|n| {
                    let word = words.only(n, Standing::Word);
                    word.or_else(|| words.only(n, Standing::Literal))
                })
            };
            text.or_else(call).or_else(name)
        }
    }
}

/// The function that a message begins with, or is about.
fn named_function(message: &str) -> Option<&str> {
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let call = message.strip_prefix("no form of the function takes ");
    let told = [
        "Function '",
        "The function '",
        "Failed to coerce arguments to satisfy a call to '",
    ];
    let rest = told.iter().find_map(|before| message.strip_prefix(before));
    let quoted = rest.and_then(|rest| rest.split('\'').next());
    let called = || message.split_once("() ").map(|(name, _)| name).filter(|n| is_name(n));
    let ours = || message.split_once(": ").map(|(name, _)| name);
    let name = quoted
        .or_else(|| call?.split('(').next())
        .or_else(called)
        .or_else(ours)?;
    is_name(name).then_some(name)
}

/// What DataFusion advises.
fn advice(e: &DataFusionError) -> Vec<String> {
    let Some(diagnostic) = e.diagnostic() else {
        return vec![];
    };
    let possible = diagnostic
        .notes
        .iter()
        .filter_map(|n| n.message.strip_prefix("possible column "));
    let possible: Vec<&str> = possible.collect();
    let mut lines: Vec<String> = did_you_mean(&possible, |n| n.to_owned()).into_iter().collect();
    lines.extend(diagnostic.helps.iter().map(|h| h.message.clone()));
    lines
}

/// The columns that a name may have meant, or those that there are.
fn column(name: &str, table: Option<&str>, known: &[(Option<String>, String)]) -> Option<String> {
    // The column is there, in another table than the statement says.
    let elsewhere: Vec<String> = match table {
        None => vec![],
        Some(_) => known.iter().filter(|(_, n)| n == name).map(whole).collect(),
    };
    if !elsewhere.is_empty() {
        let elsewhere: Vec<&str> = elsewhere.iter().map(String::as_str).take(3).collect();
        return did_you_mean(&elsewhere, spelt);
    }
    let of_table = |t: &Option<String>| table.is_none() || t.as_deref() == table;
    let mut seen = BTreeSet::new();
    let names = known.iter().filter(|(t, _)| of_table(t)).map(|(_, n)| n.as_str());
    let mut names: Vec<&str> = names.filter(|n| seen.insert(*n)).collect();
    if names.is_empty() {
        names = known
            .iter()
            .map(|(_, n)| n.as_str())
            .filter(|n| seen.insert(n))
            .collect();
    }
    let near = nearest(name, names.iter().copied());
    let near = near.into_iter().map(|n| match table {
        Some(t) => format!("{t}.{n}"),
        None => n.to_owned(),
    });
    let near: Vec<String> = near.collect();
    let near: Vec<&str> = near.iter().map(String::as_str).collect();
    if let Some(line) = did_you_mean(&near, spelt) {
        return Some(line);
    }
    (!names.is_empty()).then(|| format!("columns: {}", some_of(names, LISTED)))
}

fn whole((table, name): &(Option<String>, String)) -> String {
    match table {
        Some(t) => format!("{t}.{name}"),
        None => name.clone(),
    }
}
