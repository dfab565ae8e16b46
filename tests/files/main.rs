//! The file policy from outside: what a session that may touch some folders only does with everything else.

#[path = "../common/mod.rs"]
mod common;
mod functions;
mod place;
mod settings;
mod statements;
mod writing;
