//! `\timing`

use super::{Command, Flow, note, switch};

pub const COMMAND: Command = Command {
    name: "timing",
    arguments: "[on|off]",
    help: "tells how long each statement took",
    words: &["on", "off"],
    run: |script, call| {
        Box::pin(async move {
            script.timing = switch("timing", call.text, script.timing)?;
            note(if script.timing { "timing is on" } else { "timing is off" });
            Ok(Flow::On)
        })
    },
};
