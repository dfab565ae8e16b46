//! `\log`

use super::{Command, Flow, Trouble, note, target};
use crate::shell::printers::Output;

pub const COMMAND: Command = Command {
    name: "log",
    arguments: "[FILE]",
    help: "writes what follows, statements, results and errors, to a file as well; without one no more",
    words: &[],
    run: |script, call| {
        Box::pin(async move {
            let file = target(script, call.text)?;
            if let Some(log) = script.log.take() {
                log.finish().map_err(Trouble::There)?;
                note("the log is complete");
            }
            if let Some(file) = file {
                script.log = Some(Output::log(&file).map_err(Trouble::There)?);
                note(&format!("statements and results go to {} as well", file.display()));
            }
            Ok(Flow::On)
        })
    },
};
