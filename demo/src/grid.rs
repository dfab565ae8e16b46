//! The voxels of one scan, in millimetres.

/// A point or a vector in millimetres: x to the patient's right, y to the front, z to the head (NIfTI's RAS+).
pub(crate) type Point = [f64; 3];

/// An axis-aligned grid whose world coordinates have their zero in the middle of the body.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Grid {
    pub(crate) size: [usize; 3],
    pub(crate) spacing: [f64; 3],
}

impl Grid {
    /// The centre of the first voxel.
    pub(crate) fn origin(&self) -> Point {
        [0, 1, 2].map(|axis| -0.5 * (self.size[axis] as f64 - 1.0) * self.spacing[axis])
    }

    /// Millimetres from the middle to the outer face of the last slice.
    pub(crate) fn half_height(&self) -> f64 {
        0.5 * self.size[2] as f64 * self.spacing[2]
    }

    /// Volume of one voxel in millilitres.
    pub(crate) fn voxel_ml(&self) -> f64 {
        self.spacing[0] * self.spacing[1] * self.spacing[2] / 1000.0
    }

    /// Every voxel's place, x fastest, as NIfTI stores them.
    pub(crate) fn voxels(&self) -> impl Iterator<Item = ([usize; 3], Point)> + '_ {
        let origin = self.origin();
        let [nx, ny, nz] = self.size;
        let place = move |axis: usize, index: usize| origin[axis] + index as f64 * self.spacing[axis];
        (0..nz).flat_map(move |z| {
            (0..ny).flat_map(move |y| {
                (0..nx).map(move |x| {
                    let index = [x, y, z];
                    (index, [place(0, x), place(1, y), place(2, z)])
                })
            })
        })
    }
}
