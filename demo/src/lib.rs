//! A synthetic cohort of patients with liver metastases: CT scans with masks and a clinical table, in which what drives
//! survival is known. Studies run on it without a download, and tests know what they should find.
//!
//! [`write_cohort`] writes `scans/ID/ct.nii.gz`, `scans/ID/mask.nii.gz`, `clinical.csv` and a `README.md` that states the
//! model. Survival follows [`effect`]: the lesion's heterogeneity, its volume and a clinical score.
//!
//! The same options give the same voxels and the same table on every platform and at any number of threads. The compressed
//! files have the same bytes as long as the compressor (`flate2` with `zlib-rs`) keeps its choices.

mod anatomy;
mod clinical;
mod error;
mod field;
mod files;
mod grid;
mod latents;
mod lesion;
mod liver;
mod outcome;
mod patient;
mod random;
mod readme;
mod scan;
mod shapes;
mod site;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

pub use error::DemoError;
pub use latents::Latents;
pub use outcome::effect;
use patient::Patient;
pub use patient::PatientTruth;
use site::Profile;
pub use site::Site;

/// The number of this way to make patients: it is raised with every change that changes a voxel or a cell, and is part of
/// the random numbers' key.
pub const DEFINITION: u32 = 1;

/// The most patients that an identifier's four digits can number.
pub const MAX_PATIENTS: u32 = 9999;

/// Which cohort to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CohortOptions {
    /// How many patients, 1 to [`MAX_PATIENTS`]. More patients leave the first ones as they are.
    pub patients: u32,
    /// Another seed gives other patients.
    pub seed: u64,
    /// The hospital, with its scanner and its patients.
    pub site: Site,
    /// Threads to use; `None` for as many as the machine has cores. They change nothing in the files.
    pub threads: Option<NonZeroUsize>,
}

impl Default for CohortOptions {
    /// 40 patients of the primary site, seed 1.
    fn default() -> Self {
        Self {
            patients: 40,
            seed: 1,
            site: Site::Primary,
            threads: None,
        }
    }
}

/// What was written, and the truth behind it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CohortSummary {
    /// How each patient was made, in the order of the table.
    pub patients: Vec<PatientTruth>,
    /// Files written.
    pub files: usize,
    /// Bytes written.
    pub bytes: u64,
}

impl CohortSummary {
    /// Deaths that the table shows.
    pub fn deaths(&self) -> usize {
        self.patients.iter().filter(|patient| patient.dead).count()
    }
}

/// Writes a cohort into a folder, which is made when it is not there. `progress` hears how many patients of how many are
/// done, in rising order, from one thread at a time.
///
/// # Errors
/// A number of patients that is not possible; a folder that holds anything but this very cohort (writing it again is no
/// error: the same files come out); a file that cannot be written.
pub fn write_cohort(
    dir: &Path,
    options: &CohortOptions,
    progress: impl Fn(usize, usize) + Sync,
) -> Result<CohortSummary, DemoError> {
    if !(1..=MAX_PATIENTS).contains(&options.patients) {
        return Err(DemoError::Patients {
            found: options.patients,
            limit: MAX_PATIENTS,
        });
    }
    let profile = options.site.profile();
    let options_line = readme::options_line(options, profile);
    files::prepare(dir, &options_line)?;
    // First, so that a cohort whose writing was stopped is known as one.
    let mut bytes = files::write_readme(dir, &options_line, &readme::text(options, profile))?;

    let mut patients = write_patients(dir, options, profile, &progress)?;
    patients.sort_unstable_by_key(|(number, ..)| *number);
    bytes += patients.iter().map(|(.., bytes)| bytes).sum::<u64>();
    let patients: Vec<Patient> = patients.into_iter().map(|(_, patient, _)| patient).collect();
    bytes += files::write_clinical(dir, &patients)?;
    Ok(CohortSummary {
        files: 2 * patients.len() + 2,
        patients: patients.into_iter().map(|patient| patient.truth).collect(),
        bytes,
    })
}

/// A patient's number, the patient and the bytes of the scan.
type Written = (u32, Patient, u64);

/// Makes the patients and writes their scans, each on whichever thread is free.
fn write_patients(
    dir: &Path,
    options: &CohortOptions,
    profile: &Profile,
    progress: &(impl Fn(usize, usize) + Sync),
) -> Result<Vec<Written>, DemoError> {
    let total = options.patients as usize;
    let threads = options.threads.or_else(|| std::thread::available_parallelism().ok());
    let threads = threads.map_or(1, NonZeroUsize::get).min(total);
    let (next, stop) = (AtomicU32::new(1), AtomicBool::new(false));
    let done = Mutex::new((Vec::with_capacity(total), None));
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number > options.patients {
                break;
            }
            let (patient, scan) = patient::make(profile, options.seed, number);
            let written = files::write_scan(dir, &patient.truth.patient_id, scan);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            match written {
                Ok(bytes) => {
                    done.0.push((number, patient, bytes));
                    progress(done.0.len(), total);
                }
                Err(error) => {
                    stop.store(true, Ordering::Relaxed);
                    done.1.get_or_insert(error);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let (written, error) = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    error.map_or(Ok(written), Err)
}
