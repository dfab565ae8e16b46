//! Flight SQL for BI tools, notebooks and other programs.
//!
//! A call passes [`gate`] (who calls), then [`front`] and [`flight`] (what is asked), and becomes a [`statement`] of its
//! [`client`]'s session, which runs on threads apart ([`threads`], [`running`]).

pub mod auth;
pub mod client;
pub mod credentials;
pub mod errors;
pub mod flight;
pub mod front;
pub mod gate;
pub mod http;
pub mod ingest;
pub mod listen;
pub mod log;
pub mod metadata;
pub mod metrics;
pub mod names;
pub mod options;
mod pace;
pub mod parameters;
pub mod passwords;
pub mod pool;
mod private_file;
pub mod running;
pub mod serve;
pub mod settings;
pub mod shared;
pub mod sql_info;
pub mod statement;
pub mod threads;
pub mod throttle;
pub mod tokens;
pub mod user_command;
pub mod users;
pub mod wire;

pub use serve::{Config, Server, StartError, Tls};
