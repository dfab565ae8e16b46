//! `\set` and `\unset`

use super::{Command, Flow, Trouble, say};

pub const COMMAND: Command = Command {
    name: "set",
    arguments: "[NAME VALUE]",
    help: "gives a variable a value, for :NAME in statements; without a name lists all",
    words: &[],
    run: |script, call| {
        Box::pin(async move {
            let (name, value) = call.text.split_once(char::is_whitespace).unwrap_or((call.text, ""));
            if name.is_empty() {
                let lines: Vec<_> = script.variables().iter().map(|(n, v)| format!("{n} = '{v}'")).collect();
                if !lines.is_empty() {
                    say(&lines.join("\n"))?;
                }
                return Ok(Flow::On);
            }
            script.set(name, value.trim()).map_err(Trouble::Here)?;
            Ok(Flow::On)
        })
    },
};

pub const UNSET: Command = Command {
    name: "unset",
    arguments: "NAME",
    help: "takes a variable's value away",
    words: &[],
    run: |script, call| {
        Box::pin(async move {
            match script.unset(call.text) {
                true => Ok(Flow::On),
                false => Err(Trouble::Here(format!("there is no variable '{}'", call.text))),
            }
        })
    },
};
