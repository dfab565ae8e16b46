//! Deep features in SQL.

pub mod deep_features;
pub mod deep_models;
pub mod models;
