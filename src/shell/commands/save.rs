//! `\save`

use super::{Command, Flow, Trouble, file_name, note};
use crate::shell::OutputArguments;
use crate::shell::printers::{Output, beside, unwritable};
use crate::shell::script::Script;
use std::io::Write;
use std::path::Path;

pub const COMMAND: Command = Command {
    name: "save",
    arguments: "FILE",
    help: "saves this session's statements as a script (.sql), or the last result in the format of the extension",
    words: &[],
    run: |script, call| {
        Box::pin(async move {
            script.may_reach_files()?;
            let name = file_name(call.text);
            if name.is_empty() {
                return Err(Trouble::Here("\\save takes a file".into()));
            }
            let path = Path::new(name);
            let is_script = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("sql"));
            let told = match is_script {
                true => statements(script, path)?,
                false => result(script, path)?,
            };
            note(&format!("{told} saved as {name}"));
            Ok(Flow::On)
        })
    },
};

/// A file that `radsql run` takes: variables, and the statements that went well.
fn statements(script: &Script, path: &Path) -> Result<&'static str, Trouble> {
    let mut text = String::new();
    for (name, value) in script.variables() {
        text.push_str(&format!("\\set {name} {value}\n"));
    }
    for statement in script.kept.statements() {
        text.push_str(&format!("{};\n", statement.trim_end()));
    }
    let write = || {
        let mut file = beside(path)?;
        file.write_all(text.as_bytes())?;
        file.persist(path).map(|_| ()).map_err(|e| e.error)
    };
    write().map_err(|e| Trouble::There(unwritable(path, &e)))?;
    Ok("the statements are")
}

fn result(script: &Script, path: &Path) -> Result<&'static str, Trouble> {
    let Some(result) = script.kept.result() else {
        return Err(Trouble::Here("there is no result yet".into()));
    };
    if result.is_too_large {
        return Err(Trouble::Here(
            "the last result was too large to be kept; \\o FILE before the statement writes it as it comes".into(),
        ));
    }
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
    output.finish().map_err(Trouble::There)?;
    Ok("the result is")
}
