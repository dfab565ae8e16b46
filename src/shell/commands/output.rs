//! `\o`

use super::{Command, Flow, Trouble, file_name, note};
use std::path::Path;

pub const COMMAND: Command = Command {
    name: "o",
    arguments: "[FILE]",
    help: "writes the results that follow to a file, as its extension says; without one to the terminal again",
    words: &[],
    run: |script, call| {
        Box::pin(async move {
            script.may_reach_files()?;
            let name = file_name(call.text);
            let file = Some(Path::new(name)).filter(|_| !name.is_empty());
            script.output.redirect(file).map_err(Trouble::There)?;
            match file {
                Some(file) => note(&format!("results go to {}", file.display())),
                None => note("results are shown here"),
            }
            Ok(Flow::On)
        })
    },
};
