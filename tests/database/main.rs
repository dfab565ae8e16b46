//! A database from outside: processes that die, several at once, DuckDB beside us.
#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;
mod concurrent;
mod crash;
mod duckdb;
mod full;
mod origin;
mod worker;
