//! Who may use the server.
pub mod auth;
pub mod credentials;
pub mod names;
mod pace;
pub mod passwords;
mod private_file;
pub mod throttle;
pub mod tokens;
pub mod user_command;
pub mod users;
