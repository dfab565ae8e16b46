use crate::grid::Grid;
use crate::mask::Mask;
use crate::voxels::Volume;
use crate::with_voxels;
use std::fmt;

/// The range of an image's voxels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Intensities {
    /// Voxels that are finite numbers.
    pub finite: usize,
    /// Voxels that are NaN or infinite.
    pub not_finite: usize,
    /// Smallest finite voxel.
    pub minimum: f64,
    /// Largest finite voxel.
    pub maximum: f64,
    /// Mean of the finite voxels.
    pub mean: f64,
}

impl Volume {
    /// The range of the voxels, `None` when not one of them is finite.
    ///
    /// Lines along x are summed first, then their sums, always in the same order.
    pub fn intensities(&self) -> Option<Intensities> {
        let [nx, ..] = self.grid().size();
        #[allow(clippy::unnecessary_cast)] // one arm of the macro is f64 already
        let (finite, sum, minimum, maximum) = with_voxels!(self.voxels(), a => {
            let mut all = (0usize, 0f64, f64::INFINITY, f64::NEG_INFINITY);
            for line in a.as_slice().unwrap_or(&[]).chunks(nx) {
                let mut one = (0usize, 0f64, f64::INFINITY, f64::NEG_INFINITY);
                for v in line.iter().map(|v| *v as f64).filter(|v| v.is_finite()) {
                    one = (one.0 + 1, one.1 + v, one.2.min(v), one.3.max(v));
                }
                all = (all.0 + one.0, all.1 + one.1, all.2.min(one.2), all.3.max(one.3));
            }
            all
        });
        (finite > 0).then(|| Intensities {
            finite,
            not_finite: self.voxels().len() - finite,
            minimum,
            maximum,
            mean: sum / finite as f64,
        })
    }

    /// A hash of what the image is: size, spacing, origin, directions, voxel type and voxels. How it was stored
    /// (format, compression, byte order, name) does not count, so that the same image under another name or compression has the
    /// same hash.
    ///
    /// BLAKE3 of the text `radsql image 1`, the grid (three 64-bit sizes, then spacing, origin and the rows of the directions
    /// as 64-bit floats, -0 as 0), numpy's name of the type with a 0 byte behind it, and the voxels with x fastest, all
    /// numbers little-endian.
    pub fn content_hash(&self) -> ContentHash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"radsql image 1");
        hash_grid(&mut hasher, self.grid());
        hasher.update(self.voxels().voxel_type().name().as_bytes());
        hasher.update(&[0]);
        with_voxels!(self.voxels(), a => {
            let voxels = a.as_slice().unwrap_or(&[]);
            if cfg!(target_endian = "little") {
                hasher.update(bytemuck::cast_slice(voxels));
            } else {
                for v in voxels {
                    hasher.update(&v.to_le_bytes());
                }
            }
        });
        ContentHash(hasher.finalize().into())
    }
}

impl Mask {
    /// A hash of what the region is: the grid, the bounding box and which voxels of it are inside. The number of the
    /// label and the type of the label volume do not count.
    ///
    /// BLAKE3 of the text `radsql mask 1`, the grid as in [`Volume::content_hash`], lower corner and size of the box as
    /// six 64-bit numbers, little-endian, and one byte (1 or 0) for each voxel of the box, x fastest.
    pub fn content_hash(&self) -> ContentHash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"radsql mask 1");
        hash_grid(&mut hasher, self.grid());
        let bounds = self.bounds();
        for n in bounds.lower.into_iter().chain(bounds.size) {
            hasher.update(&(n as u64).to_le_bytes());
        }
        let inside: Vec<u8> = self.inside().iter().map(|&inside| u8::from(inside)).collect();
        hasher.update(&inside);
        ContentHash(hasher.finalize().into())
    }
}

fn hash_grid(hasher: &mut blake3::Hasher, grid: &Grid) {
    for n in grid.size() {
        hasher.update(&(n as u64).to_le_bytes());
    }
    let numbers = grid.spacing().into_iter().chain(grid.origin());
    for v in numbers.chain(grid.direction().into_iter().flatten()) {
        // Adding 0 makes 0 of -0.
        hasher.update(&(v + 0.0).to_le_bytes());
    }
}

/// 256 bits that tell images or masks apart; displays as 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(
    /// The bits.
    pub [u8; 32],
);

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
