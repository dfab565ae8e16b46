use std::path::PathBuf;

/// Why a cache cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The folder cannot be made or written to.
    #[error("the folder '{}' cannot be used: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// SQLite refuses.
    #[error("the store cannot be used: {0}")]
    Store(#[from] rusqlite::Error),
}
