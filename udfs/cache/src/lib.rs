//! What was computed once, kept for the next time.
//!
//! A [`Cache`] is one SQLite file in a folder. An entry is a [`Record`], numbers by position, under a [`Key`]: a hash of all
//! that the numbers depend on. Records of one key add up, so that a query stores what it computed and the next one adds to it.
//!
//! The store never stands in the way of a query. What cannot be read, because the file is damaged, locked or gone, counts as
//! not there; what cannot be written is not kept. Every record carries a checksum, so that damage within it is seen. Several
//! processes may use one folder at once.
//!
//! No path, file name or patient is ever written in the clear: entries are found by hashes of contents, and what headers of
//! images say is encrypted under the state of its file.
//!
//! SQLite, because it is the embedded store that several processes can share, survives being killed in the middle of a write,
//! and has been tested most against damaged files; redb, sled and fjall let in one process only, and LMDB maps the file
//! into memory, where damage ends the process.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod error;
mod file;
mod headers;
mod key;
mod record;
mod store;

pub use error::CacheError;
pub use headers::State;
pub use key::Key;
pub use record::Record;
pub use store::{Cache, Description, Entry};
