use crate::payload::Payload;
use crate::sample::Layout;
use radsql_volume::{Grid, VoxelType};
use std::fmt;
use std::path::PathBuf;

/// The format of an image file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// NIfTI-1, as one file or as header and image.
    Nifti1,
    /// NIfTI-2, as one file or as header and image. SimpleITK 2.5 does not read it; its transforms are taken as those of
    /// NIfTI-1, in double precision.
    Nifti2,
    /// NRRD, with the voxels in the file or beside it.
    Nrrd,
}

impl Format {
    /// The format's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nifti1 => "NIfTI-1",
            Self::Nifti2 => "NIfTI-2",
            Self::Nrrd => "NRRD",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How stored numbers become voxels: `stored * slope + intercept`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaling {
    /// Factor.
    pub slope: f64,
    /// Summand.
    pub intercept: f64,
}

/// What a file says about its image, without the voxels. These formats do not say the modality.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Header {
    /// The file's format.
    pub format: Format,
    /// Where the voxels lie.
    pub grid: Grid,
    /// The type of the numbers in the file.
    pub stored_type: VoxelType,
    /// The type of the voxels that reading gives: float32 for scaled integers, else the stored type.
    pub voxel_type: VoxelType,
    /// Slope and intercept, when they change anything.
    pub scaling: Option<Scaling>,
    /// Numbers a voxel: 1, or more in vector masks. Images have one.
    pub components: usize,
}

impl Header {
    /// Bytes that the voxels (of one component) will take in memory.
    pub fn voxel_bytes(&self) -> u64 {
        // The grid has been checked: eight bytes a voxel are addressable.
        (self.grid.voxels() * self.voxel_type.bytes()) as u64
    }
}

/// What reading one file may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of voxels in memory: of the volume, of the box that was asked for, or of a mask's rows (a byte a voxel).
    pub voxel_bytes: u64,
}

impl Default for Limits {
    /// 8 GiB of voxels.
    fn default() -> Self {
        Self { voxel_bytes: 8 << 30 }
    }
}

/// A header together with the way to the voxels.
pub(crate) struct Opened<'a> {
    pub header: Header,
    pub layout: Layout,
    pub encoding: Encoding,
    /// The file of the voxels, when it is not that of the header; known when the voxels were asked for.
    pub beside: Option<PathBuf>,
    /// `None` when only the header was asked for.
    pub payload: Option<Payload<'a>>,
}

/// How the numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Binary,
    /// Decimal numbers with white space between them.
    Text,
}
