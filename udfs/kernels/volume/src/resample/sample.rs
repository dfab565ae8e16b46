//! From an interpolated number to a voxel of the image's type.

/// A type of voxel.
pub(super) trait Sample: Copy {
    /// What ITK gives outside the image.
    const OUTSIDE: Self;
    fn real(self) -> f64;
    /// ITK's `CastPixelWithBoundsChecking`: cut to the type's range, fractions of whole numbers cut off.
    fn of(value: f64) -> Self;
    /// How far from ITK's value, relative to the largest coefficient, a value may lie for `settled` to judge it.
    const ERROR: f64 = 1e-7;
    /// Whether every number within `error` of `value` becomes the same voxel.
    fn settled(value: f64, error: f64) -> bool;
}

/// What ITK gives outside an image of these voxels.
pub(super) fn outside<T: Sample>(_: &[T]) -> T {
    T::OUTSIDE
}

macro_rules! whole {
    ($($type:ty)*) => {$(
        impl Sample for $type {
            const OUTSIDE: Self = 0;
            #[inline]
    fn real(self) -> f64 {
                self as f64
            }
            #[inline]
    fn of(value: f64) -> Self {
                value as Self
            }
            #[inline]
    fn settled(value: f64, error: f64) -> bool {
                // Numbers on either side of 0 are both cut to 0.
                let nearest = value.round();
                nearest == 0.0 || (value - nearest).abs() > error
            }
        }
    )*};
}
whole!(u8 i8 u16 i16 u32 i32 u64 i64);

impl Sample for f32 {
    const OUTSIDE: Self = 0.0;
    #[inline]
    fn real(self) -> f64 {
        f64::from(self)
    }
    #[inline]
    fn of(value: f64) -> Self {
        value.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32
    }
    #[inline]
    fn settled(value: f64, error: f64) -> bool {
        Self::of(value - error).to_bits() == Self::of(value + error).to_bits()
    }
}

impl Sample for f64 {
    const OUTSIDE: Self = 0.0;
    // The other order of the sum alone, which no feature can tell.
    const ERROR: f64 = 1e-13;
    #[inline]
    fn real(self) -> f64 {
        self
    }
    #[inline]
    fn of(value: f64) -> Self {
        value.clamp(f64::MIN, f64::MAX)
    }
    #[inline]
    fn settled(value: f64, _: f64) -> bool {
        value.is_finite()
    }
}
