//! `\i`

use super::{Command, Flow};

pub const COMMAND: Command = Command {
    name: "i",
    arguments: "FILE",
    help: "runs a file of statements and commands; a relative name is beside the file that says it",
    words: &[],
    run: |script, call| {
        Box::pin(async move {
            script.may_reach_files()?;
            script.include(call).await?;
            Ok(Flow::On)
        })
    },
};
