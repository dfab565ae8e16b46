//! Radiomics features of an image and a region of interest, with the definitions and the numbers of PyRadiomics 3.0.1.
//!
//! [`extract`] takes a [`Volume`](radsql_volume::Volume), a [`Mask`](radsql_volume::Mask), [`Settings`] and the
//! [`FeatureSet`] that is wanted; [`catalogue`] lists the features with unit, IBSI code and definition. Features are
//! defined in van Griethuysen et al., "Computational Radiomics System to Decode the Radiographic Phenotype" (2017), and
//! in the IBSI reference manual (Zwanenburg et al. 2020), whose four-letter codes the catalogue gives.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cancel;
mod catalogue;
mod diagnostics;
mod discretise;
mod error;
mod extract;
mod firstorder;
mod memory;
mod parameters;
mod pipeline;
mod region;
mod request;
mod settings;
mod shape;
mod texture;
mod workers;

pub use catalogue::{FEATURE_COUNT, FeatureClass, FeatureDef, ORIGINAL, STANDARD_COUNT, catalogue, withdrawn};
pub use diagnostics::{Diagnostic, DiagnosticKind, DiagnosticValue, diagnostic_keys, diagnostics, diagnostics_memory};
pub use error::RadiomicsError;
pub use extract::{Extraction, Work, extract};
pub use memory::memory_needed;
pub use parameters::{DEFINITION_VERSION, ParameterError, Parameters, Request, Slot};
pub use pipeline::{Case, Features, Reading};
pub use request::FeatureSet;
pub use settings::{Axis, BinCount, BinWidth, Binning, Distances, MAX_DISTANCE, MAX_LEVELS, Settings, WeightingNorm};
pub use workers::{Alone, Round, Threads, Workers};
