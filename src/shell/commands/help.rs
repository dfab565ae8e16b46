//! `\?`

use super::{COMMANDS, Command, Flow, Trouble, say};

/// The command.
pub const COMMAND: Command = Command {
    name: "?",
    arguments: "[COMMAND]",
    help: "shows this, or what a command does",
    words: &[],
    run: |_, call| {
        Box::pin(async move {
            match call.text.trim_start_matches('\\') {
                "" => say(&all())?,
                name => match COMMANDS.iter().find(|c| c.name == name) {
                    Some(c) => say(&format!("\\{} {}\n{}", c.name, c.arguments, c.help))?,
                    None => return Err(Trouble::Here(super::unknown(name))),
                },
            }
            Ok(Flow::On)
        })
    },
};

/// Statements, keys and commands.
pub fn all() -> String {
    let line = |c: &&Command| (format!("\\{} {}", c.name, c.arguments), c.help);
    let lines: Vec<_> = COMMANDS.iter().map(line).collect();
    let width = lines.iter().map(|(c, _)| c.chars().count()).max().unwrap_or(0);
    let mut out = String::from(
        "Statements end with a semicolon and may have several lines.\n\n\
         Tab completes words, names, arguments and files. Arrow up in a later line edits the whole statement; Alt-Enter begins a\n\
         line. Ctrl-R searches the history; a line that begins with a blank is not kept there. Ctrl-C stops a query. Ctrl-D leaves.\n\n",
    );
    for (command, help) in lines {
        out.push_str(&format!("{command:<width$}  {help}\n"));
    }
    out
}
