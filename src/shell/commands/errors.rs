//! `\errors`

use super::{Command, Flow};

pub const COMMAND: Command = Command {
    name: "errors",
    arguments: "",
    help: "scans that could not be read or measured in this session, and why",
    words: &[],
    run: |script, _| {
        Box::pin(async move {
            script.show("SELECT * FROM scan_errors()").await?;
            Ok(Flow::On)
        })
    },
};
