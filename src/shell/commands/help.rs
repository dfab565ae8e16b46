//! `\?`

use super::{COMMANDS, Command, Flow, Trouble};
use crate::shell::terminal;

/// The command.
pub const COMMAND: Command = Command {
    name: "?",
    arguments: "[COMMAND]",
    help: "shows this, or what a command does",
    words: &[],
    run: |script, call| {
        Box::pin(async move {
            match call.text.trim_start_matches('\\') {
                "" => script.say(&all(terminal::width()))?,
                name => match COMMANDS.iter().find(|c| c.name == name) {
                    Some(c) => script.say(&format!("\\{} {}\n{}", c.name, c.arguments, c.help))?,
                    None => return Err(Trouble::Here(super::unknown(name))),
                },
            }
            Ok(Flow::On)
        })
    },
};

const KEYS: &str = "Tab completes words, names, arguments and files. Arrow up in a later line edits the whole statement; Alt-Enter begins \
                    a line. Ctrl-R searches the history; a line that begins with a blank is not kept there. Ctrl-C stops a query. \
                    Ctrl-D leaves.";

/// Statements, keys and commands, in lines of so many columns.
pub fn all(width: usize) -> String {
    let line = |c: &&Command| (format!("\\{} {}", c.name, c.arguments), c.help);
    let lines: Vec<_> = COMMANDS.iter().map(line).collect();
    let column = lines.iter().map(|(c, _)| c.chars().count()).max().unwrap_or(0);
    let mut out = String::from("Statements end with a semicolon and may have several lines.\n\n");
    out.push_str(&wrapped(KEYS, 0, width));
    out.push_str("\n\n");
    for (command, help) in lines {
        out.push_str(&format!(
            "{command:<column$}  {}\n",
            wrapped(help, column + 2, width).trim_start()
        ));
    }
    out
}

/// A text in lines of so many columns, and at most 100, each after the first with a margin.
pub fn wrapped(text: &str, margin: usize, width: usize) -> String {
    let width = width.min(100);
    let mut out = String::new();
    let mut column = margin;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > margin && column + 1 + length > width {
            out.push('\n');
            out.push_str(&" ".repeat(margin));
            column = margin;
        } else if column > margin {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}
