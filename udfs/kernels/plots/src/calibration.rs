//! Predicted against observed.

use crate::axis::{BELOW, Entry, Frame, LEFT, SIDE_ROW, Scale, side_legend, ticks};
use crate::canvas::{Canvas, SIZE, Stroke};
use crate::check;
use crate::error::PlotError;
use crate::text;
use crate::theme::{MAX_SERIES, Theme};

/// The calibration of one model, or in one cohort: a value of each list a group of patients.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CalibrationCurve {
    /// What it is of: `External cohort`.
    pub name: String,
    /// Mean predicted probability in each group, ascending.
    pub predicted: Vec<f64>,
    /// Observed probability (of Kaplan and Meier, say); NaN: not known, no point.
    pub observed: Vec<f64>,
    /// Lower limit of its confidence interval; NaN: no bar.
    pub lower: Vec<f64>,
    /// Upper limit, as `lower`.
    pub upper: Vec<f64>,
}

/// Observed against predicted probability in groups of patients, with confidence intervals and the line of identity.
///
/// Both axes are 0 to 1. Up to 18 curves.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CalibrationPlot {
    /// Label of the horizontal axis: `Predicted survival at 36 months`.
    pub predicted_label: String,
    /// Label of the vertical axis: `Observed survival at 36 months`.
    pub observed_label: String,
    /// A curve each.
    pub curves: Vec<CalibrationCurve>,
}

const SQUARE: f64 = 380.0;
const LEGEND: f64 = 240.0;

impl CalibrationPlot {
    /// The figure as SVG text.
    ///
    /// # Errors
    /// No curve, more than 18, or none with a point; lists of unequal lengths; values that are no probabilities, predictions
    /// that do not ascend.
    pub fn svg(&self, theme: Theme) -> Result<String, PlotError> {
        self.check()?;
        let identity = Stroke::dashed(theme.muted(), 1.25, "4 3");
        let series = |i| Stroke {
            dash: theme.dash(i),
            ..Stroke::solid(theme.series(i), 2.0)
        };
        let entries = self.curves.iter().enumerate().map(|(i, c)| Entry {
            stroke: series(i),
            name: text::name(&c.name, LEGEND - 40.0, SIZE),
        });
        let ideal = Entry {
            stroke: identity.clone(),
            name: "Ideal".to_owned(),
        };
        let entries: Vec<Entry> = entries.chain([ideal]).collect();
        let widest = entries.iter().map(|e| text::width(&e.name, SIZE)).fold(0.0, f64::max);
        let (top, left) = (16.0, LEFT);
        let bottom = top + SQUARE.max(SIDE_ROW * entries.len() as f64);
        let mut canvas = Canvas::new(left + SQUARE + 24.0 + widest + 52.0, bottom + BELOW + 4.0, theme);
        let x = Scale::new((0.0, 1.0), left, left + SQUARE);
        let y = Scale::new((0.0, 1.0), bottom, bottom - SQUARE);
        canvas.group("diagonal");
        canvas.line((x.at(0.0), y.at(0.0)), (x.at(1.0), y.at(1.0)), &identity);
        canvas.end();
        for (i, curve) in self.curves.iter().enumerate() {
            curve.bars(&mut canvas, &x, &y, &series(i));
        }
        for (i, curve) in self.curves.iter().enumerate() {
            curve.points(&mut canvas, &x, &y, &series(i));
        }
        let ticks = ticks((0.0, 1.0), 5);
        let frame = Frame {
            x,
            y,
            x_ticks: &ticks,
            y_ticks: &ticks,
            x_label: &self.predicted_label,
            y_label: &self.observed_label,
        };
        frame.draw(&mut canvas);
        side_legend(&mut canvas, &entries, left + SQUARE + 24.0, bottom - SQUARE, LEGEND);
        let names: Vec<String> = self.curves.iter().map(|c| text::brief(&c.name)).collect();
        canvas.finish(&format!("Calibration of {}", names.join(", ")))
    }

    fn check(&self) -> Result<(), PlotError> {
        check::number("curves", self.curves.len(), MAX_SERIES)?;
        for curve in &self.curves {
            let what = |field: &str| format!("{field} of {}", text::brief(&curve.name));
            check::probabilities(&what("predicted"), &curve.predicted)?;
            check::ascending(&what("predicted"), &curve.predicted)?;
            for (field, values) in [
                ("observed", &curve.observed),
                ("lower", &curve.lower),
                ("upper", &curve.upper),
            ] {
                check::length(&what(field), values.len(), curve.predicted.len())?;
                check::within(&what(field), values, "a probability or NaN", |v| {
                    v.is_nan() || (-1e-9..=1.0 + 1e-9).contains(&v)
                })?;
            }
        }
        if self.curves.iter().flat_map(|c| &c.observed).all(|v| v.is_nan()) {
            return Err(PlotError::Empty { what: "observed" });
        }
        Ok(())
    }
}

impl CalibrationCurve {
    fn bars(&self, canvas: &mut Canvas, x: &Scale, y: &Scale, stroke: &Stroke) {
        canvas.group("bars");
        let bar = Stroke::solid(stroke.color.clone(), 1.5);
        for ((predicted, lower), upper) in self.predicted.iter().zip(&self.lower).zip(&self.upper) {
            if lower.is_nan() || upper.is_nan() {
                continue;
            }
            let (x, low, high) = (x.clamped(*predicted), y.clamped(*lower), y.clamped(*upper));
            canvas.line((x, low), (x, high), &bar);
            for y in [low, high] {
                canvas.line((x - 4.0, y), (x + 4.0, y), &bar);
            }
        }
        canvas.end();
    }

    fn points(&self, canvas: &mut Canvas, x: &Scale, y: &Scale, stroke: &Stroke) {
        let points = self.predicted.iter().zip(&self.observed).filter(|(_, o)| !o.is_nan());
        let points: Vec<(f64, f64)> = points.map(|(p, o)| (x.clamped(*p), y.clamped(*o))).collect();
        canvas.group("curve");
        if points.len() > 1 {
            canvas.path(&points, stroke);
        }
        for (x, y) in points {
            canvas.dot(x, y, 4.5, stroke.color.clone());
        }
        canvas.end();
    }
}
