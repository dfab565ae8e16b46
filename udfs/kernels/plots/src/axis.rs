//! Scales, ticks, the frame, the legend.

use crate::canvas::{Canvas, SIZE, SMALL, Stroke, Style};
use crate::number::minus;
use crate::text;

/// From data to pixels, linear.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) start: f64,
    pub(crate) end: f64,
}

impl Scale {
    /// `low` at pixel `start`, `high` at `end`.
    pub(crate) fn new((low, high): (f64, f64), start: f64, end: f64) -> Self {
        Self { low, high, start, end }
    }

    pub(crate) fn at(&self, value: f64) -> f64 {
        self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)
    }

    /// The nearest position within the frame.
    pub(crate) fn clamped(&self, value: f64) -> f64 {
        self.at(value.clamp(self.low, self.high))
    }
}

/// Least and largest, apart from one another even if all values are one. Not finite ones are left out.
pub(crate) fn range(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .into_iter()
        .filter(|v| v.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if low > high {
        return (0.0, 1.0);
    }
    let size = low.abs().max(high.abs());
    if high - low < 1e-9 * size || high - low < 1e-12 {
        let half = if size > 1e-12 { 0.5 * size } else { 0.5 };
        return (low - half, high + half);
    }
    (low, high)
}

/// A range with a margin of a part of it on both sides.
pub(crate) fn padded((low, high): (f64, f64), part: f64) -> (f64, f64) {
    let pad = (high - low) * part;
    (low - pad, high + pad)
}

/// 1, 2 or 5 times a power of ten, so that about `count` steps cover the range.
fn step((low, high): (f64, f64), count: usize) -> f64 {
    let raw = (high - low) / count.max(1) as f64;
    let power = 10f64.powf(raw.log10().floor());
    let lead = raw / power;
    let nice = match lead {
        l if l < 1.5 => 1.0,
        l if l < 3.2 => 2.0,
        l if l < 7.1 => 5.0,
        _ => 10.0,
    };
    nice * power
}

/// Round numbers within the range, about `count`, and their labels.
pub(crate) fn ticks(range: (f64, f64), count: usize) -> Vec<(f64, String)> {
    let step = step(range, count);
    if !(step.is_finite() && step > 0.0) {
        return Vec::new();
    }
    let first = (range.0 / step - 1e-9).ceil();
    let last = (range.1 / step + 1e-9).floor();
    let total = (last - first).clamp(0.0, 100.0) as usize;
    (0..=total)
        .map(|i| (first + i as f64) * step)
        .map(|v| (v, label(v, step)))
        .collect()
}

/// A tick's label: as many digits as the step needs.
pub(crate) fn label(value: f64, step: f64) -> String {
    let digits = (-(step.log10() + 1e-9).floor()).max(0.0);
    if digits > 6.0 || value.abs() >= 1e7 {
        return minus(&format!("{value:.2e}"));
    }
    minus(&format!("{value:.*}", digits as usize))
}

/// Ticks at given places, with labels of as many digits as they need.
pub(crate) fn labelled(places: &[f64]) -> Vec<(f64, String)> {
    let digits = (0..4)
        .find(|d| places.iter().all(|v| (v * 10f64.powi(*d)).fract().abs() < 1e-6))
        .unwrap_or(3);
    let text = |v: f64| {
        if v.abs() >= 1e7 {
            format!("{v:.2e}")
        } else {
            format!("{v:.*}", digits as usize)
        }
    };
    places.iter().map(|v| (*v, minus(&text(*v)))).collect()
}

/// Times at which a follow-up of this length is divided by the axis of a [`crate::KaplanMeierPlot`] without ticks of its own: ask for the
/// numbers at risk at these. From 0; steps of 1, 2 or 5 times a power of ten, and of 6, 12 or 24 where these divide months well.
pub fn time_ticks(longest: f64) -> Vec<f64> {
    if !(longest.is_finite() && longest > 1e-9) {
        return vec![0.0];
    }
    let months = [6.0, 12.0, 24.0, 60.0]
        .into_iter()
        .find(|s| (4.0..=8.0).contains(&(longest / s).ceil()));
    let step = months
        .filter(|_| longest >= 24.0)
        .unwrap_or_else(|| step((0.0, longest), 6));
    (0..=(longest / step + 1e-9).floor() as usize)
        .map(|i| i as f64 * step)
        .collect()
}

/// Every how manieth label fits, when each needs its width and a gap.
pub(crate) fn every(labels: &[(f64, String)], scale: &Scale, size: f64) -> usize {
    let widest = labels.iter().map(|(_, l)| text::width(l, size)).fold(0.0, f64::max) + 8.0;
    let fits = |n: &usize| {
        let kept: Vec<f64> = labels.iter().step_by(*n).map(|(v, _)| scale.at(*v)).collect();
        kept.windows(2).all(|w| (w[1] - w[0]).abs() >= widest)
    };
    (1..labels.len()).find(fits).unwrap_or(labels.len().max(1))
}

/// The two axes of a plot and what stands at them.
pub(crate) struct Frame<'a> {
    pub(crate) x: Scale,
    pub(crate) y: Scale,
    pub(crate) x_ticks: &'a [(f64, String)],
    pub(crate) y_ticks: &'a [(f64, String)],
    pub(crate) x_label: &'a str,
    pub(crate) y_label: &'a str,
}

/// Room below the frame for its ticks and label, and left of it.
pub(crate) const BELOW: f64 = 48.0;
pub(crate) const LEFT: f64 = 64.0;

impl Frame<'_> {
    /// Draws them. Ticks whose labels would run into each other lose them.
    pub(crate) fn draw(&self, canvas: &mut Canvas) {
        let stroke = Stroke::solid(canvas.theme().ink(), 1.25);
        let (left, right) = (self.x.start, self.x.end);
        let (bottom, top) = (self.y.start, self.y.end);
        canvas.path(&[(left, top), (left, bottom), (right, bottom)], &stroke);
        canvas.group("x-ticks");
        let every = every(self.x_ticks, &self.x, SMALL);
        for (i, (value, label)) in self.x_ticks.iter().enumerate() {
            let x = self.x.at(*value);
            canvas.line((x, bottom), (x, bottom + 5.0), &stroke);
            if i % every == 0 {
                canvas.text(x, bottom + 19.0, label, Style::MIDDLE.small());
            }
        }
        canvas.end();
        canvas.group("y-ticks");
        for (value, label) in self.y_ticks {
            let y = self.y.at(*value);
            canvas.line((left - 5.0, y), (left, y), &stroke);
            canvas.text(left - 9.0, y + 4.3, label, Style::END.small());
        }
        canvas.end();
        let x_label = text::cut(self.x_label, right - left + 40.0, SIZE);
        canvas.text((left + right) / 2.0, bottom + 40.0, &x_label, Style::MIDDLE);
        let widest = self
            .y_ticks
            .iter()
            .map(|(_, l)| text::width(l, SMALL))
            .fold(0.0, f64::max);
        let y_label = text::cut(self.y_label, bottom - top + 40.0, SIZE);
        let x = left - 9.0 - widest - 12.0;
        canvas.text(x, (bottom + top) / 2.0, &y_label, Style::MIDDLE.rotate(-90.0));
    }
}

/// A sample of a series and its name.
pub(crate) struct Entry {
    pub(crate) stroke: Stroke,
    pub(crate) name: String,
}

const SAMPLE: f64 = 26.0;

/// Lays names out in lines of at most `room` pixels: of each, its line and its offset; and the number of lines.
fn flow(entries: &[Entry], room: f64) -> (Vec<(usize, f64)>, usize) {
    let (mut line, mut x) = (0, 0.0);
    let mut places = Vec::with_capacity(entries.len());
    for entry in entries {
        let width = SAMPLE + 6.0 + text::width(&entry.name, SIZE) + 20.0;
        if x > 0.0 && x + width > room {
            line += 1;
            x = 0.0;
        }
        places.push((line, x));
        x += width;
    }
    (places, line + 1)
}

/// Height of a legend in lines above the frame.
pub(crate) fn legend_height(entries: &[Entry], room: f64) -> f64 {
    flow(entries, room).1 as f64 * 20.0
}

/// Draws it from a corner.
pub(crate) fn legend(canvas: &mut Canvas, entries: &[Entry], x: f64, y: f64, room: f64) {
    canvas.group("legend");
    for (entry, (line, offset)) in entries.iter().zip(flow(entries, room).0) {
        let (x, y) = (x + offset, y + line as f64 * 20.0 + 10.0);
        canvas.line((x, y), (x + SAMPLE, y), &entry.stroke);
        canvas.text(x + SAMPLE + 6.0, y + 4.5, &entry.name, Style::START);
    }
    canvas.end();
}

/// Ticks of a logarithmic axis of ratios, and their labels; the range is in ratios, 0.01 to 100 at most.
pub(crate) fn ratio_ticks((low, high): (f64, f64)) -> Vec<(f64, String)> {
    const ALL: [&str; 13] = [
        "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "50", "100",
    ];
    let within = |t: &(f64, String)| t.0 >= low * (1.0 - 1e-9) && t.0 <= high * (1.0 + 1e-9);
    let places = |step: usize| -> Vec<(f64, String)> {
        let labels = ALL.iter().step_by(step);
        let ticks = labels.filter_map(|l| l.parse().ok().map(|v| (v, (*l).to_owned())));
        ticks.filter(within).collect()
    };
    let fine = places(1);
    if fine.len() > 8 { places(3) } else { fine }
}

/// Draws a legend of one entry a line from a corner down; gives the height.
pub(crate) fn side_legend(canvas: &mut Canvas, entries: &[Entry], x: f64, y: f64, room: f64) -> f64 {
    canvas.group("legend");
    for (i, entry) in entries.iter().enumerate() {
        let y = y + i as f64 * SIDE_ROW + 10.0;
        canvas.line((x, y), (x + SAMPLE, y), &entry.stroke);
        let name = text::name(&entry.name, room - SAMPLE - 6.0, SIZE);
        canvas.text(x + SAMPLE + 6.0, y + 4.5, &name, Style::START);
    }
    canvas.end();
    entries.len() as f64 * SIDE_ROW
}

/// Height of a line of [`side_legend`].
pub(crate) const SIDE_ROW: f64 = 21.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        let labels = |r, n| ticks(r, n).into_iter().map(|(_, l)| l).collect::<Vec<_>>();
        assert_eq!(labels((0.0, 1.0), 5), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels((-0.3, 0.31), 4), ["−0.2", "0.0", "0.2"]);
        assert_eq!(labels((0.0, 70.0), 7), ["0", "10", "20", "30", "40", "50", "60", "70"]);
        assert_eq!(range([2.0, 2.0]), (1.0, 3.0));
        assert_eq!(range([0.0]), (-0.5, 0.5));
        assert_eq!(range([f64::NAN]), (0.0, 1.0));
    }

    #[test]
    fn time_is_divided_in_years_where_it_can_be() {
        assert_eq!(time_ticks(70.0), [0.0, 12.0, 24.0, 36.0, 48.0, 60.0]);
        assert_eq!(time_ticks(5.0), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(time_ticks(0.0), [0.0]);
        assert_eq!(time_ticks(f64::NAN), [0.0]);
        assert!(time_ticks(1e12).len() < 12);
        assert_eq!(
            labelled(&[0.0, 2.5]),
            [(0.0, "0.0".to_owned()), (2.5, "2.5".to_owned())]
        );
    }
}
