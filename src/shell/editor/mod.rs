//! The line editor: statements over several lines, completion, colours, history.
//!
//! A statement is entered line by line, each with a prompt. Arrow up in a later line, a statement from the history and one that
//! is pasted are edited as a whole.

mod complete;
mod highlight;
mod history;
mod keywords;
mod names;
mod place;

use crate::engine::{Piece, Session, Variables, split};
use crate::shell::printers::visible;
use crate::shell::terminal;
use names::SessionNames;
use rustyline::completion::{Completer, Pair};
use rustyline::config::{CompletionType, Configurer};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{
    Cmd, ConditionalEventHandler, Config, Context, Event, EventContext, EventHandler, Helper, KeyCode, KeyEvent,
    Modifiers, RepeatCount,
};
use std::borrow::Cow;
use std::cell::Cell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use unicode_width::UnicodeWidthStr;

const PROMPT: &str = "radsql> ";
const MORE: &str = "   ...> ";
/// Inside a text in quotes, which a semicolon does not end.
const QUOTED: &str = "   '..> ";

/// What was entered.
#[derive(Debug, PartialEq, Eq)]
pub enum Entered {
    /// Commands or statements that can be run.
    Text(String),
    /// Ctrl-C: nothing.
    Nothing,
    /// Ctrl-D: the end.
    End,
}

/// A line editor for a session.
pub struct Editor {
    inner: rustyline::Editor<Assistant, FileHistory>,
    shared: Arc<Shared>,
    names: Arc<SessionNames>,
    history: Option<PathBuf>,
    colours: bool,
}

/// What the parts of the editor tell each other.
#[derive(Default)]
struct Shared {
    /// Lines of the statement that were entered before.
    before: Mutex<String>,
    /// Whether they are to be edited again.
    reopen: AtomicBool,
}

impl Shared {
    fn before(&self) -> String {
        self.before.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_before(&self, text: &str) {
        text.clone_into(&mut self.before.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Editor {
    /// An editor that knows the names of a session. `keep` says whether a history is read and written.
    ///
    /// # Errors
    /// When the terminal cannot be used.
    pub fn new(session: Arc<Session>, keep: bool) -> rustyline::Result<Self> {
        let config = Config::builder()
            .auto_add_history(false)
            .max_history_size(history::MOST)?
            .history_ignore_space(true)
            .history_ignore_dups(true)?
            .completion_type(CompletionType::List)
            .completion_prompt_limit(100)
            .bracketed_paste(true)
            .tab_stop(4)
            .build();
        let mut inner = rustyline::Editor::with_config(config)?;
        let colours = terminal::colours(true);
        if !colours {
            inner.set_color_mode(rustyline::ColorMode::Disabled);
        }
        let (shared, names) = (Arc::<Shared>::default(), Arc::new(SessionNames::new(session)));
        inner.set_helper(Some(Assistant {
            names: Arc::clone(&names),
            shared: Arc::clone(&shared),
            colours,
            is_over: Cell::new(false),
        }));
        let up = EventHandler::Conditional(Box::new(Reopen(Arc::clone(&shared))));
        inner.bind_sequence(KeyEvent(KeyCode::Up, Modifiers::NONE), up);
        // A line more, whatever stands there.
        let newline = EventHandler::Simple(Cmd::Newline);
        inner.bind_sequence(KeyEvent(KeyCode::Enter, Modifiers::ALT), newline);
        let mut editor = Self {
            inner,
            shared,
            names,
            history: None,
            colours,
        };
        if let Some(file) = history::file().filter(|_| keep) {
            match history::prepare(&file) {
                Ok(()) => {
                    if editor.inner.load_history(&file).is_err() {
                        // One that cannot be read is put aside, and a new one begun.
                        let _ = editor.inner.clear_history();
                        match history::renew(&file) {
                            Ok(aside) => {
                                terminal::tell(&format!("the history cannot be read; it is {} now", aside.display()))
                            }
                            Err(e) => terminal::tell(&format!("the history cannot be read: {e}")),
                        }
                    }
                    editor.history = Some(file);
                }
                Err(e) => terminal::tell(&format!("no history is kept: {e}")),
            }
        }
        Ok(editor)
    }

    /// Tells which variables there are.
    pub fn set_variables(&self, variables: &Variables) {
        self.names.set_variables(variables);
    }

    /// Waits until something can be run.
    ///
    /// # Errors
    /// When the terminal fails.
    pub fn read(&mut self) -> rustyline::Result<Entered> {
        let mut text = String::new();
        let mut again: Option<String> = None;
        loop {
            self.shared.set_before(&text);
            let read = match again.take() {
                Some(whole) => {
                    let prompt = self.prompt(PROMPT);
                    self.inner.readline_with_initial(&prompt, (&whole, ""))
                }
                None => {
                    let prompt = self.prompt(match text.is_empty() {
                        true => PROMPT,
                        false if is_quoted(&text) => QUOTED,
                        false => MORE,
                    });
                    self.inner.readline(&prompt)
                }
            };
            let line = match read {
                Ok(line) => line,
                Err(ReadlineError::Interrupted) => {
                    // What was given up may be wanted again.
                    self.remember(&text)?;
                    return Ok(Entered::Nothing);
                }
                Err(ReadlineError::Eof) => return Ok(Entered::End),
                Err(e) => return Err(e),
            };
            if self.shared.reopen.swap(false, Ordering::Relaxed) {
                let whole = format!("{text}{line}");
                clear(&whole);
                text.clear();
                again = Some(whole);
                continue;
            }
            text.push_str(&line);
            if is_complete(&text) {
                self.remember(&text)?;
                return Ok(Entered::Text(text));
            }
            text.push('\n');
        }
    }

    fn prompt(&self, raw: &str) -> (String, String) {
        let styled = match self.colours {
            true => format!("\x1b[1;32m{raw}\x1b[0m"),
            false => raw.to_owned(),
        };
        (raw.to_owned(), styled)
    }

    fn remember(&mut self, text: &str) -> rustyline::Result<()> {
        let entry = text.trim_end();
        if entry.trim().is_empty() || !self.inner.add_history_entry(entry)? {
            return Ok(());
        }
        if let Some(file) = &self.history
            && let Err(e) = self.inner.append_history(file)
        {
            terminal::tell(&format!("the history cannot be written: {e}"));
            self.history = None;
        }
        Ok(())
    }
}

/// Takes lines that were entered from the terminal, so that they can be edited again.
fn clear(text: &str) {
    let width = terminal::width().max(1);
    let rows: usize = text
        .split('\n')
        .map(|line| (PROMPT.len() + line.width()) / width + 1)
        .sum();
    eprint!("\x1b[{rows}A\r\x1b[J");
}

/// Whether a text can be run: a command, a word to leave, or statements that all have their semicolon.
fn is_complete(text: &str) -> bool {
    let word = text.trim();
    if word.is_empty() || matches!(word, "quit" | "exit" | "help") {
        return true;
    }
    match split(text) {
        Ok(pieces) => pieces.iter().all(|p| !matches!(p, Piece::Statement(s) if !s.ended)),
        // A string that goes on in the next line.
        Err(_) => !is_quoted(text),
    }
}

/// Whether a text ends within quotes.
fn is_quoted(text: &str) -> bool {
    split(text).is_err_and(|e| e.message.contains("Unterminated"))
}

/// Arrow up in a later line of a statement: all its lines are edited.
struct Reopen(Arc<Shared>);

impl ConditionalEventHandler for Reopen {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext) -> Option<Cmd> {
        if self.0.before().is_empty() || context.line().contains('\n') {
            return None;
        }
        self.0.reopen.store(true, Ordering::Relaxed);
        Some(Cmd::AcceptLine)
    }
}

struct Assistant {
    names: Arc<SessionNames>,
    shared: Arc<Shared>,
    colours: bool,
    /// The line is entered: no bracket is shown.
    is_over: Cell<bool>,
}

impl Assistant {
    /// A line of a statement with those before it, and where the cursor is in them.
    fn whole(&self, line: &str, cursor: usize) -> (String, usize) {
        let mut text = self.shared.before();
        let cursor = text.len() + cursor;
        text.push_str(line);
        (text, cursor)
    }
}

impl Helper for Assistant {}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(&self, line: &str, cursor: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (text, cursor) = self.whole(line, cursor);
        let before = text.len() - line.len();
        let (start, mut found) = complete::complete(&text, cursor, &*self.names);
        for pair in &mut found {
            // Names of files and columns may have anything in them.
            pair.display = visible(&pair.display).into_owned();
        }
        found.retain(|pair| visible(&pair.replacement) == pair.replacement);
        Ok((start.saturating_sub(before), found))
    }
}

impl Hinter for Assistant {
    type Hint = String;

    fn hint(&self, line: &str, cursor: usize, _: &Context<'_>) -> Option<String> {
        if !self.colours || cursor < line.len() {
            return None;
        }
        complete::hint(line, &*self.names)
    }
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, cursor: usize) -> Cow<'l, str> {
        if !self.colours {
            return Cow::Borrowed(line);
        }
        let (text, cursor) = self.whole(line, cursor);
        let brackets = (!self.is_over.get()).then_some(cursor);
        Cow::Owned(highlight::highlight(&text, text.len() - line.len(), brackets))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        match self.colours {
            true => Cow::Owned(format!("\x1b[2m{hint}\x1b[0m")),
            false => Cow::Borrowed(hint),
        }
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        self.is_over.set(kind == CmdKind::ForcedRefresh);
        self.colours
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        let line = context.input();
        // A single line is taken, and the next one gets a prompt.
        if !line.contains('\n') || self.shared.reopen.load(Ordering::Relaxed) {
            return Ok(ValidationResult::Valid(None));
        }
        Ok(match is_complete(&self.whole(line, 0).0) {
            true => ValidationResult::Valid(None),
            false => ValidationResult::Incomplete,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_run_when_they_end() {
        assert!(is_complete("SELECT 1;\n") && is_complete("\\q\n") && is_complete("exit\n") && is_complete("-- c\n"));
        assert!(!is_complete("SELECT 1\n") && !is_complete("SELECT 1; SELECT\n") && !is_complete("SELECT ';\n"));
    }
}
