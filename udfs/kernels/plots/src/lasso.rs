//! The path of a penalised model and its cross-validation.

use crate::axis::{BELOW, Entry, Frame, LEFT, SIDE_ROW, Scale, padded, range, side_legend, ticks};
use crate::canvas::{Canvas, SIZE, SMALL, Stroke, Style};
use crate::check;
use crate::error::PlotError;
use crate::text;
use crate::theme::Theme;

/// The coefficients of one feature.
#[derive(Debug, Clone, PartialEq)]
pub struct LassoFeature {
    /// The feature's name.
    pub name: String,
    /// Its coefficient at each of the path's lambdas.
    pub coefficients: Vec<f64>,
}

/// Coefficients against the logarithm of the penalty, the number of terms on top, lines at the chosen penalties.
///
/// The twelve features with the largest coefficients at `lambda_min` (at the least lambda, if there is none) have a colour and
/// a name, the others are grey.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LassoPathPlot {
    /// The penalties, more than 0, ascending or descending.
    pub lambdas: Vec<f64>,
    /// A line each; up to 5000.
    pub features: Vec<LassoFeature>,
    /// The penalty of the least cross-validated error.
    pub lambda_min: Option<f64>,
    /// The largest penalty within one standard error of it.
    pub lambda_1se: Option<f64>,
}

/// The cross-validated error against the logarithm of the penalty: mean, bars of one standard error, number of terms on
/// top, lines at the chosen penalties.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LassoCvPlot {
    /// Label of the error: `Partial likelihood deviance`.
    pub error_label: String,
    /// The penalties, more than 0, ascending or descending.
    pub lambdas: Vec<f64>,
    /// Mean error over the folds at each lambda.
    pub mean: Vec<f64>,
    /// Mean less one standard error; NaN: no bar.
    pub lower: Vec<f64>,
    /// Mean and one standard error; NaN: no bar.
    pub upper: Vec<f64>,
    /// Terms with a coefficient other than 0 at each lambda.
    pub non_zero: Vec<usize>,
    /// The penalty of the least mean error.
    pub lambda_min: Option<f64>,
    /// The largest penalty within one standard error of it.
    pub lambda_1se: Option<f64>,
}

const WIDTH: f64 = 470.0;
const HEIGHT: f64 = 330.0;
const TOP: f64 = 52.0;
const LEGEND: f64 = 320.0;
const NAMED: usize = 12;

impl LassoPathPlot {
    /// The figure as SVG text.
    ///
    /// # Errors
    /// No lambda, or one that is not positive and finite; no feature, or more than 5000; coefficients of another number than
    /// the lambdas, or not finite.
    pub fn svg(&self, theme: Theme) -> Result<String, PlotError> {
        check_lambdas(&self.lambdas)?;
        check::number("features", self.features.len(), 5000)?;
        for feature in &self.features {
            let what = format!("coefficients of {}", text::brief(&feature.name));
            check::length(&what, feature.coefficients.len(), self.lambdas.len())?;
            check::finite(&what, &feature.coefficients)?;
        }
        let named = self.named();
        let mut entries: Vec<Entry> = named
            .iter()
            .enumerate()
            .map(|(i, f)| entry(theme, i, &f.name))
            .collect();
        // Those that are 0 all along would be a line on the axis, and are not counted as others.
        let is_named = |f: &LassoFeature| named.iter().any(|n| std::ptr::eq(*n, f));
        let other = self
            .features
            .iter()
            .filter(|f| !is_named(f) && f.coefficients.iter().any(|c| *c != 0.0));
        let other: Vec<&LassoFeature> = other.collect();
        let grey = Stroke::solid(theme.muted(), 0.9);
        if !other.is_empty() {
            let plural = if other.len() == 1 { "" } else { "s" };
            entries.push(Entry {
                stroke: grey.clone(),
                name: format!("{} other feature{plural}", other.len()),
            });
        }
        let values = self.features.iter().flat_map(|f| f.coefficients.iter().copied());
        let counts = |i: usize| self.features.iter().filter(|f| f.coefficients[i] != 0.0).count();
        let counts: Vec<usize> = (0..self.lambdas.len()).map(counts).collect();
        let chosen = Chosen::new(theme, self.lambda_min, self.lambda_1se);
        let plot = Plot::new(
            theme,
            &self.lambdas,
            padded(range(values.chain([0.0])), 0.05),
            &chosen,
            entries,
        );
        let mut canvas = plot.canvas();
        let (x, y) = (plot.x, plot.y);
        canvas.line(
            (x.start, y.at(0.0)),
            (x.end, y.at(0.0)),
            &Stroke::solid(theme.muted(), 0.75),
        );
        chosen.draw(&mut canvas, &x, &y);
        let mut line = |feature: &LassoFeature, stroke: &Stroke, color| {
            let points = self.lambdas.iter().zip(&feature.coefficients);
            let points: Vec<(f64, f64)> = points.map(|(l, c)| (x.at(l.ln()), y.at(*c))).collect();
            canvas.group("feature");
            match points.as_slice() {
                [(x, y)] => canvas.dot(*x, *y, 3.0, color),
                points => canvas.path(points, stroke),
            }
            canvas.end();
        };
        for feature in &other {
            line(feature, &grey, theme.muted());
        }
        for (i, feature) in named.iter().enumerate().rev() {
            line(feature, &plot.entries[i].stroke, theme.series(i));
        }
        plot.finish(
            canvas,
            "Coefficient",
            &self.lambdas,
            &counts,
            &format!("LASSO path of {} features", self.features.len()),
        )
    }

    /// Those with a colour: the largest at the chosen penalty, then at the least, by size, then in the order given.
    fn named(&self) -> Vec<&LassoFeature> {
        let least = nearest(
            &self.lambdas,
            self.lambdas.iter().copied().fold(f64::INFINITY, f64::min),
        );
        let chosen = self.lambda_min.map_or(least, |l| nearest(&self.lambdas, l));
        let size = |f: &LassoFeature| (f.coefficients[chosen].abs(), f.coefficients[least].abs());
        let mut order: Vec<&LassoFeature> = self.features.iter().collect();
        order.retain(|f| size(f) > (0.0, 0.0));
        order.sort_by(|a, b| {
            let (a, b) = (size(a), size(b));
            b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1))
        });
        order.truncate(NAMED);
        order
    }
}

impl LassoCvPlot {
    /// The figure as SVG text.
    ///
    /// # Errors
    /// No lambda, or one that is not positive and finite; lists of unequal lengths; a mean that is not finite.
    pub fn svg(&self, theme: Theme) -> Result<String, PlotError> {
        check_lambdas(&self.lambdas)?;
        let n = self.lambdas.len();
        check::length("mean", self.mean.len(), n)?;
        check::finite("mean", &self.mean)?;
        check::length("non_zero", self.non_zero.len(), n)?;
        for (what, values) in [("lower", &self.lower), ("upper", &self.upper)] {
            check::length(what, values.len(), n)?;
            check::within(what, values, "a number between -1e12 and 1e12, or NaN", |v| {
                v.is_nan() || v.abs() <= 1e12
            })?;
        }
        let all = self.mean.iter().chain(&self.lower).chain(&self.upper).copied();
        let chosen = Chosen::new(theme, self.lambda_min, self.lambda_1se);
        let color = theme.series(1);
        let entries = vec![Entry {
            stroke: Stroke::solid(color.clone(), 2.25),
            name: "Mean ± 1 SE".to_owned(),
        }];
        let plot = Plot::new(theme, &self.lambdas, padded(range(all), 0.05), &chosen, entries);
        let mut canvas = plot.canvas();
        let (x, y) = (plot.x, plot.y);
        chosen.draw(&mut canvas, &x, &y);
        canvas.group("bars");
        let bar = Stroke::solid(theme.muted(), 1.0);
        for i in 0..n {
            if self.lower[i].is_nan() || self.upper[i].is_nan() {
                continue;
            }
            let (x, low, high) = (x.at(self.lambdas[i].ln()), y.at(self.lower[i]), y.at(self.upper[i]));
            canvas.line((x, low), (x, high), &bar);
            for y in [low, high] {
                canvas.line((x - 2.5, y), (x + 2.5, y), &bar);
            }
        }
        canvas.end();
        canvas.group("means");
        for i in 0..n {
            canvas.dot(x.at(self.lambdas[i].ln()), y.at(self.mean[i]), 3.0, color.clone());
        }
        canvas.end();
        let label = format!("Cross-validation of a LASSO: {}", text::brief(&self.error_label));
        plot.finish(canvas, &self.error_label, &self.lambdas, &self.non_zero, &label)
    }
}

fn check_lambdas(lambdas: &[f64]) -> Result<(), PlotError> {
    check::number("lambdas", lambdas.len(), 10_000)?;
    check::within("lambdas", lambdas, "a number between 1e-12 and 1e12", |v| {
        (1e-12..=1e12).contains(&v)
    })?;
    let descending: Vec<f64> = lambdas.iter().rev().copied().collect();
    check::ascending("lambdas", lambdas).or_else(|error| check::ascending("lambdas", &descending).map_err(|_| error))
}

/// The index of the lambda nearest to one, by its logarithm.
fn nearest(lambdas: &[f64], lambda: f64) -> usize {
    let distance = |i: &usize| (lambdas[*i].ln() - lambda.ln()).abs();
    (0..lambdas.len())
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
        .unwrap_or(0)
}

fn entry(theme: Theme, i: usize, name: &str) -> Entry {
    Entry {
        stroke: Stroke {
            dash: theme.dash(i),
            ..Stroke::solid(theme.series(i), 1.75)
        },
        name: text::name(name, LEGEND - 32.0, SIZE),
    }
}

/// The lines at chosen penalties, those of them that are positive and finite.
struct Chosen(Vec<(f64, Entry)>);

impl Chosen {
    fn new(theme: Theme, min: Option<f64>, one_se: Option<f64>) -> Self {
        let lines = [(min, "lambda.min", "5 3"), (one_se, "lambda.1se", "1.5 2.5")];
        let good = |l: &f64| (1e-12..=1e12).contains(l);
        let lines = lines.into_iter().filter_map(|(lambda, name, dash)| {
            let lambda = lambda.filter(good)?;
            let stroke = Stroke::dashed(theme.ink(), 1.5, dash);
            Some((
                lambda,
                Entry {
                    stroke,
                    name: name.to_owned(),
                },
            ))
        });
        Self(lines.collect())
    }

    fn draw(&self, canvas: &mut Canvas, x: &Scale, y: &Scale) {
        canvas.group("chosen");
        for (lambda, entry) in &self.0 {
            let x = x.at(lambda.ln());
            canvas.line((x, y.start), (x, y.end), &entry.stroke);
        }
        canvas.end();
    }
}

/// What both figures share: the axes, the numbers on top, the legend at the side.
struct Plot {
    theme: Theme,
    x: Scale,
    y: Scale,
    entries: Vec<Entry>,
    left: f64,
}

impl Plot {
    fn new(theme: Theme, lambdas: &[f64], y: (f64, f64), chosen: &Chosen, mut entries: Vec<Entry>) -> Self {
        let logs = lambdas.iter().chain(chosen.0.iter().map(|(l, _)| l)).map(|l| l.ln());
        let logs = padded(range(logs), 0.03);
        let labels = ticks(y, 8);
        let left = LEFT.max(38.0 + labels.iter().map(|(_, l)| text::width(l, SMALL)).fold(0.0, f64::max));
        let lines = chosen.0.iter().map(|(_, e)| Entry {
            stroke: e.stroke.clone(),
            name: e.name.clone(),
        });
        entries.extend(lines);
        let height = HEIGHT.max(SIDE_ROW * entries.len() as f64);
        Self {
            theme,
            x: Scale::new(logs, left, left + WIDTH),
            y: Scale::new(y, TOP + height, TOP),
            entries,
            left,
        }
    }

    fn canvas(&self) -> Canvas {
        let widest = self
            .entries
            .iter()
            .map(|e| text::width(&e.name, SIZE))
            .fold(0.0, f64::max);
        let width = self.left + WIDTH + 24.0 + (widest + 40.0).min(LEGEND) + 8.0;
        Canvas::new(width, self.y.start + BELOW + 4.0, self.theme)
    }

    fn finish(
        &self,
        mut canvas: Canvas,
        y_label: &str,
        lambdas: &[f64],
        counts: &[usize],
        label: &str,
    ) -> Result<String, PlotError> {
        let x_ticks = ticks((self.x.low, self.x.high), 7);
        let frame = Frame {
            x: self.x,
            y: self.y,
            x_ticks: &x_ticks,
            y_ticks: &ticks((self.y.low, self.y.high), 8),
            x_label: "log(λ)",
            y_label,
        };
        frame.draw(&mut canvas);
        let stroke = Stroke::solid(self.theme.ink(), 1.25);
        let top = self.y.end;
        canvas.line((self.x.start, top), (self.x.end, top), &stroke);
        canvas.group("terms");
        let (least, most) = range(lambdas.iter().map(|l| l.ln()));
        let mut free = f64::NEG_INFINITY;
        for (tick, _) in &x_ticks {
            let (x, terms) = (self.x.at(*tick), counts[nearest(lambdas, tick.exp())].to_string());
            let half = text::width(&terms, SMALL) / 2.0;
            canvas.line((x, top - 5.0), (x, top), &stroke);
            if x - half > free && (least..=most).contains(tick) {
                canvas.text(x, top - 10.0, &terms, Style::MIDDLE.small());
                free = x + half + 6.0;
            }
        }
        canvas.end();
        canvas.text(
            (self.x.start + self.x.end) / 2.0,
            top - 30.0,
            "Number of non-zero terms",
            Style::MIDDLE.small().muted(),
        );
        side_legend(&mut canvas, &self.entries, self.x.end + 24.0, top, LEGEND);
        canvas.finish(label)
    }
}
