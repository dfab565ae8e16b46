//! `\x`

use super::{Command, Flow, Trouble, note};
use crate::shell::printers::Expanded;

pub const COMMAND: Command = Command {
    name: "x",
    arguments: "[on|off|auto]",
    help: "shows each row as a block of lines; auto: where the table is wider than the terminal; at first, a row alone that is",
    words: &["on", "off", "auto"],
    run: |script, call| {
        Box::pin(async move {
            let (expanded, told) = match (call.text, script.output.expanded()) {
                ("on", _) | ("", Expanded::Off | Expanded::Alone) => (Expanded::On, "on"),
                ("off", _) | ("", _) => (Expanded::Off, "off"),
                ("auto", _) => (Expanded::Auto, "auto"),
                (other, _) => return Err(Trouble::Here(format!("\\x takes on, off or auto, found '{other}'"))),
            };
            script.output.set_expanded(expanded);
            note(&format!("blocks of lines: {told}"));
            Ok(Flow::On)
        })
    },
};
