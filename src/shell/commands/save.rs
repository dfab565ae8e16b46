//! `\save`

use super::{Command, Flow, Trouble, note, target};
use crate::shell::OutputArguments;
use crate::shell::printers::{Format, Output, write_file};
use crate::shell::script::Script;
use std::path::Path;

pub const COMMAND: Command = Command {
    name: "save",
    arguments: "FILE",
    help: "saves this session's statements as a script (.sql), or the last result in the format of the extension",
    words: &[],
    run: |script, call| {
        Box::pin(async move {
            let Some(path) = target(script, call.text)? else {
                return Err(Trouble::Here("\\save takes a file".into()));
            };
            let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
            let told = match ending.as_str() {
                "sql" => {
                    write_file(&path, script.kept.text().as_bytes()).map_err(Trouble::There)?;
                    "the statements are"
                }
                "svg" | "png" => return Err(Trouble::Here("\\plot FILE saves a picture".into())),
                _ if Format::of_file(&path).is_none() => {
                    return Err(Trouble::Here(format!(
                        "{}: a result is saved as .csv, .tsv, .json, .ndjson, .md, .html, .tex, .parquet or .txt, statements as .sql",
                        path.display()
                    )));
                }
                _ => {
                    result(script, &path)?;
                    "the result is"
                }
            };
            note(&format!("{told} saved as {}", path.display()));
            Ok(Flow::On)
        })
    },
};

fn result(script: &Script, path: &Path) -> Result<(), Trouble> {
    let result = script.kept.result()?;
    let arguments = OutputArguments {
        format: None,
        output: Some(path.to_owned()),
    };
    let mut output = Output::open(&arguments).map_err(Trouble::There)?;
    let mut printer = output.result(&result.schema)?;
    for batch in &result.batches {
        printer.batch(batch)?;
    }
    printer.finish()?;
    output.finish().map_err(Trouble::There)
}
