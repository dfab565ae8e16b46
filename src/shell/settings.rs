//! How the session of a shell or a script is made: limits, and the files that it may reach.

use super::script::Failure;
use crate::engine::{Session, SessionBuilder, message};
use radsql_udfs::FilePolicy;
use std::path::PathBuf;

/// Limits of a session.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct SessionArguments {
    /// Keep tables, views and their history in this database; it is made if it is not there.
    #[arg(long = "db", value_name = "DATABASE")]
    pub database: Option<PathBuf>,
    /// Memory that queries may use, such as 8GB; without it four fifths of the machine's.
    #[arg(long, value_name = "SIZE")]
    memory_limit: Option<String>,
    /// Disk that queries may use for what does not fit into memory, such as 100GB.
    #[arg(long, value_name = "SIZE")]
    temp_limit: Option<String>,
    /// Safe mode, for statements of others.
    ///
    /// Files are read in the folders of --read alone (without them, in this folder), nothing is written, and no command of the shell
    /// reaches files.
    #[arg(long)]
    pub safe: bool,
    /// A folder that safe mode may read; may be given several times.
    #[arg(long, value_name = "FOLDER", requires = "safe")]
    read: Vec<PathBuf>,
}

impl SessionArguments {
    /// The session.
    ///
    /// # Errors
    /// When a size is none, a folder is not there, or DataFusion refuses a setting.
    pub fn session(&self) -> Result<Session, Failure> {
        let here = [PathBuf::from(".")];
        let folders = if self.read.is_empty() { &here[..] } else { &self.read };
        let files = match self.safe {
            true => FilePolicy::within(folders, None).map_err(|e| Failure::Usage(format!("--read: {e}")))?,
            false => FilePolicy::ALL,
        };
        let memory_limit = self.memory_limit.as_deref();
        let temp_limit = self.temp_limit.as_deref();
        let builder = SessionBuilder {
            cache_dir: super::cache_folder(),
            files,
            database: self.database.clone(),
            database_read_only: self.safe,
            memory_limit: memory_limit.map(|text| size("--memory-limit", text)).transpose()?,
            temp_limit: temp_limit
                .map(|text| size("--temp-limit", text).map(|n| n as u64))
                .transpose()?,
            ..SessionBuilder::default()
        };
        let session = builder.build().map_err(|e| Failure::Statement(message(&e)))?;
        session.take_temporary_folder();
        Ok(session)
    }
}

/// A size as an option has it.
///
/// # Errors
/// When it is none.
pub fn size(option: &str, text: &str) -> Result<usize, Failure> {
    let bytes = radsql_udfs::options::parse_bytes(text);
    bytes.ok_or_else(|| Failure::Usage(format!("{option} '{text}': expected a size such as 512MB or 8GB")))
}
