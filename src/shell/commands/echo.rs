//! `\echo`

use super::{Command, Flow, note, switch};

pub const COMMAND: Command = Command {
    name: "echo",
    arguments: "[on|off]",
    help: "shows each statement before it runs, with the values of its variables",
    words: &["on", "off"],
    run: |script, call| {
        Box::pin(async move {
            script.echo = switch("echo", call.text, script.echo)?;
            note(if script.echo { "echo is on" } else { "echo is off" });
            Ok(Flow::On)
        })
    },
};
