//! `\log`

use super::{Command, Flow, Trouble, file_name, note};
use crate::shell::OutputArguments;
use crate::shell::printers::{Format, Output};

pub const COMMAND: Command = Command {
    name: "log",
    arguments: "[FILE]",
    help: "writes what follows, statements and results, to a file as well; without one the file is complete",
    words: &[],
    run: |script, call| {
        Box::pin(async move {
            script.may_reach_files()?;
            if let Some(log) = script.log.take() {
                log.finish().map_err(Trouble::There)?;
                note("the log is complete");
            }
            let name = file_name(call.text);
            if !name.is_empty() {
                let arguments = OutputArguments {
                    format: Some(Format::Table),
                    output: Some(name.into()),
                };
                script.log = Some(Output::open(&arguments).map_err(Trouble::There)?);
                note(&format!("statements and results go to {name} as well"));
            }
            Ok(Flow::On)
        })
    },
};
