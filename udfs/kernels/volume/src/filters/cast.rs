//! numpy's casts from float64 to other types, as they come out on x86-64.

use super::sampling::Voxel;

/// A type that codes are stored in.
pub(super) trait Code: Voxel + Default {
    fn from_code(code: f64) -> Self;
}

/// x86's conversion to a signed integer: what does not fit is the least one.
fn int32(v: f64) -> i32 {
    if v > -2_147_483_649.0 && v < 2_147_483_648.0 {
        v as i32
    } else {
        i32::MIN
    }
}

fn int64(v: f64) -> i64 {
    let bound = 9_223_372_036_854_775_808.0;
    if v >= -bound && v < bound { v as i64 } else { i64::MIN }
}

macro_rules! code {
    ($($t:ty: $v:ident => $e:expr;)*) => { $(impl Code for $t {
        #[inline(always)]
        fn from_code($v: f64) -> Self { $e }
    })* };
}
code! {
    u8: v => int32(v) as u8;
    i8: v => int32(v) as i8;
    u16: v => int32(v) as u16;
    i16: v => int32(v) as i16;
    i32: v => int32(v);
    i64: v => int64(v);
    u32: v => if v >= 2_147_483_648.0 {
        (int32(v - 2_147_483_648.0) as u32) ^ (1 << 31)
    } else {
        int32(v) as u32
    };
    u64: v => if v >= 9_223_372_036_854_775_808.0 {
        (int64(v - 9_223_372_036_854_775_808.0) as u64) ^ (1 << 63)
    } else {
        int64(v) as u64
    };
    f32: v => v as f32;
    f64: v => v;
}
