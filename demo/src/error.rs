use crate::Site;
use std::path::PathBuf;

/// Why a cohort could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The number of patients cannot be numbered with the four digits of an identifier.
    #[error("the {site} site has {least} to {limit} patients, not {found}")]
    Patients {
        /// The site.
        site: Site,
        /// The smallest number possible.
        least: u32,
        /// The number asked for.
        found: u32,
        /// The largest number possible.
        limit: u32,
    },
    /// The folder holds files that no demo wrote.
    #[error(
        "{} is not empty and is not a demo cohort (it holds {entry}); name an empty or a new folder",
        path.display()
    )]
    NotADemo {
        /// The folder.
        path: PathBuf,
        /// The first of its entries, by name.
        entry: String,
    },
    /// The folder holds a cohort of other options, which would be overwritten in part.
    #[error("{} holds another demo cohort ({found}), not {asked}; name an empty or a new folder", path.display())]
    OtherDemo {
        /// The folder.
        path: PathBuf,
        /// The options of the cohort that is there.
        found: String,
        /// The options asked for.
        asked: String,
    },
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A volume cannot be written.
    #[error("{}: {source}", path.display())]
    Nifti {
        /// The file.
        path: PathBuf,
        /// What the writer said.
        source: nifti::NiftiError,
    },
    /// A scan or a segmentation cannot be written.
    #[error("{}: {source}", path.display())]
    Dicom {
        /// The file.
        path: PathBuf,
        /// What the writer said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The voxels made do not fill the grid that they were made for.
    #[error("{}: {found} voxels were made for a grid of {size:?}", path.display())]
    VoxelCount {
        /// The file.
        path: PathBuf,
        /// Voxels made.
        found: usize,
        /// Voxels along x, y, z.
        size: [usize; 3],
    },
    /// The clinical table cannot be written.
    #[error("{}: {source}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What the writer said.
        source: csv::Error,
    },
}
