//! `radsql run FILE...`

use crate::engine::Variables;
use crate::shell::OutputArguments;
use crate::shell::commands::Flow;
use crate::shell::printers::Output;
use crate::shell::report::Report;
use crate::shell::script::{Failure, Script};
use crate::shell::settings::SessionArguments;
use crate::shell::terminal;
use std::path::{Path, PathBuf};

/// Run SQL files, one after the other, in one session.
///
/// Stops at the first error, which is told as file:line:column. `:name` in a file is a variable; `\set name value` in a
/// file gives it a value unless --set did. `\i file` runs another file, which lies beside the one that names it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  radsql run study.sql
  radsql run 01_features.sql 02_models.sql --set data=/data/crlm --set seed=42
  radsql run study.sql -o results.csv --report study.html")]
pub struct Run {
    /// SQL files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Value of a variable.
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// Write a page about the run: its statements, results, figures, timings, and the hash of every input.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    session: SessionArguments,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let valid = |n: &str| !n.is_empty() && n.chars().all(|c| c.is_alphanumeric() || c == '_');
    match text.split_once('=') {
        Some((name, value)) if valid(name) => Ok((name.into(), value.into())),
        _ => Err("expected name=value".into()),
    }
}

impl Run {
    /// That of `radsql -f FILE`.
    pub fn of_files(files: Vec<PathBuf>, output: OutputArguments, session: SessionArguments) -> Self {
        Self {
            files,
            set: vec![],
            report: None,
            output,
            session,
        }
    }

    /// Runs the files.
    pub async fn execute(self) -> Result<(), Failure> {
        let mut texts = vec![];
        // All files are read first: a wrong name must not be found after an hour of work.
        for file in &self.files {
            let name = file.display().to_string();
            let text =
                std::fs::read_to_string(file).map_err(|e| Failure::Usage(format!("{name}: cannot be read: {e}")))?;
            texts.push((name, text));
        }
        let given: Variables = self.set.into_iter().collect();
        for target in [&self.report, &self.output.output].into_iter().flatten() {
            if self.files.iter().any(|file| is_same_file(file, target)) {
                let target = target.display();
                return Err(Failure::Usage(format!(
                    "{target}: is one of the files to run, and would be overwritten"
                )));
            }
        }
        let report = self.report.map(Report::new).transpose()?;
        let mut script = Script::new(Output::open(&self.output)?, &self.session)?
            .with_variables(given)
            .with_report(report);
        for (name, text) in texts {
            if script.run(&text, &name).await? == Flow::End {
                break;
            }
        }
        for name in script.unknown() {
            terminal::tell(&format!("--set {name}: no file has a variable of that name"));
        }
        script.finish().await
    }
}

/// Whether two names are of one file that is there.
fn is_same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
