//! `\q`

use super::{Command, Flow};

pub const COMMAND: Command = Command {
    name: "q",
    arguments: "",
    help: "leaves; so do quit, exit and Ctrl-D",
    words: &[],
    run: |_, _| Box::pin(async { Ok(Flow::End) }),
};
