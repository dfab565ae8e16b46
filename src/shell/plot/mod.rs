//! The plot of a result: which figure its columns make, and that figure as text, as SVG, as a picture, in a file.

mod curves;
mod forest;
mod histogram;
mod images;
mod kaplan_meier;
mod pixels;
mod rows;
mod save;

pub use images::{Images, images};
pub use radsql_udfs::plots::figures::{TextSize, TextStyle};

use super::report::figure::is_plain;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use radsql_udfs::plots::figures::{ForestPlot, HistogramPlot, KaplanMeierPlot, PlotError, Theme, TimeRocPlot};
use rows::Rows;

/// What a result is drawn as.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Plot {
    /// Survival curves.
    KaplanMeier(KaplanMeierPlot),
    /// Receiver operating characteristics.
    Roc(TimeRocPlot),
    /// Ratios with their intervals.
    Forest(ForestPlot),
    /// Counts of a number.
    Histogram(HistogramPlot),
    /// A figure that the result holds, as SVG.
    Figure(String),
}

const DRAWABLE: &str = "the result is nothing that can be drawn. These can: survival curves (columns time and survival, as \
                        kaplan_meier gives them), ROC curves (fpr and tpr, as time_roc_curve), ratios with their limits (term, hr, \
                        hr_lower and hr_upper, as cox and univariate_cox), a figure (as km_plot's svg), or one column of numbers, with \
                        a column of groups or alone: a histogram";

/// Structs and lists within one another that are looked into.
const DEEPEST: usize = 4;

/// Finds what a result can be drawn as. Its columns decide, by name, and those of structs and lists of structs in it.
///
/// # Errors
/// When it has no rows, when nothing fits (the message says what would), and when something fits whose numbers cannot be drawn.
pub fn of_result(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Plot, String> {
    let rows = Rows::new(schema, batches)?;
    if rows.is_empty() {
        return Err("the result has no rows to draw".into());
    }
    if let Some(figure) = figure(&rows) {
        return figure;
    }
    if let Some(plot) = named(&rows, DEEPEST) {
        return plot;
    }
    histogram::find(&rows).unwrap_or_else(|| Err(DRAWABLE.into()))
}

/// The figure in a column of text.
fn figure(rows: &Rows) -> Option<Result<Plot, String>> {
    for name in rows.texts() {
        let figures: Vec<String> = rows
            .labels(name)
            .into_iter()
            .flatten()
            .filter(|t| is_plain(t))
            .collect();
        match figures.len() {
            0 => {}
            1 => return figures.into_iter().next().map(|f| Ok(Plot::Figure(f))),
            n => {
                return Some(Err(format!(
                    "the result holds {n} figures; choose one of them, with WHERE or LIMIT 1"
                )));
            }
        }
    }
    None
}

/// A plot that the names of columns tell, here or within structs and lists.
fn named(rows: &Rows, deep: usize) -> Option<Result<Plot, String>> {
    let found = kaplan_meier::find(rows)
        .or_else(|| curves::find(rows))
        .or_else(|| forest::find(rows));
    if found.is_some() || deep == 0 {
        return found;
    }
    rows.nested().find_map(|within| named(&within, deep - 1))
}

impl Plot {
    /// The plot as text.
    ///
    /// # Errors
    /// When the terminal is too small or the numbers cannot be drawn; for a figure, which is no text: the message tells how to
    /// save it.
    pub fn terminal(&self, size: TextSize, style: TextStyle) -> Result<String, String> {
        match self {
            Self::KaplanMeier(plot) => plot.terminal(size, style).map_err(told),
            Self::Roc(plot) => plot.terminal(size, style).map_err(told),
            Self::Forest(plot) => plot.terminal(size, style).map_err(told),
            Self::Histogram(plot) => plot.terminal(size, style).map_err(told),
            Self::Figure(_) => {
                Err("the result is a figure, which this terminal does not show; \\plot file.svg saves it".into())
            }
        }
    }

    /// The plot as SVG text.
    ///
    /// # Errors
    /// When the numbers cannot be drawn.
    pub fn svg(&self) -> Result<String, String> {
        match self {
            Self::KaplanMeier(plot) => plot.svg(Theme::Light).map_err(told),
            Self::Roc(plot) => plot.svg(Theme::Light).map_err(told),
            Self::Forest(plot) => plot.svg(Theme::Light).map_err(told),
            Self::Histogram(plot) => plot.svg(Theme::Light).map_err(told),
            Self::Figure(svg) => Ok(svg.clone()),
        }
    }

    /// The plot as a picture in a terminal: what to write to it, at the beginning of a line. At most as wide and as high as
    /// `size`.
    ///
    /// # Errors
    /// When it cannot be drawn, and on a system without fonts: the text can be shown then.
    pub fn image(&self, protocol: Images, size: TextSize) -> Result<Vec<u8>, String> {
        images::encode(&self.svg()?, protocol, size)
    }
}

fn told(error: PlotError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests;
