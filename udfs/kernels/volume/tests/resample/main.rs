//! Resampling, normalisation and mask correction against SimpleITK and PyRadiomics (`tests/golden/resample/make_*.py`).

mod common;
mod grids;
mod margins;
mod masks;
mod values;
