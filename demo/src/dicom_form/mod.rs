//! A scan as DICOM files, in the layout in which The Cancer Imaging Archive hands out a patient: a folder for the study, in
//! it one for the CT series and one for its segmentation.

mod ct;
mod elements;
mod identifiers;
mod segmentation;

use std::fs;
use std::path::Path;

use dicom_dictionary_std::uids;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

use crate::DemoError;
use crate::files::{Written, make_folder};
use crate::patient::Patient;
use crate::random::PatientSeed;
use crate::scan::Scan;
use crate::site::Scanner;
use identifiers::Identifiers;

/// The day of every study: there is no other that could be taken for one of a person.
const DATE: &str = "20000101";
const TIME: &str = "120000";
const STUDY: &str = "CT ABDOMEN W CONTRAST";
const MANUFACTURER: &str = "radsql demo";

/// What the two kinds of objects are made from.
struct Study<'a> {
    patient: &'a Patient,
    scanner: &'a Scanner,
    scan: &'a Scan,
    identifiers: Identifiers,
}

/// Writes a scan into the patient's folder.
pub(crate) fn write(
    folder: &Path,
    patient: &Patient,
    scanner: &Scanner,
    scan: &Scan,
    seed: PatientSeed,
) -> Result<Written, DemoError> {
    let study = Study {
        patient,
        scanner,
        scan,
        identifiers: Identifiers::draw(scan.grid.size[2], seed),
    };
    let identifiers = &study.identifiers;
    // Named as the archive does: day, study, description and the last digits of the identifier.
    let folder = folder.join(format!("01-01-2000-NA-{STUDY}-{}", tail(&identifiers.study)));
    let images = folder.join(format!("101.000000-NA-{}", tail(&identifiers.series)));
    let masks = folder.join(format!(
        "100.000000-Segmentation-{}",
        tail(&identifiers.segmentation_series)
    ));
    let mut written = Written::default();
    make_folder(&images)?;
    let common = ct::common(&study);
    for slice in 0..study.slices() {
        let path = images.join(format!("1-{:02}.dcm", slice + 1));
        let object = ct::slice(&study, &common, slice);
        written.add(write_object(
            &path,
            object,
            uids::CT_IMAGE_STORAGE,
            &identifiers.instances[slice],
        )?);
    }
    make_folder(&masks)?;
    let object = segmentation::object(&study);
    written.add(write_object(
        &masks.join("1-1.dcm"),
        object,
        uids::SEGMENTATION_STORAGE,
        &identifiers.segmentation,
    )?);
    Ok(written)
}

impl Study<'_> {
    fn slices(&self) -> usize {
        self.scan.grid.size[2]
    }

    /// The layer of the grid that a slice shows: a series goes from the head to the feet.
    fn layer(&self, slice: usize) -> usize {
        self.slices() - 1 - slice
    }

    /// The voxels of a layer.
    fn voxels(&self, layer: usize) -> std::ops::Range<usize> {
        let [columns, rows, _] = self.scan.grid.size;
        layer * columns * rows..(layer + 1) * columns * rows
    }

    /// Where the first voxel of a layer lies.
    fn position(&self, layer: usize) -> [f64; 3] {
        let grid = &self.scan.grid;
        let [x, y, z] = grid.origin();
        [x, y, z + layer as f64 * grid.spacing[2]]
    }
}

/// The last five characters, by which the archive tells folders apart.
fn tail(uid: &str) -> &str {
    uid.get(uid.len().saturating_sub(5)..).unwrap_or(uid)
}

/// Writes an object as a file of explicit little-endian values; gives the bytes written.
fn write_object(path: &Path, object: InMemDicomObject, class: &str, instance: &str) -> Result<u64, DemoError> {
    let dicom = |source: Box<dyn std::error::Error + Send + Sync>| DemoError::Dicom {
        path: path.to_owned(),
        source,
    };
    let meta = FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(class)
        .media_storage_sop_instance_uid(instance)
        .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
        // Not that of the writing crate, which changes with its versions.
        .implementation_class_uid(identifiers::IMPLEMENTATION)
        .implementation_version_name("RADSQL_DEMO")
        .build()
        .map_err(|error| dicom(error.into()))?;
    let mut bytes = Vec::new();
    object
        .with_exact_meta(meta)
        .write_all(&mut bytes)
        .map_err(|error| dicom(error.into()))?;
    fs::write(path, &bytes).map_err(|source| DemoError::Io {
        path: path.to_owned(),
        source,
    })?;
    Ok(bytes.len() as u64)
}
