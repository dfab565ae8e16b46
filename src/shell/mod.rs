//! The command line: arguments, scripts, the interactive shell, and how results are shown.

pub mod commands;
pub mod printers;
mod progress;
mod repl;
mod report;
mod script;

pub use script::message;

use clap::{Parser, Subcommand};
use commands::demo::Demo;
use commands::run::Run;
use printers::{Format, Output};
use script::{Failure, Script};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, LazyLock};
use tokio::sync::Notify;

/// SQL for radiomics and survival analysis.
///
/// Without a command: the shell, or the statements that come through a pipe.
#[derive(Debug, Parser)]
#[command(name = "radsql", version, about, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Run these statements and leave.
    #[arg(short = 'c', value_name = "SQL")]
    sql: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
}

/// Where results go, and how they look.
#[derive(Debug, clap::Args)]
pub struct OutputArguments {
    /// How results are written; table on a terminal and csv elsewhere, without it.
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// Write results to this file.
    #[arg(short = 'o', value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(Run),
    Demo(Demo),
}

impl Arguments {
    fn is_interactive(&self) -> bool {
        self.command.is_none() && self.sql.is_none() && std::io::stdin().is_terminal()
    }
}

/// Statuses of the process.
mod status {
    pub const FAILED: u8 = 1;
    pub const USAGE: u8 = 2;
    pub const INTERRUPTED: u8 = 130;
}

/// Stack of the thread that plans statements, and of those that run them. Planning goes down a statement's expressions:
/// a chain of ten thousand terms is that deep.
const PLANNING_STACK: usize = 1 << 30;
const RUNNING_STACK: usize = 64 << 20;

/// Runs the command of this process.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let command = std::thread::Builder::new()
        .stack_size(PLANNING_STACK)
        .spawn(move || run_command(arguments));
    match command.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        Ok(Err(_)) => failed("a defect in radsql ended the command", status::FAILED),
        Err(e) => failed(&format!("no threads could be started: {e}"), status::FAILED),
    }
}

fn run_command(arguments: Arguments) -> ExitCode {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = match builder.enable_all().thread_stack_size(RUNNING_STACK).build() {
        Ok(runtime) => runtime,
        Err(e) => return failed(&format!("no threads could be started: {e}"), status::FAILED),
    };
    let result = runtime.block_on(async {
        if arguments.is_interactive() {
            return repl::run(Output::open(&arguments.output)?).await;
        }
        tokio::select! {
            result = execute(arguments) => result,
            () = interrupted() => Err(Failure::Interrupted),
        }
    });
    // Work on scans that was stopped need not end before the process does.
    runtime.shutdown_background();
    match result {
        Ok(()) | Err(Failure::ClosedPipe) => ExitCode::SUCCESS,
        Err(Failure::Interrupted) => ExitCode::from(status::INTERRUPTED),
        Err(Failure::Usage(message)) => failed(&message, status::USAGE),
        Err(Failure::Statement(message)) => failed(&message, status::FAILED),
    }
}

/// Ends when the user presses Ctrl-C. A thread of its own listens: those of the runtime may all be at work for seconds.
async fn interrupted() {
    static PRESSED: LazyLock<Arc<Notify>> = LazyLock::new(|| {
        let pressed = Arc::new(Notify::new());
        let notify = Arc::clone(&pressed);
        std::thread::spawn(move || {
            // Without it the key ends the process, as it does in any other.
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
                return;
            };
            runtime.block_on(async {
                while tokio::signal::ctrl_c().await.is_ok() {
                    notify.notify_waiters();
                }
            });
        });
        pressed
    });
    PRESSED.notified().await;
}

fn failed(message: &str, status: u8) -> ExitCode {
    eprintln!("{message}");
    ExitCode::from(status)
}

/// Runs work that waits or computes on a thread of its own, so that Ctrl-C is heard meanwhile.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|e| Err(Failure::Statement(format!("a defect in radsql: {e}"))))
}

async fn execute(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Some(Command::Run(run)) => run.execute().await,
        Some(Command::Demo(demo)) => apart(move || demo.execute()).await,
        None => {
            if let Some(sql) = arguments.sql {
                let mut script = Script::new(Output::open(&arguments.output)?)?;
                script.run(&sql, "-c").await?;
                return script.finish().await;
            }
            let read = || std::io::read_to_string(std::io::stdin());
            let text =
                apart(move || read().map_err(|e| Failure::Usage(format!("standard input is no text: {e}")))).await?;
            let mut script = Script::new(Output::open(&arguments.output)?)?;
            script.run(&text, "stdin").await?;
            script.finish().await
        }
    }
}
