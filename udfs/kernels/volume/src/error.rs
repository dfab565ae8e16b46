use crate::grid::GridMismatch;

/// What can be wrong with a volume or a mask.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VolumeError {
    /// An axis of the grid is 0, or the number of voxels does not fit the address space.
    #[error("size {size:?} is not possible: each axis needs at least one voxel and all of them must fit in memory")]
    Size {
        /// Voxels along x, y, z.
        size: [usize; 3],
    },
    /// A spacing is not a positive finite number.
    #[error("spacing {spacing:?} is not possible: each axis needs a positive number of millimetres")]
    Spacing {
        /// Millimetres along x, y, z.
        spacing: [f64; 3],
    },
    /// An origin or direction holds NaN or infinity, or the direction cosines do not span space.
    #[error("the image's orientation is not usable: {reason}")]
    Orientation {
        /// What is wrong with it.
        reason: String,
    },
    /// The array's shape is not the grid's size.
    #[error("the data has {found} voxels, the grid {expected}")]
    VoxelCount {
        /// Voxels in the array.
        found: usize,
        /// Voxels in the grid.
        expected: usize,
    },
    /// Mask and image do not lie on one grid.
    #[error("mask and image lie on different grids: {0}")]
    Grid(#[from] GridMismatch),
    /// No voxel is labelled at all.
    #[error("the mask is empty: it has no voxel other than 0")]
    EmptyMask,
    /// The label asked for is not there.
    #[error("the mask has no voxel of label {label}; labels found: {}", list(found))]
    LabelAbsent {
        /// The label asked for.
        label: u32,
        /// Labels that the mask does hold, ascending, at most 20 of them.
        found: Vec<u32>,
    },
    /// A box is empty, leaves the grid, or does not hold what it should.
    #[error("the box of {size:?} voxels at {lower:?} does not lie in a grid of {grid:?} voxels")]
    Outside {
        /// First voxel of the box along x, y, z.
        lower: [usize; 3],
        /// Voxels of the box along x, y, z.
        size: [usize; 3],
        /// Voxels of the grid along x, y, z.
        grid: [usize; 3],
    },
    /// There is no such discrete wavelet.
    #[error(
        "there is no wavelet {name:?}; there are haar, db1 to db38, sym2 to sym20, coif1 to coif17, dmey, and bior and rbio \
         with 1.1, 1.3, 1.5, 2.2, 2.4, 2.6, 2.8, 3.1, 3.3, 3.5, 3.7, 3.9, 4.4, 5.5, 6.8"
    )]
    Wavelet {
        /// The name asked for.
        name: String,
    },
    /// The width of a Gaussian is not a positive finite number.
    #[error("sigma {sigma} is not possible: it needs a positive number of millimetres")]
    Sigma {
        /// Millimetres.
        sigma: f64,
    },
    /// A setting of the local binary patterns that is not possible.
    #[error("{setting} {found} is not possible; expected is {expected}")]
    LocalBinaryPattern {
        /// PyRadiomics' name of the setting.
        setting: &'static str,
        /// What it was.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// An image is too small to be filtered.
    #[error("an image of {size:?} voxels is too small for this filter, which needs at least {needed:?}")]
    TooSmall {
        /// Voxels along x, y, z.
        size: [usize; 3],
        /// Voxels needed along x, y, z.
        needed: [usize; 3],
    },
    /// An interpolator that is not supported.
    #[error("there is no interpolator {found:?}; supported are {supported}")]
    Interpolator {
        /// What was asked for.
        found: String,
        /// Names and numbers of those that are there.
        supported: String,
    },
    /// The region of interest leaves the image.
    #[error(
        "the region lies at image voxels {lower:?} to {upper:?}, outside the image, which reaches from -0.5 to half a voxel \
         beyond the last of {image:?} voxels"
    )]
    RegionOutside {
        /// Least continuous index of the region's box in the image along x, y, z.
        lower: [f64; 3],
        /// Largest continuous index.
        upper: [f64; 3],
        /// Voxels of the image along x, y, z.
        image: [usize; 3],
    },
    /// Resegmentation needs one or two thresholds.
    #[error("resegmentation needs one or two thresholds, not {found}")]
    Thresholds {
        /// How many were given.
        found: usize,
    },
    /// Resegmentation left too little of the region.
    #[error("resegmentation left {left} of the region's {voxels} voxels, at least 2 are needed")]
    Resegmented {
        /// Voxels left.
        left: usize,
        /// Voxels before.
        voxels: usize,
    },
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

fn list(labels: &[u32]) -> String {
    labels.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}
