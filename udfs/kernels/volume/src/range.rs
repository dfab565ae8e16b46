use crate::voxels::Volume;
use crate::with_voxels;

/// Smallest and largest value of a whole image, as numpy's `min` and `max` give them: NaN if any voxel is NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Smallest value.
    pub minimum: f64,
    /// Largest value.
    pub maximum: f64,
}

impl Range {
    /// The range of no voxels, to begin with.
    pub const EMPTY: Self = Self {
        minimum: f64::INFINITY,
        maximum: f64::NEG_INFINITY,
    };

    /// The range of a volume's voxels.
    #[allow(clippy::unnecessary_cast)] // one arm of the macro is f64 already
    pub fn of(volume: &Volume) -> Self {
        let mut range = Self::EMPTY;
        with_voxels!(volume.voxels(), a => {
            // Lines are short enough to stay in the cache and long enough to run fast.
            for line in a.as_slice().unwrap_or_default().chunks(4096) {
                range.add(line.iter().map(|v| *v as f64));
            }
        });
        range
    }

    /// Adds values.
    pub fn add(&mut self, values: impl Iterator<Item = f64>) {
        let (mut low, mut high, mut nan) = (self.minimum, self.maximum, false);
        for v in values {
            // Comparisons rather than f64::min: they run several values at once.
            low = if v < low { v } else { low };
            high = if v > high { v } else { high };
            nan |= v.is_nan();
        }
        if nan || self.minimum.is_nan() {
            (low, high) = (f64::NAN, f64::NAN);
        }
        (self.minimum, self.maximum) = (low, high);
    }

    /// Largest absolute value.
    pub fn largest_magnitude(&self) -> f64 {
        if self.minimum.is_nan() {
            return f64::NAN;
        }
        self.minimum.abs().max(self.maximum.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_wins() {
        let mut range = Range::EMPTY;
        range.add([3.0, -5.0].into_iter());
        assert_eq!(
            (range.minimum, range.maximum, range.largest_magnitude()),
            (-5.0, 3.0, 5.0)
        );
        range.add([f64::NAN].into_iter());
        range.add([9.0].into_iter());
        assert!(range.minimum.is_nan() && range.maximum.is_nan() && range.largest_magnitude().is_nan());
    }
}
