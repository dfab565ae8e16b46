//! A database from outside: processes that die, several at once, DuckDB beside us.
#![allow(clippy::unwrap_used)]

mod concurrent;
mod crash;
mod duckdb;
mod full;
mod worker;
