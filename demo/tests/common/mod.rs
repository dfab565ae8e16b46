//! What several tests need.

#![allow(dead_code)] // each test binary uses its part

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::OnceLock;

use ndarray::{Array3, Ix3};
use nifti::{IntoNdArray, NiftiHeader, NiftiObject, ReaderOptions};
use radsql_demo::{CohortOptions, CohortSummary, Form, PatientTruth, Site, write_cohort};
use tempfile::TempDir;

pub type Outcome = Result<(), Box<dyn Error>>;

pub fn options(patients: u32, external: u32, seed: u64, threads: usize) -> CohortOptions {
    CohortOptions {
        patients,
        external,
        seed,
        threads: NonZeroUsize::new(threads),
        ..CohortOptions::default()
    }
}

/// A cohort with the default seed, smaller than the default one, written once for all tests of a binary.
pub fn demo() -> &'static (TempDir, CohortSummary) {
    static DEMO: OnceLock<(TempDir, CohortSummary)> = OnceLock::new();
    DEMO.get_or_init(|| {
        let dir = TempDir::new().expect("a temporary folder");
        let options = CohortOptions {
            patients: 40,
            external: 20,
            ..CohortOptions::default()
        };
        let summary = write_cohort(dir.path(), &options, |_, _| {}).expect("the demo is written");
        (dir, summary)
    })
}

/// The same patients, three of them, in both forms.
pub fn both_forms() -> &'static [(TempDir, CohortSummary); 2] {
    static BOTH: OnceLock<[(TempDir, CohortSummary); 2]> = OnceLock::new();
    BOTH.get_or_init(|| {
        [Form::Nifti, Form::Dicom].map(|form| {
            let dir = TempDir::new().expect("a temporary folder");
            let options = CohortOptions {
                form,
                ..options(2, 1, 1, 2)
            };
            let summary = write_cohort(dir.path(), &options, |_, _| {}).expect("the demo is written");
            (dir, summary)
        })
    })
}

/// Every file's path and bytes.
pub fn files(dir: &Path) -> Result<BTreeMap<String, Vec<u8>>, Box<dyn Error>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(dir)?.to_string_lossy().into_owned();
                found.insert(name, fs::read(&path)?);
            }
        }
    }
    Ok(found)
}

/// The folder's name of a site.
pub fn folder(site: Site) -> &'static str {
    match site {
        Site::Primary => "crlm",
        Site::External => "external",
    }
}

/// A scan as the nifti crate reads it.
pub struct Scan {
    pub header: NiftiHeader,
    pub hu: Array3<i16>,
    pub liver: Array3<u8>,
    /// Tumor_1, Tumor_2, ...
    pub tumors: Vec<Array3<u8>>,
}

impl Scan {
    pub fn spacing(&self) -> [f64; 3] {
        [1, 2, 3].map(|axis| f64::from(self.header.pixdim[axis]))
    }
}

pub fn count(mask: &Array3<u8>) -> usize {
    mask.iter().filter(|inside| **inside == 1).count()
}

pub fn read_scan(dir: &Path, patient: &PatientTruth) -> Result<Scan, Box<dyn Error>> {
    let folder = dir.join(folder(patient.site)).join(&patient.patient_id);
    let ct = ReaderOptions::new().read_file(folder.join("ct.nii.gz"))?;
    let header = ct.header().clone();
    assert_eq!(header.datatype, 4, "int16");
    let mask = |region: &str| -> Result<Array3<u8>, Box<dyn Error>> {
        let mask = ReaderOptions::new().read_file(folder.join(format!("seg/{region}.nii.gz")))?;
        let found = mask.header();
        assert_eq!(found.datatype, 2, "uint8");
        assert_eq!(
            (
                found.dim,
                found.pixdim,
                found.srow_x,
                found.srow_y,
                found.srow_z,
                found.quatern_d
            ),
            (
                header.dim,
                header.pixdim,
                header.srow_x,
                header.srow_y,
                header.srow_z,
                header.quatern_d
            )
        );
        Ok(mask.into_volume().into_ndarray::<u8>()?.into_dimensionality::<Ix3>()?)
    };
    let liver = mask("Liver")?;
    let tumors = (1..=patient.lesions).map(|number| mask(&format!("Tumor_{number}")));
    let tumors = tumors.collect::<Result<_, _>>()?;
    assert_eq!(fs::read_dir(folder.join("seg"))?.count(), 1 + patient.lesions);
    Ok(Scan {
        hu: ct.into_volume().into_ndarray::<i16>()?.into_dimensionality::<Ix3>()?,
        header,
        liver,
        tumors,
    })
}

/// The rows of a site's table, by column.
pub fn table(dir: &Path, site: Site) -> Result<Vec<BTreeMap<String, String>>, Box<dyn Error>> {
    Ok(csv::Reader::from_path(dir.join(folder(site)).join("clinical.csv"))?
        .deserialize()
        .collect::<Result<_, _>>()?)
}

pub fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
