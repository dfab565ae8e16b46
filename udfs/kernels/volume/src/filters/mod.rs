//! Filtered images, value for value those of PyRadiomics 3.0.1 (`radiomics/imageoperations.py`).
//!
//! Every filter sees its input as the whole image, so that the rules for edges apply at the edges of the input, and gives
//! the voxels of one box of it. It computes only what these depend on. Each filter tells by its `support` which box of an
//! image is enough: filtering that box as if it were the image gives the same voxels.

mod cast;
mod deriche;
mod families;
mod families_table;
pub mod gradient;
mod icosphere;
pub mod lbp2d;
pub mod lbp3d;
pub mod log;
pub mod pointwise;
mod sampling;
mod sphere_samples;
mod spherical_harmonics;
mod spline;
mod swt;
pub mod wavelet;

pub use families::Wavelet;

use crate::error::VolumeError;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends a filter between two pieces of its work.
fn go_on(cancel: &AtomicBool) -> Result<(), VolumeError> {
    if cancel.load(Ordering::Relaxed) {
        Err(VolumeError::Cancelled)
    } else {
        Ok(())
    }
}
