//! The interactive shell, a first one: statements over several lines, history, Ctrl-C.

use super::interrupted;
use super::printers::Output;
use super::script::{Failure, Script};
use crate::engine::{Piece, split};
use rustyline::error::ReadlineError;
use rustyline::{Config, DefaultEditor};

const HELP: &str = "Statements end with a semicolon. \\q leaves, \\set NAME VALUE sets a variable, \\? shows this.\n\
                    The functions are listed in udfs/FUNCTIONS.md; SELECT * FROM radiomics_features() lists the features.";

/// Reads and runs statements until the user leaves.
pub async fn run(output: Output) -> Result<(), Failure> {
    let mut script = Script::new(output.without_gaps())?;
    let config = Config::builder()
        .auto_add_history(false)
        .max_history_size(10_000)
        .map_err(no_terminal)?
        .build();
    let mut editor = DefaultEditor::with_config(config).map_err(no_terminal)?;
    eprintln!("radsql {}. \\? for help, \\q to leave.", env!("CARGO_PKG_VERSION"));
    let mut text = String::new();
    loop {
        let prompt = if text.is_empty() { "radsql> " } else { "   ...> " };
        // The editor waits for keys, so it stands on a thread that may wait.
        let read = tokio::task::block_in_place(|| editor.readline(prompt));
        match read {
            Ok(line) => {
                text.push_str(&line);
                text.push('\n');
            }
            Err(ReadlineError::Interrupted) => {
                text.clear();
                continue;
            }
            Err(ReadlineError::Eof) => return script.finish().await,
            Err(e) => return Err(no_terminal(e)),
        }
        if !complete(&text) {
            continue;
        }
        let entered = std::mem::take(&mut text);
        let entered = entered.trim();
        if entered.is_empty() {
            continue;
        }
        editor.add_history_entry(entered).map_err(no_terminal)?;
        match entered {
            "\\q" | "quit" | "exit" => return script.finish().await,
            "\\?" | "help" => {
                eprintln!("{HELP}");
                continue;
            }
            _ => {}
        }
        let result = tokio::select! {
            result = script.run(entered, "line") => result,
            () = interrupted() => {
                eprintln!("stopped");
                Ok(())
            }
        };
        match result {
            Ok(()) => {}
            Err(Failure::Statement(message) | Failure::Usage(message)) => eprintln!("{message}"),
            Err(other) => return Err(other),
        }
    }
}

/// Whether the text can be run: a command, a word to leave, or statements that all have their semicolon.
fn complete(text: &str) -> bool {
    let word = text.trim();
    if word.is_empty() || matches!(word, "quit" | "exit" | "help") {
        return true;
    }
    match split(text) {
        Ok(pieces) => pieces.iter().all(|p| !matches!(p, Piece::Statement(s) if !s.ended)),
        // A string that goes on in the next line.
        Err(e) => !e.message.contains("Unterminated"),
    }
}

fn no_terminal(e: ReadlineError) -> Failure {
    Failure::Statement(format!("the terminal cannot be read: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_run_when_they_end() {
        assert!(complete("SELECT 1;\n") && complete("\\q\n") && complete("exit\n") && complete("-- c\n"));
        assert!(!complete("SELECT 1\n") && !complete("SELECT 1; SELECT\n") && !complete("SELECT ';\n"));
    }
}
