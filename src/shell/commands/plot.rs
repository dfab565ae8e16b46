//! `\plot`

use super::{Command, Flow, Trouble};

pub const COMMAND: Command = Command {
    name: "plot",
    arguments: "[FILE]",
    help: "draws the last result: Kaplan-Meier, ROC, forest or histogram; into a file (.svg, .png, .txt) if one is named",
    words: &[],
    run: |_, _| Box::pin(async move { Err(Trouble::Here("not yet".into())) }),
};
