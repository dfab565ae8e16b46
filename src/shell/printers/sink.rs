//! Where the bytes of results go: standard output, a terminal with a pager, or a file.

use super::file::OutputFile;
use super::pager::{Gone, Pager};
use super::visible::Visible;
use crate::shell::terminal;
use std::io::{self, Stdout, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A place for results, which the printer of one and the output as a whole both hold.
#[derive(Clone)]
pub struct Sink {
    target: Arc<Mutex<Target>>,
    /// Takes away what a terminal would obey.
    visible: Option<Visible>,
}

enum Target {
    Standard(Stdout),
    Screen(Screen),
    File(OutputFile),
    #[cfg(test)]
    Memory(Vec<u8>),
}

impl Sink {
    /// Standard output.
    pub fn standard() -> Self {
        Self::of(Target::Standard(io::stdout()))
    }

    /// A file.
    pub fn file(file: &OutputFile) -> Self {
        Self::of(Target::File(file.clone()))
    }

    /// A terminal: a result that has more lines than it goes to the pager, which tells `gone` when it is left.
    pub fn screen(gone: Gone) -> Self {
        let height = terminal::height();
        Self::of(Target::Screen(Screen {
            held: vec![],
            lines: 0,
            height,
            // A line may have no end. A character has four bytes at most, and styles take some.
            room: terminal::width() * height * 8,
            gone,
            state: State::Held,
        }))
    }

    fn of(target: Target) -> Self {
        Self {
            target: Arc::new(Mutex::new(target)),
            visible: None,
        }
    }

    /// In which nothing acts on a terminal.
    pub fn visible(self) -> Self {
        Self {
            visible: Some(Visible::default()),
            ..self
        }
    }

    fn target(&self) -> MutexGuard<'_, Target> {
        self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a result: what a screen has held is shown, and a pager is waited for.
    pub fn end(&self) -> io::Result<()> {
        match &mut *self.target() {
            Target::Standard(out) => out.flush(),
            Target::Screen(screen) => screen.end(),
            Target::File(out) => out.flush(),
            #[cfg(test)]
            Target::Memory(_) => Ok(()),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(visible) = &mut self.visible {
            let shown = visible.filter(bytes);
            self.target().write_all(&shown)?;
            return Ok(bytes.len());
        }
        self.target().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.target().flush()
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Standard(out) => out.write(bytes),
            Self::Screen(screen) => screen.write(bytes),
            Self::File(out) => out.write(bytes),
            #[cfg(test)]
            Self::Memory(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Standard(out) => out.flush(),
            Self::Screen(screen) => screen.flush(),
            Self::File(out) => out.flush(),
            #[cfg(test)]
            Self::Memory(_) => Ok(()),
        }
    }
}

/// What a terminal shows of one result.
struct Screen {
    held: Vec<u8>,
    lines: usize,
    height: usize,
    /// Bytes that are surely more than it shows.
    room: usize,
    gone: Gone,
    state: State,
}

enum State {
    /// Not yet longer than the terminal.
    Held,
    /// There is no pager.
    Direct,
    Paged(Pager),
    /// The user has left the pager.
    Left,
}

impl Screen {
    fn end(&mut self) -> io::Result<()> {
        let mut out = io::stdout();
        // A pager ends here.
        let state = std::mem::replace(&mut self.state, State::Left);
        if matches!(state, State::Held) {
            out.write_all(&self.held)?;
            self.held = vec![];
        }
        out.flush()
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.state {
            State::Left => return Ok(bytes.len()),
            State::Direct => return io::stdout().write(bytes),
            State::Paged(pager) => pager.write_all(bytes),
            State::Held => {
                self.held.extend_from_slice(bytes);
                self.lines += bytes.iter().filter(|b| **b == b'\n').count();
                // The prompt takes a line.
                if self.lines < self.height && self.held.len() < self.room {
                    return Ok(bytes.len());
                }
                let held = std::mem::take(&mut self.held);
                match Pager::open(&self.gone) {
                    None => {
                        self.state = State::Direct;
                        io::stdout().write_all(&held)
                    }
                    Some(mut pager) => {
                        let written = pager.write_all(&held);
                        self.state = State::Paged(pager);
                        written
                    }
                }
            }
        };
        match written {
            // Leaving the pager early is no error.
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe && matches!(self.state, State::Paged(_)) => {
                self.state = State::Left;
                Ok(bytes.len())
            }
            other => other.map(|()| bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.state {
            State::Direct => io::stdout().flush(),
            // It has no buffer of its own.
            State::Held | State::Paged(_) | State::Left => Ok(()),
        }
    }
}

#[cfg(test)]
impl Sink {
    /// A place in memory.
    pub fn memory() -> Self {
        Self::of(Target::Memory(vec![]))
    }

    /// What was written.
    pub fn text(&self) -> String {
        match &*self.target() {
            Target::Memory(out) => String::from_utf8_lossy(out).into_owned(),
            _ => String::new(),
        }
    }
}
