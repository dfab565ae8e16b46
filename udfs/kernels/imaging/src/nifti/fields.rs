use crate::header::Format;
use crate::sample::ByteOrder;

/// Length of a NIfTI-1 header.
pub(crate) const NIFTI1_BYTES: usize = 348;
/// Length of a NIfTI-2 header.
pub(crate) const NIFTI2_BYTES: usize = 540;

/// Which NIfTI the bytes begin with, by its magic number.
pub(crate) fn recognise(bytes: &[u8]) -> Option<Format> {
    if bytes.len() >= NIFTI2_BYTES && matches!(&bytes[4..8], b"n+2\0" | b"ni2\0") && length(bytes, 540).is_some() {
        return Some(Format::Nifti2);
    }
    let has_magic = bytes.len() >= NIFTI1_BYTES && matches!(&bytes[344..348], b"n+1\0" | b"ni1\0");
    has_magic.then_some(Format::Nifti1)
}

/// The byte order in which the header begins with its own length.
pub(crate) fn length(bytes: &[u8], length: i32) -> Option<ByteOrder> {
    let first: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
    if i32::from_le_bytes(first) == length {
        Some(ByteOrder::Little)
    } else if i32::from_be_bytes(first) == length {
        Some(ByteOrder::Big)
    } else {
        None
    }
}

/// The fields of a header that matter for voxels and geometry, widened to one type for both versions.
pub(crate) struct Fields {
    pub order: ByteOrder,
    /// NIfTI-2: transforms are stored in double precision.
    pub precise: bool,
    pub single_file: bool,
    pub dim: [i64; 8],
    pub intent_code: i32,
    pub datatype: i16,
    pub pixdim: [f64; 8],
    pub vox_offset: f64,
    pub scl_slope: f64,
    pub scl_inter: f64,
    pub xyzt_units: u8,
    pub qform_code: i32,
    pub sform_code: i32,
    pub quatern: [f64; 3],
    pub qoffset: [f64; 3],
    pub srow: [[f64; 4]; 3],
}

impl Fields {
    pub fn read(bytes: &[u8], format: Format) -> Self {
        match format {
            Format::Nifti2 => Self::nifti2(bytes),
            _ => Self::nifti1(bytes),
        }
    }

    fn nifti1(bytes: &[u8]) -> Self {
        // As nifti_clib: dim[0] tells the byte order, and the header's length where dim[0] is 0.
        let order = match (i16::from_le_bytes(take(bytes, 40)), i16::from_be_bytes(take(bytes, 40))) {
            (1..=7, _) => ByteOrder::Little,
            (_, 1..=7) => ByteOrder::Big,
            _ => length(bytes, 348).unwrap_or(ByteOrder::Little),
        };
        let at = Numbers { bytes, order };
        Self {
            order,
            precise: false,
            single_file: bytes.get(345) == Some(&b'+'),
            dim: std::array::from_fn(|i| at.i16(40 + 2 * i).into()),
            intent_code: at.i16(68).into(),
            datatype: at.i16(70),
            pixdim: pixdim(std::array::from_fn(|i| at.f32(76 + 4 * i).into())),
            vox_offset: at.f32(108).into(),
            scl_slope: at.f32(112).into(),
            scl_inter: at.f32(116).into(),
            xyzt_units: take::<1>(bytes, 123)[0],
            qform_code: at.i16(252).into(),
            sform_code: at.i16(254).into(),
            quatern: std::array::from_fn(|i| finite(at.f32(256 + 4 * i).into())),
            qoffset: std::array::from_fn(|i| finite(at.f32(268 + 4 * i).into())),
            srow: std::array::from_fn(|r| std::array::from_fn(|c| at.f32(280 + 16 * r + 4 * c).into())),
        }
    }

    fn nifti2(bytes: &[u8]) -> Self {
        let order = length(bytes, 540).unwrap_or(ByteOrder::Little);
        let at = Numbers { bytes, order };
        Self {
            order,
            precise: true,
            single_file: bytes.get(5) == Some(&b'+'),
            dim: std::array::from_fn(|i| at.i64(16 + 8 * i)),
            intent_code: at.i32(504),
            datatype: at.i16(12),
            pixdim: pixdim(std::array::from_fn(|i| at.f64(104 + 8 * i))),
            // Offsets beyond 2^53 lose their last bits and are refused later.
            vox_offset: at.i64(168) as f64,
            scl_slope: at.f64(176),
            scl_inter: at.f64(184),
            xyzt_units: at.i32(500).to_le_bytes()[0],
            qform_code: at.i32(344),
            sform_code: at.i32(348),
            quatern: std::array::from_fn(|i| finite(at.f64(352 + 8 * i))),
            qoffset: std::array::from_fn(|i| finite(at.f64(376 + 8 * i))),
            srow: std::array::from_fn(|r| std::array::from_fn(|c| at.f64(400 + 32 * r + 8 * c))),
        }
    }
}

/// A voxel size of 0, NaN or infinity is 1, as in nifti_clib; pixdim[0] is the sign of the third axis instead.
fn pixdim(mut pixdim: [f64; 8]) -> [f64; 8] {
    for length in &mut pixdim[1..] {
        if *length == 0.0 || !length.is_finite() {
            *length = 1.0;
        }
    }
    pixdim
}

/// nifti_clib replaces numbers of the qform that are not finite by 0.
fn finite(v: f64) -> f64 {
    if v.is_finite() { v } else { 0.0 }
}

fn take<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    std::array::from_fn(|i| bytes.get(at + i).copied().unwrap_or(0))
}

struct Numbers<'a> {
    bytes: &'a [u8],
    order: ByteOrder,
}

macro_rules! numbers {
    ($($name:ident)*) => { $(fn $name(&self, at: usize) -> $name {
        match self.order {
            ByteOrder::Little => $name::from_le_bytes(take(self.bytes, at)),
            ByteOrder::Big => $name::from_be_bytes(take(self.bytes, at)),
        }
    })* };
}

impl Numbers<'_> {
    numbers!(i16 i32 i64 f32 f64);
}
