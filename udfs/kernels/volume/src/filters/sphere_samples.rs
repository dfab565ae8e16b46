//! Samples around a voxel as SciPy stores them, and their kurtosis with its bits.

use super::sampling::Voxel;

/// A type of voxels, which the samples have too.
pub(super) trait Sample: Voxel {
    /// What the kurtosis is computed in.
    type Real: Default + Copy;
    /// Whether the sample is stored as it is.
    const AS_IT_IS: bool;
    /// The sample as SciPy stores it: rounded to the nearest whole number, halves away from 0, and kept in range.
    fn stored(t: f64) -> f64;
    fn real(sample: f64) -> Self::Real;
    fn kurtosis(samples: &mut [Self::Real]) -> f64;
}

macro_rules! whole {
    ($($t:ty)*) => { $(impl Sample for $t {
        type Real = f64;
        const AS_IT_IS: bool = false;
        #[inline(always)]
        fn stored(t: f64) -> f64 {
            (if t > 0.0 { t + 0.5 } else { t - 0.5 }) as $t as f64
        }
        #[inline(always)]
        fn real(sample: f64) -> f64 { sample }
        fn kurtosis(samples: &mut [f64]) -> f64 { moments::kurtosis_f64(samples) }
    })* };
}
whole!(u8 i8 u16 i16 u32 i32 u64 i64);

impl Sample for f32 {
    type Real = f32;
    const AS_IT_IS: bool = false;
    #[inline(always)]
    fn stored(t: f64) -> f64 {
        f64::from(t as f32)
    }
    #[inline(always)]
    fn real(sample: f64) -> f32 {
        sample as f32
    }
    fn kurtosis(samples: &mut [f32]) -> f64 {
        f64::from(moments::kurtosis_f32(samples))
    }
}

impl Sample for f64 {
    type Real = f64;
    const AS_IT_IS: bool = true;
    #[inline(always)]
    fn stored(t: f64) -> f64 {
        t
    }
    #[inline(always)]
    fn real(sample: f64) -> f64 {
        sample
    }
    fn kurtosis(samples: &mut [f64]) -> f64 {
        moments::kurtosis_f64(samples)
    }
}

/// `scipy.stats.kurtosis` of one row, in the type of the samples.
mod moments {
    macro_rules! kurtosis {
        ($name:ident, $sum:ident, $t:ty) => {
            /// The excess kurtosis, NaN where the samples are equal up to rounding. The samples are used up.
            pub(super) fn $name(samples: &mut [$t]) -> $t {
                let n = samples.len() as $t;
                let mean = $sum(samples) / n;
                for s in samples.iter_mut() {
                    *s = (*s - mean) * (*s - mean);
                }
                let second = $sum(samples) / n;
                for s in samples.iter_mut() {
                    *s *= *s;
                }
                let fourth = $sum(samples) / n;
                let least = <$t>::EPSILON * mean;
                if second <= least * least {
                    return <$t>::NAN;
                }
                fourth / (second * second) - 3.0
            }

            /// numpy's pairwise sum.
            fn $sum(values: &[$t]) -> $t {
                if values.len() < 8 {
                    return values.iter().fold(0.0, |sum, v| sum + v);
                }
                if values.len() > 128 {
                    let half = values.len() / 2;
                    let (a, b) = values.split_at(half - half % 8);
                    return $sum(a) + $sum(b);
                }
                let mut r = [0.0; 8];
                let chunks = values.chunks_exact(8);
                let rest = chunks.remainder();
                for chunk in chunks {
                    for (r, v) in r.iter_mut().zip(chunk) {
                        *r += v;
                    }
                }
                let eight = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
                rest.iter().fold(eight, |sum, v| sum + v)
            }
        };
    }
    kurtosis!(kurtosis_f32, sum_f32, f32);
    kurtosis!(kurtosis_f64, sum_f64, f64);
}
