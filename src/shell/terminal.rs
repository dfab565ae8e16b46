//! What the terminal is like: how large, and whether it shows colours.

use console::Term;
use std::env;
use std::io::{IsTerminal, Write, stderr, stdin, stdout};

/// The size of a terminal that does not tell its own.
const HEIGHT: u16 = 24;
const WIDTH: u16 = 80;

/// Columns of the terminal; 80 where none can be asked.
pub fn width() -> usize {
    usize::from(size().1)
}

/// Lines of the terminal; 24 where none can be asked.
pub fn height() -> usize {
    usize::from(size().0)
}

/// Whether colours may be written to a stream: to a terminal that has them, unless `NO_COLOR` says that nobody wants them.
pub fn colours(stream_is_terminal: bool) -> bool {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    stream_is_terminal && set("NO_COLOR").is_none() && set("TERM").is_some_and(|term| term != "dumb")
}

/// Tells the user something on standard error. That nobody hears it is no error.
pub fn tell(text: &str) {
    let _ = writeln!(stderr().lock(), "{text}");
}

/// Whether results go to a terminal.
pub fn shows_results() -> bool {
    stdout().is_terminal()
}

/// Whether somebody sits there who can leave a pager.
pub fn is_attended() -> bool {
    stdin().is_terminal() && stdout().is_terminal()
}

/// Lines and columns: of the terminal that results go to, or else of the one that messages go to.
fn size() -> (u16, u16) {
    let told = Term::stdout().size_checked();
    let told = told.or_else(|| stderr().is_terminal().then(|| Term::stderr().size_checked()).flatten());
    told.unwrap_or((HEIGHT, WIDTH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_a_size_and_no_colour_without_a_terminal() {
        assert!(width() > 0 && height() > 0);
        assert!(!colours(false));
    }
}
