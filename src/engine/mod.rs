//! The engine: a DataFusion session that knows scans and survival.

mod bind;
mod feature_set;
mod filter_first;
mod hoist;
mod limits;
mod memory;
mod memory_table;
mod models;
mod relations;
mod scan_table;
mod session;
mod statements;
mod store;
mod temporary;
mod yield_often;

pub(crate) use temporary::SCHEMA as TEMPORARY;

pub use models::ModelStatement;
pub use limits::{PlanLimits, StatementLimits, TooMuch, check as check_statement};
pub use memory_table::{MemoryTable, Rows};
pub(crate) use scan_table::files_like;
pub use session::{Planned, SHOW_MODELS, Session, register_all};
pub use store::Store;
pub use statements::{Piece, Position, SplitError, Statement, Variables, split, substitute};
