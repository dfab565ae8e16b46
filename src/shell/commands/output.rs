//! `\o`

use super::{Command, Flow, Trouble, note, target};

pub const COMMAND: Command = Command {
    name: "o",
    arguments: "[FILE]",
    help: "writes the results that follow to a file, as its extension says; without one to the terminal again",
    words: &[],
    run: |script, call| {
        Box::pin(async move {
            let file = target(script, call.text)?;
            script.output.redirect(file.as_deref()).map_err(Trouble::There)?;
            match file {
                Some(file) => note(&format!("results go to {}", file.display())),
                None => note("results are shown here"),
            }
            Ok(Flow::On)
        })
    },
};
