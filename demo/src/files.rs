//! The files of a cohort other than scans.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::patient::Patient;
use crate::{DemoError, table};

/// What has been written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Written {
    pub(crate) files: usize,
    pub(crate) bytes: u64,
}

impl Written {
    /// One more file.
    pub(crate) fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }
}

/// A folder, with those above it.
pub(crate) fn make_folder(folder: &Path) -> Result<(), DemoError> {
    fs::create_dir_all(folder).map_err(|source| DemoError::Io {
        path: folder.to_owned(),
        source,
    })
}

const README: &str = "README.md";
/// The first line of the README tells a demo from other folders, and one demo from another.
const MARK: (&str, &str) = ("<!-- radsql demo: ", " -->");

/// The folder, made when it is not there, once it is clear that nothing but this very cohort lies in it.
pub(crate) fn prepare(dir: &Path, options: &str) -> Result<(), DemoError> {
    let io = |source| DemoError::Io {
        path: dir.to_owned(),
        source,
    };
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return fs::create_dir_all(dir).map_err(io),
        Err(error) => return Err(io(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.map_err(io)?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    let Some(first) = names.first() else { return Ok(()) };
    let readme = fs::read_to_string(dir.join(README)).unwrap_or_default();
    let mark = readme
        .lines()
        .next()
        .and_then(|line| line.strip_prefix(MARK.0)?.strip_suffix(MARK.1));
    match mark {
        None => Err(DemoError::NotADemo {
            path: dir.to_owned(),
            entry: first.clone(),
        }),
        Some(found) if found != options => Err(DemoError::OtherDemo {
            path: dir.to_owned(),
            found: found.to_owned(),
            asked: options.to_owned(),
        }),
        Some(_) => Ok(()),
    }
}

/// Writes the README, its mark on the first line; gives the bytes written.
pub(crate) fn write_readme(dir: &Path, options: &str, text: &str) -> Result<u64, DemoError> {
    let path = dir.join(README);
    let text = format!("{}{options}{}\n{text}", MARK.0, MARK.1);
    fs::write(&path, &text).map_err(|source| DemoError::Io { path, source })?;
    Ok(text.len() as u64)
}

/// Writes `clinical.csv` into a site's folder; gives the bytes written.
pub(crate) fn write_clinical(folder: &Path, patients: &[Patient]) -> Result<u64, DemoError> {
    let path = folder.join("clinical.csv");
    let table = |source| DemoError::Table {
        path: path.clone(),
        source,
    };
    let mut writer = csv::Writer::from_path(&path).map_err(table)?;
    writer
        .write_record(table::COLUMNS.map(|(name, _)| name))
        .map_err(table)?;
    for patient in patients {
        writer.write_record(table::row(patient)).map_err(table)?;
    }
    let io = |source| DemoError::Io {
        path: path.clone(),
        source,
    };
    writer.flush().map_err(io)?;
    Ok(fs::metadata(&path).map_err(io)?.len())
}
