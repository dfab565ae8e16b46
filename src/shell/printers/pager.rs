//! The pager: a program that shows a long result page by page.

use crate::shell::terminal;
use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use tokio::sync::Notify;

/// Whether one is open: the terminal's keys are then its own, Ctrl-C as well.
static OPEN: AtomicBool = AtomicBool::new(false);

/// Whether it may neither run programs nor write files.
static SECURE: AtomicBool = AtomicBool::new(false);

/// From now on pagers neither run programs nor write files, as far as they understand `LESSSECURE`; others are not started.
pub fn secure() {
    SECURE.store(true, Ordering::Relaxed);
}

/// Whether a pager has the terminal.
pub fn is_open() -> bool {
    OPEN.load(Ordering::Relaxed)
}

/// Tells when nobody reads a result any more.
#[derive(Clone, Default)]
pub struct Gone(Arc<(AtomicBool, Notify)>);

impl Gone {
    /// Ends when the reader is gone: never for a result that has no pager.
    pub async fn wait(&self) {
        while !self.is_gone() {
            self.0.1.notified().await;
        }
    }

    /// Whether the reader is gone.
    pub fn is_gone(&self) -> bool {
        self.0.0.load(Ordering::Relaxed)
    }

    fn tell(&self) {
        self.0.0.store(true, Ordering::Relaxed);
        // Kept for a waiter that comes later.
        self.0.1.notify_one();
    }
}

/// A pager that runs.
pub struct Pager {
    stdin: Option<ChildStdin>,
    /// Waits for its end.
    thread: Option<JoinHandle<()>>,
}

impl Pager {
    /// Starts the user's pager; nothing where there is none. `gone` tells of its end.
    pub fn open(gone: &Gone) -> Option<Self> {
        let mut command = command()?;
        command.stdin(Stdio::piped());
        if SECURE.load(Ordering::Relaxed) {
            command.env("LESSSECURE", "1");
        }
        // As with git: what less needs where the user has not said it.
        if env::var_os("LESS").is_none() {
            command.env("LESS", "SFRX");
        }
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(e) => {
                let program = command.get_program().to_string_lossy().into_owned();
                terminal::tell(&format!("the pager '{program}' cannot be started: {e}"));
                return None;
            }
        };
        OPEN.store(true, Ordering::Relaxed);
        let stdin = child.stdin.take();
        let gone = gone.clone();
        let thread = std::thread::spawn(move || {
            let _ = child.wait();
            OPEN.store(false, Ordering::Relaxed);
            gone.tell();
        });
        Some(Self {
            stdin,
            thread: Some(thread),
        })
    }
}

impl Write for Pager {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.stdin {
            Some(stdin) => stdin.write(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdin.as_mut().map_or(Ok(()), Write::flush)
    }
}

/// The result has ended, and the user reads on until he leaves.
impl Drop for Pager {
    fn drop(&mut self) {
        self.stdin.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Whether there is a pager.
pub fn exists() -> bool {
    command().is_some()
}

/// What starts it: `$RADSQL_PAGER`, `$PAGER` or less. An empty one is none.
fn command() -> Option<Command> {
    for name in ["RADSQL_PAGER", "PAGER"] {
        if let Ok(text) = env::var(name) {
            let is_less = text
                .split_whitespace()
                .next()
                .is_some_and(|p| p == "less" || p.ends_with("/less"));
            return parse(&text).filter(|_| is_less || !SECURE.load(Ordering::Relaxed));
        }
    }
    let mut less = Command::new(in_path("less")?);
    less.arg("-SFRX");
    Some(less)
}

/// A program with its arguments. What only a shell understands goes to one.
fn parse(text: &str) -> Option<Command> {
    let text = text.trim();
    if cfg!(unix) && text.contains(|c: char| "|&;<>()$`\\\"'*?[#~=%".contains(c)) {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(text);
        return Some(shell);
    }
    let mut words = text.split_whitespace();
    let mut command = Command::new(words.next()?);
    command.args(words);
    Some(command)
}

/// A program in one of the folders of `PATH`.
fn in_path(program: &str) -> Option<PathBuf> {
    let file = format!("{program}{}", env::consts::EXE_SUFFIX);
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(&file))
        .find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pager_has_arguments_and_a_shell_where_it_needs_one() {
        let told = |text: &str| {
            parse(text).map(|c| {
                let words = std::iter::once(c.get_program()).chain(c.get_args());
                words.map(|w| w.to_string_lossy().into_owned()).collect::<Vec<_>>()
            })
        };
        assert_eq!(
            told(" less -S  -R "),
            Some(vec!["less".into(), "-S".into(), "-R".into()])
        );
        assert_eq!(told("  "), None);
        #[cfg(unix)]
        assert_eq!(
            told("head -3 | cat"),
            Some(vec!["sh".into(), "-c".into(), "head -3 | cat".into()])
        );
    }
}
