use crate::error::VolumeError;
use crate::grid::Grid;
use crate::voxels::Volume;
use crate::with_voxels;
use ndarray::Array3;
use std::collections::BTreeSet;

/// A box of voxels: first index and number of voxels along x, y, z.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// First voxel along x, y, z.
    pub lower: [usize; 3],
    /// Voxels along x, y, z.
    pub size: [usize; 3],
}

impl Bounds {
    /// Number of voxels in the box.
    pub fn voxels(&self) -> usize {
        self.size.iter().product()
    }
}

/// A region of interest: the voxels of one label, kept inside their bounding box. It has at least one voxel.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    grid: Grid,
    bounds: Bounds,
    inside: Array3<bool>,
    voxels: usize,
}

impl Mask {
    /// The voxels of `label` in a label volume.
    ///
    /// Voxels are compared as PyRadiomics does: cast to an unsigned 32-bit number first, so that fractions are cut.
    ///
    /// # Errors
    /// [`VolumeError::EmptyMask`] when every voxel is 0, [`VolumeError::LabelAbsent`] when the label is not among them.
    pub fn from_labels(labels: &Volume, label: u32) -> Result<Self, VolumeError> {
        with_voxels!(labels.voxels(), a => Self::collect(labels.grid(), label, a.as_slice().unwrap_or(&[])))
    }

    fn collect<T: Label>(grid: &Grid, label: u32, voxels: &[T]) -> Result<Self, VolumeError> {
        let is_inside = T::matcher(label);
        let [nx, ny, _] = grid.size();
        let (mut lo, mut hi) = ([usize::MAX; 3], [0usize; 3]);
        let mut count = 0;
        for (row, line) in voxels.chunks_exact(nx).enumerate() {
            // Most lines have nothing: a look without an early end runs over them fastest.
            if !line.iter().fold(false, |any, v| any | is_inside(v)) {
                continue;
            }
            let first = line.iter().position(&is_inside).unwrap_or(0);
            let last = line.iter().rposition(&is_inside).unwrap_or(first);
            let at = [first, row % ny, row / ny];
            for d in 0..3 {
                lo[d] = lo[d].min(at[d]);
                hi[d] = hi[d].max(at[d]);
            }
            hi[0] = hi[0].max(last);
            count += line[first..=last].iter().filter(|v| is_inside(v)).count();
        }
        if count == 0 {
            return Err(absent(label, voxels));
        }
        let bounds = Bounds {
            lower: lo,
            size: std::array::from_fn(|d| hi[d] - lo[d] + 1),
        };
        let mut inside = Array3::from_elem((bounds.size[2], bounds.size[1], bounds.size[0]), false);
        for (row, mut line) in inside.rows_mut().into_iter().enumerate() {
            let (y, z) = (lo[1] + row % bounds.size[1], lo[2] + row / bounds.size[1]);
            let start = (z * ny + y) * nx + lo[0];
            for (inside, v) in line.iter_mut().zip(&voxels[start..start + bounds.size[0]]) {
                *inside = is_inside(v);
            }
        }
        Ok(Self {
            grid: grid.clone(),
            bounds,
            inside,
            voxels: count,
        })
    }

    /// A region from which voxels of its box are inside, `[[z, y, x]]` on the box `bounds` of `grid`; the box is shrunk to
    /// the region.
    ///
    /// # Errors
    /// [`VolumeError::EmptyMask`] when none is, [`VolumeError::Outside`] when the box leaves the grid or is not the array's.
    pub fn from_inside(grid: Grid, bounds: Bounds, inside: &Array3<bool>) -> Result<Self, VolumeError> {
        let labels = Volume::new(grid.crop(&bounds)?, inside.mapv(u8::from))?;
        let found = match Self::from_labels(&labels, 1) {
            Err(VolumeError::LabelAbsent { .. }) => Err(VolumeError::EmptyMask),
            other => other,
        }?;
        let mut shrunk = found.bounds;
        for d in 0..3 {
            shrunk.lower[d] += bounds.lower[d];
        }
        Ok(found.on(grid, shrunk))
    }

    /// As [`Mask::from_inside`], where the box is known to be the smallest that holds the region: nothing is copied.
    ///
    /// # Errors
    /// As there, and [`VolumeError::Outside`] too when a side of the box has no voxel of the region.
    pub fn from_tight_box(grid: Grid, bounds: Bounds, inside: Array3<bool>) -> Result<Self, VolumeError> {
        let voxels = inside.iter().map(|v| usize::from(*v)).sum();
        if voxels == 0 {
            return Err(VolumeError::EmptyMask);
        }
        let sides = (0..3).all(|d| {
            let side = |at| inside.index_axis(ndarray::Axis(2 - d), at).iter().any(|v| *v);
            side(0) && side(inside.len_of(ndarray::Axis(2 - d)) - 1)
        });
        let (nz, ny, nx) = inside.dim();
        if !sides || bounds.size != [nx, ny, nz] || !inside.is_standard_layout() || grid.crop(&bounds).is_err() {
            return Err(VolumeError::Outside {
                lower: bounds.lower,
                size: bounds.size,
                grid: grid.size(),
            });
        }
        Ok(Self {
            grid,
            bounds,
            inside,
            voxels,
        })
    }

    /// The same voxels, moved to a box of another grid.
    pub(crate) fn on(&self, grid: Grid, bounds: Bounds) -> Self {
        Self {
            grid,
            bounds,
            inside: self.inside.clone(),
            voxels: self.voxels,
        }
    }

    /// The grid of the label volume.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The smallest box that holds the region.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Which voxels of the box belong to the region, `[[z, y, x]]`, standard layout.
    pub fn inside(&self) -> &Array3<bool> {
        &self.inside
    }

    /// Number of voxels in the region.
    pub fn voxels(&self) -> usize {
        self.voxels
    }

    /// The whole label volume: 1 in the region, 0 elsewhere.
    ///
    /// # Errors
    /// None for a mask that was made by this crate.
    pub fn to_labels(&self) -> Result<Volume, VolumeError> {
        let mut labels = Array3::<u8>::zeros(self.grid.shape());
        let [x, y, z] = self.bounds.lower;
        for ((k, j, i), inside) in self.inside.indexed_iter() {
            if let (true, Some(label)) = (*inside, labels.get_mut((z + k, y + j, x + i))) {
                *label = 1;
            }
        }
        Volume::new(self.grid.clone(), labels)
    }

    /// Volume of the region in mm³: voxels times voxel volume.
    pub fn volume(&self) -> f64 {
        self.voxels as f64 * self.grid.voxel_volume()
    }
}

fn absent<T: Label>(label: u32, voxels: &[T]) -> VolumeError {
    let found: BTreeSet<u32> = voxels.iter().map(T::label).filter(|&l| l != 0).collect();
    if found.is_empty() {
        return VolumeError::EmptyMask;
    }
    VolumeError::LabelAbsent {
        label,
        found: found.into_iter().take(20).collect(),
    }
}

/// A voxel of a label volume.
trait Label {
    /// SimpleITK's cast to UInt32: fractions are cut, what does not fit becomes 0 here (no label).
    fn label(&self) -> u32;
    /// Whether a voxel has the label.
    fn matcher(label: u32) -> impl Fn(&Self) -> bool;
}

macro_rules! labels {
    (whole: $($whole:ty)*; fractions: $($fraction:ty)*) => {
        $(impl Label for $whole {
            fn label(&self) -> u32 {
                u32::try_from(*self).unwrap_or(0)
            }
            fn matcher(label: u32) -> impl Fn(&Self) -> bool {
                let (wanted, possible) = <$whole>::try_from(label).map_or((0, false), |l| (l, true));
                move |v| possible & (*v == wanted)
            }
        })*
        $(impl Label for $fraction {
            fn label(&self) -> u32 {
                // From float to integer Rust cuts fractions and keeps to the range; NaN becomes 0.
                if *self < 4294967296.0 { *self as u32 } else { 0 }
            }
            fn matcher(label: u32) -> impl Fn(&Self) -> bool {
                move |v| v.label() == label
            }
        })*
    };
}
labels!(whole: u8 i8 u16 i16 u32 i32 u64 i64; fractions: f32 f64);
