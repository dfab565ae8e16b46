//! `\format`

use super::{Command, Flow, Trouble, note};
use crate::shell::printers::Format;
use clap::ValueEnum;

pub const COMMAND: Command = Command {
    name: "format",
    arguments: "[NAME]",
    help: "how results are written: table, csv, tsv, json, ndjson, markdown, vertical, html, latex or parquet",
    words: &[
        "table", "csv", "tsv", "json", "ndjson", "markdown", "vertical", "html", "latex", "parquet",
    ],
    run: |script, call| {
        Box::pin(async move {
            if !call.text.is_empty() {
                let format = Format::from_str(call.text, true).map_err(|_| {
                    Trouble::Here(format!(
                        "there is no format '{}'; there are {}",
                        call.text,
                        COMMAND.words.join(", ")
                    ))
                })?;
                script.output.set_format(format);
            }
            let name = script.output.format().to_possible_value();
            note(&format!(
                "results are written as {}",
                name.as_ref().map_or("", |n| n.get_name())
            ));
            Ok(Flow::On)
        })
    },
};
