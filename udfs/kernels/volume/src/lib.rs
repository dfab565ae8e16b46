//! Volumes, grids and masks: the geometry under every feature.
//!
//! A [`Volume`] is a grid of voxels in the type that the file stored them in; a [`Mask`] is one label of a label volume,
//! kept only inside its bounding box. Axes are named as in ITK: index `(x, y, z)`, physical points in millimetres in the
//! LPS frame (x to the patient's left, y to the back, z to the head). Arrays are indexed `[[z, y, x]]` in standard
//! (C) layout, so x runs fastest, as in the file and as in the numpy array that SimpleITK gives.

mod components;
mod correct;
mod crop;
mod error;
pub mod filters;
mod grid;
mod mask;
mod normalise;
mod range;
pub mod resample;
mod resegment;
mod statistics;
mod view;
mod voxels;

pub use correct::correct_mask;
pub use error::VolumeError;
pub use grid::{Difference, Grid, GridMismatch};
pub use mask::{Bounds, Mask};
pub use normalise::normalise;
pub use range::Range;
pub use resegment::{ResegmentMode, resegment};
pub use statistics::{ContentHash, Intensities};
pub use view::SliceView;
pub use voxels::{Volume, VoxelType, Voxels};
