//! Receiver operating characteristics at several times.

use crate::axis::{BELOW, Entry, Frame, LEFT, SIDE_ROW, Scale, side_legend, ticks};
use crate::canvas::{Canvas, SIZE, Stroke};
use crate::check;
use crate::error::PlotError;
use crate::number;
use crate::text;
use crate::theme::{MAX_SERIES, Theme};

/// The curve at one time, or of one marker.
#[derive(Debug, Clone, PartialEq)]
pub struct RocCurve {
    /// What it is of: `24 months`.
    pub name: String,
    /// 1 - specificity at each cut, 0 to 1, ascending.
    pub false_positive: Vec<f64>,
    /// Sensitivity at each cut, 0 to 1.
    pub true_positive: Vec<f64>,
    /// Area under the curve; NaN: not known.
    pub auc: f64,
    /// Lower limit of its confidence interval; NaN: not known.
    pub auc_lower: f64,
    /// Upper limit, as `auc_lower`.
    pub auc_upper: f64,
}

/// Time-dependent ROC: a curve a time, the areas in the legend, the diagonal of a coin.
///
/// Points are joined as they are given; the curve is not extended to the corners. Up to 18 curves.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TimeRocPlot {
    /// A curve each. One without points is named with its area.
    pub curves: Vec<RocCurve>,
}

const SQUARE: f64 = 380.0;
const LEGEND: f64 = 400.0;

impl TimeRocPlot {
    /// The figure as SVG text.
    ///
    /// # Errors
    /// No curve, more than 18, or none with points; lists of unequal lengths; rates that are no probabilities or do not
    /// ascend.
    pub fn svg(&self, theme: Theme) -> Result<String, PlotError> {
        self.check()?;
        let entries: Vec<Entry> = self.curves.iter().enumerate().map(|(i, c)| c.entry(theme, i)).collect();
        let widest = entries.iter().map(|e| text::width(&e.name, SIZE)).fold(0.0, f64::max);
        let (top, left) = (16.0, LEFT);
        let bottom = top + SQUARE.max(SIDE_ROW * entries.len() as f64);
        let width = left + SQUARE + 24.0 + (widest + 40.0).min(LEGEND) + 12.0;
        let mut canvas = Canvas::new(width, bottom + BELOW + 4.0, theme);
        let x = Scale::new((0.0, 1.0), left, left + SQUARE);
        let y = Scale::new((0.0, 1.0), bottom, bottom - SQUARE);
        canvas.group("diagonal");
        canvas.line(
            (x.at(0.0), y.at(0.0)),
            (x.at(1.0), y.at(1.0)),
            &Stroke::dashed(theme.muted(), 1.25, "4 3"),
        );
        canvas.end();
        for (i, curve) in self.curves.iter().enumerate() {
            let points = curve.false_positive.iter().zip(&curve.true_positive);
            let points: Vec<(f64, f64)> = points.map(|(f, t)| (x.clamped(*f), y.clamped(*t))).collect();
            canvas.group("curve");
            match points.as_slice() {
                [] => {}
                [(x, y)] => canvas.dot(*x, *y, 4.0, theme.series(i)),
                points => canvas.path(points, &entries[i].stroke),
            }
            canvas.end();
        }
        let ticks = ticks((0.0, 1.0), 5);
        let frame = Frame {
            x,
            y,
            x_ticks: &ticks,
            y_ticks: &ticks,
            x_label: "1 − specificity",
            y_label: "Sensitivity",
        };
        frame.draw(&mut canvas);
        side_legend(&mut canvas, &entries, left + SQUARE + 24.0, bottom - SQUARE, LEGEND);
        let names: Vec<String> = self.curves.iter().map(|c| c.caption(60.0 * SIZE)).collect();
        canvas.finish(&format!("Time-dependent ROC curves: {}", names.join("; ")))
    }

    pub(crate) fn check(&self) -> Result<(), PlotError> {
        check::number("curves", self.curves.len(), MAX_SERIES)?;
        for curve in &self.curves {
            let what = |field: &str| format!("{field} of {}", text::brief(&curve.name));
            check::probabilities(&what("false_positive"), &curve.false_positive)?;
            check::ascending(&what("false_positive"), &curve.false_positive)?;
            check::probabilities(&what("true_positive"), &curve.true_positive)?;
            check::length(
                &what("true_positive"),
                curve.true_positive.len(),
                curve.false_positive.len(),
            )?;
        }
        if self.curves.iter().all(|c| c.false_positive.is_empty()) {
            return Err(PlotError::Empty { what: "false_positive" });
        }
        Ok(())
    }
}

impl RocCurve {
    /// `24 months: AUC 0.78 (0.70–0.86)`, the name cut to the room that is left.
    fn caption(&self, room: f64) -> String {
        let tail = self.tail();
        format!(
            "{}{tail}",
            text::name(&self.name, room - text::width(&tail, SIZE), SIZE)
        )
    }

    /// `: AUC 0.78 (0.70–0.86)`.
    pub(crate) fn tail(&self) -> String {
        let auc = if self.auc.is_finite() {
            number::with_interval(self.auc, self.auc_lower, self.auc_upper)
        } else {
            "not known".to_owned()
        };
        format!(": AUC {auc}")
    }

    fn entry(&self, theme: Theme, i: usize) -> Entry {
        Entry {
            stroke: Stroke {
                dash: theme.dash(i),
                ..Stroke::solid(theme.series(i), 2.25)
            },
            name: self.caption(LEGEND - 40.0),
        }
    }
}
