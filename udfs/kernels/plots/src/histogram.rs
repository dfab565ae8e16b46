//! The distribution of a score.

use crate::axis::{BELOW, Entry, Frame, LEFT, Scale, legend, legend_height, range, ticks};
use crate::bins::Bins;
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
        self.counted()?.svg(theme)
    }

    pub(crate) fn counted(&self) -> Result<Counted<'_>, PlotError> {
        let all = scores(&self.groups)?;
        Ok(Counted {
            label: &self.score_label,
            unit: "Patients",
            ..Counted::new(&self.groups, Bins::of(&all), self.cut)
        })
    }
}

/// Histograms of one number by group, in the bins of R's `hist`, one above the other.
///
/// Edges are round (R's `pretty`); a value on an edge counts below it. Up to 6 groups; one without values has an empty panel.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HistogramPlot {
    /// Label of the axis: the name of the number.
    pub label: String,
    /// A panel each; `scores` are the values.
    pub groups: Vec<ScoreGroup>,
    /// How many bins there are about.
    pub breaks: Breaks,
}

/// Rules for the number of bins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Breaks {
    /// log2 n + 1 (Sturges 1926), which R's `hist` does without being asked.
    #[default]
    Sturges,
    /// Of width 2 IQR / n^(1/3) (Freedman and Diaconis 1981); that of Sturges where the IQR is 0. At most 1000.
    FreedmanDiaconis,
}

impl HistogramPlot {
    /// The figure as SVG text.
    ///
    /// # Errors
    /// No group, or more than 6; no value in any; one that is not finite.
    pub fn svg(&self, theme: Theme) -> Result<String, PlotError> {
        self.counted()?.svg(theme)
    }

    /// Edges of the bins, one more than there are bins.
    ///
    /// # Errors
    /// As [`HistogramPlot::svg`].
    pub fn edges(&self) -> Result<Vec<f64>, PlotError> {
        let bins = self.counted()?.bins;
        Ok((0..=bins.number).map(|i| bins.edge(i)).collect())
    }

    /// Values in each bin, a list a group.
    ///
    /// # Errors
    /// As [`HistogramPlot::svg`].
    pub fn counts(&self) -> Result<Vec<Vec<usize>>, PlotError> {
        Ok(self.counted()?.groups.into_iter().map(|g| g.counts).collect())
    }

    pub(crate) fn counted(&self) -> Result<Counted<'_>, PlotError> {
        let all = scores(&self.groups)?;
        Ok(Counted {
            label: &self.label,
            unit: "Count",
            ..Counted::new(&self.groups, Bins::pretty(&all, self.breaks), None)
        })
    }
}

/// All scores of all groups, which can be drawn.
fn scores(groups: &[ScoreGroup]) -> Result<Vec<f64>, PlotError> {
    check::number("groups", groups.len(), 6)?;
    for group in groups {
        check::finite(&format!("scores of {}", text::brief(&group.name)), &group.scores)?;
    }
    let all: Vec<f64> = groups.iter().flat_map(|g| g.scores.iter().copied()).collect();
    check::number("scores", all.len(), usize::MAX)?;
    Ok(all)
}

/// What is drawn of histograms.
pub(crate) struct Counted<'a> {
    pub(crate) label: &'a str,
    /// What is counted.
    pub(crate) unit: &'static str,
    pub(crate) groups: Vec<CountedGroup<'a>>,
    pub(crate) bins: Bins,
    /// Where there is a line.
    pub(crate) cut: Option<f64>,
}

pub(crate) struct CountedGroup<'a> {
    pub(crate) name: &'a str,
    pub(crate) n: usize,
    pub(crate) counts: Vec<usize>,
}

impl<'a> Counted<'a> {
    fn new(groups: &'a [ScoreGroup], bins: Bins, cut: Option<f64>) -> Self {
        let groups = groups.iter().map(|g| CountedGroup {
            name: &g.name,
            n: g.scores.len(),
            counts: bins.count(&g.scores),
        });
        Self {
            label: "",
            unit: "",
            groups: groups.collect(),
            bins,
            cut: cut.filter(|c| c.is_finite() && c.abs() <= 1e12),
        }
    }

    fn svg(&self, theme: Theme) -> Result<String, PlotError> {
        let bins = &self.bins;
        let counts: Vec<&[usize]> = self.groups.iter().map(|g| g.counts.as_slice()).collect();
        let highest = counts.iter().copied().flatten().copied().max().unwrap_or(1).max(1) as f64 * 1.06;
        let panel = if self.groups.len() < 3 { 170.0 } else { 120.0 };

        let cut = self.cut;
        let entries = self.groups.iter().enumerate().map(|(i, g)| Entry {
            stroke: Stroke::solid(theme.series(i), 9.0),
            name: format!("{} (n = {})", text::name(g.name, 220.0, SIZE), g.n),
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
            x_label: self.label,
            y_label: "",
        };
        frame.draw(&mut canvas);
        canvas.text(
            left - 46.0,
            (top + bottom) / 2.0,
            self.unit,
            Style::MIDDLE.rotate(-90.0),
        );
        if let Some(cut) = cut {
            canvas.group("cut");
            canvas.line((x.at(cut), top), (x.at(cut), bottom), &line);
            canvas.end();
        }
        let names: Vec<String> = self.groups.iter().map(|g| text::brief(g.name)).collect();
        canvas.finish(&format!(
            "Distribution of {} in {}",
            text::brief(self.label),
            names.join(", ")
        ))
    }
}
