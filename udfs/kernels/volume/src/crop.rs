//! Boxes cut out of grids, volumes and masks. What is cut out lies where it lay in space.

use crate::error::VolumeError;
use crate::grid::Grid;
use crate::mask::{Bounds, Mask};
use crate::voxels::Volume;
use crate::with_voxels;
use ndarray::{AxisDescription, Slice};

impl Bounds {
    /// The box of a whole grid.
    pub fn whole(grid: &Grid) -> Self {
        Self {
            lower: [0; 3],
            size: grid.size(),
        }
    }

    /// One past the last voxel along x, y, z.
    pub fn upper(&self) -> [usize; 3] {
        std::array::from_fn(|d| self.lower[d].saturating_add(self.size[d]))
    }

    /// Whether every voxel of `other` lies in this box.
    pub fn contains(&self, other: &Bounds) -> bool {
        (0..3).all(|d| other.lower[d] >= self.lower[d] && other.upper()[d] <= self.upper()[d])
    }

    /// The smallest box that holds both.
    pub fn union(&self, other: &Bounds) -> Self {
        let lower = std::array::from_fn(|d| self.lower[d].min(other.lower[d]));
        Self {
            lower,
            size: std::array::from_fn(|d| self.upper()[d].max(other.upper()[d]) - lower[d]),
        }
    }

    /// This box with `below` and `above` more voxels along x, y, z, cut at the edges of `grid`.
    pub fn grown(&self, below: [usize; 3], above: [usize; 3], grid: &Grid) -> Self {
        let lower = std::array::from_fn(|d| self.lower[d].saturating_sub(below[d]));
        Self {
            lower,
            size: std::array::from_fn(|d| {
                let upper = self.upper()[d].saturating_add(above[d]).min(grid.size()[d]);
                upper.saturating_sub(lower[d])
            }),
        }
    }

    /// The same voxels, counted from the first voxel of `outer`, which holds them.
    pub fn within(&self, outer: &Bounds) -> Self {
        Self {
            lower: std::array::from_fn(|d| self.lower[d].saturating_sub(outer.lower[d])),
            size: self.size,
        }
    }
}

impl Grid {
    /// The grid of the voxels in `bounds`.
    ///
    /// # Errors
    /// [`VolumeError::Outside`] when the box is empty or leaves the grid.
    pub fn crop(&self, bounds: &Bounds) -> Result<Self, VolumeError> {
        if bounds.size.contains(&0) || !Bounds::whole(self).contains(bounds) {
            return Err(VolumeError::Outside {
                lower: bounds.lower,
                size: bounds.size,
                grid: self.size(),
            });
        }
        // ITK's order of the sum for whole indices (`TransformIndexToPhysicalPoint`): the origin comes first.
        let (direction, spacing) = (self.direction(), self.spacing());
        let origin = std::array::from_fn(|r| {
            (0..3).fold(self.origin()[r], |sum, c| {
                sum + direction[r][c] * spacing[c] * bounds.lower[c] as f64
            })
        });
        Self::new(bounds.size, self.spacing(), origin, self.direction())
    }
}

impl Volume {
    /// A copy of the voxels in `bounds`.
    ///
    /// # Errors
    /// [`VolumeError::Outside`] when the box is empty or leaves the grid.
    pub fn crop(&self, bounds: &Bounds) -> Result<Self, VolumeError> {
        let grid = self.grid().crop(bounds)?;
        with_voxels!(self.voxels(), a => {
            Self::new(grid, a.slice_each_axis(part_of(bounds)).as_standard_layout().into_owned())
        })
    }
}

impl Mask {
    /// The same region on the grid of the voxels in `bounds`, which must hold the region.
    ///
    /// # Errors
    /// [`VolumeError::Outside`] when the box leaves the grid or does not hold the region.
    pub fn crop(&self, bounds: &Bounds) -> Result<Self, VolumeError> {
        let grid = self.grid().crop(bounds)?;
        if !bounds.contains(&self.bounds()) {
            return Err(VolumeError::Outside {
                lower: self.bounds().lower,
                size: self.bounds().size,
                grid: bounds.size,
            });
        }
        Ok(self.on(grid, self.bounds().within(bounds)))
    }

    /// The part of the region that lies in a box, on the same grid.
    ///
    /// # Errors
    /// [`VolumeError::EmptyMask`] when there is none, [`VolumeError::Outside`] when the box leaves the grid.
    pub fn within(&self, bounds: &Bounds) -> Result<Self, VolumeError> {
        let region = self.bounds();
        let lower = std::array::from_fn(|d| region.lower[d].max(bounds.lower[d]));
        let upper: [usize; 3] = std::array::from_fn(|d| region.upper()[d].min(bounds.upper()[d]));
        if (0..3).any(|d| upper[d] <= lower[d]) {
            return Err(VolumeError::EmptyMask);
        }
        let size = std::array::from_fn(|d| upper[d] - lower[d]);
        let common = Bounds { lower, size };
        let part = part_of(&common.within(&region));
        let inside = self.inside().slice_each_axis(part).as_standard_layout().into_owned();
        Self::from_inside(self.grid().clone(), common, &inside)
    }
}

/// A box of an array `[[z, y, x]]`, axis by axis.
fn part_of(bounds: &Bounds) -> impl Fn(AxisDescription) -> Slice + use<> {
    let (from, to) = (bounds.lower, bounds.upper());
    // Axis 0 of the array is z.
    move |axis| Slice::from(from[2 - axis.axis.index()]..to[2 - axis.axis.index()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    fn grid() -> Grid {
        // y runs along -x of space, x along y.
        let direction = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]];
        Grid::new([5, 4, 3], [0.5, 2.0, 3.0], [10.0, 20.0, 30.0], direction).unwrap()
    }

    #[test]
    fn a_crop_lies_where_it_lay() {
        let voxels = Array3::from_shape_fn((3, 4, 5), |(z, y, x)| (100 * z + 10 * y + x) as i16);
        let volume = Volume::new(grid(), voxels).unwrap();
        let bounds = Bounds {
            lower: [1, 2, 1],
            size: [3, 2, 2],
        };
        let cut = volume.crop(&bounds).unwrap();
        assert_eq!(cut.grid().origin(), grid().physical([1.0, 2.0, 1.0]));
        assert_eq!(cut.grid().size(), [3, 2, 2]);
        let crate::Voxels::I16(a) = cut.voxels() else { panic!() };
        assert_eq!((a[[0, 0, 0]], a[[1, 1, 2]]), (121, 233));

        let labels = Array3::from_shape_fn((3, 4, 5), |(z, y, x)| u8::from(z == 1 && y == 2 && (1..3).contains(&x)));
        let mask = Mask::from_labels(&Volume::new(grid(), labels).unwrap(), 1).unwrap();
        let cut = mask.crop(&bounds).unwrap();
        assert_eq!((cut.bounds().lower, cut.voxels()), ([0, 0, 0], 2));
        assert_eq!(cut.grid(), &grid().crop(&bounds).unwrap());

        let left = Bounds {
            lower: [0, 1, 0],
            size: [2, 3, 3],
        };
        let part = mask.within(&left).unwrap();
        assert_eq!(
            (part.bounds().lower, part.voxels(), part.grid()),
            ([1, 2, 1], 1, mask.grid())
        );
        assert!(matches!(
            mask.within(&Bounds {
                lower: [3, 0, 0],
                ..left
            }),
            Err(VolumeError::EmptyMask)
        ));
    }

    #[test]
    fn boxes() {
        let b = Bounds {
            lower: [1, 1, 1],
            size: [2, 2, 1],
        };
        let grown = b.grown([2, 1, 0], [1, 9, 1], &grid());
        assert_eq!((grown.lower, grown.size), ([0, 0, 1], [4, 4, 2]));
        assert!(grown.contains(&b) && !b.contains(&grown));
        assert_eq!(b.within(&grown).lower, [1, 1, 0]);
        assert_eq!(b.union(&grown), grown);
        let outside = Bounds {
            lower: [0, 0, 2],
            size: [1, 1, 2],
        };
        assert!(matches!(grid().crop(&outside), Err(VolumeError::Outside { .. })));
    }
}
