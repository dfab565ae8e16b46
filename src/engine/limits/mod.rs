//! Limits that keep what a client sends from ending the process: on the text of a statement before it is parsed, on its
//! plan before it is optimized, on single values while they are computed, and on settings.

mod calls;
pub(super) mod expansion;
pub(super) mod meter;
pub(super) mod plan;
pub(super) mod settings;
mod statement;
pub(super) mod values;

pub use plan::PlanLimits;
pub use statement::{StatementLimits, TooMuch, check};
