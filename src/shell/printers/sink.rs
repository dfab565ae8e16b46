//! Where the bytes of results go: standard output, a terminal with a pager, or a file that gets its name in the end.

use super::pager::{Gone, Pager};
use crate::shell::script::Failure;
use crate::shell::terminal;
use std::fs::File;
use std::io::{self, BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tempfile::{NamedTempFile, TempPath};

/// A place for results, which the printer of one and the output as a whole both hold.
#[derive(Clone)]
pub struct Sink(Arc<Mutex<Target>>);

enum Target {
    Standard(Stdout),
    Screen(Screen),
    File(BufWriter<File>),
    #[cfg(test)]
    Memory(Vec<u8>),
}

impl Sink {
    /// Standard output.
    pub fn standard() -> Self {
        Self::of(Target::Standard(io::stdout()))
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
        Self(Arc::new(Mutex::new(target)))
    }

    fn target(&self) -> MutexGuard<'_, Target> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        match &mut *self.target() {
            Target::Standard(out) => out.write(bytes),
            Target::Screen(screen) => screen.write(bytes),
            Target::File(out) => out.write(bytes),
            #[cfg(test)]
            Target::Memory(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut *self.target() {
            Target::Standard(out) => out.flush(),
            Target::Screen(screen) => screen.flush(),
            // In the end.
            Target::File(_) => Ok(()),
            #[cfg(test)]
            Target::Memory(_) => Ok(()),
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

/// A file that results go to.
pub struct OutputFile {
    pub sink: Sink,
    pub path: PathBuf,
    /// A file under construction; none where the path is a pipe or a device, which has no content to keep.
    temporary: Option<TempPath>,
    /// Results in it.
    pub written: usize,
    /// Whether a result has begun in it that has not ended.
    pub is_torn: bool,
    /// Whether it holds a Parquet file, which is one result.
    pub is_parquet: bool,
}

impl OutputFile {
    /// Opens a file beside the one that it becomes in the end, so that a query may read the file that it replaces, and a failure
    /// leaves the old one.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let told = |e| unwritable(path, &e);
        let (file, temporary) = if path.exists() && !path.is_file() {
            (File::options().write(true).open(path).map_err(told)?, None)
        } else {
            let (file, temporary) = beside(path).map_err(told)?.into_parts();
            (file, Some(temporary))
        };
        Ok(Self {
            sink: Sink::of(Target::File(BufWriter::new(file))),
            path: path.into(),
            temporary,
            written: 0,
            is_torn: false,
            is_parquet: false,
        })
    }

    /// Gives the file its name. One with a part of a result in it goes.
    pub fn finish(self) -> Result<(), Failure> {
        let path = self.path;
        if self.is_torn {
            let name = path.display();
            return Err(Failure::Statement(format!(
                "{name}: not written, because a result in it did not come to its end"
            )));
        }
        self.sink.end()?;
        match self.temporary {
            Some(temporary) => temporary.persist(&path).map_err(|e| unwritable(&path, &e.error)),
            None => Ok(()),
        }
    }
}

/// A new file in the folder of this one.
pub fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".radsql-");
    #[cfg(unix)]
    {
        // The same rights as any new file has; a temporary one would be private.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// That a file cannot be written.
pub fn unwritable(path: &Path, e: &io::Error) -> Failure {
    // tempfile adds the name that it tried, which is not the user's.
    let reason = e.to_string();
    let reason = reason.split(" at path ").next().unwrap_or_default();
    Failure::Usage(format!("{}: cannot be written: {reason}", path.display()))
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
