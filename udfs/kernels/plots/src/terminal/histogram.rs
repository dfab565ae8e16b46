//! Histograms as text.

use super::frame::{Tick, axes, every, remaining, shares};
use super::label::{self, width};
use super::screen::{Area, Ink, Screen};
use super::{TextSize, TextStyle};
use crate::axis::{range, ticks};
use crate::error::PlotError;
use crate::histogram::{Counted, CountedGroup, HistogramPlot, ScoreHistogramPlot};

impl ScoreHistogramPlot {
    /// The figure as text: the panels one above the other with a dotted line at the cut. Panels that find no room are
    /// counted in the last line.
    ///
    /// # Errors
    /// Those of [`ScoreHistogramPlot::svg`]; less room than 40 columns and 12 rows.
    pub fn terminal(&self, size: TextSize, style: TextStyle) -> Result<String, PlotError> {
        draw(&self.counted()?, size, style)
    }
}

impl HistogramPlot {
    /// The figure as text: the panels one above the other. Panels that find no room are counted in the last line.
    ///
    /// # Errors
    /// Those of [`HistogramPlot::svg`]; less room than 40 columns and 12 rows.
    pub fn terminal(&self, size: TextSize, style: TextStyle) -> Result<String, PlotError> {
        draw(&self.counted()?, size, style)
    }
}

const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Least rows of bars in a panel, beside the line of its name.
const LEAST: usize = 2;

fn draw(figure: &Counted, size: TextSize, style: TextStyle) -> Result<String, PlotError> {
    let size = size.checked()?;
    let mut screen = Screen::new(size, style);
    // The axis, its numbers and its label.
    let rest = size.rows.saturating_sub(3);
    let fitting = (rest / (LEAST + 1)).max(1);
    let shown = if figure.groups.len() > fitting {
        (rest.saturating_sub(1) / (LEAST + 1)).max(1)
    } else {
        figure.groups.len()
    };
    let rest = if shown < figure.groups.len() {
        rest.saturating_sub(1)
    } else {
        rest
    };
    let groups = figure.groups.get(..shown).unwrap_or_default();

    let bars = (rest / shown.max(1)).saturating_sub(1).max(1);
    let span = range(
        [figure.bins.edges()[0], figure.bins.edges()[1]]
            .into_iter()
            .chain(figure.cut),
    );
    let merged = Merged::new(figure, groups, span, size.columns);
    let top = merged.highest as f64;
    let whole = ticks((0.0, top), (bars / 3).clamp(1, 6))
        .into_iter()
        .filter(|(v, _)| v.fract() == 0.0);
    let whole: Vec<(f64, String)> = whole.map(|(v, _)| (v, format!("{v:.0}"))).collect();
    let y_ticks = shares(&whole, (0.0, top), &screen);
    let left = y_ticks.iter().map(|t| width(&t.1)).max().unwrap_or(1) + 1;
    let x_ticks = shares(&ticks(span, (size.columns / 10).clamp(2, 10)), span, &screen);
    let right = x_ticks.last().map_or(0, |t| width(&t.1) / 2).max(1);
    let wide = size.columns.saturating_sub(left + right).max(1);
    for (i, group) in groups.iter().enumerate() {
        let start = i * (bars + 1);
        let area = Area {
            left,
            top: start + 1,
            width: wide,
            height: bars,
        };
        let tail = format!(" (n = {})", group.n);
        let named = if i == 0 {
            format!("{}   ", figure.unit)
        } else {
            String::new()
        };
        let room = size.columns.saturating_sub(width(&tail) + width(&named));
        screen.text(0, start, &named, Ink::Plain);
        let name = format!("{}{tail}", label::name(group.name, room, style));
        screen.text(width(&named), start, &name, Ink::Series(i));
        let last = i + 1 == shown;
        let kept = every(&x_ticks, &area);
        let below: Vec<Tick> = x_ticks.iter().step_by(kept).cloned().collect();
        axes(&mut screen, &area, if last { &below } else { &[] }, &y_ticks);
        if !last {
            // The name of the next panel stands where its axis would.
            for column in left.saturating_sub(1)..left + wide {
                screen.put(column, area.top + bars, ' ', Ink::Plain);
            }
        }
        merged.bars(&mut screen, &area, i);
        if let Some(cut) = figure.cut {
            let column = area.column((cut - span.0) / (span.1 - span.0));
            for row in area.top..area.top + area.height {
                screen.put(column, row, '┆', Ink::Plain);
            }
        }
    }
    let base = shown * (bars + 1);
    let x_label = label::cut(figure.label, size.columns, style);
    screen.text_around(left + wide / 2, base + 2, &x_label, Ink::Plain);
    if shown < figure.groups.len() {
        let more = label::plain(&remaining(figure.groups.len() - shown), style);
        screen.text(0, base + 3, &more, Ink::Muted);
    }
    Ok(screen.finish())
}

/// Bins as wide as a column at least: neighbours that are not are drawn as one.
struct Merged {
    span: (f64, f64),
    /// Edges, one more than bars.
    edges: Vec<f64>,
    counts: Vec<Vec<usize>>,
    highest: usize,
}

impl Merged {
    fn new(figure: &Counted, groups: &[CountedGroup], span: (f64, f64), columns: usize) -> Self {
        let bins = &figure.bins;
        let width = (bins.edges()[1] - bins.edges()[0]) / bins.number.max(1) as f64;
        // What the axis' numbers take is not known yet: a bar of two columns is wide enough in any case.
        let together = (2.0 * (span.1 - span.0) / (width * columns as f64)).floor();
        let together = (together as usize).clamp(1, bins.number.max(1));
        let edges = (0..bins.number)
            .step_by(together)
            .chain([bins.number])
            .map(|i| bins.edge(i));
        let sum = |counts: &Vec<usize>| counts.chunks(together).map(|c| c.iter().sum()).collect();
        let counts: Vec<Vec<usize>> = groups.iter().map(|g| sum(&g.counts)).collect();
        Self {
            span,
            edges: edges.collect(),
            highest: counts.iter().flatten().copied().max().unwrap_or(1).max(1),
            counts,
        }
    }

    /// The bars of a panel.
    fn bars(&self, screen: &mut Screen, area: &Area, panel: usize) {
        let (low, high) = self.span;
        let column = |edge: f64| {
            let share = (edge - low) / (high - low);
            area.left + (share * area.width as f64).round().clamp(0.0, area.width as f64) as usize
        };
        let counts = self.counts.get(panel).map(Vec::as_slice).unwrap_or_default();
        for (edges, count) in self.edges.windows(2).zip(counts).filter(|(_, c)| **c > 0) {
            let (from, to) = (column(edges[0]), column(edges[1]));
            // A space between bars that are wide enough for it.
            let to = if to >= from + 4 { to - 1 } else { to.max(from + 1) };
            let height = *count as f64 / self.highest as f64 * (area.height * 8) as f64;
            let eighths = (height.round() as usize).max(1);
            for row in 0..area.height {
                let filled = eighths.saturating_sub(row * 8).min(8);
                let Some(glyph) = filled.checked_sub(1).and_then(|i| EIGHTHS.get(i)) else {
                    break;
                };
                for at in from..to {
                    screen.put(at, area.top + area.height - 1 - row, *glyph, Ink::Series(panel));
                }
            }
        }
    }
}
