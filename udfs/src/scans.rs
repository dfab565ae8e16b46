//! From references to volumes, in the session's memory.

use crate::reference::ScanRef;
use crate::scan::{Job, Reserved};
use datafusion::common::{DataFusionError, Result, exec_datafusion_err};
use radsql_imaging::{
    MaskOptions, Reference, read_header, read_mask, read_mask_with_options, read_volume, read_volume_with_range,
    read_volume_within,
};
use radsql_radiomics::{Case, Features, Parameters, RadiomicsError, Reading, Request};
use radsql_volume::{Mask, Volume};
use std::fmt::Display;

/// PyRadiomics' tolerance in the comparison of grids.
const TOLERANCE: f64 = 1e-6;

/// Names a scan in a message.
pub fn name(scan: &ScanRef) -> String {
    match &scan.mask {
        Some(mask) => format!("image '{}', mask '{mask}'", scan.image),
        None => format!("image '{}'", scan.image),
    }
}

/// Reads the image of a scan.
///
/// # Errors
/// Names function, argument, file and reason.
pub fn load_image(function: &str, scan: &ScanRef, job: &Job) -> Result<(Volume, Reserved)> {
    let fail = |e: &dyn Display| exec_datafusion_err!("{function}: image: {e}");
    let reference = Reference::locate(&scan.image).map_err(|e| fail(&e))?;
    let path = reference.whole_file().map_err(|e| fail(&e))?;
    let header = read_header(path).map_err(|e| fail(&e))?;
    let reserved = job.reserve(bytes(header.voxel_bytes()))?;
    let volume = read_volume(path).map_err(|e| fail(&e))?;
    Ok((volume, reserved))
}

/// Reads the mask of a scan and checks that it lies on its image's grid, of which the header alone is read.
///
/// # Errors
/// Names function, argument, file and reason.
pub fn load_mask_on_image(function: &str, scan: &ScanRef, job: &Job) -> Result<(Mask, Reserved)> {
    let fail = |argument: &str, e: &dyn Display| exec_datafusion_err!("{function}: {argument}: {e}");
    let image = Reference::locate(&scan.image).map_err(|e| fail("image", &e))?;
    let image = read_header(image.whole_file().map_err(|e| fail("image", &e))?).map_err(|e| fail("image", &e))?;
    let mask = Reference::locate(scan.mask.as_deref().unwrap_or_default()).map_err(|e| fail("mask", &e))?;
    let header = read_header(&mask.path).map_err(|e| fail("mask", &e))?;
    let reserved = job.reserve(bytes(header.voxel_bytes().saturating_mul(2)))?;
    let found = read_mask(&mask).map_err(|e| fail("mask", &e))?;
    match image.grid.same_as(found.grid(), TOLERANCE) {
        Ok(()) => Ok((found, reserved)),
        Err(e) => Err(exec_datafusion_err!(
            "{function}: {}: mask and image lie on different grids: {e}",
            name(scan)
        )),
    }
}

/// Computes features of a scan. Of the image only the voxels that the features depend on are read.
///
/// # Errors
/// Names function, argument, file and reason.
pub fn measure(
    function: &str,
    scan: &ScanRef,
    parameters: &Parameters,
    request: Request,
    job: &Job,
) -> Result<Features> {
    let fail = |argument: &str, e: &dyn Display| exec_datafusion_err!("{function}: {argument}: {e}");
    let image = Reference::locate(&scan.image).map_err(|e| fail("image", &e))?;
    let path = image.whole_file().map_err(|e| fail("image", &e))?;
    let header = read_header(path).map_err(|e| fail("image", &e))?;
    let reference = Reference::locate(scan.mask.as_deref().unwrap_or_default()).map_err(|e| fail("mask", &e))?;
    let options = MaskOptions {
        label: parameters.label(),
        channel: parameters.label_channel(),
    };
    let mask_header = read_header(&reference.path).map_err(|e| fail("mask", &e))?;
    // A byte for each voxel of the region's box, which is not known yet.
    let region = job.reserve(mask_header.grid.voxels())?;
    let mask = read_mask_with_options(&reference, &options).map_err(|e| fail("mask", &e))?;
    // Given back first: a job that held memory while it waits for more could wait for ever.
    drop(region);
    job.check()?;
    let wrong = |e: RadiomicsError| match e {
        RadiomicsError::Cancelled => exec_datafusion_err!("{function}: cancelled"),
        e => exec_datafusion_err!("{function}: {}: {e}", name(scan)),
    };
    let case = Case::new(parameters, request, &header.grid, mask).map_err(wrong)?;
    let alone = case.memory_needed(header.voxel_type, 1);
    let _reserved = job.reserve(alone)?;
    let crew = job.crew(case.memory_needed(header.voxel_type, 2).saturating_sub(alone));
    // A scan that has to be read anew, and whole, is rare, and its filters have not begun then.
    let read = |reading: Reading| -> std::result::Result<_, Stopped> {
        job.check().map_err(Stopped::Told)?;
        let found = if reading.range {
            read_volume_with_range(path, &reading.bounds).map(|(volume, range)| (volume, Some(range)))
        } else {
            read_volume_within(path, &reading.bounds).map(|volume| (volume, None))
        };
        found.map_err(|e| Stopped::Told(fail("image", &e)))
    };
    case.extract(read, &crew, job.cancelled()).map_err(|e| match e {
        Stopped::Told(e) => e,
        Stopped::Kernel(e) => wrong(e),
    })
}

/// Why a scan gave no features.
enum Stopped {
    Told(DataFusionError),
    Kernel(RadiomicsError),
}

impl From<RadiomicsError> for Stopped {
    fn from(e: RadiomicsError) -> Self {
        Self::Kernel(e)
    }
}

fn bytes(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// Size and spacing of an image, from its header.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Geometry {
    /// Voxels along x, y, z.
    pub size: [usize; 3],
    /// Millimetres along x, y, z.
    pub spacing: [f64; 3],
}

/// Reads the header of a scan's image.
///
/// # Errors
/// Names function, file and reason.
pub fn geometry(function: &str, scan: &ScanRef) -> Result<Geometry> {
    let fail = |e: &dyn Display| exec_datafusion_err!("{function}: image: {e}");
    let reference = Reference::locate(&scan.image).map_err(|e| fail(&e))?;
    let header = read_header(reference.whole_file().map_err(|e| fail(&e))?).map_err(|e| fail(&e))?;
    Ok(Geometry {
        size: header.grid.size(),
        spacing: header.grid.spacing(),
    })
}
