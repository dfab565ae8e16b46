//! Radiomics features in SQL.

pub mod extract;
pub mod feature_list;
pub mod feature_set;
#[allow(clippy::module_inception)] // a file is called after its function
pub mod radiomics;
pub mod radiomics_features;
pub mod settings;
