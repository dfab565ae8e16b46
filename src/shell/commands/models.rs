//! `\dm`

use super::{Command, Flow};

pub const COMMAND: Command = Command {
    name: "dm",
    arguments: "",
    help: "models for deep features",
    words: &[],
    run: |script, _| {
        Box::pin(async move {
            script.show("SHOW MODELS").await?;
            Ok(Flow::On)
        })
    },
};
