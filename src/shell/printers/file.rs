//! Files that results are written to: under construction beside the one that they become, or in its place where they grow.

use crate::shell::script::Failure;
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tempfile::TempPath;

/// A file of results, which its writer and the signals that end the process both hold.
#[derive(Clone)]
pub struct OutputFile(Arc<Mutex<State>>);

struct State {
    out: Option<BufWriter<File>>,
    path: PathBuf,
    /// A file under construction; none where the file grows in its place.
    temporary: Option<Beside>,
    /// Bytes of results that are whole. `None` for a pipe or a device, which has no content to cut.
    whole: Option<u64>,
    /// Results that are whole.
    results: usize,
    /// Whether a result has begun that has not ended.
    is_torn: bool,
}

/// Those that are not complete.
static OPEN: Mutex<Vec<Weak<Mutex<State>>>> = Mutex::new(vec![]);

/// Ends all files that are not complete, for the process is about to end: with the results in them that are whole, or not at all.
pub fn end_all(keep: bool) {
    let open = std::mem::take(&mut *OPEN.lock().unwrap_or_else(PoisonError::into_inner));
    for state in open.iter().filter_map(Weak::upgrade) {
        let mut state = lock(&state);
        match keep {
            true => drop(state.finish()),
            false => drop(state.temporary.take()),
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OutputFile {
    /// Opens a file beside the one that it becomes in the end, so that a query may read the file that it replaces, and a failure
    /// leaves the old one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let told = |e| unwritable(path, &e);
        if path.exists() && !path.is_file() {
            let file = File::options().write(true).open(path).map_err(told)?;
            return Ok(Self::of(file, path, None, None));
        }
        let (file, temporary) = Beside::create(path).map_err(told)?;
        Ok(Self::of(file, path, Some(temporary), Some(0)))
    }

    /// Opens a file that grows in its place: what was in it is gone.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn grow(path: &Path) -> Result<Self, Failure> {
        let file = File::create(path).map_err(|e| unwritable(path, &e))?;
        let whole = file.metadata().is_ok_and(|m| m.is_file()).then_some(0);
        Ok(Self::of(file, path, None, whole))
    }

    fn of(file: File, path: &Path, temporary: Option<Beside>, whole: Option<u64>) -> Self {
        let state = State {
            out: Some(BufWriter::new(file)),
            path: path.into(),
            temporary,
            whole,
            results: 0,
            is_torn: false,
        };
        let state = Arc::new(Mutex::new(state));
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|other| other.strong_count() > 0);
        open.push(Arc::downgrade(&state));
        Self(state)
    }

    /// Where it will be.
    pub fn path(&self) -> PathBuf {
        lock(&self.0).path.clone()
    }

    /// Results in it that are whole.
    pub fn results(&self) -> usize {
        lock(&self.0).results
    }

    /// A result begins. One before it that broke off is cut away.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn begins(&self) -> io::Result<()> {
        let mut state = lock(&self.0);
        state.cut()?;
        state.is_torn = true;
        Ok(())
    }

    /// The result is whole.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn ends(&self) -> io::Result<()> {
        let mut state = lock(&self.0);
        state.mark()?;
        state.results += 1;
        Ok(())
    }

    /// Writes a line between results.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn line(&self, text: &str) -> io::Result<()> {
        let mut state = lock(&self.0);
        if !state.is_torn
            && let Some(out) = &mut state.out
        {
            writeln!(out, "{text}")?;
            state.mark()?;
        }
        Ok(())
    }

    /// Gives the file its name. A result that broke off is not in it; `false` when there was one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(&self) -> Result<bool, Failure> {
        let mut state = lock(&self.0);
        let path = state.path.clone();
        state.finish().map_err(|e| unwritable(&path, &e))
    }
}

impl State {
    /// What was written so far is whole.
    fn mark(&mut self) -> io::Result<()> {
        self.is_torn = false;
        if let Some(out) = &mut self.out {
            out.flush()?;
            if let Some(whole) = &mut self.whole {
                *whole = out.get_mut().stream_position()?;
            }
        }
        Ok(())
    }

    /// Cuts what is not whole away.
    fn cut(&mut self) -> io::Result<()> {
        let is_torn = std::mem::take(&mut self.is_torn);
        if let (true, Some(whole), Some(out)) = (is_torn, self.whole, &mut self.out) {
            out.flush()?;
            out.get_mut().set_len(whole)?;
            out.get_mut().seek(SeekFrom::Start(whole))?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<bool> {
        let was_torn = self.is_torn;
        self.cut()?;
        if let Some(mut out) = self.out.take() {
            out.flush()?;
            if let Some(temporary) = self.temporary.take() {
                // Nothing of it came to its end: the old file stays.
                if !(was_torn && self.results == 0) {
                    temporary.persist()?;
                }
            }
        }
        Ok(!was_torn)
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut lock(&self.0).out {
            Some(out) => out.write(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// In the end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file under construction in the folder of the one that it becomes.
pub struct Beside {
    temporary: TempPath,
    /// The file itself, where its name is a link.
    target: PathBuf,
}

impl Beside {
    /// A new file for this path. It goes unless [`Beside::persist`] is called.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(path: &Path) -> io::Result<(File, Self)> {
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let folder = target
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".radsql-");
        #[cfg(unix)]
        {
            // The rights of the file that it replaces, or those that any new file has; a temporary one would be private.
            use std::os::unix::fs::PermissionsExt;
            let before = target.metadata().ok().filter(std::fs::Metadata::is_file);
            builder.permissions(std::fs::Permissions::from_mode(
                before.as_ref().map_or(0o666, |m| m.permissions().mode()),
            ));
            let (file, temporary) = builder.tempfile_in(folder)?.into_parts();
            if let Some(before) = before {
                // The process's mask takes rights from new files.
                file.set_permissions(before.permissions())?;
            }
            Ok((file, Self { temporary, target }))
        }
        #[cfg(not(unix))]
        {
            let (file, temporary) = builder.tempfile_in(folder)?.into_parts();
            Ok((file, Self { temporary, target }))
        }
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// When that is not possible.
    pub fn persist(self) -> io::Result<()> {
        self.temporary.persist(&self.target).map_err(|e| e.error)
    }
}

/// Writes a whole file, in the place of any.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let written = Beside::create(path).and_then(|(mut file, beside)| {
        file.write_all(content)?;
        beside.persist()
    });
    written.map_err(|e| unwritable(path, &e))
}

/// That a file cannot be written.
pub fn unwritable(path: &Path, e: &io::Error) -> Failure {
    // tempfile adds the name that it tried, which is not the user's.
    let reason = e.to_string();
    let reason = reason.split(" at path ").next().unwrap_or_default();
    Failure::Usage(format!("{}: cannot be written: {reason}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_off_is_cut_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.txt");
        let mut file = OutputFile::create(&path).unwrap();
        for (text, is_whole) in [("first\n", true), ("tor", false), ("second\n", true), ("to", false)] {
            file.begins().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            if is_whole {
                file.ends().unwrap();
            }
        }
        assert!(!path.exists());
        assert!(!file.finish().unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first\nsecond\n");
        // Nothing whole: the old one stays.
        let mut file = OutputFile::create(&path).unwrap();
        file.begins().unwrap();
        file.write_all(b"x").unwrap();
        assert!(!file.finish().unwrap());
        drop(file);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first\nsecond\n");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn rights_and_links_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real.csv"), folder.path().join("link.csv"));
        std::fs::write(&real, "old").unwrap();
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o600)).unwrap();
        symlink("real.csv", &link).unwrap();
        write(&link, b"new").unwrap();
        assert_eq!(std::fs::read_to_string(&real).unwrap(), "new");
        assert!(link.is_symlink());
        assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
