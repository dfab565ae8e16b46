//! Commands of the shell, one file each: lines that begin with a backslash.

mod cache;
mod catalogs;
mod describe;
mod echo;
mod errors;
mod expanded;
mod explain;
mod format;
mod functions;
pub mod help;
mod include;
mod log;
mod models;
mod output;
mod pager;
mod plot;
mod quit;
mod rows;
mod save;
mod set;
mod tables;
mod timing;

use crate::shell::printers::Output;
use crate::shell::script::{Failure, Script};
use crate::shell::terminal;
use futures::future::LocalBoxFuture;
use std::io;
use std::path::{Path, PathBuf};

/// A command.
pub struct Command {
    /// Its name, without the backslash.
    pub name: &'static str,
    /// What it takes, as it is shown.
    pub arguments: &'static str,
    /// What it does, in a line.
    pub help: &'static str,
    /// Words that it takes.
    pub words: &'static [&'static str],
    /// Does it.
    pub run: Run,
}

/// Does what a command does.
pub type Run = for<'a> fn(&'a mut Script, Call<'a>) -> LocalBoxFuture<'a, Result<Flow, Trouble>>;

/// A command as it was entered.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// What stands behind its name.
    pub text: &'a str,
    /// The file that it stands in.
    pub file: &'a str,
    /// How many files include that one.
    pub depth: usize,
}

/// How it goes on after a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// With the next piece.
    On,
    /// Not at all.
    End,
}

/// Why a command failed.
#[derive(Debug)]
pub enum Trouble {
    /// What is wrong with the command.
    Here(String),
    /// What went wrong in a file that it runs, or with the output.
    There(Failure),
}

impl From<String> for Trouble {
    fn from(message: String) -> Self {
        Self::Here(message)
    }
}

impl From<io::Error> for Trouble {
    fn from(e: io::Error) -> Self {
        Self::There(e.into())
    }
}

/// All commands, in the order of their help.
pub const COMMANDS: &[&Command] = &[
    &describe::COMMAND,
    &tables::COMMAND,
    &functions::COMMAND,
    &models::COMMAND,
    &catalogs::COMMAND,
    &include::COMMAND,
    &output::COMMAND,
    &log::COMMAND,
    &save::COMMAND,
    &plot::COMMAND,
    &explain::COMMAND,
    &errors::COMMAND,
    &cache::COMMAND,
    &format::COMMAND,
    &expanded::COMMAND,
    &pager::COMMAND,
    &rows::COMMAND,
    &timing::COMMAND,
    &echo::COMMAND,
    &set::COMMAND,
    &set::UNSET,
    &help::COMMAND,
    &quit::COMMAND,
];

/// Runs a command line, without its backslash.
///
/// # Errors
/// When there is no such command, or it fails.
pub async fn run(script: &mut Script, line: &str, file: &str, depth: usize) -> Result<Flow, Trouble> {
    // As behind a statement.
    let line = line.trim_end().trim_end_matches(';').trim_end();
    let (name, text) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let Some(command) = COMMANDS.iter().find(|c| c.name == name) else {
        return Err(Trouble::Here(unknown(name)));
    };
    let text = text.trim();
    (command.run)(script, Call { text, file, depth }).await
}

fn unknown(name: &str) -> String {
    let near = COMMANDS
        .iter()
        .map(|c| (strsim::damerau_levenshtein(c.name, name), c.name))
        .filter(|(distance, near)| *distance <= 2 && *distance < near.len().max(2))
        .min();
    match near {
        Some((_, near)) => format!("there is no command \\{name}; did you mean \\{near}? \\? lists all"),
        None => format!("there is no command \\{name}; \\? lists all"),
    }
}

/// Tells on standard error what has changed.
pub fn note(text: &str) {
    terminal::tell(text);
}

/// What `on` and `off` mean; nothing is the other of what is.
///
/// # Errors
/// For any other word.
pub fn switch(command: &str, text: &str, now: bool) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "" => Ok(!now),
        "on" | "true" | "1" => Ok(true),
        "off" | "false" | "0" => Ok(false),
        _ => Err(format!("\\{command} takes on or off, found '{text}'")),
    }
}

/// The file that a command writes to; none without a name.
///
/// # Errors
/// In safe mode; when it is open for other results.
pub fn target(script: &Script, text: &str) -> Result<Option<PathBuf>, String> {
    script.may_reach_files()?;
    let file = script.file(text);
    if file.as_os_str().is_empty() || text == "-" {
        return Ok(None);
    }
    if text.starts_with('|') {
        return Err(format!("results go to files, not to programs; found '{text}'"));
    }
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let log = script.log.as_ref().and_then(Output::path);
    for open in [script.output.path(), log].into_iter().flatten() {
        if whole(&open) == whole(&file) {
            return Err(format!("'{}' is being written already", file.display()));
        }
    }
    Ok(Some(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let mut names: Vec<_> = COMMANDS.iter().map(|c| c.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), COMMANDS.len());
        assert!(COMMANDS.iter().all(|c| !c.help.is_empty() && !c.help.ends_with('.')));
    }

    #[test]
    fn the_nearest_is_named() {
        assert!(unknown("timng").contains("\\timing"));
        assert!(!unknown("bogus_command").contains("did you mean"));
    }
}
