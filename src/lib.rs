//! radsql: SQL for radiomics and survival analysis.
//!
//! [`Session`] runs statements as the shell does. [`register_all`] puts every function into a DataFusion session of one's
//! own. What the functions are is written in `udfs/FUNCTIONS.md`.

pub mod command;
pub mod engine;
pub mod server;
pub mod shell;

pub use engine::{Session, SessionBuilder, register_all};
pub use radsql_udfs::FilePolicy;
