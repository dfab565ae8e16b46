//! Hazard ratios in rows.

use crate::axis::{Scale, ratio_ticks};
use crate::canvas::{Canvas, SIZE, Stroke, Style};
use crate::check;
use crate::error::PlotError;
use crate::number;
use crate::text;
use crate::theme::Theme;

/// One term of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ForestRow {
    /// The term's name.
    pub name: String,
    /// Its ratio, more than 0. Not a positive finite number: the row says `not estimable`.
    pub ratio: f64,
    /// Lower limit of the confidence interval; not finite or 0: the line ends in an arrow.
    pub lower: f64,
    /// Upper limit, as `lower`.
    pub upper: f64,
    /// p; `None` or not a probability: left empty.
    pub p: Option<f64>,
}

/// A forest plot: a square and a line a term on a logarithmic axis, a line at 1, and beside it the numbers.
///
/// Ratios are drawn between 0.01 and 100; what lies beyond is an arrow at the edge, and its numbers are in the table. Up to
/// 1000 rows, in the order given; the figure grows with them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ForestPlot {
    /// Head of the column of names: `Variable`.
    pub name_label: String,
    /// Head of the column of numbers: `HR (95% CI)`.
    pub ratio_label: String,
    /// Label of the axis: `Hazard ratio`.
    pub axis_label: String,
    /// A row each.
    pub rows: Vec<ForestRow>,
}

pub(crate) const LIMIT: usize = 1000;
const MARGIN: f64 = 14.0;
const NAMES: f64 = 320.0;
const PLOT: f64 = 270.0;
const GAP: f64 = 22.0;

impl ForestPlot {
    /// The figure as SVG text.
    ///
    /// # Errors
    /// No row, or more than 1000.
    pub fn svg(&self, theme: Theme) -> Result<String, PlotError> {
        check::number("rows", self.rows.len(), LIMIT)?;
        let row = if self.rows.len() > 40 { 19.0 } else { 25.0 };
        let widest = |texts: &mut dyn Iterator<Item = f64>| texts.fold(0.0, f64::max);
        let numbers: Vec<String> = self.rows.iter().map(ForestRow::numbers).collect();
        let names = self
            .rows
            .iter()
            .map(|r| text::width(&text::name(&r.name, NAMES, SIZE), SIZE));
        let names = widest(&mut names.chain([text::width(&text::cut(&self.name_label, NAMES, SIZE), SIZE * 1.1)]));
        let ratio_label = text::cut(&self.ratio_label, NAMES, SIZE);
        let ratios = numbers
            .iter()
            .map(|n| text::width(n, SIZE))
            .chain([text::width(&ratio_label, SIZE * 1.1)]);
        let ratios = widest(&mut ratios.into_iter());
        let left = MARGIN + names.max(80.0) + GAP;
        let (right, table) = (left + PLOT, left + PLOT + GAP);
        let p = table + ratios + GAP;
        let width = p + 62.0 + MARGIN;
        let top = 34.0;
        let bottom = top + row * self.rows.len() as f64 + 6.0;
        let mut canvas = Canvas::new(width, bottom + 52.0, theme);

        let (low, high) = self.range();
        let x = Scale::new((low.ln(), high.ln()), left, right);
        canvas.text(
            MARGIN,
            22.0,
            &text::cut(&self.name_label, NAMES, SIZE),
            Style::START.bold(),
        );
        canvas.text(table, 22.0, &ratio_label, Style::START.bold());
        canvas.text(p, 22.0, "p", Style::START.bold());
        canvas.group("stripes");
        for i in (0..self.rows.len()).step_by(2) {
            let y = top + row * i as f64;
            canvas.rect(MARGIN - 8.0, y, width - 2.0 * MARGIN + 16.0, row, theme.stripe(), None);
        }
        canvas.end();
        canvas.line(
            (MARGIN - 8.0, top),
            (width - MARGIN + 8.0, top),
            &Stroke::solid(theme.ink(), 1.25),
        );
        axis(
            &mut canvas,
            &x,
            bottom,
            &text::cut(&self.axis_label, PLOT + 60.0, SIZE),
            (low, high),
        );
        canvas.group("reference");
        canvas.line(
            (x.at(0.0), top),
            (x.at(0.0), bottom),
            &Stroke::dashed(theme.muted(), 1.25, "4 3"),
        );
        canvas.end();
        for (i, (r, numbers)) in self.rows.iter().zip(&numbers).enumerate() {
            let y = top + row * (i as f64 + 0.5);
            canvas.group("row");
            canvas.text(MARGIN, y + 4.5, &text::name(&r.name, NAMES, SIZE), Style::START);
            canvas.text(table, y + 4.5, numbers, Style::START);
            if let Some(bare) = r.p.and_then(number::p_bare) {
                canvas.text(p, y + 4.5, &bare, Style::START);
            }
            r.draw(&mut canvas, &x, y);
            canvas.end();
        }
        canvas.finish(&self.sentence())
    }

    /// What the axis covers: all that is drawn and 0.5 to 2, within 0.01 to 100.
    pub(crate) fn range(&self) -> (f64, f64) {
        let rows = self.rows.iter().filter(|r| r.estimable());
        let (mut low, mut high) = (0.5_f64, 2.0_f64);
        for value in rows.flat_map(|r| [r.ratio, r.lower, r.upper]) {
            if value.is_finite() && value > 0.0 {
                (low, high) = (low.min(value), high.max(value));
            }
        }
        (low.max(0.01) * 0.9, high.min(100.0) * 1.1)
    }

    fn sentence(&self) -> String {
        let count = self.rows.len();
        let first = self
            .rows
            .iter()
            .take(3)
            .map(|r| format!("{} {}", text::brief(&r.name), r.numbers()));
        let first: Vec<String> = first.collect();
        let more = if count > 3 {
            format!(" and {} more", count - 3)
        } else {
            String::new()
        };
        format!(
            "Forest plot, {}: {}{more}",
            text::brief(&self.ratio_label),
            first.join("; ")
        )
    }
}

fn axis(canvas: &mut Canvas, x: &Scale, y: f64, label: &str, range: (f64, f64)) {
    let stroke = Stroke::solid(canvas.theme().ink(), 1.25);
    canvas.line((x.start, y), (x.end, y), &stroke);
    canvas.group("x-ticks");
    for (value, label) in ratio_ticks(range) {
        let x = x.at(value.ln());
        canvas.line((x, y), (x, y + 5.0), &stroke);
        canvas.text(x, y + 19.0, &label, Style::MIDDLE.small());
    }
    canvas.end();
    canvas.text((x.start + x.end) / 2.0, y + 39.0, label, Style::MIDDLE);
}

impl ForestRow {
    pub(crate) fn estimable(&self) -> bool {
        self.ratio.is_finite() && self.ratio > 0.0
    }

    pub(crate) fn numbers(&self) -> String {
        if self.estimable() {
            number::with_interval(self.ratio, self.lower, self.upper)
        } else {
            "not estimable".to_owned()
        }
    }

    /// Ends of its line: the ratio itself without any limit, so that there is only the square.
    pub(crate) fn limits(&self) -> (f64, f64) {
        match (self.lower.is_nan(), self.upper.is_nan()) {
            (true, true) => (self.ratio, self.ratio),
            (lower, upper) => (
                if lower { 0.0 } else { self.lower },
                if upper { f64::INFINITY } else { self.upper },
            ),
        }
    }

    /// The line of the interval and the square; arrows where they leave the axis.
    fn draw(&self, canvas: &mut Canvas, x: &Scale, y: f64) {
        if !self.estimable() {
            return;
        }
        let color = canvas.theme().series(0);
        let stroke = Stroke::solid(color.clone(), 1.75);
        let log = |v: f64| if v > 0.0 { v.ln() } else { f64::NEG_INFINITY };
        let at = |v: f64| log(v).clamp(x.low, x.high);
        let (lower, upper) = self.limits();
        let (from, to) = (x.at(at(lower.min(self.ratio))), x.at(at(upper.max(self.ratio))));
        if to > from {
            canvas.line((from, y), (to, y), &stroke);
        }
        for (end, toward, beyond) in [(from, 1.0, log(lower) < x.low), (to, -1.0, log(upper) > x.high)] {
            if beyond {
                let points = [(end + 7.0 * toward, y - 4.5), (end, y), (end + 7.0 * toward, y + 4.5)];
                canvas.path(&points, &stroke);
            } else if to > from {
                canvas.line((end, y - 3.5), (end, y + 3.5), &stroke);
            }
        }
        let value = self.ratio.ln();
        if (x.low..=x.high).contains(&value) {
            canvas.rect(x.at(value) - 4.5, y - 4.5, 9.0, 9.0, color, None);
        }
    }
}
