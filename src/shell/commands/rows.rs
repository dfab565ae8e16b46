//! `\rows`

use super::{Command, Flow, Trouble, note};

pub const COMMAND: Command = Command {
    name: "rows",
    arguments: "[NUMBER|all]",
    help: "how many rows of a long result are shown; the rest is counted",
    words: &["all"],
    run: |script, call| {
        Box::pin(async move {
            match call.text {
                "" => {}
                "all" => script.output.set_max_rows(None),
                text => match text.parse() {
                    Ok(rows) if rows > 0 => script.output.set_max_rows(Some(rows)),
                    _ => {
                        return Err(Trouble::Here(format!(
                            "\\rows takes a number above 0 or all, found '{text}'"
                        )));
                    }
                },
            }
            match script.output.max_rows() {
                Some(rows) => note(&format!("{rows} rows of a result are shown")),
                None => note("all rows are shown"),
            }
            Ok(Flow::On)
        })
    },
};
