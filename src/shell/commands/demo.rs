//! `radsql demo DIR`

use crate::shell::script::Failure;
use radsql_demo::{CohortOptions, write_cohort};
use std::path::PathBuf;

/// The network that the project trained on synthetic lesions (`examples/deep`), and its description.
const MODEL: [(&str, &[u8]); 3] = [
    ("resnet10.onnx", include_bytes!("../../../examples/deep/resnet10.onnx")),
    ("resnet10.json", include_bytes!("../../../examples/deep/resnet10.json")),
    ("README.md", include_bytes!("../../../examples/deep/README.md")),
];

/// Write a synthetic cohort: CT-like volumes of livers with lesions, masks, clinical data, and a model for deep features.
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
        let models = self.dir.join("models");
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(&models)?;
            MODEL
                .iter()
                .try_for_each(|(name, bytes)| std::fs::write(models.join(name), bytes))
        };
        write().map_err(|e| Failure::Statement(format!("demo: {}: {e}", models.display())))?;
        let dir = self.dir.display();
        eprintln!(
            "{} patients written to {dir}; {dir}/README.md says what they are",
            summary.patients.len()
        );
        Ok(())
    }
}
