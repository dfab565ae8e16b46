//! One label of a label volume, of which only the label's rows are kept while it is read.

use crate::Limits;
use crate::error::Problem;
use crate::header::{Encoding, Opened, Scaling};
use crate::nrrd;
use crate::payload::check_memory;
use crate::sample::{Components, Layout, Sample, with_type};
use crate::stream::Stream;
use ndarray::Array3;
use radsql_volume::{Bounds, Grid, Mask, Volume, VolumeError};
use std::collections::BTreeSet;

/// Labels that are named when the one asked for is absent.
const NAMED: usize = 20;

/// Reads the voxels of `label`; of vectors, those of one component. `reopen` gives the file once more, for a look at the
/// labels that there are when this one is absent.
pub(crate) fn read_mask<'a>(
    opened: Opened<'a>,
    reopen: impl FnOnce() -> Result<Opened<'a>, Problem>,
    label: u32,
    channel: usize,
    limits: &Limits,
) -> Result<Mask, Problem> {
    if let Some(components) = &opened.layout.components
        && channel >= components.count
    {
        return Err(Problem::Channel {
            channel,
            components: components.count,
        });
    }
    if opened.encoding == Encoding::Text {
        return text(opened, label, channel, limits);
    }
    with_type!(opened.layout.voxel_type, T => binary::<T>(opened, reopen, label, channel, limits))
}

fn binary<'a, T: Sample>(
    opened: Opened<'a>,
    reopen: impl FnOnce() -> Result<Opened<'a>, Problem>,
    label: u32,
    channel: usize,
    limits: &Limits,
) -> Result<Mask, Problem> {
    let swap = opened.layout.is_foreign();
    let native = move |v: T| if swap { v.swapped() } else { v };
    let grid = opened.header.grid.clone();
    let found = match (opened.header.scaling, T::of_label(label)) {
        (None, Some(wanted)) => {
            let wanted = native(wanted);
            region(opened, channel, limits, move |v: T| v == wanted)?
        }
        (None, None) => region(opened, channel, limits, move |v: T| native(v).label() == label)?,
        (Some(s), _) => region(opened, channel, limits, move |v: T| {
            native(v).scaled(s).label() == label
        })?,
    };
    if found.rows.is_empty() {
        let found = labels::<T>(reopen()?, channel, limits)?;
        return Err(Problem::Mask(if found.is_empty() {
            VolumeError::EmptyMask
        } else {
            let found = found.into_iter().collect();
            VolumeError::LabelAbsent { label, found }
        }));
    }
    found.mask(grid)
}

/// A row of voxels, from the first of the label to the last.
struct Row {
    /// Counted through the volume.
    index: usize,
    first: usize,
    length: usize,
}

/// The voxels of a label, as they come.
#[derive(Default)]
struct Region {
    rows: Vec<Row>,
    /// Which voxels of the rows have the label, one row behind the other.
    inside: Vec<bool>,
    size: [usize; 3],
}

fn region<T: Sample>(
    opened: Opened<'_>,
    channel: usize,
    limits: &Limits,
    is_inside: impl Fn(T) -> bool,
) -> Result<Region, Problem> {
    let mut region = Region {
        size: opened.layout.size,
        ..Region::default()
    };
    // Most rows have nothing in them but the background.
    let mut background: Vec<u8> = Vec::new();
    let background_is_inside = is_inside(T::zeroed());
    each_row::<T>(opened, channel, limits, |index, line| {
        background.resize(size_of_val(line), 0);
        if !background_is_inside && bytemuck::cast_slice::<T, u8>(line) == background {
            return Ok(());
        }
        // A look without an early end runs over the other rows fastest.
        if !line.iter().fold(false, |any, &v| any | is_inside(v)) {
            return Ok(());
        }
        let first = line.iter().position(|&v| is_inside(v)).unwrap_or(0);
        let last = line.iter().rposition(|&v| is_inside(v)).unwrap_or(first);
        region.rows.push(Row {
            index,
            first,
            length: last + 1 - first,
        });
        region.inside.extend(line[first..=last].iter().map(|&v| is_inside(v)));
        if region.inside.len() as u64 > limits.voxel_bytes {
            return Err(Problem::TooLarge {
                needed: region.inside.len() as u128,
                limit: limits.voxel_bytes,
            });
        }
        Ok(())
    })?;
    Ok(region)
}

impl Region {
    /// The region, which has a voxel, inside its bounding box.
    fn mask(self, grid: Grid) -> Result<Mask, Problem> {
        let ny = self.size[1];
        let (mut lower, mut upper) = ([usize::MAX; 3], [0; 3]);
        for row in &self.rows {
            let (from, to) = ([row.first, row.index % ny, row.index / ny], row.first + row.length);
            for d in 0..3 {
                lower[d] = lower[d].min(from[d]);
                upper[d] = upper[d].max(from[d] + 1);
            }
            upper[0] = upper[0].max(to);
        }
        let size = std::array::from_fn(|d| upper[d].saturating_sub(lower[d]));
        let bounds = Bounds { lower, size };
        let mut inside = vec![false; bounds.voxels()];
        let mut rest = &self.inside[..];
        for row in &self.rows {
            let (voxels, behind) = rest.split_at(row.length);
            rest = behind;
            let (y, z) = (row.index % ny - lower[1], row.index / ny - lower[2]);
            let start = (z * size[1] + y) * size[0] + row.first - lower[0];
            inside[start..start + row.length].copy_from_slice(voxels);
        }
        drop((self.rows, self.inside));
        let inside = Array3::from_shape_vec((size[2], size[1], size[0]), inside)
            .map_err(|_| VolumeError::Size { size: self.size })?;
        Mask::from_tight_box(grid, bounds, inside).map_err(Problem::Mask)
    }
}

/// The smallest labels of a label volume, without the background.
fn labels<T: Sample>(opened: Opened<'_>, channel: usize, limits: &Limits) -> Result<BTreeSet<u32>, Problem> {
    let swap = opened.layout.is_foreign();
    let scaling = opened.header.scaling;
    let label = move |v: T| {
        let v = if swap { v.swapped() } else { v };
        scaling.map_or(v.label(), |s: Scaling| v.scaled(s).label())
    };
    let mut found = BTreeSet::new();
    let mut last = 0;
    each_row::<T>(opened, channel, limits, |_, line| {
        for &v in line.iter() {
            let label = label(v);
            if label != last {
                last = label;
                found.insert(label);
                if found.len() > NAMED + 1 {
                    found.pop_last();
                }
            }
        }
        Ok(())
    })?;
    found.remove(&0);
    Ok(found.into_iter().take(NAMED).collect())
}

/// Hands over the rows of a volume, or of one component of it, in the file's byte order, and reads on to the checksum.
fn each_row<T: Sample>(
    opened: Opened<'_>,
    channel: usize,
    limits: &Limits,
    mut take: impl FnMut(usize, &[T]) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let Opened { layout, payload, .. } = opened;
    let [nx, ny, nz] = layout.size;
    let mut index = 0;
    let row = layout.components.as_ref().map_or(1, |c| c.count) as u128 * (nx * size_of::<T>()) as u128;
    check_memory(row, limits)?;
    let mut stream = Stream::open(payload.ok_or(Problem::Detached)?, &layout, true)?;
    let mut buffer = Vec::new();
    match &layout.components {
        Some(Components { count, run: 1, .. }) => {
            let mut line = vec![T::zeroed(); nx];
            stream.in_steps(&mut buffer, nx * ny * nz * count, nx * count, |step: &mut [T]| {
                for vectors in step.chunks_exact(nx * count) {
                    for (to, vector) in line.iter_mut().zip(vectors.chunks_exact(*count)) {
                        *to = vector[channel];
                    }
                    take(index, &line)?;
                    index += 1;
                }
                Ok(())
            })?;
        }
        components => {
            let (count, run) = components.as_ref().map_or((1, nx * ny * nz), |c| (c.count, c.run));
            let channel = channel.min(count - 1);
            let bytes = |runs: usize| (runs as u64).saturating_mul((run * size_of::<T>()) as u64);
            for _ in 0..nx * ny * nz / run {
                stream.skip(bytes(channel))?;
                stream.in_steps(&mut buffer, run, nx, |step: &mut [T]| {
                    for line in step.chunks_exact(nx) {
                        take(index, line)?;
                        index += 1;
                    }
                    Ok(())
                })?;
                stream.skip(bytes(count - 1 - channel))?;
            }
        }
    }
    stream.finish()
}

/// Numbers written as text, all of them at once.
fn text(opened: Opened<'_>, label: u32, channel: usize, limits: &Limits) -> Result<Mask, Problem> {
    let Opened {
        header,
        layout,
        payload,
        ..
    } = opened;
    let [nx, ny, nz] = layout.size;
    let payload = payload.ok_or(Problem::Detached)?;
    let Some(Components { count, run, .. }) = layout.components else {
        let labels = Volume::new(header.grid, nrrd::read_text(payload, &layout, limits)?)?;
        return Mask::from_labels(&labels, label).map_err(Problem::Mask);
    };
    let all = (nx * ny * nz)
        .checked_mul(count)
        .ok_or(VolumeError::Size { size: layout.size })?;
    let flat = Layout {
        size: [all, 1, 1],
        components: None,
        ..layout
    };
    let numbers = nrrd::read_text(payload, &flat, limits)?;
    with_type!(layout.voxel_type, T => {
        let numbers = T::array(&numbers).unwrap_or_default();
        let one: Vec<T> = numbers.chunks_exact(run).skip(channel).step_by(count).flatten().copied().collect();
        let one = Array3::from_shape_vec((nz, ny, nx), one).map_err(|_| VolumeError::Size { size: layout.size })?;
        Mask::from_labels(&Volume::new(header.grid, one)?, label).map_err(Problem::Mask)
    })
}
