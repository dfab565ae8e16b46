//! A synthetic cohort of patients with liver metastases: CT scans with segmented regions and a clinical table, in which what
//! drives survival is known. Studies run on it without a download, and tests know what they should find.
//!
//! [`write_cohort`] writes the patients of two sites in the layout of the TCIA collection Colorectal-Liver-Metastases, with
//! that collection's clinical table, and a `README.md` that states the model:
//!
//! ```text
//! README.md
//! crlm/clinical.csv
//! crlm/CRLM-DEMO-0001/ct.nii.gz              Form::Nifti
//! crlm/CRLM-DEMO-0001/seg/Liver.nii.gz
//! crlm/CRLM-DEMO-0001/seg/Tumor_1.nii.gz     ...
//! crlm/CRLM-DEMO-0001/STUDY/SERIES/1-01.dcm  Form::Dicom: a CT series and a SEG
//! external/clinical.csv
//! external/EXT-DEMO-0001/...
//! ```
//!
//! Survival follows [`effect`]: the heterogeneity of the largest lesion, its volume and a clinical score. Both forms hold the
//! same voxels in the same order on the same grid, to the last bit.
//!
//! The same options give the same voxels and the same table on every platform and at any number of threads. The compressed
//! files have the same bytes as long as the compressor (`flate2` with `zlib-rs`) keeps its choices.

mod anatomy;
mod clinical;
mod dicom_form;
mod error;
mod field;
mod files;
mod grid;
mod latents;
mod lesion;
mod liver;
#[cfg(test)]
mod marginals;
mod nifti_form;
mod outcome;
mod pathology;
mod patient;
mod random;
mod readme;
mod scan;
mod shapes;
mod site;
mod table;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

pub use error::DemoError;
use files::Written;
pub use latents::Latents;
pub use outcome::effect;
use patient::Patient;
pub use patient::PatientTruth;
pub use site::Site;

/// The number of this way to make patients: it is raised with every change that changes a voxel or a cell, and is part of
/// the random numbers' key.
pub const DEFINITION: u32 = 2;

/// The most patients of a site that an identifier's four digits can number.
pub const MAX_PATIENTS: u32 = 9999;

/// How scans are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// A volume and a mask for each region.
    #[default]
    Nifti,
    /// A CT series and a segmentation (SEG), as the collection is downloaded.
    Dicom,
}

/// Which cohort to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CohortOptions {
    /// How many patients of the primary site, 1 to [`MAX_PATIENTS`]. More patients leave the first ones as they are.
    pub patients: u32,
    /// How many patients of the external site, 0 to [`MAX_PATIENTS`]. With 0 it has no folder.
    pub external: u32,
    /// Another seed gives other patients.
    pub seed: u64,
    /// How scans are written. It changes no voxel.
    pub form: Form,
    /// Threads to use; `None` for as many as the machine has cores. They change nothing in the files.
    pub threads: Option<NonZeroUsize>,
}

impl Default for CohortOptions {
    /// 197 and 105 patients as in the study, seed 1, NIfTI.
    fn default() -> Self {
        Self {
            patients: 197,
            external: 105,
            seed: 1,
            form: Form::Nifti,
            threads: None,
        }
    }
}

impl CohortOptions {
    fn patients_of(&self, site: Site) -> u32 {
        match site {
            Site::Primary => self.patients,
            Site::External => self.external,
        }
    }
}

/// What was written, and the truth behind it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CohortSummary {
    /// How each patient of the primary site was made, in the order of its table.
    pub primary: Vec<PatientTruth>,
    /// How each patient of the external site was made, in the order of its table.
    pub external: Vec<PatientTruth>,
    /// Files written.
    pub files: usize,
    /// Bytes written.
    pub bytes: u64,
}

/// Writes a cohort into a folder, which is made when it is not there. `progress` hears how many patients of how many are
/// done, in rising order, from one thread at a time; the patients are those of both sites.
///
/// # Errors
/// A number of patients that is not possible; a folder that holds anything but this very cohort (writing it again is no
/// error: the same files come out); a file that cannot be written.
pub fn write_cohort(
    dir: &Path,
    options: &CohortOptions,
    progress: impl Fn(usize, usize) + Sync,
) -> Result<CohortSummary, DemoError> {
    for (site, least) in Site::ALL.into_iter().zip([1, 0]) {
        let found = options.patients_of(site);
        if !(least..=MAX_PATIENTS).contains(&found) {
            return Err(DemoError::Patients {
                site,
                found,
                least,
                limit: MAX_PATIENTS,
            });
        }
    }
    let options_line = readme::options_line(options);
    files::prepare(dir, &options_line)?;
    let mut written = Written::default();
    // First, so that a cohort whose writing was stopped is known as one.
    written.add(files::write_readme(dir, &options_line, &readme::text(options))?);

    let mut patients = write_patients(dir, options, &progress)?;
    patients.sort_unstable_by_key(|(place, ..)| *place);
    let mut truths = [Vec::new(), Vec::new()];
    let mut patients = patients.into_iter().peekable();
    for (site, truths) in Site::ALL.into_iter().zip(&mut truths) {
        let mut table = Vec::new();
        while let Some((_, patient, scan)) = patients.next_if(|(_, patient, _)| patient.truth.site == site) {
            written.files += scan.files;
            written.bytes += scan.bytes;
            table.push(patient);
        }
        if !table.is_empty() {
            written.add(files::write_clinical(&dir.join(site.profile().folder), &table)?);
        }
        truths.extend(table.into_iter().map(|patient| patient.truth));
    }
    let [primary, external] = truths;
    Ok(CohortSummary {
        primary,
        external,
        files: written.files,
        bytes: written.bytes,
    })
}

/// A patient's place among all, the patient and what was written of the scan.
type Done = (usize, Patient, Written);

/// Makes the patients and writes their scans, each on whichever thread is free.
fn write_patients(
    dir: &Path,
    options: &CohortOptions,
    progress: &(impl Fn(usize, usize) + Sync),
) -> Result<Vec<Done>, DemoError> {
    let numbered = |site| (1..=options.patients_of(site)).map(move |number| (site, number));
    let all: Vec<(Site, u32)> = Site::ALL.into_iter().flat_map(numbered).collect();
    let threads = options.threads.or_else(|| std::thread::available_parallelism().ok());
    let threads = threads.map_or(1, NonZeroUsize::get).min(all.len());
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let done = Mutex::new((Vec::with_capacity(all.len()), None));
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(&(site, number)) = all.get(place) else { break };
            let written = write_patient(dir, options, site, number);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            match written {
                Ok((patient, written)) => {
                    done.0.push((place, patient, written));
                    progress(done.0.len(), all.len());
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

/// Makes a patient and writes the scan.
fn write_patient(
    dir: &Path,
    options: &CohortOptions,
    site: Site,
    number: u32,
) -> Result<(Patient, Written), DemoError> {
    let profile = site.profile();
    let seed = patient::seed(site, options.seed, number);
    let (patient, scan) = patient::make(site, seed, profile.patient_id(number));
    let folder = dir.join(profile.folder).join(&patient.truth.patient_id);
    let written = match options.form {
        Form::Nifti => nifti_form::write(&folder, scan)?,
        Form::Dicom => dicom_form::write(&folder, &patient, &profile.scanner, &scan, seed)?,
    };
    Ok((patient, written))
}
