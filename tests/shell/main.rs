//! The shell, as somebody at a terminal sees it.

mod cancel;
mod commands;
mod completion;
mod editing;
mod history;
mod pictures;
mod terminal;
