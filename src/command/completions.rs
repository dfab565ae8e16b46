//! `radsql completions SHELL`

use super::Arguments;
use crate::shell::Failure;
use clap::CommandFactory;
use clap_complete::{Shell, generate};
use std::io::{self, Write};

/// Write a script that completes commands and options of radsql in a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  radsql completions bash > ~/.local/share/bash-completion/completions/radsql
  radsql completions zsh > ~/.zfunc/_radsql      # with ~/.zfunc in $fpath
  radsql completions fish > ~/.config/fish/completions/radsql.fish
  radsql completions elvish >> ~/.config/elvish/rc.elv
  radsql completions powershell >> $PROFILE")]
pub struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// Writes the script to standard output.
    pub fn execute(self) -> Result<(), Failure> {
        let mut script = vec![];
        generate(self.shell, &mut Arguments::command(), "radsql", &mut script);
        let mut out = io::stdout();
        out.write_all(&script)?;
        Ok(out.flush()?)
    }
}
