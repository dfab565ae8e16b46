//! From references to volumes, in the session's memory.

pub mod content;
pub mod fault;
pub mod folders;
pub mod image;
pub mod region;
pub mod series;

use crate::files::{FilePolicy, Forbidden};
use crate::reference::ScanRef;
use crate::scan::{Job, Reserved};
use crate::tally::Stage;
use datafusion::common::{DataFusionError, Result, exec_datafusion_err};
use fault::Fault;
use image::Image;
use radsql_imaging::{MaskOptions, Reference};
use radsql_radiomics::{Case, Features, Parameters, RadiomicsError, Reading, Request};
use radsql_volume::{Grid, Mask, Volume};
use region::MaskFile;
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// Names a scan in a message.
pub fn name(scan: &ScanRef) -> String {
    match &scan.mask {
        Some(mask) => format!("image '{}', mask '{mask}'", scan.image),
        None => format!("image '{}'", scan.image),
    }
}

/// What a text refers to, if that may be read. An existing file whose name is the whole text, `#` and all, wins over a part.
///
/// # Errors
/// [`Fault::Reference`] and [`Fault::Forbidden`].
pub fn locate(text: &str, files: &FilePolicy) -> std::result::Result<Reference, Fault> {
    // Whether there is such a file is a question to the disk as well.
    let reference = match text.contains('#') && files.may_read(Path::new(text)) {
        true => Reference::locate(text)?,
        false => text.parse()?,
    };
    let found = files.read(&reference.path)?;
    if files.is_restricted() && !found.is_dir() {
        // A header may name another file for its voxels.
        files.read_with_others(&reference.path)?;
        for beside in pair(&reference.path) {
            if !files.may_read(&beside) {
                return Err(Forbidden::to_read(&reference.path).into());
            }
        }
    }
    Ok(reference)
}

/// The names under which header and voxels of a NIfTI pair are looked for, when a path is one of them.
fn pair(path: &Path) -> Vec<PathBuf> {
    let is = |path: &Path, known: &[&str]| {
        let extension = path.extension().and_then(|e| e.to_str());
        extension.is_some_and(|e| known.iter().any(|k| e.eq_ignore_ascii_case(k)))
    };
    let stem = match is(path, &["gz"]) {
        true => path.with_extension(""),
        false => path.to_owned(),
    };
    match is(&stem, &["hdr", "img"]) {
        true => ["hdr", "hdr.gz", "img", "img.gz"]
            .map(|e| stem.with_extension(e))
            .into(),
        false => vec![],
    }
}

/// What went wrong with an argument of a function.
pub fn wrong(function: &str, argument: &str, e: &dyn Display) -> DataFusionError {
    exec_datafusion_err!("{function}: {argument}: {e}")
}

/// Reads the image of a scan.
///
/// # Errors
/// Names function, argument, file and reason.
pub fn load_image(function: &str, scan: &ScanRef, job: &Job) -> Result<(Volume, Reserved)> {
    let fail = |e: Fault| wrong(function, "image", &e);
    let image = Image::find(&scan.image, job).map_err(fail)?;
    let reserved = job.reserve(image.voxel_bytes())?;
    let volume = image.read(job).map_err(fail)?;
    Ok((volume, reserved))
}

/// Reads the mask of a scan and checks that it lies on its image's grid, of which the header alone is read.
///
/// # Errors
/// Names function, argument, file and reason.
pub fn load_mask_on_image(function: &str, scan: &ScanRef, job: &Job) -> Result<(Mask, Reserved)> {
    let image = Image::find(&scan.image, job).map_err(|e| wrong(function, "image", &e))?;
    let fail = |e: Fault| match e {
        Fault::Grids(_) => exec_datafusion_err!("{function}: {}: {e}", name(scan)),
        e => wrong(function, "mask", &e),
    };
    let mask = MaskFile::find(scan.mask.as_deref().unwrap_or_default(), job).map_err(fail)?;
    let reserved = job.reserve(mask.memory_needed(&image).map_err(fail)?.saturating_mul(2))?;
    Ok((mask.read_on(&image, job).map_err(fail)?, reserved))
}

/// Looks at a scan's image and reads its region, which tells how much memory the work will take; what is wrong with it is found
/// without the image's voxels.
///
/// # Errors
/// Names function, argument, file and reason.
pub fn open(function: &str, scan: &ScanRef, options: &MaskOptions, job: &Job) -> Result<(Image, MaskFile, Mask)> {
    let image = Image::find(&scan.image, job).map_err(|e| wrong(function, "image", &e))?;
    let fail = |e: Fault| wrong(function, "mask", &e);
    let file = MaskFile::find(scan.mask.as_deref().unwrap_or_default(), job).map_err(fail)?;
    // Given back at the end: a job that held memory while it waits for more could wait for ever.
    let _region = job.reserve(file.memory_needed(&image).map_err(fail)?)?;
    let mask = file.read(&image, options, job).map_err(fail)?;
    job.check()?;
    Ok((image, file, mask))
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
    let options = MaskOptions {
        label: parameters.label(),
        channel: parameters.label_channel(),
    };
    let (image, _, mask) = open(function, scan, &options, job)?;
    let refused = |e: RadiomicsError| match e {
        RadiomicsError::Cancelled => exec_datafusion_err!("{function}: cancelled"),
        e => exec_datafusion_err!("{function}: {}: {e}", name(scan)),
    };
    let case = job.stage(Stage::Filtering, || Case::new(parameters, request, image.grid(), mask));
    let case = case.map_err(refused)?;
    let alone = case.memory_needed(image.voxel_type(), 1);
    let _reserved = job.reserve(alone)?;
    let crew = job.crew(case.memory_needed(image.voxel_type(), 2).saturating_sub(alone));
    // A scan that has to be read anew, and whole, is rare, and its filters have not begun then.
    let read = |reading: Reading| -> std::result::Result<_, Stopped> {
        job.check().map_err(Stopped::Told)?;
        let found = job.stage(Stage::Reading, || match reading.range {
            true => image
                .read_with_range(&reading.bounds, job)
                .map(|(volume, range)| (volume, Some(range))),
            false => image.read_within(&reading.bounds, job).map(|volume| (volume, None)),
        });
        found.map_err(|e| Stopped::Told(wrong(function, "image", &e)))
    };
    // What lies between reading and the rounds of tasks is resampling and the like.
    let found = job.stage(Stage::Filtering, || case.extract(read, &crew, job.cancelled()));
    found.map_err(|e| match e {
        Stopped::Told(e) => e,
        Stopped::Kernel(e) => refused(e),
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

/// Size and spacing of an image, from its header.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Geometry {
    /// Voxels along x, y, z.
    pub size: [usize; 3],
    /// Millimetres along x, y, z.
    pub spacing: [f64; 3],
}

impl Geometry {
    /// Of a grid.
    pub fn of(grid: &Grid) -> Self {
        Self {
            size: grid.size(),
            spacing: grid.spacing(),
        }
    }
}

/// Reads the header of a scan's image.
///
/// # Errors
/// Names function, file and reason.
pub fn geometry(function: &str, scan: &ScanRef, job: &Job) -> Result<Geometry> {
    let image = Image::find(&scan.image, job).map_err(|e| wrong(function, "image", &e))?;
    Ok(Geometry::of(image.grid()))
}
