//! Completion: what can stand at the cursor.

use super::keywords::KEYWORDS;
use super::names::Names;
use super::place::{Kind, place};
use rustyline::completion::{FilenameCompleter, Pair};
use std::collections::BTreeSet;

/// Words to go on with, and the byte where the word begins that they replace.
pub fn complete(text: &str, cursor: usize, names: &dyn Names) -> (usize, Vec<Pair>) {
    let place = place(text, cursor);
    let word = &text[place.start..cursor];
    let mut found = Found {
        word,
        pairs: vec![],
        seen: BTreeSet::new(),
    };
    let columns = |found: &mut Found, of: Option<&str>| {
        for (relation, name) in &place.relations {
            if of.is_none_or(|of| name.as_deref() == Some(of)) {
                for column in names.columns(&place.with, relation) {
                    found.name(&column);
                }
            }
        }
    };
    match &place.kind {
        Kind::Nothing => {}
        Kind::Command => {
            for (name, arguments) in names.commands() {
                found.add(name, &format!("\\{name} {arguments}"));
            }
        }
        Kind::OfCommand(command) => return of_command(command, text, cursor, names),
        Kind::Path => return files(text, cursor),
        Kind::Model => {
            for model in names.models() {
                found.add(&model, &model);
            }
            if found.pairs.is_empty() {
                return files(text, cursor);
            }
        }
        Kind::Field(column) => {
            for field in names.fields(&place.with, &place.relations, column.as_deref()) {
                found.add(&field, &field);
            }
        }
        Kind::Setting => {
            // The word may stand behind a dot.
            let start = text[..cursor].rfind(|c: char| c.is_whitespace()).map_or(0, |n| n + 1);
            let mut found = Found {
                word: &text[start..cursor],
                pairs: vec![],
                seen: BTreeSet::new(),
            };
            for setting in names.settings() {
                found.add(&setting, &setting);
            }
            if text[..start].trim_end().to_ascii_uppercase().ends_with("SHOW") {
                for word in ["TABLES", "MODELS", "ALL", "COLUMNS"] {
                    found.keyword(word);
                }
            }
            return (start, found.pairs);
        }
        Kind::Table => tables(&mut found, names),
        Kind::Member(of) => {
            columns(&mut found, Some(of));
            for table in names.tables(Some(of)) {
                found.name(&table);
            }
        }
        Kind::Argument(function) => {
            let arguments = names.arguments(function);
            // What has arguments by name takes nothing else, but a table or a query at first.
            if !arguments.is_empty() {
                match place.given {
                    None => {
                        for table in names.tables(None) {
                            found.name(&table);
                        }
                        if word.is_empty() || "select".starts_with(&word.to_lowercase()) {
                            found.keyword("SELECT");
                        }
                    }
                    Some(_) => arguments.iter().for_each(|a| found.add(&format!("{a} => "), a)),
                }
                return (place.start, found.pairs);
            }
            // INSERT INTO t (...) as well.
            columns(&mut found, None);
            functions(&mut found, names);
            if !word.is_empty() {
                keywords(&mut found);
            }
        }
        Kind::Value(function) if !names.arguments(function).is_empty() => {
            for column in place.given.iter().flat_map(|given| names.columns(&place.with, given)) {
                found.name(&column);
            }
        }
        Kind::Expression | Kind::Value(_) => {
            columns(&mut found, None);
            for name in place.relations.iter().filter_map(|(_, name)| name.as_deref()) {
                found.name(name);
            }
            if !word.is_empty() {
                functions(&mut found, names);
                keywords(&mut found);
            }
        }
    }
    (place.start, found.pairs)
}

struct Found<'a> {
    word: &'a str,
    pairs: Vec<Pair>,
    seen: BTreeSet<String>,
}

impl Found<'_> {
    /// A word, if it begins as the one that is being written, and how it looks in the list.
    fn add(&mut self, replacement: &str, display: &str) {
        let written = self.word.trim_start_matches('"').to_lowercase();
        let begins = replacement.trim_start_matches('"').to_lowercase().starts_with(&written);
        if begins && self.seen.insert(replacement.to_owned()) {
            self.pairs.push(Pair {
                display: display.to_owned(),
                replacement: replacement.to_owned(),
            });
        }
    }

    /// A name, with quotes where it needs them.
    fn name(&mut self, name: &str) {
        let plain = !name.starts_with(|c: char| c.is_ascii_digit())
            && !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if plain && !self.word.starts_with('"') {
            self.add(name, name);
        } else {
            self.add(&format!("\"{}\"", name.replace('"', "\"\"")), name);
        }
    }

    /// Whether the word has capitals and small letters: nobody writes words and functions of SQL as Select, so it is a name.
    fn is_mixed(&self) -> bool {
        self.word.chars().any(char::is_uppercase) && self.word.chars().any(char::is_lowercase)
    }

    /// A word of SQL, in the case of the one that is being written.
    fn keyword(&mut self, keyword: &str) {
        let is_lower = self.word.chars().next().is_some_and(char::is_lowercase);
        match is_lower {
            true => self.add(&keyword.to_lowercase(), &keyword.to_lowercase()),
            false => self.add(keyword, keyword),
        }
    }
}

fn tables(found: &mut Found<'_>, names: &dyn Names) {
    for table in names.tables(None) {
        found.name(&table);
    }
    if !found.word.is_empty() {
        for function in names.functions().iter().filter(|f| f.gives_rows) {
            found.add(&format!("{}(", function.name), &function.syntax);
        }
    }
    for word in ["LATERAL", "IF"] {
        if !found.word.is_empty() {
            found.keyword(word);
        }
    }
}

fn functions(found: &mut Found<'_>, names: &dyn Names) {
    if found.word.is_empty() || found.is_mixed() {
        return;
    }
    for function in names.functions().iter().filter(|f| !f.gives_rows) {
        found.add(&format!("{}(", function.name), &function.syntax);
    }
}

fn keywords(found: &mut Found<'_>) {
    if found.is_mixed() {
        return;
    }
    for keyword in KEYWORDS {
        found.keyword(keyword);
    }
}

fn of_command(command: &str, text: &str, cursor: usize, names: &dyn Names) -> (usize, Vec<Pair>) {
    let start = text[..cursor].rfind(char::is_whitespace).map_or(0, |n| n + 1);
    let mut found = Found {
        word: &text[start..cursor],
        pairs: vec![],
        seen: BTreeSet::new(),
    };
    match command {
        "i" | "o" | "plot" | "save" => return files(text, cursor),
        "d" | "dt" => {
            for table in names.tables(None) {
                found.name(&table);
            }
        }
        "df" => {
            for function in names.functions() {
                found.add(&function.name, &function.name);
            }
        }
        "?" => {
            for (name, arguments) in names.commands() {
                found.add(name, &format!("\\{name} {arguments}"));
            }
        }
        "set" => {
            for variable in names.variables() {
                found.add(&variable, &variable);
            }
        }
        _ => {
            for word in names.words_of_command(command) {
                found.add(word, word);
            }
        }
    }
    (start, found.pairs)
}

fn files(text: &str, cursor: usize) -> (usize, Vec<Pair>) {
    FilenameCompleter::new()
        .complete_path(text, cursor)
        .unwrap_or((cursor, vec![]))
}

/// What the line at the cursor calls: its arguments, to be shown behind it.
pub fn hint(text: &str, names: &dyn Names) -> Option<String> {
    let (open, called) = called(text)?;
    let function = names.functions().iter().find(|f| f.name.eq_ignore_ascii_case(called))?;
    let (_, arguments) = function.syntax.split_once('(')?;
    // Only where nothing is written yet: further on it would stand in the way.
    text[open + 1..].trim().is_empty().then(|| arguments.to_owned())
}

/// The bracket that the text ends behind, and the function that stands before it.
fn called(text: &str) -> Option<(usize, &str)> {
    let open = text.trim_end().strip_suffix('(')?.len();
    let before = &text[..open];
    let start = before
        .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
        .map_or(0, |n| n + before[n..].chars().next().map_or(1, char::len_utf8));
    Some((open, &before[start..])).filter(|(_, name)| !name.is_empty())
}
