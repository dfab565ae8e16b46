//! The voxels of one scan, in millimetres.

/// A point or a vector in millimetres: x to the patient's right, y to the front, z to the head, zero in the middle of the
/// body.
pub(crate) type Point = [f64; 3];

/// An axis-aligned grid around the middle of the body.
///
/// Voxels lie in the order of DICOM: x fastest, from the patient's right to the left, then y from the front to the back, then
/// z from the feet to the head.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Grid {
    pub(crate) size: [usize; 3],
    pub(crate) spacing: [f64; 3],
    /// Where the scanner has the body's middle: millimetres to the left, to the back, to the head (LPS).
    pub(crate) middle: [f64; 3],
}

/// Steps along the axes of [`Point`] as an index grows.
const STEPS: Point = [-1.0, -1.0, 1.0];

impl Grid {
    /// Spacings are whole numbers of this part of a millimetre, `middle` too: so an origin has few enough digits to be the
    /// same number as `f32` and as a decimal of DICOM's 16 characters.
    pub(crate) const PARTS: f64 = 64.0;

    /// The centre of the first voxel in the body.
    pub(crate) fn first(&self) -> Point {
        [0, 1, 2].map(|axis| -STEPS[axis] * self.half(axis))
    }

    /// The centre of the first voxel where the scanner has it, LPS.
    pub(crate) fn origin(&self) -> [f64; 3] {
        [0, 1, 2].map(|axis| self.middle[axis] - self.half(axis))
    }

    /// Millimetres from the middle to the centre of the last voxel.
    fn half(&self, axis: usize) -> f64 {
        0.5 * (self.size[axis] as f64 - 1.0) * self.spacing[axis]
    }

    /// Millimetres from the middle to the outer face of the last slice.
    pub(crate) fn half_height(&self) -> f64 {
        0.5 * self.size[2] as f64 * self.spacing[2]
    }

    /// Volume of one voxel in millilitres.
    pub(crate) fn voxel_ml(&self) -> f64 {
        self.spacing[0] * self.spacing[1] * self.spacing[2] / 1000.0
    }

    /// Every voxel's place in the body, in the voxels' order.
    pub(crate) fn voxels(&self) -> impl Iterator<Item = Point> + '_ {
        let first = self.first();
        let [nx, ny, nz] = self.size;
        let place = move |axis: usize, index: usize| first[axis] + STEPS[axis] * index as f64 * self.spacing[axis];
        (0..nz)
            .flat_map(move |z| (0..ny).flat_map(move |y| (0..nx).map(move |x| [place(0, x), place(1, y), place(2, z)])))
    }

    /// The first voxel and the size of a box that holds all within `reach` of a point along each axis.
    pub(crate) fn around(&self, centre: Point, reach: f64) -> ([usize; 3], [usize; 3]) {
        let first = self.first();
        let index = |axis: usize, offset: f64| {
            let index = STEPS[axis] * (centre[axis] - first[axis]) / self.spacing[axis] + offset;
            index.clamp(0.0, self.size[axis] as f64) as usize
        };
        let from = [0, 1, 2].map(|axis| index(axis, -reach / self.spacing[axis]));
        let to = [0, 1, 2].map(|axis| index(axis, reach / self.spacing[axis] + 1.0));
        (from, [0, 1, 2].map(|axis| to[axis].saturating_sub(from[axis])))
    }
}
