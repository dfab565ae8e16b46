//! `\set` and `\unset`

use super::{Command, Flow, Trouble};
use crate::shell::script::unquoted;
use crate::shell::statement::shown;

pub const COMMAND: Command = Command {
    name: "set",
    arguments: "[NAME VALUE]",
    help: "gives a variable a value, in quotes or without, for :NAME in statements; without a name lists all",
    words: &[],
    run: |script, call| {
        Box::pin(async move {
            let (name, value) = call.text.split_once(char::is_whitespace).unwrap_or((call.text, ""));
            if name.is_empty() {
                let lines = script.variables().iter().map(|(n, v)| format!("{n} = '{}'", shown(v)));
                let lines: Vec<_> = lines.collect();
                if !lines.is_empty() {
                    script.say(&lines.join("\n"))?;
                }
                return Ok(Flow::On);
            }
            script.set(name, unquoted(value.trim())).map_err(Trouble::Here)?;
            script.kept.ran_command("set", call.text);
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
                true => {
                    script.kept.ran_command("unset", call.text);
                    Ok(Flow::On)
                }
                false => Err(Trouble::Here(format!("there is no variable '{}'", call.text))),
            }
        })
    },
};
