//! The command line's shell: scripts, statements line by line, and how results are shown.

pub mod answer;
pub mod commands;
mod editor;
mod errors;
mod kept;
pub mod plot;
pub mod printers;
mod progress;
mod repl;
pub mod report;
pub mod script;
pub mod settings;
pub mod signals;
mod statement;
pub mod terminal;

pub use script::Failure;

use printers::{Format, Output};
use script::Script;
use settings::SessionArguments;
use std::path::PathBuf;

/// Where results go, and how they look.
#[derive(Debug, clap::Args)]
pub struct OutputArguments {
    /// How results are written. Without it: as the file's name ends, table on a terminal, csv elsewhere.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Write results to this file.
    #[arg(short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Runs work that waits or computes on a thread of its own, so that Ctrl-C is heard meanwhile.
///
/// # Errors
/// That of the work.
pub async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|e| Err(Failure::Statement(format!("a defect in radsql: {e}"))))
}

/// The shell, on a terminal. `history` says whether what is entered is kept.
///
/// # Errors
/// When the terminal or the output fails.
pub async fn interactive(output: &OutputArguments, session: &SessionArguments, history: bool) -> Result<(), Failure> {
    signals::listen(true);
    let output = Output::open(output)?;
    repl::run(Script::new(output.without_gaps(), session)?, history).await
}

/// The folder that keeps computed features for the next time; '' without a home.
pub fn cache_folder() -> String {
    let folder = dirs::cache_dir().map(|dir| dir.join("radsql"));
    let text = folder.as_deref().and_then(std::path::Path::to_str);
    text.unwrap_or_default().to_owned()
}

/// Runs statements: these, or those that come through standard input.
///
/// # Errors
/// That of the first that fails.
pub async fn statements(
    sql: Option<String>,
    output: &OutputArguments,
    session: &SessionArguments,
) -> Result<(), Failure> {
    let (text, name) = match sql {
        Some(sql) => (sql, "-c"),
        None => {
            let read = || std::io::read_to_string(std::io::stdin());
            let text = apart(move || read().map_err(|e| Failure::Usage(format!("standard input is no text: {e}"))));
            (text.await?, "stdin")
        }
    };
    let mut script = Script::new(Output::open(output)?, session)?;
    script.run(&text, name).await?;
    script.finish().await
}
