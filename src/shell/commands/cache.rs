//! `\cache`

use super::{Command, Flow};

pub const COMMAND: Command = Command {
    name: "cache",
    arguments: "",
    help: "what the feature cache holds",
    words: &[],
    run: |script, _| {
        Box::pin(async move {
            script.show("SELECT * FROM radsql_cache()").await?;
            Ok(Flow::On)
        })
    },
};
