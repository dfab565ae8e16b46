use crate::error::RadiomicsError;
use std::str::FromStr;

/// Most grey levels that an image may be cut into. PyRadiomics has no such bound, but its co-occurrence matrices would
/// take 450 GB at this number.
pub const MAX_LEVELS: u16 = u16::MAX;

/// Largest distance, in voxels, between the two voxels of a pair.
pub const MAX_DISTANCE: usize = 16;

/// How intensities become grey levels, separately for each region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Binning {
    /// Bins of one width whose edges are multiples of it: level = floor(x / width) - floor(min / width) + 1.
    Width(BinWidth),
    /// A number of bins between the region's smallest and largest value.
    Count(BinCount),
}

impl Binning {
    /// Bins of `width` in the unit of the image (`binWidth`).
    ///
    /// # Errors
    /// [`RadiomicsError::BinWidth`] unless the width is positive and finite.
    pub fn width(width: f64) -> Result<Self, RadiomicsError> {
        if width.is_finite() && width > 0.0 {
            Ok(Self::Width(BinWidth(width)))
        } else {
            Err(RadiomicsError::BinWidth { width })
        }
    }

    /// `count` bins (`binCount`).
    ///
    /// # Errors
    /// [`RadiomicsError::BinCount`] unless the count is between 1 and [`MAX_LEVELS`].
    pub fn count(count: usize) -> Result<Self, RadiomicsError> {
        match u16::try_from(count) {
            Ok(n) if n > 0 => Ok(Self::Count(BinCount(n))),
            _ => Err(RadiomicsError::BinCount {
                count,
                most: MAX_LEVELS,
            }),
        }
    }
}

/// A positive finite bin width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BinWidth(f64);

impl BinWidth {
    /// The width, in the unit of the image.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// A number of bins between 1 and [`MAX_LEVELS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BinCount(u16);

impl BinCount {
    /// The number of bins.
    pub fn get(self) -> u16 {
        self.0
    }
}

/// Distances in voxels (largest offset along any axis) at which GLCM, GLDM and NGTDM look for neighbours:
/// one or more different numbers from 1 to [`MAX_DISTANCE`], kept in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distances(Vec<usize>);

impl Distances {
    /// Checks a list of distances; its order has no meaning.
    ///
    /// # Errors
    /// [`RadiomicsError::Distances`] when the list is empty, repeats a number or leaves the range.
    pub fn new(distances: &[usize]) -> Result<Self, RadiomicsError> {
        let mut sorted = distances.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        if sorted.is_empty()
            || sorted.len() != distances.len()
            || sorted.iter().any(|d| !(1..=MAX_DISTANCE).contains(d))
        {
            return Err(RadiomicsError::Distances {
                distances: distances.to_vec(),
                most: MAX_DISTANCE,
            });
        }
        Ok(Self(sorted))
    }

    /// The distances, ascending.
    pub fn as_slice(&self) -> &[usize] {
        &self.0
    }

    pub(crate) fn largest(&self) -> usize {
        self.0.last().copied().unwrap_or(1)
    }
}

/// How the directions of GLCM and GLRLM are weighted and summed before features are computed. Without a norm, features
/// are computed in each direction and averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightingNorm {
    /// By the straight distance in mm.
    Euclidean,
    /// By the sum of the distances along the axes, mm.
    Manhattan,
    /// By the largest distance along an axis, mm.
    Infinity,
    /// All directions equal.
    NoWeighting,
}

impl FromStr for WeightingNorm {
    type Err = RadiomicsError;

    /// PyRadiomics' names: `euclidean`, `manhattan`, `infinity`, `no_weighting`.
    fn from_str(name: &str) -> Result<Self, RadiomicsError> {
        match name {
            "euclidean" => Ok(Self::Euclidean),
            "manhattan" => Ok(Self::Manhattan),
            "infinity" => Ok(Self::Infinity),
            "no_weighting" => Ok(Self::NoWeighting),
            _ => Err(RadiomicsError::WeightingNorm { name: name.to_owned() }),
        }
    }
}

/// An axis of the voxel grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Axis {
    /// Slices along z: PyRadiomics' dimension 0.
    Z,
    /// Slices along y: PyRadiomics' dimension 1.
    Y,
    /// Slices along x: PyRadiomics' dimension 2.
    X,
}

impl Axis {
    /// PyRadiomics' number of the axis (`force2Ddimension`), which counts as in an array `[z, y, x]`.
    ///
    /// # Errors
    /// [`RadiomicsError::Force2dDimension`] for a number other than 0, 1, 2.
    pub fn from_dimension(dimension: usize) -> Result<Self, RadiomicsError> {
        match dimension {
            0 => Ok(Self::Z),
            1 => Ok(Self::Y),
            2 => Ok(Self::X),
            _ => Err(RadiomicsError::Force2dDimension { dimension }),
        }
    }

    /// Position of the axis in an array `[z, y, x]`.
    pub fn dimension(self) -> usize {
        match self {
            Self::Z => 0,
            Self::Y => 1,
            Self::X => 2,
        }
    }
}

/// How features are extracted. The default is PyRadiomics' own; every part is checked when it is set.
///
/// ```
/// use radsql_radiomics::{Binning, Settings};
/// let settings = Settings::default().with_binning(Binning::width(10.0)?);
/// # Ok::<(), radsql_radiomics::RadiomicsError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub(crate) binning: Binning,
    pub(crate) symmetrical_glcm: bool,
    pub(crate) distances: Distances,
    pub(crate) weighting_norm: Option<WeightingNorm>,
    pub(crate) gldm_a: u32,
    pub(crate) voxel_array_shift: f64,
    pub(crate) minimum_roi_dimensions: usize,
    pub(crate) minimum_roi_size: Option<usize>,
    pub(crate) force2d: Option<Axis>,
    pub(crate) geometry_tolerance: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            binning: Binning::Width(BinWidth(25.0)),
            symmetrical_glcm: true,
            distances: Distances(vec![1]),
            weighting_norm: None,
            gldm_a: 0,
            voxel_array_shift: 0.0,
            minimum_roi_dimensions: 2,
            minimum_roi_size: None,
            force2d: None,
            geometry_tolerance: 1e-6,
        }
    }
}

impl Settings {
    /// How intensities become grey levels; default bins of width 25 (`binWidth`, `binCount`).
    pub fn with_binning(self, binning: Binning) -> Self {
        Self { binning, ..self }
    }

    /// Whether a GLCM counts each pair in both directions; default true (`symmetricalGLCM`).
    pub fn with_symmetrical_glcm(self, symmetrical_glcm: bool) -> Self {
        Self {
            symmetrical_glcm,
            ..self
        }
    }

    /// Distances between the voxels of a pair; default 1 (`distances`). GLRLM and GLSZM always use 1.
    pub fn with_distances(self, distances: Distances) -> Self {
        Self { distances, ..self }
    }

    /// Weighting of directions; default none (`weightingNorm`).
    pub fn with_weighting_norm(self, weighting_norm: Option<WeightingNorm>) -> Self {
        Self { weighting_norm, ..self }
    }

    /// Largest difference of grey levels between dependent voxels in a GLDM; default 0 (`gldm_a`).
    pub fn with_gldm_a(self, gldm_a: u32) -> Self {
        Self { gldm_a, ..self }
    }

    /// Added to every intensity before Energy, TotalEnergy and RootMeanSquared; default 0 (`voxelArrayShift`).
    ///
    /// # Errors
    /// [`RadiomicsError::VoxelArrayShift`] unless the shift is finite.
    pub fn with_voxel_array_shift(self, shift: f64) -> Result<Self, RadiomicsError> {
        if !shift.is_finite() {
            return Err(RadiomicsError::VoxelArrayShift { shift });
        }
        Ok(Self {
            voxel_array_shift: shift,
            ..self
        })
    }

    /// Number of axes along which the region must be longer than one voxel; default 2 (`minimumROIDimensions`). A
    /// single voxel is refused whatever the number.
    ///
    /// # Errors
    /// [`RadiomicsError::MinimumRoiDimensions`] unless the number is 1, 2 or 3.
    pub fn with_minimum_roi_dimensions(self, dimensions: usize) -> Result<Self, RadiomicsError> {
        if !(1..=3).contains(&dimensions) {
            return Err(RadiomicsError::MinimumRoiDimensions { dimensions });
        }
        Ok(Self {
            minimum_roi_dimensions: dimensions,
            ..self
        })
    }

    /// Number of voxels that the region must exceed; default none (`minimumROISize`).
    pub fn with_minimum_roi_size(self, voxels: Option<usize>) -> Self {
        Self {
            minimum_roi_size: voxels,
            ..self
        }
    }

    /// Textures slice by slice along an axis (`force2D`, `force2Ddimension`); default none, textures in 3-D.
    pub fn with_force2d(self, force2d: Option<Axis>) -> Self {
        Self { force2d, ..self }
    }

    /// Tolerance of the comparison of the image's and the mask's grid; default 1e-6 (`geometryTolerance`). See
    /// [`radsql_volume::Grid::same_as`].
    ///
    /// # Errors
    /// [`RadiomicsError::GeometryTolerance`] unless the tolerance is finite and at least 0.
    pub fn with_geometry_tolerance(self, tolerance: f64) -> Result<Self, RadiomicsError> {
        if !(tolerance.is_finite() && tolerance >= 0.0) {
            return Err(RadiomicsError::GeometryTolerance { tolerance });
        }
        Ok(Self {
            geometry_tolerance: tolerance,
            ..self
        })
    }

    /// How intensities become grey levels.
    pub fn binning(&self) -> Binning {
        self.binning
    }

    /// The axis along which textures are taken slice by slice.
    pub fn force2d(&self) -> Option<Axis> {
        self.force2d
    }

    /// The settings that decide about the region, as a text that is equal only for equal ones.
    pub(crate) fn definition_of_region(&self) -> String {
        format!(
            "{:?} {:?} {:?} {:?}",
            self.minimum_roi_dimensions, self.minimum_roi_size, self.force2d, self.geometry_tolerance
        )
    }

    /// Tolerance of the comparison of grids.
    pub fn geometry_tolerance(&self) -> f64 {
        self.geometry_tolerance
    }
}
