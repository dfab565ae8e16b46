//! `radsql demo DIR`

use crate::shell::script::Failure;
use radsql_demo::{CohortOptions, write_cohort};
use std::path::PathBuf;

/// Write a synthetic cohort: CT-like volumes of livers with lesions, masks, clinical data.
///
/// The same options write the same bytes.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Folder to write to; new, empty, or a demo cohort already.
    dir: PathBuf,
    /// Number of patients.
    #[arg(long, default_value_t = 40)]
    patients: u32,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Demo {
    /// Writes the cohort.
    pub fn execute(self) -> Result<(), Failure> {
        let options = CohortOptions {
            patients: self.patients,
            seed: self.seed,
            ..CohortOptions::default()
        };
        let summary =
            write_cohort(&self.dir, &options, |_, _| {}).map_err(|e| Failure::Statement(format!("demo: {e}")))?;
        let dir = self.dir.display();
        eprintln!(
            "{} patients written to {dir}; {dir}/README.md says what they are",
            summary.patients.len()
        );
        Ok(())
    }
}
