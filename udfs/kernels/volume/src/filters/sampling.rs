/// A number that a voxel can be read as.
pub(super) trait Voxel: Copy {
    fn double(self) -> f64;
}

/// The type that a filter computes in.
pub(super) trait Real:
    Voxel + Default + std::ops::Add<Output = Self> + std::ops::Mul<Output = Self> + std::ops::AddAssign
{
    fn from_double(v: f64) -> Self;
}

macro_rules! voxel {
    ($($t:ty)*) => { $(impl Voxel for $t {
        #[inline(always)]
        fn double(self) -> f64 { self as f64 }
    })* };
}
voxel!(u8 i8 u16 i16 u32 i32 u64 i64 f32 f64);

macro_rules! real {
    ($($t:ty)*) => { $(impl Real for $t {
        #[inline(always)]
        fn from_double(v: f64) -> Self { v as $t }
    })* };
}
real!(f32 f64);
