//! Writes a cohort and prints the truth behind it as CSV:
//! `cargo run -p radsql-demo --example write_cohort -- DIR [PATIENTS [SEED]]`.

use std::error::Error;
use std::path::Path;

use radsql_demo::{CohortOptions, write_cohort};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().ok_or("usage: write_cohort DIR [PATIENTS [SEED]]")?;
    let mut options = CohortOptions::default();
    if let Some(patients) = arguments.next() {
        options.patients = patients.parse()?;
    }
    if let Some(seed) = arguments.next() {
        options.seed = seed.parse()?;
    }
    let summary = write_cohort(Path::new(&dir), &options, |done, total| eprint!("\r{done}/{total} "))?;
    eprintln!(
        "patients, {} deaths, {} bytes in {dir}",
        summary.deaths(),
        summary.bytes
    );
    let mut table = csv::Writer::from_writer(std::io::stdout());
    table.write_record([
        "patient_id",
        "heterogeneity",
        "coarseness",
        "ml",
        "voxels",
        "score",
        "log_hazard",
        "os",
        "dead",
    ])?;
    for patient in &summary.patients {
        table.write_record([
            patient.patient_id.clone(),
            patient.latents.heterogeneity.to_string(),
            patient.latents.coarseness.to_string(),
            patient.lesion_ml.to_string(),
            patient.lesion_voxels.to_string(),
            patient.risk_score.to_string(),
            patient.log_hazard.to_string(),
            patient.os_months.to_string(),
            patient.dead.to_string(),
        ])?;
    }
    table.flush()?;
    Ok(())
}
