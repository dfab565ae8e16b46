//! `\pager`

use super::{Command, Flow, note, switch};

pub const COMMAND: Command = Command {
    name: "pager",
    arguments: "[on|off]",
    help: "long results go through a pager (RADSQL_PAGER, PAGER, less)",
    words: &["on", "off"],
    run: |script, call| {
        Box::pin(async move {
            let on = switch("pager", call.text, script.output.pager())?;
            script.output.set_pager(on);
            note(if on { "the pager is on" } else { "the pager is off" });
            Ok(Flow::On)
        })
    },
};
