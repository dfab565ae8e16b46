//! What the terminal is like.

use std::io::IsTerminal;

/// Characters in a line.
pub fn width() -> usize {
    80
}

/// Lines.
pub fn height() -> usize {
    24
}

/// Whether text for a stream may have colours.
pub fn colours(is_terminal: bool) -> bool {
    is_terminal
        && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
        && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
        && std::io::stderr().is_terminal()
}
