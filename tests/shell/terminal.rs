//! A terminal with the shell in it.

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub const UP: &str = "\x1b[A";
pub const LEFT: &str = "\x1b[D";
pub const TAB: &str = "\t";
pub const ENTER: &str = "\r";
pub const CTRL_A: &str = "\x01";
pub const CTRL_C: &str = "\x03";
pub const CTRL_D: &str = "\x04";
pub const CTRL_E: &str = "\x05";
pub const CTRL_R: &str = "\x12";

/// Longest that something may take to be seen. The machine may have much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    seen: Arc<Mutex<vt100::Parser>>,
    _pty: Box<dyn MasterPty + Send>,
    pub home: Arc<TempDir>,
}

impl Terminal {
    /// The shell with a home of its own, at its first prompt.
    pub fn start() -> Self {
        Self::start_in(Arc::new(tempfile::tempdir().unwrap()), &[], &[])
    }

    pub fn start_in(home: Arc<TempDir>, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let terminal = Self::start_with(home, (100, 50), arguments, environment);
        terminal.wait("the prompt", |t| t.ends_with("radsql>"));
        terminal
    }

    pub fn start_with(
        home: Arc<TempDir>,
        (columns, rows): (u16, u16),
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_radsql"));
        command.args(arguments);
        command.env_clear();
        command.cwd(home.path());
        for (name, value) in [
            ("HOME", home.path().to_str().unwrap()),
            ("XDG_STATE_HOME", home.path().join("state").to_str().unwrap()),
            ("XDG_CACHE_HOME", home.path().join("cache").to_str().unwrap()),
            ("PATH", &std::env::var("PATH").unwrap()),
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
        ] {
            command.env(name, value);
        }
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let seen = Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 1000)));
        let (mut output, parser) = (pair.master.try_clone_reader().unwrap(), Arc::clone(&seen));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = output.read(&mut bytes) {
                parser.lock().unwrap().process(&bytes[..n]);
            }
        });
        Self {
            child,
            keys: pair.master.take_writer().unwrap(),
            seen,
            _pty: pair.master,
            home,
        }
    }

    pub fn path(&self) -> &Path {
        self.home.path()
    }

    pub fn send(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// What is on the screen, without blanks at the ends.
    pub fn text(&self) -> String {
        let text = self.seen.lock().unwrap().screen().contents();
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        lines.join("\n").trim_end().to_owned()
    }

    /// The cell of the last place where a text stands on the screen.
    pub fn cell(&self, text: &str) -> vt100::Cell {
        let parser = self.seen.lock().unwrap();
        let screen = parser.screen();
        let (rows, columns) = screen.size();
        for row in (0..rows).rev() {
            let line = screen.rows(0, columns).nth(row.into()).unwrap();
            if let Some(byte) = line.rfind(text) {
                let column = line[..byte].chars().count();
                return screen.cell(row, column.try_into().unwrap()).unwrap().clone();
            }
        }
        panic!("no {text} on the screen");
    }

    pub fn wait(&self, what: &str, seen: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let text = self.text();
            if seen(&text) {
                return text;
            }
            assert!(begun.elapsed() < PATIENCE, "{what} is not seen:\n{text}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until a text is on the screen.
    pub fn see(&self, text: &str) -> String {
        self.wait(text, |t| t.contains(text))
    }

    /// Takes back what is typed, and clears the screen.
    pub fn clear(&mut self) {
        self.send(CTRL_E);
        self.send("\x15\x0c");
        self.wait("an empty screen", |t| t == "radsql>");
    }

    /// Enters a line, and waits until the next prompt stands under it. What is between them.
    pub fn run(&mut self, line: &str) -> String {
        self.send("\x0c");
        self.wait("an empty screen", |t| t == "radsql>");
        self.send(line);
        self.send(ENTER);
        let text = self.wait("the prompt behind the answer", |t| {
            t.lines().count() > 1 && t.lines().last() == Some("radsql>")
        });
        let lines: Vec<&str> = text.lines().collect();
        lines[1..lines.len() - 1].join("\n")
    }

    /// Ends with the status of the process.
    pub fn ends(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
