//! The memory that one scan takes, foreseen before its image is read.

use super::case::{Case, Source};
use super::tasks;
use crate::memory::memory_needed;
use crate::parameters::Filter;
use radsql_volume::VoxelType;

/// Bytes of a filtered voxel.
const FILTERED: usize = 8;

impl Case<'_> {
    /// Most bytes that reading and extraction take on so many threads, from the region's box, the image's type of voxels, the
    /// parameters and the features wanted. What is not known before the image is read is taken to be usual: see
    /// [`memory_needed`](crate::memory_needed()).
    pub fn memory_needed(&self, voxel_type: VoxelType, threads: usize) -> usize {
        let region = self.mask.bounds().voxels();
        let fixed = (1 << 20) + region;
        let request = &self.request;
        let shape = memory_needed(&self.mask, &self.parameters.settings, request.slot(0));
        let Some(reading) = self.reading() else {
            return shape.saturating_add(fixed);
        };
        let read = reading.bounds.voxels().saturating_mul(voxel_type.bytes());
        // Filters see this; B-splines are found in doubles first.
        let (seen, resampling) = match &self.source {
            Source::AsItIs(bounds) | Source::Cut(bounds) => (bounds.voxels(), 0),
            Source::Resampled(grid, _) => (grid.voxels(), reading.bounds.voxels().saturating_mul(8)),
        };
        let normalised = match self.parameters.preprocessing.normalise {
            Some(_) => reading.bounds.voxels().saturating_mul(8),
            None => 0,
        };
        let before = read
            .saturating_add(normalised)
            .saturating_add(resampling)
            .saturating_add(seen.saturating_mul(8));

        let types: Vec<_> = tasks::wanted_types(self.parameters, request).collect();
        let images: usize = types.iter().map(|t| t.images).sum();
        let filtered = images.saturating_mul(region).saturating_mul(FILTERED);
        let passes = types.iter().map(|t| match t.filter {
            // Two doublings on the way to eight sub-bands; three sums of a Laplacian.
            Filter::Wavelet { .. } | Filter::LaplacianOfGaussian { .. } => seen.saturating_mul(3 * FILTERED),
            // Coefficients of the splines, and single-precision copies.
            Filter::LocalBinaryPattern3d(_) => seen.saturating_mul(2 * FILTERED),
            Filter::LocalBinaryPattern2d(_) | Filter::Original | Filter::Pointwise(_) | Filter::Gradient { .. } => 0,
        });
        let filtering = passes.max().unwrap_or(0).saturating_mul(threads.min(types.len()));
        let texture = types.iter().flat_map(|t| {
            let slots = t.first..t.first + t.images;
            slots.map(|slot| memory_needed(&self.mask, &t.settings, request.slot(slot)))
        });
        let texture = texture.max().unwrap_or(0).saturating_mul(threads.min(images.max(1)));
        let first = before
            .saturating_add(filtering)
            .saturating_add(filtered)
            .saturating_add(shape);
        let second = filtered.saturating_add(texture);
        first.max(second).saturating_add(fixed)
    }
}
