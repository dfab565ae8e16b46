//! The engine: a DataFusion session that knows scans and survival.

mod action;
mod bind;
mod builder;
mod catalog_statements;
mod catalog_work;
mod catalogs;
mod dialect;
mod explain;
mod feature_set;
mod filter_first;
mod guard;
mod hoist;
pub(crate) mod inputs;
mod lake;
mod limits;
mod memory;
mod memory_table;
mod message;
mod models;
mod nearest;
mod object_store;
mod relations;
mod resolve;
mod scan_table;
mod scan_work;
mod scopes;
mod session;
mod spill;
mod statements;
mod store;
mod temporary;
mod yield_often;

pub(crate) use temporary::SCHEMA as TEMPORARY;

pub use builder::{SessionBuilder, register_all};
pub use catalog_statements::{CatalogStatement, ColumnChange};
pub use explain::{Explained, Place};
pub use limits::{PlanLimits, StatementLimits, TooMuch, check as check_statement};
pub use memory_table::{MemoryTable, Rows};
pub use message::message;
pub use models::ModelStatement;
pub(crate) use scan_table::files_like;
pub use session::{Planned, SHOW_MODELS, Session};
pub use spill::SpillFolder;
pub use statements::{
    Piece, Position, SplitError, Statement, Substituted, Variables, split, substitute, substituted, tokens,
};
pub use store::Store;
