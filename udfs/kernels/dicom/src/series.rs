//! An image series: its grid from headers, its voxels on demand.

use crate::error::{DicomError, Problem};
use crate::file::{Wanted, read};
use crate::header::{ACQUISITION, Frame, SeriesTags, instance};
use crate::instances::Instances;
use crate::pixels::{Frames, Rescale, Stored, each_stored};
use crate::plane::stack;
use crate::suv::Suv;
use crate::texts::Paths;
use ndarray::Array3;
use radsql_imaging::Limits;
use radsql_volume::{Bounds, Grid, Volume, VoxelType, Voxels};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// An image series as its headers describe it. Instances that are there twice (one SOP Instance UID, one
/// place) count once.
pub struct Series {
    pub(crate) folder: PathBuf,
    pub(crate) uid: String,
    pub(crate) tags: SeriesTags,
    pub(crate) instances: Instances,
    /// The file of each instance.
    pub(crate) paths: Paths,
}

impl fmt::Debug for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instances = (0..self.instances.len()).map(|at| self.instances.get(at));
        f.debug_struct("Series")
            .field("folder", &self.folder)
            .field("uid", &self.uid)
            .field("tags", &self.tags)
            .field("instances", &instances.collect::<Vec<_>>())
            .field("files", &self.files().collect::<Vec<_>>())
            .finish()
    }
}

/// How numbers are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadOptions {
    /// PET as standardised uptake value by body weight (g/ml), as float64.
    pub suv: bool,
}

impl Series {
    /// Series Instance UID.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// What else the headers tell, from the instance that has the least SOP Instance UID.
    pub fn tags(&self) -> &SeriesTags {
        &self.tags
    }

    /// The folder in which it was found.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its files, in the order of their SOP Instance UIDs.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.paths.from(0)
    }

    /// Its SOP Instance UIDs, in order.
    pub fn instance_uids(&self) -> impl Iterator<Item = String> {
        self.instances.uids()
    }

    pub(crate) fn has_instance(&self, uid: &str) -> bool {
        self.instances.have(uid)
    }

    /// Where its voxels lie, as SimpleITK has it for the same files.
    ///
    /// # Errors
    /// [`DicomError`] when its slices do not form one volume: sizes, orientations or spacings that differ, slices that lack
    /// or lie at one place, uneven distances, gantry tilt.
    pub fn grid(&self) -> Result<Grid, DicomError> {
        self.stack().map(|(grid, _)| grid).map_err(|p| self.named(p))
    }

    /// The type that [`Series::read`] gives: the smallest whole-number type that holds every value that could be stored,
    /// float64 where a slope or intercept is not whole; GDCM's rule, taken over all slices.
    ///
    /// # Errors
    /// As [`Series::grid`].
    pub fn voxel_type(&self) -> Result<VoxelType, DicomError> {
        self.value_type().map_err(|p| self.named(p))
    }

    /// Reads the voxels with whatever slope, intercept or table each slice has. Padding values stay what they are, scaled
    /// like all others, as SimpleITK leaves them.
    ///
    /// # Errors
    /// [`DicomError`] as [`Series::grid`], and naming the file when its pixels are damaged, too few, in a transfer syntax
    /// that is not supported, or when it has changed since it was listed.
    pub fn read(&self, options: &ReadOptions, limits: &Limits, cancelled: &AtomicBool) -> Result<Volume, DicomError> {
        self.read_box(None, options, limits, cancelled)
    }

    /// Reads the voxels of a box: the same volume as [`Series::read`] and [`Volume::crop`] give. Only the files of its slices
    /// are opened, and limits count for the box.
    ///
    /// # Errors
    /// As [`Series::read`], and [`Problem::Geometry`] when the box is empty or leaves the image.
    pub fn read_within(
        &self,
        bounds: &Bounds,
        options: &ReadOptions,
        limits: &Limits,
        cancelled: &AtomicBool,
    ) -> Result<Volume, DicomError> {
        self.read_box(Some(bounds), options, limits, cancelled)
    }

    fn read_box(
        &self,
        bounds: Option<&Bounds>,
        options: &ReadOptions,
        limits: &Limits,
        cancelled: &AtomicBool,
    ) -> Result<Volume, DicomError> {
        let (whole, mut order) = self.stack().map_err(|p| self.named(p))?;
        let bounds = bounds.copied().unwrap_or_else(|| Bounds::whole(&whole));
        let grid = whole.crop(&bounds).map_err(|e| self.named(e.into()))?;
        let order: Vec<_> = order.drain(bounds.lower[2]..bounds.upper()[2]).collect();
        let voxel_type = match options.suv {
            true => VoxelType::F64,
            false => self.voxel_type()?,
        };
        let needed = grid.voxels() as u128 * voxel_type.bytes() as u128;
        if needed > limits.voxel_bytes.into() {
            return Err(self.named(Problem::TooLarge {
                needed,
                limit: limits.voxel_bytes,
            }));
        }
        let suv = match options.suv {
            true => Some(Suv::of(self)?),
            false => None,
        };
        macro_rules! read {
            ($type:ty) => {
                self.fill::<$type>(whole.size(), &bounds, &order, suv.as_ref(), cancelled, |v| {
                    v as $type
                })?
                .into()
            };
        }
        let voxels: Voxels = match voxel_type {
            VoxelType::U8 => read!(u8),
            VoxelType::I8 => read!(i8),
            VoxelType::U16 => read!(u16),
            VoxelType::I16 => read!(i16),
            VoxelType::U32 => read!(u32),
            VoxelType::I32 => read!(i32),
            VoxelType::U64 => read!(u64),
            VoxelType::I64 => read!(i64),
            VoxelType::F32 => read!(f32),
            VoxelType::F64 => read!(f64),
        };
        Volume::new(grid, voxels).map_err(|e| self.named(e.into()))
    }

    fn fill<T: Copy + Default>(
        &self,
        size: [usize; 3],
        bounds: &Bounds,
        order: &[(usize, usize)],
        suv: Option<&Suv>,
        cancelled: &AtomicBool,
        cast: impl Fn(f64) -> T + Copy,
    ) -> Result<Array3<T>, DicomError> {
        let [nx, ny, nz] = bounds.size;
        let mut voxels = Array3::from_elem((nz, ny, nx), T::default());
        let slice = nx * ny;
        // A frame goes straight to its place, or through a buffer when a part of it is wanted.
        let mut frame = match slice == size[0] * size[1] {
            true => Vec::new(),
            false => vec![T::default(); size[0] * size[1]],
        };
        // One file is opened once, however its frames are strewn over the volume.
        let mut wanted: Vec<(usize, usize, usize)> = order.iter().enumerate().map(|(z, (i, f))| (*i, *f, z)).collect();
        wanted.sort_unstable();
        let all = voxels.as_slice_mut().unwrap_or(&mut []);
        for file in wanted.chunk_by(|a, b| a.0 == b.0) {
            if cancelled.load(Ordering::Relaxed) {
                return Err(self.named(Problem::Cancelled));
            }
            let at = file[0].0;
            let path = self.paths.get(at).unwrap_or_default();
            let named = |p: Problem| p.of(&path);
            let listed = self.instances.get(at);
            let opened = read(&path, Wanted::Pixels).map_err(named)?;
            let now = instance(&opened).map_err(named)?;
            if now.sop_uid != listed.sop_uid || now.kind.format != listed.kind.format || now.frames.is_err() {
                return Err(named(Problem::Changed));
            }
            let factor = suv.map_or(1.0, Suv::factor);
            let frames = Frames::of(&opened).map_err(named)?;
            let described = now.frames.map_err(|p| named(*p))?;
            for &(_, f, z) in file {
                if listed.frames.as_ref().ok().and_then(|l| l.get(f)) != described.get(f) {
                    return Err(named(Problem::Changed));
                }
                let (bytes, skip) = frames.frame(f).map_err(named)?;
                let place = &mut all[z * slice..(z + 1) * slice];
                let whole = frame.is_empty();
                let to: &mut [T] = if whole { &mut *place } else { &mut frame };
                let mut put = |value: &dyn Fn(f64) -> f64| {
                    each_stored(&frames.format, &bytes, skip, |i, v| to[i] = cast(value(v)));
                };
                match described.get(f).and_then(Frame::rescale) {
                    None if factor == 1.0 => each_stored(&frames.format, &bytes, skip, |i, v| to[i] = cast(v)),
                    None => put(&|v| v * factor),
                    Some(Rescale::Linear { slope, intercept }) if factor == 1.0 => {
                        each_stored(&frames.format, &bytes, skip, |i, v| to[i] = cast(v * slope + intercept));
                    }
                    Some(rescale) => put(&|v| rescale.apply(v) * factor),
                }
                if !whole {
                    let rows = frame.chunks_exact(size[0]).skip(bounds.lower[1]);
                    for (to, row) in place.chunks_exact_mut(nx).zip(rows) {
                        to.copy_from_slice(&row[bounds.lower[0]..][..nx]);
                    }
                }
            }
        }
        Ok(voxels)
    }

    /// The grid, and instance and frame of each slice.
    pub(crate) fn stack(&self) -> Result<(Grid, Vec<(usize, usize)>), Problem> {
        let mut planes = Vec::with_capacity(self.instances.len());
        let mut places = Vec::with_capacity(self.instances.len());
        for i in 0..self.instances.len() {
            let frames = self.instances.frames(i).map_err(Problem::again)?;
            places.extend((0..frames.len()).map(|f| (i, f)));
            planes.extend(frames.map(|frame| frame.plane()));
        }
        let (grid, order) = stack(&planes).map_err(|problem| match problem {
            Problem::Doubled { doubled, at, .. } => Problem::Doubled {
                doubled,
                at,
                hint: self.differences(),
            },
            other => other,
        })?;
        Ok((grid, order.into_iter().map(|i| places[i]).collect()))
    }

    /// By what the acquisitions in one series may be told apart.
    fn differences(&self) -> String {
        let mut differ = Vec::new();
        for (i, (keyword, _)) in ACQUISITION.iter().enumerate() {
            let mut values: Vec<_> = self.instances.kinds().map(|kind| &kind.acquisition[i]).collect();
            values.sort_unstable();
            values.dedup();
            if values.len() > 1 {
                differ.push(format!("{keyword} ({} values)", values.len()));
            }
        }
        match differ.is_empty() {
            true => String::new(),
            false => format!("; its slices differ in {}", differ.join(", ")),
        }
    }

    fn value_type(&self) -> Result<VoxelType, Problem> {
        let (mut least, mut most, mut whole) = (f64::INFINITY, f64::NEG_INFINITY, true);
        let mut float = None;
        for i in 0..self.instances.len() {
            let format = &self.instances.kind(i).format;
            match format.kind {
                Stored::Float => float = float.or(Some(VoxelType::F32)),
                Stored::Double => float = Some(VoxelType::F64),
                _ => {}
            }
            let (low, high) = format.range();
            for frame in self.instances.frames(i).map_err(Problem::again)? {
                let ends = match frame.rescale() {
                    None => [low, high],
                    Some(Rescale::Linear { slope, intercept }) => {
                        whole &= slope.fract() == 0.0 && intercept.fract() == 0.0;
                        [low * slope + intercept, high * slope + intercept]
                    }
                    Some(Rescale::Table { values, .. }) => {
                        let ends = (values.iter().min(), values.iter().max());
                        [ends.0, ends.1].map(|v| v.copied().unwrap_or(0).into())
                    }
                };
                least = least.min(ends[0]).min(ends[1]);
                most = most.max(ends[0]).max(ends[1]);
            }
        }
        if let Some(float) = float {
            return Ok(if whole { float } else { VoxelType::F64 });
        }
        if !whole {
            return Ok(VoxelType::F64);
        }
        let unsigned = [
            (VoxelType::U8, 0.0, u8::MAX.into()),
            (VoxelType::U16, 0.0, u16::MAX.into()),
            (VoxelType::U32, 0.0, u32::MAX.into()),
        ];
        let signed = [
            (VoxelType::I8, i8::MIN.into(), i8::MAX.into()),
            (VoxelType::I16, i16::MIN.into(), i16::MAX.into()),
            (VoxelType::I32, i32::MIN.into(), i32::MAX.into()),
        ];
        let kinds: &[(VoxelType, f64, f64)] = if least >= 0.0 { &unsigned } else { &signed };
        Ok(kinds
            .iter()
            .find(|(_, low, high)| least >= *low && most <= *high)
            .map_or(VoxelType::F64, |(kind, ..)| *kind))
    }

    pub(crate) fn named(&self, problem: Problem) -> DicomError {
        problem.of(&self.folder)
    }
}
