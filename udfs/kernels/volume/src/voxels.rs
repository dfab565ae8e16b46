use crate::error::VolumeError;
use crate::grid::Grid;
use ndarray::Array3;

macro_rules! voxel_types {
    ($($variant:ident $type:ty, $name:literal;)*) => {
        /// Voxels in the type that the file stored them in, indexed `[[z, y, x]]` in standard layout.
        ///
        /// The type is kept because PyRadiomics' arithmetic depends on it: bin edges, wavelets and resampling of an
        /// int16 CT are not those of the same CT as float32.
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs)]
        pub enum Voxels { $($variant(Array3<$type>),)* }

        /// The type of a volume's voxels.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs)]
        pub enum VoxelType { $($variant,)* }

        impl VoxelType {
            /// numpy's name of the type.
            pub fn name(self) -> &'static str { match self { $(Self::$variant => $name,)* } }
            /// Bytes of one voxel.
            pub fn bytes(self) -> usize { match self { $(Self::$variant => size_of::<$type>(),)* } }
        }

        impl Voxels {
            /// The type of the voxels.
            pub fn voxel_type(&self) -> VoxelType { match self { $(Self::$variant(_) => VoxelType::$variant,)* } }
            /// Number of voxels.
            pub fn len(&self) -> usize { match self { $(Self::$variant(a) => a.len(),)* } }
            /// Whether there is no voxel.
            pub fn is_empty(&self) -> bool { self.len() == 0 }
            fn shape(&self) -> (usize, usize, usize) { match self { $(Self::$variant(a) => a.dim(),)* } }
            fn is_standard(&self) -> bool { match self { $(Self::$variant(a) => a.is_standard_layout(),)* } }
        }

        $(impl From<Array3<$type>> for Voxels { fn from(a: Array3<$type>) -> Self { Self::$variant(a) } })*
    };
}

voxel_types! {
    U8 u8, "uint8";
    I8 i8, "int8";
    U16 u16, "uint16";
    I16 i16, "int16";
    U32 u32, "uint32";
    I32 i32, "int32";
    U64 u64, "uint64";
    I64 i64, "int64";
    F32 f32, "float32";
    F64 f64, "float64";
}

/// Runs one expression for whatever the type of the voxels is: `with_voxels!(voxels, array => expression)`.
#[macro_export]
macro_rules! with_voxels {
    ($voxels:expr, $array:ident => $body:expr) => {
        match $voxels {
            $crate::Voxels::U8($array) => $body,
            $crate::Voxels::I8($array) => $body,
            $crate::Voxels::U16($array) => $body,
            $crate::Voxels::I16($array) => $body,
            $crate::Voxels::U32($array) => $body,
            $crate::Voxels::I32($array) => $body,
            $crate::Voxels::U64($array) => $body,
            $crate::Voxels::I64($array) => $body,
            $crate::Voxels::F32($array) => $body,
            $crate::Voxels::F64($array) => $body,
        }
    };
}

/// An image: a grid and the voxels on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Volume {
    grid: Grid,
    voxels: Voxels,
}

impl Volume {
    /// Puts voxels on a grid.
    ///
    /// # Errors
    /// [`VolumeError::VoxelCount`] when the array's shape is not the grid's, or its layout is not the standard one.
    pub fn new(grid: Grid, voxels: impl Into<Voxels>) -> Result<Self, VolumeError> {
        let voxels = voxels.into();
        if voxels.shape() != grid.shape() || !voxels.is_standard() {
            return Err(VolumeError::VoxelCount {
                found: voxels.len(),
                expected: grid.voxels(),
            });
        }
        Ok(Self { grid, voxels })
    }

    /// Where the voxels lie.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The voxels.
    pub fn voxels(&self) -> &Voxels {
        &self.voxels
    }

    /// Bytes that the voxels take in memory.
    pub fn bytes(&self) -> usize {
        self.voxels.len() * self.voxels.voxel_type().bytes()
    }
}
