//! What can be wrong with a database.

use datafusion::common::DataFusionError;
use std::io;
use std::path::PathBuf;

/// The result of work on a database.
pub type Result<T> = std::result::Result<T, LakeError>;

/// What is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// The path has no file's name.
    #[error("'{}': expected the name of a database, such as study.db", .0.display())]
    NoName(PathBuf),
    /// The file cannot be read or made.
    #[error("'{path}' cannot be opened: {1}", path = .0.display())]
    Open(PathBuf, #[source] io::Error),
    /// Files without their catalog.
    #[error("'{}' has data, but the database beside it is not there", .0.display())]
    FilesWithout(PathBuf),
    /// A catalog without its files.
    #[error("the data of '{}' is not beside it: '{}' is not there; move and copy both together", .0.display(), .1.display())]
    Without(PathBuf, PathBuf),
    /// The file is something else.
    #[error("'{}' is no database of radsql", .0.display())]
    NoDatabase(PathBuf),
    /// A format that we do not know.
    #[error("'{path}' has version {1} of DuckLake; this radsql knows 1.0", path = .0.display())]
    Version(PathBuf, String),
    /// One that we may not write.
    #[error("'{path}' was made by {1}; radsql opens databases that it made", path = .0.display())]
    Maker(PathBuf, String),
    /// SQLite's own.
    #[error("'{path}': {1}", path = .0.display())]
    Catalog(PathBuf, #[source] rusqlite::Error),
    /// SQLite's, of a commit that may or may not be there when the database is opened again.
    #[error("'{path}': {1}", path = .0.display())]
    Unsure(PathBuf, #[source] rusqlite::Error),
    /// A table's file cannot be written.
    #[error("a table's file cannot be written: {0}")]
    Write(#[source] io::Error),
    /// Somebody else changed the table meanwhile.
    #[error("{0}")]
    Changed(String),
    /// Somebody else changed what a change was made for: it is made again.
    #[error("'{0}' is being changed by others; run the statement again")]
    Conflict(String),
    /// The statement asks for what is not possible.
    #[error("{0}")]
    Refused(String),
    /// The format's own library.
    #[error(transparent)]
    Format(#[from] datafusion_ducklake::DuckLakeError),
    /// A query's.
    #[error(transparent)]
    Query(#[from] DataFusionError),
}

impl From<LakeError> for DataFusionError {
    fn from(e: LakeError) -> Self {
        match e {
            LakeError::Query(e) => e,
            LakeError::Refused(text) => Self::Plan(text),
            other => Self::Execution(other.to_string()),
        }
    }
}
