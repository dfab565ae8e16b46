use radsql_volume::VolumeError;

/// What can be wrong with settings, a request, or a case.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RadiomicsError {
    /// Image and mask do not fit together, or the mask is unusable.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// A bin width is not a positive finite number.
    #[error("bin width {width} is not possible: it must be a positive number, in the unit of the image")]
    BinWidth {
        /// The width asked for.
        width: f64,
    },
    /// A bin count is 0 or beyond [`MAX_LEVELS`](crate::MAX_LEVELS).
    #[error("bin count {count} is not possible: it must be between 1 and {most}")]
    BinCount {
        /// The count asked for.
        count: usize,
        /// Largest count.
        most: u16,
    },
    /// A list of distances is empty, repeats itself, or holds 0 or more than
    /// [`MAX_DISTANCE`](crate::MAX_DISTANCE).
    #[error(
        "distances {distances:?} are not possible: they must be different whole numbers of voxels from 1 to {most}"
    )]
    Distances {
        /// The distances asked for.
        distances: Vec<usize>,
        /// Largest distance.
        most: usize,
    },
    /// A name is not one of PyRadiomics' weighting norms.
    #[error("weighting norm '{name}' is unknown: use euclidean, manhattan, infinity or no_weighting")]
    WeightingNorm {
        /// The name asked for.
        name: String,
    },
    /// The smallest number of dimensions is not 1, 2 or 3.
    #[error("minimum ROI dimensions {dimensions} is not possible: use 1, 2 or 3")]
    MinimumRoiDimensions {
        /// The number asked for.
        dimensions: usize,
    },
    /// The axis left out by 2-D extraction is not 0 (z), 1 (y) or 2 (x).
    #[error("force2D dimension {dimension} is not possible: use 0 (slices along z), 1 (along y) or 2 (along x)")]
    Force2dDimension {
        /// The number asked for.
        dimension: usize,
    },
    /// The shift of intensities is NaN or infinite.
    #[error("voxel array shift {shift} is not possible: it must be a finite number")]
    VoxelArrayShift {
        /// The shift asked for.
        shift: f64,
    },
    /// The geometry tolerance is negative, NaN or infinite.
    #[error("geometry tolerance {tolerance} is not possible: it must be a number of at least 0")]
    GeometryTolerance {
        /// The tolerance asked for.
        tolerance: f64,
    },
    /// A name is neither a feature nor a class of features.
    #[error("feature '{name}' is unknown{}", crate::request::did_you_mean(nearest.as_deref()))]
    UnknownFeature {
        /// The name asked for.
        name: String,
        /// The feature or class whose name is closest, if one is close.
        nearest: Option<String>,
    },
    /// The region is one voxel.
    #[error("the region has only one voxel: no feature can be extracted from a single voxel")]
    SingleVoxel,
    /// The region's bounding box is longer than one voxel along too few axes.
    #[error(
        "the region has too few dimensions: its box is {} x {} x {} voxels (x, y, z), so {found} dimension(s), and at least {minimum} are required",
        size[0], size[1], size[2]
    )]
    TooFewDimensions {
        /// Voxels of the bounding box along x, y, z.
        size: [usize; 3],
        /// Axes along which the box is longer than one voxel.
        found: usize,
        /// Smallest number of such axes.
        minimum: usize,
    },
    /// The region has too few voxels.
    #[error("the region is too small: it has {found} voxels and needs more than {minimum}")]
    TooFewVoxels {
        /// Voxels in the region.
        found: usize,
        /// `minimumROISize`: the region needs more voxels than this.
        minimum: usize,
    },
    /// The image is not a number somewhere inside the region.
    #[error(
        "inside the region {nan} of {voxels} voxels are NaN and {infinite} are infinite: mask them out or repair the image"
    )]
    NonFinite {
        /// Voxels that are NaN.
        nan: usize,
        /// Voxels that are infinite.
        infinite: usize,
        /// Voxels in the region.
        voxels: usize,
    },
    /// More grey levels than the texture matrices are made for.
    #[error(
        "values {minimum} to {maximum} in bins of {width} make {levels:.0} grey levels, and at most {most} are possible: choose a larger bin width"
    )]
    TooManyLevels {
        /// Smallest value in the region.
        minimum: f64,
        /// Largest value in the region.
        maximum: f64,
        /// Bin width.
        width: f64,
        /// Grey levels that it makes.
        levels: f64,
        /// Most levels possible with these settings.
        most: u16,
    },
    /// The bin width is lost in the rounding of the values.
    #[error(
        "bin width {width} is below the precision of the values ({minimum} as {voxel_type}): choose a larger bin width"
    )]
    BinWidthBelowPrecision {
        /// Bin width.
        width: f64,
        /// Smallest value in the region.
        minimum: f64,
        /// Type of the image's voxels.
        voxel_type: &'static str,
    },
    /// No pair of voxels in the region's box lies at any of the distances, so that there is no direction to look in.
    #[error(
        "the region's box of {} x {} x {} voxels (x, y, z) has no two voxels at distances {distances:?}{}",
        size[0], size[1], size[2], if *in_plane { " within a slice" } else { "" }
    )]
    NoDirections {
        /// Voxels of the bounding box along x, y, z.
        size: [usize; 3],
        /// The distances asked for.
        distances: Vec<usize>,
        /// Whether only directions within slices were allowed.
        in_plane: bool,
    },
    /// 2-D shape without the axis along which the region is flat.
    #[error("shape2D features need a plane: set force2D to true and force2Ddimension to the axis of the slices")]
    NoPlane,
    /// 2-D shape of a region of several slices.
    #[error("shape2D features need a region of one slice: along force2D dimension {dimension} it has {slices}")]
    NotOneSlice {
        /// `force2Ddimension`: 0 (slices along z), 1 (along y) or 2 (along x).
        dimension: usize,
        /// Slices from the first to the last voxel of the region.
        slices: usize,
    },
    /// The region is larger than the texture code counts.
    #[error("the region's box of {voxels} voxels is too large: at most {most} are possible")]
    TooLarge {
        /// Voxels of the box, with its margin.
        voxels: usize,
        /// Most voxels.
        most: usize,
    },
    /// The resampled image would be too large.
    #[error(
        "resampled, the region with its surroundings would have {} x {} x {} voxels (x, y, z), and at most {most} are possible: choose a larger resampledPixelSpacing",
        size[0], size[1], size[2]
    )]
    Resampled {
        /// Voxels along x, y, z.
        size: [usize; 3],
        /// Most voxels.
        most: usize,
    },
    /// What went wrong with one image type.
    #[error("in image {image_type}: {source}")]
    Image {
        /// Name of the image, such as `wavelet-LLH`.
        image_type: String,
        /// What went wrong.
        source: Box<RadiomicsError>,
    },
    /// The caller asked to stop.
    #[error("the extraction was cancelled")]
    Cancelled,
}

impl RadiomicsError {
    /// Says in which image it went wrong. In the original image, and where the caller asked to stop, there is nothing to add.
    pub(crate) fn in_image(self, image_type: &str) -> Self {
        match self {
            Self::Cancelled | Self::Volume(VolumeError::Cancelled) => Self::Cancelled,
            other if image_type == crate::catalogue::ORIGINAL => other,
            other => Self::Image {
                image_type: image_type.to_owned(),
                source: Box::new(other),
            },
        }
    }
}
