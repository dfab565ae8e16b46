//! Net benefit against the threshold (Vickers and Elkin 2006).

use crate::axis::{BELOW, Entry, Frame, LEFT, SIDE_ROW, Scale, side_legend, ticks};
use crate::canvas::{Canvas, SIZE, SMALL, Stroke};
use crate::check;
use crate::error::PlotError;
use crate::text;
use crate::theme::{MAX_SERIES, Theme};

/// The net benefit of one model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DecisionModel {
    /// The model's name.
    pub name: String,
    /// Net benefit at each threshold; NaN: not defined, the line has a gap.
    pub net_benefit: Vec<f64>,
}

/// Decision curves: the net benefit of models, of treating everyone, and of treating no one, against the threshold
/// probability.
///
/// The axis goes from a little below 0 to the greatest benefit: lines that fall further (treating everyone does) leave the
/// frame. Up to 18 models.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DecisionCurvePlot {
    /// Threshold probabilities, 0 to 1, ascending.
    pub thresholds: Vec<f64>,
    /// A curve each.
    pub models: Vec<DecisionModel>,
    /// Net benefit of treating everyone at each threshold.
    pub treat_all: Vec<f64>,
}

const WIDTH: f64 = 470.0;
const HEIGHT: f64 = 330.0;
const LEGEND: f64 = 260.0;

impl DecisionCurvePlot {
    /// The figure as SVG text.
    ///
    /// # Errors
    /// No threshold, no model or more than 18; lists of unequal lengths; thresholds that are no probabilities or do not
    /// ascend; a net benefit above 1.
    pub fn svg(&self, theme: Theme) -> Result<String, PlotError> {
        self.check()?;
        let mut lines: Vec<(String, &[f64], Stroke)> = Vec::new();
        for (i, model) in self.models.iter().enumerate() {
            let stroke = Stroke {
                dash: theme.dash(i),
                ..Stroke::solid(theme.series(i), 2.25)
            };
            lines.push((text::name(&model.name, LEGEND - 40.0, SIZE), &model.net_benefit, stroke));
        }
        lines.push((
            "Treat all".to_owned(),
            &self.treat_all,
            Stroke::dashed(theme.muted(), 1.75, "6 4"),
        ));
        let none = Stroke::solid(theme.muted(), 1.25);
        let entries = lines.iter().map(|(name, _, stroke)| Entry {
            stroke: stroke.clone(),
            name: name.clone(),
        });
        let entries = entries.chain([Entry {
            stroke: none.clone(),
            name: "Treat none".to_owned(),
        }]);
        let entries: Vec<Entry> = entries.collect();

        let highest = lines
            .iter()
            .flat_map(|l| l.1)
            .copied()
            .filter(|v| v.is_finite())
            .fold(0.0, f64::max);
        let highest = if highest < 1e-6 { 0.1 } else { highest * 1.08 };
        let y_range = (-0.2 * highest, highest);
        let y_ticks = ticks(y_range, 6);
        let left = LEFT.max(38.0 + y_ticks.iter().map(|(_, l)| text::width(l, SMALL)).fold(0.0, f64::max));
        let widest = entries.iter().map(|e| text::width(&e.name, SIZE)).fold(0.0, f64::max);
        let top = 16.0;
        let bottom = top + HEIGHT.max(SIDE_ROW * entries.len() as f64);
        let mut canvas = Canvas::new(left + WIDTH + 24.0 + widest + 52.0, bottom + BELOW + 4.0, theme);
        // A single threshold has a place too.
        let last = self.thresholds.last().copied().unwrap_or(1.0).clamp(1e-3, 1.0);
        let x = Scale::new((0.0, last), left, left + WIDTH);
        let y = Scale::new(y_range, bottom, top);
        canvas.group("treat-none");
        canvas.line((x.start, y.at(0.0)), (x.end, y.at(0.0)), &none);
        canvas.end();
        for (i, (_, values, stroke)) in lines.iter().enumerate().rev() {
            canvas.group(if i == self.models.len() { "treat-all" } else { "curve" });
            for piece in pieces(&self.thresholds, values, y_range.0) {
                match piece.as_slice() {
                    [(t, v)] => canvas.dot(x.clamped(*t), y.clamped(*v), 3.5, stroke.color.clone()),
                    piece => {
                        let points: Vec<(f64, f64)> =
                            piece.iter().map(|(t, v)| (x.clamped(*t), y.clamped(*v))).collect();
                        canvas.path(&points, stroke);
                    }
                }
            }
            canvas.end();
        }
        let frame = Frame {
            x,
            y,
            x_ticks: &ticks((0.0, last), 6),
            y_ticks: &y_ticks,
            x_label: "Threshold probability",
            y_label: "Net benefit",
        };
        frame.draw(&mut canvas);
        side_legend(&mut canvas, &entries, left + WIDTH + 24.0, top, LEGEND);
        let names: Vec<String> = self.models.iter().map(|m| text::brief(&m.name)).collect();
        canvas.finish(&format!(
            "Decision curves of {}, treating all and none",
            names.join(", ")
        ))
    }

    fn check(&self) -> Result<(), PlotError> {
        let n = self.thresholds.len();
        check::number("thresholds", n, 100_000)?;
        check::probabilities("thresholds", &self.thresholds)?;
        check::ascending("thresholds", &self.thresholds)?;
        check::number("models", self.models.len(), MAX_SERIES)?;
        let benefit = |what: &str, values: &[f64]| {
            check::length(what, values.len(), n)?;
            check::within(what, values, "a net benefit of at most 1, or NaN", |v| {
                v.is_nan() || v <= 1.0
            })
        };
        for model in &self.models {
            benefit(
                &format!("net_benefit of {}", text::brief(&model.name)),
                &model.net_benefit,
            )?;
        }
        benefit("treat_all", &self.treat_all)
    }
}

/// What of a line lies at or above `floor`, cut where it crosses; a gap at values that are not numbers.
fn pieces(x: &[f64], y: &[f64], floor: f64) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut piece: Vec<(f64, f64)> = Vec::new();
    let mut last: Option<(f64, f64)> = None;
    for (x, y) in x.iter().copied().zip(y.iter().copied()) {
        let point = (x, y.max(-1e12));
        if y.is_nan() {
            pieces.push(std::mem::take(&mut piece));
            last = None;
            continue;
        }
        if let Some((from_x, from_y)) = last
            && (from_y < floor) != (point.1 < floor)
        {
            let part = (floor - from_y) / (point.1 - from_y);
            piece.push((from_x + part * (x - from_x), floor));
        }
        if point.1 >= floor {
            piece.push(point);
        } else {
            pieces.push(std::mem::take(&mut piece));
        }
        last = Some(point);
    }
    pieces.push(piece);
    pieces.retain(|p| !p.is_empty());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_where_they_leave_the_frame() {
        let cut = pieces(&[0.0, 1.0, 2.0, 3.0], &[1.0, -1.0, 1.0, f64::NAN], 0.0);
        assert_eq!(cut, [vec![(0.0, 1.0), (0.5, 0.0)], vec![(1.5, 0.0), (2.0, 1.0)]]);
        assert!(pieces(&[0.0], &[-1.0], 0.0).is_empty());
        assert_eq!(pieces(&[0.0, 1.0], &[1.0, f64::NEG_INFINITY], 0.0).len(), 1);
    }
}
