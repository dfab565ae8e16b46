//! Radiomics features in SQL.

pub mod diagnostics;
pub mod extract;
pub mod feature_list;
pub mod feature_set;
mod kept;
#[allow(clippy::module_inception)] // a file is called after its function
pub mod radiomics;
pub mod radiomics_features;
pub mod radsql_cache;
pub mod settings;
