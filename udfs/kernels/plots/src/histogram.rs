//! The distribution of a score.

use crate::axis::{BELOW, Entry, Frame, LEFT, Scale, legend, legend_height, range, ticks};
use crate::canvas::{Canvas, SIZE, SMALL, Stroke, Style};
use crate::check;
use crate::error::PlotError;
use crate::text;
use crate::theme::Theme;

/// The scores of one group.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScoreGroup {
    /// The group's name.
    pub name: String,
    /// A score each patient, finite.
    pub scores: Vec<f64>,
}

/// Histograms of a score by group, all in the same bins, one above the other, with a line at the cut.
///
/// The bins' width is round and near that of Freedman and Diaconis (1981), 5 to 50 bins. Up to 6 groups; one without scores
/// has an empty panel.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScoreHistogramPlot {
    /// Label of the score's axis: `Rad score`.
    pub score_label: String,
    /// A panel each.
    pub groups: Vec<ScoreGroup>,
    /// Where patients are divided; `None` or not finite: no line.
    pub cut: Option<f64>,
}

const WIDTH: f64 = 560.0;
const GAP: f64 = 14.0;

impl ScoreHistogramPlot {
    /// The figure as SVG text.
    ///
    /// # Errors
    /// No group, or more than 6; no score in any; a score that is not finite.
    pub fn svg(&self, theme: Theme) -> Result<String, PlotError> {
        check::number("groups", self.groups.len(), 6)?;
        for group in &self.groups {
            check::finite(&format!("scores of {}", text::brief(&group.name)), &group.scores)?;
        }
        let all: Vec<f64> = self.groups.iter().flat_map(|g| g.scores.iter().copied()).collect();
        check::number("scores", all.len(), usize::MAX)?;
        let bins = Bins::of(&all);
        let counts: Vec<Vec<usize>> = self.groups.iter().map(|g| bins.count(&g.scores)).collect();
        let highest = counts.iter().flatten().copied().max().unwrap_or(1).max(1) as f64 * 1.06;
        let panel = if self.groups.len() < 3 { 170.0 } else { 120.0 };

        let cut = self.cut.filter(|c| c.is_finite() && c.abs() <= 1e12);
        let entries = self.groups.iter().enumerate().map(|(i, g)| Entry {
            stroke: Stroke::solid(theme.series(i), 9.0),
            name: format!("{} (n = {})", text::name(&g.name, 220.0, SIZE), g.scores.len()),
        });
        let line = Stroke::dashed(theme.ink(), 1.5, "5 3");
        let cut_entry = cut.map(|_| Entry {
            stroke: line.clone(),
            name: "Cut".to_owned(),
        });
        let entries: Vec<Entry> = entries.chain(cut_entry).collect();
        let whole = ticks((0.0, highest), 4).into_iter().filter(|(v, _)| v.fract() == 0.0);
        let y_ticks: Vec<(f64, String)> = whole.map(|(v, _)| (v, format!("{v:.0}"))).collect();
        let left = LEFT.max(38.0 + y_ticks.iter().map(|(_, l)| text::width(l, SMALL)).fold(0.0, f64::max));
        let right = left + WIDTH;
        let top = 12.0 + legend_height(&entries, WIDTH) + 10.0;
        let bottom = top + self.groups.len() as f64 * (panel + GAP) - GAP;
        let mut canvas = Canvas::new(right + 24.0, bottom + BELOW + 4.0, theme);
        legend(&mut canvas, &entries, left, 10.0, WIDTH);
        let shown = range(bins.edges().into_iter().chain(cut));
        let x = Scale::new(shown, left, right);
        let x_ticks = ticks(shown, 8);
        for (i, counts) in counts.iter().enumerate() {
            let bottom = top + i as f64 * (panel + GAP) + panel;
            let y = Scale::new((0.0, highest), bottom, bottom - panel);
            canvas.group("bars");
            for (bin, count) in counts.iter().enumerate().filter(|(_, c)| **c > 0) {
                let (from, to) = (x.at(bins.edge(bin)), x.at(bins.edge(bin + 1)));
                let height = y.at(*count as f64);
                canvas.rect(
                    from + 0.5,
                    height,
                    to - from - 1.0,
                    bottom - height,
                    theme.series(i),
                    Some(0.85),
                );
            }
            canvas.end();
            if i + 1 == self.groups.len() {
                continue;
            }
            let stroke = Stroke::solid(theme.ink(), 1.25);
            canvas.path(&[(left, bottom - panel), (left, bottom), (right, bottom)], &stroke);
            canvas.group("y-ticks");
            for (value, label) in &y_ticks {
                canvas.line((left - 5.0, y.at(*value)), (left, y.at(*value)), &stroke);
                canvas.text(left - 9.0, y.at(*value) + 4.3, label, Style::END.small());
            }
            canvas.end();
        }
        let frame = Frame {
            x,
            y: Scale::new((0.0, highest), bottom, bottom - panel),
            x_ticks: &x_ticks,
            y_ticks: &y_ticks,
            x_label: &self.score_label,
            y_label: "",
        };
        frame.draw(&mut canvas);
        canvas.text(
            left - 46.0,
            (top + bottom) / 2.0,
            "Patients",
            Style::MIDDLE.rotate(-90.0),
        );
        if let Some(cut) = cut {
            canvas.group("cut");
            canvas.line((x.at(cut), top), (x.at(cut), bottom), &line);
            canvas.end();
        }
        let names: Vec<String> = self.groups.iter().map(|g| text::brief(&g.name)).collect();
        canvas.finish(&format!(
            "Distribution of {} in {}",
            text::brief(&self.score_label),
            names.join(", ")
        ))
    }
}

/// Bins of one width, the first edge a multiple of it.
struct Bins {
    first: f64,
    width: f64,
    number: usize,
}

impl Bins {
    /// Freedman and Diaconis: 2 IQR / n^(1/3), made round.
    fn of(scores: &[f64]) -> Self {
        let mut sorted = scores.to_vec();
        sorted.sort_by(f64::total_cmp);
        let quantile = |q: f64| sorted[((sorted.len() - 1) as f64 * q).round() as usize];
        let (low, high) = range(sorted.iter().copied());
        let best = 2.0 * (quantile(0.75) - quantile(0.25)) / (sorted.len() as f64).cbrt();
        let span = high - low;
        let best = if best > 0.0 {
            best.clamp(span / 40.0, span / 5.0)
        } else {
            span / 10.0
        };
        let power = 10f64.powf(best.log10().floor());
        let distance = |w: &f64| (w / best).ln().abs();
        let round = [1.0, 2.0, 2.5, 5.0, 10.0].map(|lead| lead * power);
        let width = round
            .into_iter()
            .min_by(|a, b| distance(a).total_cmp(&distance(b)))
            .unwrap_or(best);
        let first = (low / width + 1e-9).floor() * width;
        let number = (((high - first) / width).floor() as usize + 1).clamp(1, 1000);
        Self { first, width, number }
    }

    fn edge(&self, i: usize) -> f64 {
        self.first + i as f64 * self.width
    }

    fn edges(&self) -> [f64; 2] {
        [self.edge(0), self.edge(self.number)]
    }

    /// Scores in each bin, from its lower edge to below its upper one.
    fn count(&self, scores: &[f64]) -> Vec<usize> {
        let mut counts = vec![0; self.number];
        for score in scores {
            let bin = ((score - self.first) / self.width + 1e-9).floor().max(0.0) as usize;
            counts[bin.min(self.number - 1)] += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_score_is_in_a_bin() {
        for scores in [
            vec![0.0],
            vec![3.0; 9],
            vec![-1e12, 1e12],
            (0..200).map(|i| f64::from(i) * 0.1).collect(),
        ] {
            let bins = Bins::of(&scores);
            assert_eq!(bins.count(&scores).iter().sum::<usize>(), scores.len());
            assert!(
                bins.edges()[0] <= scores[0] && (1..=60).contains(&bins.number),
                "{}",
                bins.number
            );
        }
        let bins = Bins {
            first: 0.0,
            width: 0.1,
            number: 4,
        };
        assert_eq!(bins.count(&[0.0, 0.1, 0.15, 0.3]), [1, 2, 0, 1]);
    }
}
