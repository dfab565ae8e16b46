use crate::error::VolumeError;
use std::fmt;

/// Where voxels lie in space: the geometry of an ITK image.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    size: [usize; 3],
    spacing: [f64; 3],
    origin: [f64; 3],
    direction: [[f64; 3]; 3],
}

impl Grid {
    /// A grid of `size` voxels along x, y, z.
    ///
    /// `spacing` is millimetres between voxel centres, `origin` the physical point (LPS, mm) of voxel (0, 0, 0), and
    /// `direction[r][c]` the r-th physical component of the unit vector along index axis c.
    ///
    /// # Errors
    /// [`VolumeError::Size`], [`VolumeError::Spacing`] or [`VolumeError::Orientation`] when a number is impossible.
    pub fn new(
        size: [usize; 3],
        spacing: [f64; 3],
        origin: [f64; 3],
        direction: [[f64; 3]; 3],
    ) -> Result<Self, VolumeError> {
        let voxels = size.iter().try_fold(1usize, |n, &k| n.checked_mul(k));
        // 8 bytes a voxel at most: the whole volume has to be addressable.
        if voxels.is_none_or(|n| n == 0 || n.checked_mul(8).is_none_or(|b| b > isize::MAX as usize)) {
            return Err(VolumeError::Size { size });
        }
        if !spacing.iter().all(|s| s.is_finite() && *s > 0.0) {
            return Err(VolumeError::Spacing { spacing });
        }
        if !origin.iter().chain(direction.iter().flatten()).all(|v| v.is_finite()) {
            return Err(VolumeError::Orientation {
                reason: "origin or direction is not a finite number".into(),
            });
        }
        if determinant(&direction).abs() < 1e-6 {
            return Err(VolumeError::Orientation {
                reason: "the direction vectors do not span space".into(),
            });
        }
        Ok(Self {
            size,
            spacing,
            origin,
            direction,
        })
    }

    /// Voxels along x, y, z.
    pub fn size(&self) -> [usize; 3] {
        self.size
    }

    /// Millimetres between voxel centres along x, y, z.
    pub fn spacing(&self) -> [f64; 3] {
        self.spacing
    }

    /// Physical point (LPS, mm) of voxel (0, 0, 0).
    pub fn origin(&self) -> [f64; 3] {
        self.origin
    }

    /// Direction cosines; column c is the unit vector of index axis c.
    pub fn direction(&self) -> [[f64; 3]; 3] {
        self.direction
    }

    /// Number of voxels.
    pub fn voxels(&self) -> usize {
        self.size.iter().product()
    }

    /// Volume of one voxel in mm³.
    pub fn voxel_volume(&self) -> f64 {
        self.spacing[0] * self.spacing[1] * self.spacing[2]
    }

    /// Shape of an array on this grid, `(nz, ny, nx)`.
    pub fn shape(&self) -> (usize, usize, usize) {
        (self.size[2], self.size[1], self.size[0])
    }

    /// Physical point (LPS, mm) of a continuous index (x, y, z).
    pub fn physical(&self, index: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|r| {
            self.origin[r]
                + (0..3)
                    .map(|c| self.direction[r][c] * self.spacing[c] * index[c])
                    .sum::<f64>()
        })
    }

    /// Compares an image's grid with a mask's (`other`) as PyRadiomics does through SimpleITK's
    /// `LabelStatisticsImageFilter`: sizes equal, origin and spacing within `tolerance` times the mask's first spacing,
    /// direction cosines within `tolerance`. PyRadiomics' default tolerance is 1e-6.
    ///
    /// It is the mask's spacing because ITK (`itk::ImageToImageFilter::VerifyInputInformation`) compares all inputs with the
    /// first one by name, and `LabelInput` comes before `Primary`.
    ///
    /// # Errors
    /// [`GridMismatch`] lists every property that differs.
    pub fn same_as(&self, other: &Grid, tolerance: f64) -> Result<(), GridMismatch> {
        let coordinate = tolerance * other.spacing[0].abs();
        let mut differences = Vec::new();
        if self.size != other.size {
            differences.push(Difference::Size {
                image: self.size,
                mask: other.size,
            });
        }
        let by = largest(self.spacing.iter().zip(&other.spacing));
        if by > coordinate {
            differences.push(Difference::Spacing {
                image: self.spacing,
                mask: other.spacing,
                by,
            });
        }
        let by = largest(self.origin.iter().zip(&other.origin));
        if by > coordinate {
            differences.push(Difference::Origin {
                image: self.origin,
                mask: other.origin,
                by,
            });
        }
        let by = largest(self.direction.iter().flatten().zip(other.direction.iter().flatten()));
        if by > tolerance {
            differences.push(Difference::Direction {
                image: self.direction,
                mask: other.direction,
                by,
            });
        }
        if differences.is_empty() {
            Ok(())
        } else {
            Err(GridMismatch { differences })
        }
    }
}

fn largest<'a>(pairs: impl Iterator<Item = (&'a f64, &'a f64)>) -> f64 {
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn determinant(m: &[[f64; 3]; 3]) -> f64 {
    m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
}

/// One property in which a mask's grid differs from its image's.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Difference {
    /// Voxels along x, y, z.
    Size {
        /// The image's.
        image: [usize; 3],
        /// The mask's.
        mask: [usize; 3],
    },
    /// Millimetres along x, y, z.
    Spacing {
        /// The image's.
        image: [f64; 3],
        /// The mask's.
        mask: [f64; 3],
        /// Largest absolute difference, mm.
        by: f64,
    },
    /// Physical point of the first voxel.
    Origin {
        /// The image's.
        image: [f64; 3],
        /// The mask's.
        mask: [f64; 3],
        /// Largest absolute difference, mm.
        by: f64,
    },
    /// Direction cosines.
    Direction {
        /// The image's.
        image: [[f64; 3]; 3],
        /// The mask's.
        mask: [[f64; 3]; 3],
        /// Largest absolute difference of one cosine.
        by: f64,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { image, mask } => write!(
                f,
                "size is {} in the image and {} in the mask",
                triple(image),
                triple(mask)
            ),
            Self::Spacing { image, mask, by } => {
                write!(
                    f,
                    "spacing is {} mm in the image and {} mm in the mask (differs by {} mm)",
                    numbers(image),
                    numbers(mask),
                    amount(*by)
                )
            }
            Self::Origin { image, mask, by } => {
                write!(
                    f,
                    "origin is {} mm in the image and {} mm in the mask (differs by {} mm)",
                    numbers(image),
                    numbers(mask),
                    amount(*by)
                )
            }
            Self::Direction { image, mask, by } => {
                let rows = |d: &[[f64; 3]; 3]| d.iter().map(numbers).collect::<Vec<_>>().join(" ");
                write!(
                    f,
                    "direction is {} in the image and {} in the mask (differs by {})",
                    rows(image),
                    rows(mask),
                    amount(*by)
                )
            }
        }
    }
}

fn triple<T: fmt::Display>(v: &[T; 3]) -> String {
    format!("({}, {}, {})", v[0], v[1], v[2])
}

/// A triple of numbers; adding 0 takes the sign from -0.
fn numbers(v: &[f64; 3]) -> String {
    triple(&v.map(|x| x + 0.0))
}

/// A difference with four figures.
fn amount(by: f64) -> String {
    if by >= 0.001 {
        format!("{by:.4}")
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned()
    } else {
        format!("{by:.3e}")
    }
}

/// Every property in which a mask's grid differs from its image's.
#[derive(Debug, Clone, PartialEq)]
pub struct GridMismatch {
    /// In the order size, spacing, origin, direction; never empty.
    pub differences: Vec<Difference>,
}

impl fmt::Display for GridMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, d) in self.differences.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{d}")?;
        }
        Ok(())
    }
}

impl std::error::Error for GridMismatch {}
