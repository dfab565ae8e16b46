//! The server from outside: the binary as users start it, and clients that speak Flight SQL to it.
#![allow(clippy::unwrap_used)]

mod acceptance;
mod database;
mod examples;
mod isolation;
mod load;
mod operations;
mod panics;
mod protocol;
mod safety;
mod served;
mod tls;
