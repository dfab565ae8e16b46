//! From references to volumes, in the session's memory.

use crate::reference::ScanRef;
use crate::scan::{Job, Reserved};
use datafusion::common::{Result, exec_datafusion_err};
use radsql_imaging::{Part, Reference, read_header, read_mask, read_volume};
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

/// Reads image and mask of a scan. `label` is the region's where the mask's reference names none; without it, 1.
/// `working` tells how many bytes the work on the region will need beside both.
///
/// # Errors
/// Names function, argument, file and reason.
pub fn load(
    function: &str,
    scan: &ScanRef,
    label: Option<u32>,
    job: &Job,
    working: impl Fn(&Mask) -> usize,
) -> Result<(Volume, Mask, Reserved)> {
    let fail = |argument: &str, e: &dyn Display| exec_datafusion_err!("{function}: {argument}: {e}");
    let image = Reference::locate(&scan.image).map_err(|e| fail("image", &e))?;
    let path = image.whole_file().map_err(|e| fail("image", &e))?;
    let image_header = read_header(path).map_err(|e| fail("image", &e))?;
    let text = scan.mask.as_deref().unwrap_or_default();
    let mut reference = Reference::locate(text).map_err(|e| fail("mask", &e))?;
    if reference.part.is_none() {
        reference.part = label.map(Part::Label);
    }
    let mask_header = read_header(&reference.path).map_err(|e| fail("mask", &e))?;
    let labels = job.reserve(bytes(mask_header.voxel_bytes()))?;
    let mask = read_mask(&reference).map_err(|e| fail("mask", &e))?;
    // The label volume is gone, its region is small. Given back first: a job that held memory while it waits for more
    // could wait for ever.
    drop(labels);
    job.check()?;
    let needed = bytes(image_header.voxel_bytes())
        .saturating_add(mask.bounds().voxels())
        .saturating_add(working(&mask));
    let reserved = job.reserve(needed)?;
    let volume = read_volume(path).map_err(|e| fail("image", &e))?;
    Ok((volume, mask, reserved))
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
