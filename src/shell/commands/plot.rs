//! `\plot`

use super::{Command, Flow, Trouble, file_name, note, say};
use crate::shell::plot::{images, of_result};
use crate::shell::terminal;
use radsql_udfs::plots::figures::{TextSize, TextStyle};
use std::io::{IsTerminal, Write, stdout};
use std::path::Path;

pub const COMMAND: Command = Command {
    name: "plot",
    arguments: "[FILE]",
    help: "draws the last result: Kaplan-Meier, ROC, forest or histogram; into a file (.svg, .png, .txt) if one is named",
    words: &[],
    run: |script, call| {
        Box::pin(async move {
            let Some(result) = script.kept.result() else {
                return Err(Trouble::Here(
                    "there is no result yet; \\plot draws the last one".into(),
                ));
            };
            if result.is_too_large {
                return Err(Trouble::Here("the last result was too large to be kept".into()));
            }
            let plot = of_result(&result.schema, &result.batches)?;
            let name = file_name(call.text);
            if !name.is_empty() {
                script.may_reach_files()?;
                plot.save(Path::new(name))?;
                note(&format!("the plot is in {name}"));
                return Ok(Flow::On);
            }
            let is_terminal = stdout().is_terminal();
            let size = TextSize {
                columns: terminal::width(),
                // The prompt and the statement stay in sight.
                rows: terminal::height().saturating_sub(4).max(12),
            };
            if is_terminal
                && let Some(protocol) = images()
                && let Ok(picture) = plot.image(protocol, size)
            {
                let mut out = stdout().lock();
                out.write_all(&picture)?;
                writeln!(out)?;
                out.flush()?;
                return Ok(Flow::On);
            }
            let style = TextStyle {
                colours: terminal::colours(is_terminal),
                unicode: true,
            };
            say(&plot.terminal(size, style)?)?;
            Ok(Flow::On)
        })
    },
};
