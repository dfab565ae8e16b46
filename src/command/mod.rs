//! The command `radsql`: its arguments, and which part of the program does what they ask for.

mod completions;
mod demo;
mod man;
mod run;
mod serve;

use crate::shell::settings::SessionArguments;
use crate::shell::{Failure, OutputArguments, answer, apart, interactive, signals, statements, terminal};
use clap::{Parser, Subcommand};
use completions::Completions;
use demo::Demo;
use man::Manual;
use run::Run;
use serve::{Serve, User};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXAMPLES: &str = "Examples:
  radsql                                   the shell
  radsql study.db                          the shell, on a database that stays
  radsql -c \"SELECT * FROM 'data.csv'\"      one statement
  radsql demo cohort                       a cohort to try things
  radsql run study.sql --report page.html  a study, with a page
  radsql help run                          more about a command";

/// SQL for radiomics and survival analysis.
///
/// Without a command: the shell, or the statements that come through a pipe.
#[derive(Debug, Parser)]
#[command(name = "radsql", version, about, args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// A database to work on, such as study.db; it is made if it is not there. Without one all stays in memory.
    #[arg(value_name = "DATABASE", value_parser = database, conflicts_with = "database")]
    named: Option<PathBuf>,
    /// Run these statements and leave.
    #[arg(short = 'c', value_name = "SQL")]
    sql: Option<String>,
    /// Run these files and leave, as the command run does.
    #[arg(short = 'f', value_name = "FILE", conflicts_with = "sql")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    session: SessionArguments,
    /// Keep no history of what is entered. RADSQL_HISTORY='' does that always, RADSQL_HISTORY=FILE names another file.
    #[arg(long)]
    no_history: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(Run),
    Serve(Box<Serve>),
    User(User),
    Demo(Demo),
    Completions(Completions),
    Man(Manual),
}

/// A database by its name. A misspelt command must not become one.
fn database(text: &str) -> Result<PathBuf, String> {
    match Path::new(text).extension() {
        Some(_) => Ok(text.into()),
        None => Err("there is no command of this name, and a database's has an ending, as in study.db".into()),
    }
}

/// Statuses of the process.
mod status {
    pub const FAILED: u8 = 1;
    pub const USAGE: u8 = 2;
    pub const INTERRUPTED: u8 = 130;
}

/// Stack of the threads that run statements.
const RUNNING_STACK: usize = 64 << 20;

/// Runs the command of this process.
pub fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    arguments.session.database = arguments.named.take().or(arguments.session.database);
    let command = std::thread::Builder::new()
        .stack_size(answer::STACK)
        .spawn(move || run(arguments));
    match command.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        Ok(Err(_)) => failed("a defect in radsql ended the command", status::FAILED),
        Err(e) => failed(&format!("no threads could be started: {e}"), status::FAILED),
    }
}

fn run(arguments: Arguments) -> ExitCode {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = match builder.enable_all().thread_stack_size(RUNNING_STACK).build() {
        Ok(runtime) => runtime,
        Err(e) => return failed(&format!("no threads could be started: {e}"), status::FAILED),
    };
    let result = runtime.block_on(async {
        match arguments.command {
            // They hear Ctrl-C themselves.
            None if arguments.sql.is_none() && arguments.files.is_empty() && std::io::stdin().is_terminal() => {
                interactive(&arguments.output, &arguments.session, !arguments.no_history).await
            }
            Some(Command::Serve(serve)) => serve.execute().await,
            _ => {
                signals::listen(false);
                tokio::select! {
                    biased;
                    () = signals::interrupted() => Err(Failure::Interrupted),
                    result = execute(arguments) => result,
                }
            }
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

fn failed(message: &str, status: u8) -> ExitCode {
    terminal::tell(message);
    ExitCode::from(status)
}

async fn execute(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Some(Command::Run(run)) => run.execute().await,
        Some(Command::Serve(serve)) => serve.execute().await,
        Some(Command::User(user)) => apart(move || user.execute()).await,
        Some(Command::Demo(demo)) => apart(move || demo.execute()).await,
        Some(Command::Completions(completions)) => completions.execute(),
        Some(Command::Man(manual)) => manual.execute(),
        None if !arguments.files.is_empty() => {
            Run::of_files(arguments.files, arguments.output, arguments.session)
                .execute()
                .await
        }
        None => statements(arguments.sql, &arguments.output, &arguments.session).await,
    }
}
