//! The engine: a DataFusion session that knows scans and survival.

mod bind;
mod feature_set;
mod filter_first;
mod guard;
mod hoist;
mod memory;
mod models;
mod object_store;
mod relations;
mod scan_table;
mod session;
mod statements;

pub(crate) use scan_table::files_like;
pub use session::{Session, SessionBuilder, register_all};
pub use statements::{Piece, Position, SplitError, Statement, Variables, split, substitute};
