//! `radsql man [DIR]`

use super::Arguments;
use crate::shell::Failure;
use crate::shell::terminal;
use clap::CommandFactory;
use clap_mangen::{Man, generate_to};
use std::io::{self, Write};
use std::path::PathBuf;

/// Write the manual: one page for radsql and one for each command.
///
/// Without DIR, the page of radsql itself goes to standard output.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  radsql man | man -l -
  radsql man ~/.local/share/man/man1")]
pub struct Manual {
    /// Folder to write the pages to, such as ~/.local/share/man/man1; it is made if it is not there.
    dir: Option<PathBuf>,
}

impl Manual {
    /// Writes the pages.
    pub fn execute(self) -> Result<(), Failure> {
        let mut command = Arguments::command().disable_help_subcommand(true);
        match self.dir {
            None => {
                // Each command knows then how it is called.
                command.build();
                let mut page = vec![];
                Man::new(command).render(&mut page)?;
                let mut out = io::stdout();
                out.write_all(&page)?;
                Ok(out.flush()?)
            }
            Some(dir) => {
                let written = std::fs::create_dir_all(&dir).and_then(|()| generate_to(command, &dir));
                written.map_err(|e| Failure::Statement(format!("man: {}: {e}", dir.display())))?;
                terminal::tell(&format!("manual pages written to {}", dir.display()));
                Ok(())
            }
        }
    }
}
