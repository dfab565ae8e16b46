//! The numbers of a file: their types, their order, and where among them the voxels are.

use crate::header::Scaling;
use radsql_volume::{VoxelType, Voxels};

/// Order of the bytes of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    Little,
    Big,
}

/// What to take from a payload.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    /// Decompressed bytes before the first number.
    pub skip: u64,
    pub voxel_type: VoxelType,
    pub order: ByteOrder,
    /// Voxels along x, y, z.
    pub size: [usize; 3],
    /// Where each voxel has several numbers.
    pub components: Option<Components>,
}

/// Several numbers a voxel.
#[derive(Debug, Clone)]
pub(crate) struct Components {
    pub count: usize,
    /// Voxels whose numbers of one component follow each other: 1, or one or more whole rows.
    pub run: usize,
    /// What they are, for messages.
    pub kind: String,
}

impl Layout {
    /// Whether the bytes of each number are in the order that this machine does not use.
    pub fn is_foreign(&self) -> bool {
        (self.order == ByteOrder::Big) != cfg!(target_endian = "big") && self.voxel_type.bytes() > 1
    }

    /// Bytes of the numbers, of all components.
    pub fn bytes(&self) -> u128 {
        let count = self.components.as_ref().map_or(1, |c| c.count);
        let axes = self.size.iter().chain([&count]);
        axes.fold(self.voxel_type.bytes() as u128, |n, &k| n.saturating_mul(k as u128))
    }
}

/// A number as files store it.
pub(crate) trait Sample: bytemuck::Pod + PartialOrd {
    /// With its bytes in the other order.
    fn swapped(self) -> Self;
    /// SimpleITK's cast to UInt32: fractions are cut, what does not fit becomes 0 here (no label).
    fn label(self) -> u32;
    /// The number that has this label, where there is only one.
    fn of_label(label: u32) -> Option<Self>;
    /// ITK's scaling.
    fn scaled(self, scaling: Scaling) -> f64;
    fn number(self) -> f64;
    /// An array of this type.
    fn array(voxels: &Voxels) -> Option<&[Self]>;
}

macro_rules! samples {
    ($($kind:ident: $($type:ident $variant:ident)*;)*) => { $($(impl Sample for $type {
        fn swapped(self) -> Self {
            let mut bytes = self.to_ne_bytes();
            bytes.reverse();
            Self::from_ne_bytes(bytes)
        }
        fn number(self) -> f64 {
            self as f64
        }
        fn array(voxels: &Voxels) -> Option<&[Self]> {
            match voxels {
                Voxels::$variant(a) => a.as_slice(),
                _ => None,
            }
        }
        samples!($kind $type);
    })*)* };
    (whole $type:ident) => {
        fn label(self) -> u32 {
            u32::try_from(self).unwrap_or(0)
        }
        fn of_label(label: u32) -> Option<Self> {
            Self::try_from(label).ok().filter(|_| label > 0)
        }
        samples!(single $type);
    };
    (fraction $type:ident) => {
        fn label(self) -> u32 {
            // From float to integer Rust cuts fractions and keeps to the range; NaN becomes 0.
            if self < 4294967296.0 { self as u32 } else { 0 }
        }
        fn of_label(_: u32) -> Option<Self> {
            None
        }
        samples!($type);
    };
    (f32) => { samples!(single f32); };
    (f64) => {
        fn scaled(self, Scaling { slope, intercept }: Scaling) -> f64 {
            self * slope + intercept
        }
    };
    (single $type:ident) => {
        /// Integers become float32 first, then the product and the sum are taken in double precision.
        fn scaled(self, Scaling { slope, intercept }: Scaling) -> f64 {
            f64::from((f64::from(self as f32) * slope + intercept) as f32)
        }
    };
}
samples! {
    whole: u8 U8 i8 I8 u16 U16 i16 I16 u32 U32 i32 I32 u64 U64 i64 I64;
    fraction: f32 F32 f64 F64;
}

/// Runs one expression with the type that a [`VoxelType`] names: `with_type!(voxel_type, T => expression)`.
macro_rules! with_type {
    ($voxel_type:expr, $t:ident => $body:expr) => {
        match $voxel_type {
            radsql_volume::VoxelType::U8 => {
                type $t = u8;
                $body
            }
            radsql_volume::VoxelType::I8 => {
                type $t = i8;
                $body
            }
            radsql_volume::VoxelType::U16 => {
                type $t = u16;
                $body
            }
            radsql_volume::VoxelType::I16 => {
                type $t = i16;
                $body
            }
            radsql_volume::VoxelType::U32 => {
                type $t = u32;
                $body
            }
            radsql_volume::VoxelType::I32 => {
                type $t = i32;
                $body
            }
            radsql_volume::VoxelType::U64 => {
                type $t = u64;
                $body
            }
            radsql_volume::VoxelType::I64 => {
                type $t = i64;
                $body
            }
            radsql_volume::VoxelType::F32 => {
                type $t = f32;
                $body
            }
            radsql_volume::VoxelType::F64 => {
                type $t = f64;
                $body
            }
        }
    };
}
pub(crate) use with_type;
