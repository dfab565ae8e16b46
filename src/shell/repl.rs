//! The interactive shell: reads, runs, goes on.

use super::commands::{Flow, help};
use super::editor::{Editor, Entered};
use super::script::{Failure, Script};
use super::{signals, terminal};
use crate::engine::message;
use std::sync::Arc;

/// Reads and runs statements until the user leaves. `history` says whether what is entered is kept.
pub async fn run(mut script: Script, history: bool) -> Result<(), Failure> {
    script.kept.turn_on();
    // A plan is read by people here.
    let tree = script.session().sql("SET datafusion.explain.format = 'tree'").await;
    tree.map_err(|e| Failure::Statement(message(&e)))?;
    let mut editor = Editor::new(Arc::clone(script.session()), history).map_err(no_terminal)?;
    let version = env!("CARGO_PKG_VERSION");
    terminal::tell(&format!("radsql {version}. \\? for help, \\q to leave."));
    loop {
        editor.set_variables(script.variables());
        // The editor waits for keys, so it stands on a thread that may wait.
        let text = match tokio::task::block_in_place(|| editor.read()).map_err(no_terminal)? {
            Entered::Text(text) => text,
            Entered::Nothing => continue,
            Entered::End => return script.finish().await,
        };
        match text.trim().trim_end_matches(';').trim_end() {
            "" => continue,
            "quit" | "exit" => return script.finish().await,
            "help" => {
                // Nobody needs it to the end.
                let _ = script.say(&help::all(terminal::width()));
                continue;
            }
            _ => {}
        }
        let result = tokio::select! {
            biased;
            () = signals::interrupted() => {
                script.kept.stopped();
                script.tell("stopped");
                Ok(Flow::On)
            }
            result = script.run(&text, "line") => result,
        };
        match result {
            Ok(Flow::On) => {}
            Ok(Flow::End) => return script.finish().await,
            Err(Failure::Statement(message) | Failure::Usage(message)) => {
                script.tell(&message);
                match script.left() {
                    0 => {}
                    1 => script.tell("what follows it was not run"),
                    n => script.tell(&format!("the {n} that follow it were not run")),
                }
            }
            // A pager that was left, or a reader of the output that is gone.
            Err(Failure::ClosedPipe) => {}
            Err(other) => return Err(other),
        }
    }
}

fn no_terminal(e: rustyline::error::ReadlineError) -> Failure {
    Failure::Statement(format!("the terminal cannot be read: {e}"))
}
