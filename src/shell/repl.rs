//! The interactive shell: reads, runs, goes on.

use super::commands::{Flow, help};
use super::editor::{Editor, Entered};
use super::interrupted;
use super::script::{Failure, Script};
use crate::engine::message;
use std::sync::Arc;

/// Reads and runs statements until the user leaves. `history` says whether what is entered is kept.
pub async fn run(mut script: Script, history: bool) -> Result<(), Failure> {
    script.kept.turn_on();
    // A plan is read by people here.
    let tree = script.session().sql("SET datafusion.explain.format = 'tree'").await;
    tree.map_err(|e| Failure::Statement(message(&e)))?;
    let mut editor = Editor::new(Arc::clone(script.session()), history).map_err(no_terminal)?;
    eprintln!("radsql {}. \\? for help, \\q to leave.", env!("CARGO_PKG_VERSION"));
    loop {
        editor.set_variables(script.variables());
        // The editor waits for keys, so it stands on a thread that may wait.
        let text = match tokio::task::block_in_place(|| editor.read()).map_err(no_terminal)? {
            Entered::Text(text) => text,
            Entered::Nothing => continue,
            Entered::End => return script.finish().await,
        };
        match text.trim() {
            "" => continue,
            "quit" | "exit" => return script.finish().await,
            "help" => {
                eprintln!("{}", help::all());
                continue;
            }
            _ => {}
        }
        let result = tokio::select! {
            result = script.run(&text, "line") => result,
            () = interrupted() => {
                eprintln!("stopped");
                Ok(Flow::On)
            }
        };
        match result {
            Ok(Flow::On) => {}
            Ok(Flow::End) => return script.finish().await,
            Err(Failure::Statement(message) | Failure::Usage(message)) => eprintln!("{message}"),
            // A pager that was left, or a reader of the output that is gone.
            Err(Failure::ClosedPipe) => {}
            Err(other) => return Err(other),
        }
    }
}

fn no_terminal(e: rustyline::error::ReadlineError) -> Failure {
    Failure::Statement(format!("the terminal cannot be read: {e}"))
}
