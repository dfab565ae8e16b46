//! Survival curves with the numbers at risk.

use crate::axis::{BELOW, Entry, Frame, LEFT, Scale, every, labelled, legend, legend_height, ticks, time_ticks};
use crate::canvas::{Canvas, SIZE, SMALL, Stroke, Style};
use crate::check;
use crate::error::PlotError;
use crate::number;
use crate::text;
use crate::theme::{MAX_SERIES, Theme};

/// The curve of one group, as an estimator gives it: one value of each list a distinct time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KaplanMeierGroup {
    /// The group's name.
    pub name: String,
    /// Times of events (and of censored rows, if the estimator lists them), ascending, 0 or more, in the unit of the axis.
    pub times: Vec<f64>,
    /// Probability of surviving beyond each time.
    pub survival: Vec<f64>,
    /// Lower limit of its confidence interval; NaN where it is not defined, empty without a band.
    pub lower: Vec<f64>,
    /// Upper limit, as `lower`.
    pub upper: Vec<f64>,
    /// Times at which rows were censored, in any order: a mark on the curve each, one for those within a third of a pixel.
    pub censor_times: Vec<f64>,
    /// Rows (or sum of weights) at risk at each of the figure's `risk_ticks`.
    pub at_risk: Vec<f64>,
}

/// Kaplan-Meier curves: steps, confidence bands, marks where rows were censored, the log-rank p, numbers at risk below the
/// axis.
///
/// A group without times is named, with no curve. Up to 18 groups; colours come again in dashes after the sixth.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KaplanMeierPlot {
    /// Label of the time axis, with the unit: `Time (months)`.
    pub time_label: String,
    /// Label of the other axis: `Overall survival`.
    pub survival_label: String,
    /// A curve each.
    pub groups: Vec<KaplanMeierGroup>,
    /// Times of the axis' ticks and of the numbers at risk, ascending. Empty: ticks as [`time_ticks`] has them, and no numbers.
    pub risk_ticks: Vec<f64>,
    /// p of the log-rank test; `None` or not a probability: not shown.
    pub log_rank_p: Option<f64>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 330.0;
const ROW: f64 = 19.0;
const NAME: f64 = 150.0;

impl KaplanMeierPlot {
    /// The figure as SVG text.
    ///
    /// # Errors
    /// No group, or more than 18; no times in any; lists of unequal lengths; times that do not ascend, are negative or not
    /// finite; a survival that is no probability.
    pub fn svg(&self, theme: Theme) -> Result<String, PlotError> {
        self.check()?;
        let (ticks_at, last) = self.time_axis();
        let entries: Vec<Entry> = self
            .groups
            .iter()
            .enumerate()
            .map(|(i, g)| entry(theme, i, g))
            .collect();
        let table = !self.risk_ticks.is_empty();
        let left = if table { self.names_width() } else { LEFT };
        let right = WIDTH - 28.0;
        let top = 12.0 + legend_height(&entries, right - left) + 8.0;
        let bottom = top + HEIGHT;
        let below = if table {
            30.0 + ROW * self.groups.len() as f64
        } else {
            0.0
        };
        let mut canvas = Canvas::new(WIDTH, bottom + BELOW + below + 8.0, theme);
        let x = Scale::new((0.0, last), left, right);
        let y = Scale::new((0.0, 1.0), bottom, top);
        legend(&mut canvas, &entries, left, 10.0, right - left);
        let curves: Vec<Vec<(f64, f64)>> = self.groups.iter().map(|g| g.curve(&x, &y)).collect();
        for (i, group) in self.groups.iter().enumerate() {
            group.band(&mut canvas, &x, &y, i);
        }
        for (i, (group, curve)) in self.groups.iter().zip(&curves).enumerate() {
            group.draw(&mut canvas, &x, &y, i, curve);
        }
        // Ticks are left out where their labels, or the numbers below them, would run into each other.
        let x_ticks = labelled(&ticks_at);
        let counts = self.groups.iter().map(|g| every(&g.numbers(&ticks_at), &x, SMALL));
        let kept = counts.fold(every(&x_ticks, &x, SMALL), usize::max);
        let x_ticks: Vec<(f64, String)> = x_ticks.into_iter().step_by(kept).collect();
        let frame = Frame {
            x,
            y,
            x_ticks: &x_ticks,
            y_ticks: &ticks((0.0, 1.0), 5),
            x_label: &self.time_label,
            y_label: &self.survival_label,
        };
        frame.draw(&mut canvas);
        if let Some(p) = self.log_rank_p.and_then(number::p_value) {
            self.p_value(
                &mut canvas,
                &format!("Log-rank {p}"),
                &curves,
                (left, right, top, bottom),
            );
        }
        if table {
            self.at_risk(&mut canvas, &x, bottom + BELOW, kept);
        }
        canvas.finish(&self.sentence())
    }

    /// Times of the axis' ticks, and where it ends.
    pub(crate) fn time_axis(&self) -> (Vec<f64>, f64) {
        let last = self.groups.iter().map(KaplanMeierGroup::end).fold(0.0, f64::max);
        let ticks = if self.risk_ticks.is_empty() {
            time_ticks(last)
        } else {
            self.risk_ticks.clone()
        };
        let last = ticks.iter().copied().fold(last, f64::max);
        (ticks, if last > 0.0 { last } else { 1.0 })
    }

    pub(crate) fn check(&self) -> Result<(), PlotError> {
        check::number("groups", self.groups.len(), MAX_SERIES)?;
        let not_negative = |what: &str, values: &[f64]| {
            check::within(what, values, "a time between 0 and 1e12", |v| (0.0..=1e12).contains(&v))
        };
        not_negative("risk_ticks", &self.risk_ticks)?;
        check::ascending("risk_ticks", &self.risk_ticks)?;
        for group in &self.groups {
            let what = |field: &str| format!("{field} of group {}", text::brief(&group.name));
            let n = group.times.len();
            not_negative(&what("times"), &group.times)?;
            check::ascending(&what("times"), &group.times)?;
            not_negative(&what("censor_times"), &group.censor_times)?;
            check::length(&what("survival"), group.survival.len(), n)?;
            check::probabilities(&what("survival"), &group.survival)?;
            for (field, values) in [("lower", &group.lower), ("upper", &group.upper)] {
                if !values.is_empty() {
                    check::length(&what(field), values.len(), n)?;
                }
            }
            check::length(&what("at_risk"), group.at_risk.len(), self.risk_ticks.len())?;
            check::within(&what("at_risk"), &group.at_risk, "a number of rows", |v| {
                (0.0..=1e12).contains(&v)
            })?;
        }
        if self
            .groups
            .iter()
            .all(|g| g.times.is_empty() && g.censor_times.is_empty())
        {
            return Err(PlotError::Empty { what: "times" });
        }
        Ok(())
    }

    /// The p value where no curve runs: in a corner, else right of the middle, else on the left of the bottom all the same.
    fn p_value(
        &self,
        canvas: &mut Canvas,
        p: &str,
        curves: &[Vec<(f64, f64)>],
        (left, right, top, bottom): (f64, f64, f64, f64),
    ) {
        let (width, height) = (text::width(p, SIZE) + 20.0, 30.0);
        let crossed = |(x, y): (f64, f64)| {
            let over = |a: f64, b: f64, from: f64, to: f64| a.min(b) < to && a.max(b) > from;
            let pieces = curves.iter().flat_map(|c| c.windows(2));
            let mut pieces = pieces.map(|w| (w[0], (w[1].0 + 0.01, w[1].1 + 0.01)));
            pieces.any(|(a, b)| over(a.0, b.0, x, x + width) && over(a.1, b.1, y, y + height))
        };
        let corners = [
            (left + 2.0, bottom - height - 4.0),
            (right - width, top + 4.0),
            (right - width, bottom - height - 4.0),
            (right - width, (top + bottom) / 2.0),
            (right - width, top + (bottom - top) / 4.0),
            (left + 2.0, (top + bottom) / 2.0),
        ];
        let (x, y) = corners.into_iter().find(|c| !crossed(*c)).unwrap_or(corners[0]);
        canvas.group("p-value");
        canvas.text(x + 10.0, y + 20.0, p, Style::START);
        canvas.end();
    }

    /// Room for the names left of the first numbers at risk.
    fn names_width(&self) -> f64 {
        let widths = self.groups.iter().map(|g| {
            let first = g
                .at_risk
                .first()
                .map_or(0.0, |n| text::width(&number::count(*n), SMALL) / 2.0);
            32.0 + text::width(&text::name(&g.name, NAME, SMALL), SMALL) + 14.0 + first
        });
        widths.fold(132.0, f64::max)
    }

    /// The table of numbers at risk, every `kept`th of them.
    fn at_risk(&self, canvas: &mut Canvas, x: &Scale, top: f64, kept: usize) {
        let theme = canvas.theme();
        canvas.group("at-risk");
        canvas.text(12.0, top + 16.0, "Number at risk", Style::START.small().bold());
        for (i, group) in self.groups.iter().enumerate() {
            let y = top + 16.0 + ROW * (i + 1) as f64;
            let stroke = Stroke {
                dash: theme.dash(i),
                ..Stroke::solid(theme.series(i), 3.0)
            };
            canvas.line((12.0, y - 4.0), (26.0, y - 4.0), &stroke);
            canvas.text(32.0, y, &text::name(&group.name, NAME, SMALL), Style::START.small());
            for (time, number) in group.numbers(&self.risk_ticks).iter().step_by(kept) {
                canvas.text(x.at(*time), y, number, Style::MIDDLE.small());
            }
        }
        canvas.end();
    }

    fn sentence(&self) -> String {
        let names: Vec<String> = self.groups.iter().map(|g| text::brief(&g.name)).collect();
        let p = self
            .log_rank_p
            .and_then(number::p_value)
            .map(|p| format!("; log-rank {p}"));
        format!("Kaplan-Meier curves of {}{}", names.join(", "), p.unwrap_or_default())
    }
}

fn entry(theme: Theme, i: usize, group: &KaplanMeierGroup) -> Entry {
    let stroke = Stroke {
        dash: theme.dash(i),
        ..Stroke::solid(theme.series(i), 2.25)
    };
    Entry {
        stroke,
        name: text::name(&group.name, 240.0, SIZE),
    }
}

impl KaplanMeierGroup {
    /// Its numbers at risk at these times, as text.
    pub(crate) fn numbers(&self, times: &[f64]) -> Vec<(f64, String)> {
        let numbers = times.iter().zip(&self.at_risk);
        numbers.map(|(t, n)| (*t, number::count(*n))).collect()
    }

    /// Where its follow-up ends.
    pub(crate) fn end(&self) -> f64 {
        self.times.iter().chain(&self.censor_times).copied().fold(0.0, f64::max)
    }

    /// Survival at a time: that of the last step up to it, else 1.
    pub(crate) fn survival_at(&self, time: f64) -> f64 {
        let steps = self.times.partition_point(|t| *t <= time);
        steps
            .checked_sub(1)
            .and_then(|i| self.survival.get(i))
            .map_or(1.0, |s| s.clamp(0.0, 1.0))
    }

    /// The steps in pixels; one move along the time and one down a time at which survival falls.
    fn curve(&self, x: &Scale, y: &Scale) -> Vec<(f64, f64)> {
        if self.times.is_empty() && self.censor_times.is_empty() {
            return Vec::new();
        }
        let mut points = vec![(x.at(0.0), y.at(1.0))];
        let mut level = 1.0;
        for (time, survival) in self.times.iter().zip(&self.survival) {
            let survival = survival.clamp(0.0, 1.0);
            if survival != level {
                points.push((x.at(*time), y.at(level)));
                points.push((x.at(*time), y.at(survival)));
                level = survival;
            }
        }
        points.push((x.at(self.end()), y.at(level)));
        points
    }

    /// The band, in pieces where limits are defined on the way.
    fn band(&self, canvas: &mut Canvas, x: &Scale, y: &Scale, series: usize) {
        let n = self.times.len();
        if self.lower.len() != n || self.upper.len() != n {
            return;
        }
        canvas.group("band");
        let mut up: Vec<(f64, f64)> = Vec::new();
        let mut down: Vec<(f64, f64)> = Vec::new();
        let color = canvas.theme().series(series);
        let mut flush = |up: &mut Vec<(f64, f64)>, down: &mut Vec<(f64, f64)>| {
            if !up.is_empty() {
                up.extend(down.iter().rev());
                canvas.area(up, color.clone(), 0.18);
            }
            up.clear();
            down.clear();
        };
        for i in 0..n {
            let (lower, upper) = (self.lower[i], self.upper[i]);
            if !(lower.is_finite() && upper.is_finite()) {
                flush(&mut up, &mut down);
                continue;
            }
            let (lower, upper) = (lower.clamp(0.0, 1.0), upper.clamp(0.0, 1.0));
            let from = x.at(self.times[i]);
            let to = x.at(self.times.get(i + 1).copied().unwrap_or_else(|| self.end()));
            for (line, limit) in [(&mut up, upper), (&mut down, lower)] {
                let limit = y.at(limit);
                if line.last().is_none_or(|l| l.1 != limit) {
                    line.push((from, limit));
                } else {
                    line.pop();
                }
                line.push((to, limit));
            }
        }
        flush(&mut up, &mut down);
        canvas.end();
    }

    fn draw(&self, canvas: &mut Canvas, x: &Scale, y: &Scale, series: usize, curve: &[(f64, f64)]) {
        let theme = canvas.theme();
        let stroke = Stroke {
            dash: theme.dash(series),
            ..Stroke::solid(theme.series(series), 2.25)
        };
        canvas.group("curve");
        if !curve.is_empty() {
            canvas.path(curve, &stroke);
        }
        canvas.end();
        canvas.group("censored");
        let stroke = Stroke::solid(theme.series(series), 1.5);
        let mut times = self.censor_times.clone();
        times.sort_by(f64::total_cmp);
        // Of marks that no eye and no printer tells apart, one is enough.
        times.dedup_by(|b, a| x.at(*b) - x.at(*a) < 0.3);
        for time in times {
            let (x, y) = (x.at(time), y.at(self.survival_at(time)));
            canvas.line((x, y - 5.0), (x, y + 5.0), &stroke);
        }
        canvas.end();
    }
}
