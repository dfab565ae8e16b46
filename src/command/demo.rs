//! `radsql demo DIR`

use crate::shell::script::Failure;
use crate::shell::terminal;
use indicatif::{ProgressBar, ProgressStyle};
use radsql_demo::{CohortOptions, Form, write_cohort};
use std::path::PathBuf;

/// The network that the project trained on synthetic lesions (`examples/deep`), and its description.
const MODEL: [(&str, &[u8]); 3] = [
    ("resnet10.onnx", include_bytes!("../../examples/deep/resnet10.onnx")),
    ("resnet10.json", include_bytes!("../../examples/deep/resnet10.json")),
    ("README.md", include_bytes!("../../examples/deep/README.md")),
];

/// Write a synthetic cohort to try things on.
///
/// It is of two hospitals: CT-like volumes of livers with lesions, their segmentations, clinical tables, and a model for deep
/// features. The layout and the table are those of the collection Colorectal-Liver-Metastases, so that the study of it runs on the
/// cohort unchanged. The same options write the same bytes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  radsql demo cohort
  radsql demo small --patients 20 --external 0 --dicom")]
pub struct Demo {
    /// Folder to write to; new, empty, or a demo cohort already.
    dir: PathBuf,
    /// Number of patients of the hospital where a signature is found.
    #[arg(long, default_value_t = 197)]
    patients: u32,
    /// Number of patients of the hospital where it is tried; 0 for none.
    #[arg(long, default_value_t = 105)]
    external: u32,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write scans as DICOM series with a SEG instead of NIfTI volumes and masks; voxels are the same.
    #[arg(long)]
    dicom: bool,
}

impl Demo {
    /// Writes the cohort.
    pub fn execute(self) -> Result<(), Failure> {
        let options = CohortOptions {
            patients: self.patients,
            external: self.external,
            seed: self.seed,
            form: if self.dicom { Form::Dicom } else { Form::Nifti },
            ..CohortOptions::default()
        };
        // Shows itself on a terminal alone.
        let bar = ProgressBar::new(u64::from(self.patients) + u64::from(self.external));
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} patients, {eta} left") {
            bar.set_style(style);
        }
        let written = write_cohort(&self.dir, &options, |done, _| bar.set_position(done as u64));
        bar.finish_and_clear();
        let summary = written.map_err(|e| Failure::Statement(format!("demo: {e}")))?;
        let models = self.dir.join("models");
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(&models)?;
            MODEL
                .iter()
                .try_for_each(|(name, bytes)| std::fs::write(models.join(name), bytes))
        };
        write().map_err(|e| Failure::Statement(format!("demo: {}: {e}", models.display())))?;
        let dir = self.dir.display();
        let mut sites = format!("{} patients written to {dir}/crlm", summary.primary.len());
        let mut sets = format!("--set data={dir}/crlm");
        if !summary.external.is_empty() {
            sites += &format!(" and {} of another hospital to {dir}/external", summary.external.len());
            sets += &format!(" --set external={dir}/external");
        } else {
            sets += " --set external_format=none";
        }
        if self.dicom {
            sets += " --set format=dicom";
        }
        terminal::tell(&format!("{sites}; {dir}/README.md says what they are"));
        terminal::tell(&format!("next: radsql run sql/reproduce/crlm/*.sql {sets}"));
        Ok(())
    }
}
