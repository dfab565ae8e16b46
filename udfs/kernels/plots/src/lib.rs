//! The figures of a survival study as SVG text: plain numbers in, one self-contained `<svg>` out.
//!
//! Every figure is a struct of plain data with a method `svg`, in [`Theme::Light`] and [`Theme::Dark`]; those that a terminal
//! can show have `terminal` too, which draws with characters in the cells that there are ([`TextSize`]). The same numbers give
//! the same bytes. There is no script in the text, no font and no address; names of groups and features are data, which is
//! cleaned, escaped and cut where it does not fit. Colours are those of Okabe and Ito, which colour-blind readers can tell
//! apart; numbers read as journals print them.
//!
//! Drawn on **kuva**: it needs a few small crates and no system library, and its scene takes positions in fractions of a
//! pixel and text as text. Its ready-made figures are not used, because its Kaplan-Meier estimates from rows by itself and
//! writes long names over the numbers at risk, its forest plot has no table, and names between dollars become formulas;
//! its scene and SVG writer carry what is here. plotters rounds positions to whole pixels, which makes steps and ticks uneven;
//! charming needs a JavaScript engine for SVG.
//!
//! ```
//! use radsql_plots::{KaplanMeierGroup, KaplanMeierPlot, Theme};
//! let figure = KaplanMeierPlot {
//!     time_label: "Time (months)".into(),
//!     survival_label: "Overall survival".into(),
//!     groups: vec![KaplanMeierGroup {
//!         name: "High risk".into(),
//!         times: vec![3.0, 9.0],
//!         survival: vec![0.75, 0.5],
//!         censor_times: vec![12.0, 14.0],
//!         at_risk: vec![4.0, 2.0],
//!         ..Default::default()
//!     }],
//!     risk_ticks: vec![0.0, 12.0],
//!     log_rank_p: None,
//! };
//! assert!(figure.svg(Theme::Light)?.starts_with("<svg"));
//! # Ok::<(), radsql_plots::PlotError>(())
//! ```

mod axis;
mod bins;
mod calibration;
mod canvas;
mod check;
mod decision;
mod error;
mod forest;
mod heatmap;
mod histogram;
mod kaplan_meier;
mod lasso;
mod number;
mod picture;
mod roc;
mod slice;
mod terminal;
mod text;
mod theme;

pub use axis::time_ticks;
pub use calibration::{CalibrationCurve, CalibrationPlot};
pub use decision::{DecisionCurvePlot, DecisionModel};
pub use error::PlotError;
pub use forest::{ForestPlot, ForestRow};
pub use heatmap::CorrelationPlot;
pub use histogram::{Breaks, HistogramPlot, ScoreGroup, ScoreHistogramPlot};
pub use kaplan_meier::{KaplanMeierGroup, KaplanMeierPlot};
pub use lasso::{LassoCvPlot, LassoFeature, LassoPathPlot};
pub use roc::{RocCurve, TimeRocPlot};
pub use slice::SlicePlot;
pub use terminal::{TextSize, TextStyle};
pub use theme::Theme;
