//! `\explain`

use super::{Command, Flow, Trouble};
use crate::engine::substituted;

pub const COMMAND: Command = Command {
    name: "explain",
    arguments: "[analyze] [STATEMENT]",
    help: "shows the plan of a statement, or of the last one; with analyze it is run and measured",
    words: &["analyze"],
    run: |script, call| {
        Box::pin(async move {
            let text = call.text.trim();
            let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
            let (analyze, statement) = match first.eq_ignore_ascii_case("analyze") {
                true => (" ANALYZE", rest.trim()),
                false => ("", text),
            };
            let statement = match (statement, script.kept.last_statement()) {
                ("", Some(last)) => last.to_owned(),
                ("", None) => return Err(Trouble::Here("no statement has been run".into())),
                (statement, _) => statement.to_owned(),
            };
            let statement = substituted(&statement, script.variables()).map_err(|e| e.message)?;
            script.show(&format!("EXPLAIN{analyze} {}", statement.text)).await?;
            Ok(Flow::On)
        })
    },
};
