//! The shell, as somebody at a terminal sees it.
#![allow(clippy::unwrap_used)]

mod cancel;
mod commands;
mod completion;
mod editing;
mod history;
mod pictures;
mod terminal;
