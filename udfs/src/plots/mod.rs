//! Figures in SQL, as SVG text.

pub mod calibration_plot;
pub mod correlation_plot;
pub mod decision_curve_plot;
mod figure;
pub mod forest_plot;
pub mod km_plot;
pub mod lasso_cv_plot;
pub mod lasso_path_plot;
pub mod score_plot;
pub mod slice_plot;
pub mod time_roc_plot;

/// The figures themselves, for those who draw a result without SQL.
pub use radsql_plots as figures;
