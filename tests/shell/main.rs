//! The shell, as somebody at a terminal sees it.
#![allow(clippy::unwrap_used)]

mod cancel;
mod commands;
#[path = "../common/mod.rs"]
mod common;
mod completion;
mod editing;
mod features;
mod history;
mod pictures;
mod terminal;
