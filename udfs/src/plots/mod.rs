//! Figures in SQL, as SVG text.

pub mod km_plot;
