//! `\plot`

use super::{Command, Flow, note, target};
use crate::shell::plot::{images, of_result};
use crate::shell::terminal;
use radsql_udfs::plots::figures::{TextSize, TextStyle};
use std::io::{IsTerminal, Write, stdout};

pub const COMMAND: Command = Command {
    name: "plot",
    arguments: "[FILE]",
    help: "draws the last result: Kaplan-Meier, ROC, forest or histogram; into a file (.svg, .png, .txt) if one is named",
    words: &[],
    run: |script, call| {
        Box::pin(async move {
            let result = script.kept.result()?;
            let plot = of_result(&result.schema, &result.batches)?;
            if !call.text.is_empty()
                && let Some(file) = target(script, call.text)?
            {
                plot.save(&file)?;
                note(&format!("the plot is in {}", file.display()));
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
            let text = plot.terminal(size, style)?;
            script.say(&text)?;
            Ok(Flow::On)
        })
    },
};
