//! Images that references name, in whatever format.

use super::fault::Fault;
use super::locate;
use crate::scan::Job;
use radsql_dicom::{DicomError, Listing, Problem, ReadOptions, Series};
use radsql_imaging::{
    Header, Limits, Part, Reference, ReferenceError, read_header, read_volume, read_volume_with_range,
    read_volume_within,
};
use radsql_volume::{Bounds, Grid, Range, Volume, VoxelType};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An image that a reference names, as its headers describe it.
pub enum Image {
    /// A NIfTI or NRRD file.
    File {
        /// The file.
        path: PathBuf,
        /// What it says.
        header: Box<Header>,
    },
    /// A DICOM series.
    Series(DicomImage),
}

/// A series of a folder that was listed.
pub struct DicomImage {
    listing: Arc<Listing>,
    at: usize,
    options: ReadOptions,
    grid: Grid,
    voxel_type: VoxelType,
}

/// Whether a reference is to DICOM files. Formats are told by content: a folder can only be a series.
pub fn is_dicom(reference: &Reference) -> bool {
    if matches!(reference.part, Some(Part::Series(_) | Part::Suv(_))) {
        return true;
    }
    let mut begins = [0; 132];
    reference.path.is_dir()
        || File::open(&reference.path)
            .and_then(|mut file| file.read_exact(&mut begins))
            .is_ok_and(|()| begins.ends_with(b"DICM"))
}

impl Image {
    /// Reads the headers of an image.
    ///
    /// # Errors
    /// [`Fault`], which names the file.
    pub fn find(text: &str, job: &Job) -> Result<Self, Fault> {
        job.reads();
        let reference = locate(text, job.files())?;
        if is_dicom(&reference) {
            return DicomImage::find(&reference, job).map(Self::Series);
        }
        let path = reference.whole_file()?.to_owned();
        let header = Box::new(read_header(&path)?);
        Ok(Self::File { path, header })
    }

    /// Where its voxels lie.
    pub fn grid(&self) -> &Grid {
        match self {
            Self::File { header, .. } => &header.grid,
            Self::Series(series) => &series.grid,
        }
    }

    /// The type of its voxels.
    pub fn voxel_type(&self) -> VoxelType {
        match self {
            Self::File { header, .. } => header.voxel_type,
            Self::Series(series) => series.voxel_type,
        }
    }

    /// Bytes of all voxels in memory.
    pub fn voxel_bytes(&self) -> usize {
        self.grid().voxels().saturating_mul(self.voxel_type().bytes())
    }

    /// Whether it is DICOM: then masks on other grids are brought to its own.
    pub fn is_dicom(&self) -> bool {
        matches!(self, Self::Series(_))
    }

    /// Reads all voxels.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn read(&self, job: &Job) -> Result<Volume, Fault> {
        match self {
            Self::File { path, .. } => Ok(read_volume(path)?),
            Self::Series(series) => series.read(job),
        }
    }

    /// Reads the voxels of a box.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn read_within(&self, bounds: &Bounds, job: &Job) -> Result<Volume, Fault> {
        match self {
            Self::File { path, .. } => Ok(read_volume_within(path, bounds)?),
            Self::Series(series) => series.read_within(bounds, job),
        }
    }

    /// Reads the voxels of a box and the range of all voxels.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn read_with_range(&self, bounds: &Bounds, job: &Job) -> Result<(Volume, Range), Fault> {
        match self {
            Self::File { path, .. } => Ok(read_volume_with_range(path, bounds)?),
            Self::Series(series) => {
                let whole = series.read(job)?;
                let part = whole.crop(bounds).map_err(|e| series.cut(e))?;
                Ok((part, Range::of(&whole)))
            }
        }
    }
}

impl DicomImage {
    fn find(reference: &Reference, job: &Job) -> Result<Self, Fault> {
        let (uid, suv) = match &reference.part {
            None => (None, false),
            Some(Part::Series(uid)) => (Some(uid), false),
            Some(Part::Suv(uid)) => (Some(uid), true),
            Some(part) => {
                return Err(Fault::Reference(ReferenceError::NotWhole {
                    part: part.clone(),
                    text: reference.to_string(),
                }));
            }
        };
        let listing = job.folder(&reference.path)?;
        let at = position(&listing, &reference.path, uid)?;
        let series = &listing.series[at];
        whole(&listing, series)?;
        let options = ReadOptions { suv };
        let voxel_type = match suv {
            true => VoxelType::F64,
            false => series.voxel_type()?,
        };
        let grid = series.grid()?;
        Ok(Self {
            at,
            options,
            grid,
            voxel_type,
            listing,
        })
    }

    /// The series.
    pub fn series(&self) -> &Series {
        &self.listing.series[self.at]
    }

    fn read(&self, job: &Job) -> Result<Volume, Fault> {
        Ok(self.series().read(&self.options, &Limits::default(), job.cancelled())?)
    }

    fn read_within(&self, bounds: &Bounds, job: &Job) -> Result<Volume, Fault> {
        Ok(self
            .series()
            .read_within(bounds, &self.options, &Limits::default(), job.cancelled())?)
    }

    fn cut(&self, problem: radsql_volume::VolumeError) -> Fault {
        Fault::Cut {
            image: self.series().folder().display().to_string(),
            problem,
        }
    }
}

/// The place of a series in a listing: that of the UID, or the only one.
fn position(listing: &Listing, folder: &Path, uid: Option<&String>) -> Result<usize, Fault> {
    let found = match uid {
        Some(uid) => listing.series.iter().position(|s| s.uid() == uid),
        None => (listing.series.len() == 1).then_some(0),
    };
    if let Some(at) = found {
        return Ok(at);
    }
    let shown = folder.display().to_string();
    match (uid, listing.series.first()) {
        (None, Some(first)) => Err(Fault::SeveralSeries {
            folder: shown,
            found: listing.series.len(),
            first: first.uid().to_owned(),
        }),
        (None, None) => Err(Fault::NoSeries {
            folder: shown,
            seen: seen(listing),
        }),
        (Some(uid), _) => Err(Fault::from(DicomError {
            file: shown.into(),
            problem: Problem::Absent {
                kind: "image series",
                asked: uid.clone(),
                found: format!("; it holds {}", listing.series.len()),
            },
        })),
    }
}

/// What a listing without image series saw.
pub fn seen(listing: &Listing) -> String {
    let masks = listing.segmentations.len() + listing.structure_sets.len();
    let mut seen = format!(
        "files seen: {} not DICOM, {masks} segmentations and structure sets, {} other DICOM, {} not understood",
        listing.foreign,
        listing.others,
        listing.failures.len()
    );
    if let Some(first) = listing.failures.first() {
        seen.push_str(&format!("; the first of these: {first}"));
    }
    seen
}

/// A file that was not understood may be a slice, without which the series would be shorter and nobody would know.
fn whole(listing: &Listing, series: &Series) -> Result<(), Fault> {
    if listing.failures.is_empty() {
        return Ok(());
    }
    let folders = series.files().filter_map(|f| f.parent().map(Path::to_owned));
    let folders: BTreeSet<PathBuf> = folders.collect();
    let beside = listing
        .failures
        .iter()
        .find(|e| Path::new(&*e.file).parent().is_some_and(|p| folders.contains(p)));
    match beside {
        Some(e) => Err(Fault::Beside(e.to_string())),
        None => Ok(()),
    }
}
