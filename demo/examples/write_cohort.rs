//! Writes a cohort and prints the truth behind it as CSV:
//! `cargo run -p radsql-demo --example write_cohort -- DIR [PATIENTS [EXTERNAL [SEED [nifti|dicom]]]]`.

use std::error::Error;
use std::path::Path;

use radsql_demo::{CohortOptions, Form, write_cohort};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments
        .next()
        .ok_or("usage: write_cohort DIR [PATIENTS [EXTERNAL [SEED [nifti|dicom]]]]")?;
    let mut options = CohortOptions::default();
    if let Some(patients) = arguments.next() {
        options.patients = patients.parse()?;
    }
    if let Some(external) = arguments.next() {
        options.external = external.parse()?;
    }
    if let Some(seed) = arguments.next() {
        options.seed = seed.parse()?;
    }
    options.form = match arguments.next().as_deref() {
        None | Some("nifti") => Form::Nifti,
        Some("dicom") => Form::Dicom,
        Some(other) => return Err(format!("a cohort is written as nifti or dicom, not {other}").into()),
    };
    let summary = write_cohort(Path::new(&dir), &options, |done, total| eprint!("\r{done}/{total} "))?;
    eprintln!("patients, {} files, {} bytes in {dir}", summary.files, summary.bytes);
    let mut table = csv::Writer::from_writer(std::io::stdout());
    table.write_record([
        "patient_id",
        "site",
        "heterogeneity",
        "coarseness",
        "main_lesion",
        "lesions",
        "ml",
        "voxels",
        "score",
        "frailty",
        "log_hazard",
        "os",
        "dead",
    ])?;
    for patient in summary.primary.iter().chain(&summary.external) {
        table.write_record([
            patient.patient_id.clone(),
            patient.site.to_string(),
            patient.latents.heterogeneity.to_string(),
            patient.latents.coarseness.to_string(),
            patient.main_lesion.to_string(),
            patient.lesions.to_string(),
            patient.lesion_ml.to_string(),
            patient.lesion_voxels.to_string(),
            patient.risk_score.to_string(),
            patient.frailty.to_string(),
            patient.log_hazard.to_string(),
            patient.os_months.to_string(),
            patient.dead.to_string(),
        ])?;
    }
    table.flush()?;
    Ok(())
}
