//! Survival curves as text.

use super::frame::{Entry, Legend, Tick, axes, every, fifths, shares};
use super::label::{self, width};
use super::screen::{Area, Ink, Screen};
use super::{TextSize, TextStyle};
use crate::axis::{labelled, ticks};
use crate::error::PlotError;
use crate::kaplan_meier::{KaplanMeierGroup, KaplanMeierPlot};
use crate::number;

impl KaplanMeierPlot {
    /// The figure as text: steps, `+` where rows were censored, numbers at risk below where the rows suffice, the log-rank p.
    /// Confidence bands are shaded where they can be told apart: of one group, or with colours of up to three.
    ///
    /// # Errors
    /// Those of [`KaplanMeierPlot::svg`]; less room than 40 columns and 12 rows.
    pub fn terminal(&self, size: TextSize, style: TextStyle) -> Result<String, PlotError> {
        self.check()?;
        let size = size.checked()?;
        let mut screen = Screen::new(size, style);
        let (ticks_at, last) = self.time_axis();
        let legend = |notes: bool| Legend::new(self.entries(&screen, notes), size.columns, size.rows / 4, &screen);
        let (brief, full) = (legend(false), legend(true));
        // What `+` means is worth no line of a small screen.
        let legend = if full.height() > brief.height() && size.rows < 20 {
            brief
        } else {
            full
        };
        // The label of each axis, the axis itself and its numbers.
        let rest = size.rows.saturating_sub(legend.height() + 4);
        let table = !self.risk_ticks.is_empty() && rest >= self.groups.len() + (size.rows / 3).max(5);
        let height = if table { rest - self.groups.len() } else { rest };

        let x_ticks = shares(&labelled(&ticks_at), (0.0, last), &screen);
        let counts: Vec<Vec<Tick>> = self
            .groups
            .iter()
            .map(|g| shares(&g.numbers(&ticks_at), (0.0, last), &screen))
            .collect();
        let half = |ticks: &[Tick], of: fn(&[Tick]) -> Option<&Tick>| of(ticks).map_or(0, |t| width(&t.1) / 2);
        let names: Vec<String> = self
            .groups
            .iter()
            .map(|g| label::name(&g.name, size.columns / 4, style))
            .collect();
        let shown: &[Vec<Tick>] = if table { &counts } else { &[] };
        let first = shown.iter().map(|c| half(c, |t| t.first())).max().unwrap_or(0);
        let named = names.iter().map(|n| width(n)).max().unwrap_or(0) + 1 + first;
        let left = if table { named.max(4) } else { 4 };
        let right = shown
            .iter()
            .chain([&x_ticks])
            .map(|c| half(c, |t| t.last()))
            .max()
            .unwrap_or(0);
        let area = Area {
            left,
            top: legend.height() + 1,
            width: size.columns.saturating_sub(left + right).max(1),
            height,
        };
        legend.draw(&mut screen, 0, 0);
        let above = label::cut(&self.survival_label, size.columns, style);
        screen.text(left.saturating_sub(4), legend.height(), &above, Ink::Plain);
        // Ticks are left out where their labels, or the numbers below them, would run into each other.
        let kept = shown
            .iter()
            .map(|c| every(c, &area))
            .fold(every(&x_ticks, &area), usize::max);
        let x_ticks: Vec<Tick> = x_ticks.into_iter().step_by(kept).collect();
        let y_ticks = shares(&ticks((0.0, 1.0), fifths(height)), (0.0, 1.0), &screen);
        axes(&mut screen, &area, &x_ticks, &y_ticks);

        if self.groups.len() <= if style.colours { 3 } else { 1 } {
            for (i, group) in self.groups.iter().enumerate() {
                group.shade(&mut screen, &area, last, i);
            }
        }
        let all = self.groups.len();
        for (i, group) in self.groups.iter().enumerate() {
            screen.line(&area, &group.steps(last), Ink::Series(i), 1);
        }
        for (i, group) in self.groups.iter().enumerate() {
            for time in &group.censor_times {
                let (column, row) = (area.column(time / last), area.row(group.survival_at(*time)));
                screen.put(column, row, '+', Ink::Series(i));
            }
        }
        for (i, group) in self.groups.iter().enumerate() {
            screen.marks(&area, &group.steps(last), i, all);
        }

        let below = area.top + height + 2;
        let room = if table { area.width } else { size.columns };
        let x_label = label::cut(&self.time_label, room, style);
        screen.text_around(area.left + area.width / 2, below, &x_label, Ink::Plain);
        if table {
            let start = (area.left + area.width / 2).saturating_sub(width(&x_label) / 2);
            let head = ["Number at risk", "At risk", "n"];
            if let Some(head) = head.into_iter().find(|h| width(h) < start) {
                screen.text(0, below, head, Ink::Plain);
            }
            for (i, (name, counts)) in names.iter().zip(&counts).enumerate() {
                let row = below + 1 + i;
                screen.text(0, row, name, Ink::Series(i));
                for (share, count) in counts.iter().step_by(kept) {
                    let start = area.column(*share).saturating_sub(width(count) / 2);
                    screen.text(start, row, count, Ink::Plain);
                }
            }
        }
        Ok(screen.finish())
    }

    fn entries(&self, screen: &Screen, notes: bool) -> Vec<Entry> {
        let all = self.groups.len();
        let p = self.log_rank_p.and_then(number::p_value);
        let p = p.map(|p| Entry::note("", &format!("Log-rank {p}")));
        let censored = self.groups.iter().any(|g| !g.censor_times.is_empty());
        let censored = (notes && censored).then(|| Entry::note("+", "censored"));
        // What is the same for every group stands first: of many groups the last may be left out.
        let notes = p.into_iter().chain(censored);
        let names = self
            .groups
            .iter()
            .enumerate()
            .map(|(i, g)| Entry::curve(screen, i, all, &g.name));
        if all > 4 {
            notes.chain(names).collect()
        } else {
            let notes: Vec<Entry> = notes.collect();
            names.chain(notes).collect()
        }
    }
}

impl KaplanMeierGroup {
    /// The corners of the steps in shares of the axes.
    fn steps(&self, last: f64) -> Vec<(f64, f64)> {
        if self.times.is_empty() && self.censor_times.is_empty() {
            return Vec::new();
        }
        let mut points = vec![(0.0, 1.0)];
        let mut level = 1.0;
        for (time, survival) in self.times.iter().zip(&self.survival) {
            let survival = survival.clamp(0.0, 1.0);
            if survival != level {
                points.push((time / last, level));
                points.push((time / last, survival));
                level = survival;
            }
        }
        points.push((self.end() / last, level));
        points
    }

    /// Shades the cells whose middle is within the confidence limits.
    fn shade(&self, screen: &mut Screen, area: &Area, last: f64, series: usize) {
        let n = self.times.len();
        if self.lower.len() != n || self.upper.len() != n {
            return;
        }
        for i in 0..area.width {
            let time = (i as f64 + 0.5) / area.width as f64 * last;
            let step = self.times.partition_point(|t| *t <= time).checked_sub(1);
            let Some(step) = step.filter(|_| time <= self.end()) else {
                continue;
            };
            let (lower, upper) = (self.lower[step], self.upper[step]);
            // NaN is within nothing.
            for row in 0..area.height {
                let middle = 1.0 - (row as f64 + 0.5) / area.height as f64;
                if lower <= middle && middle <= upper {
                    screen.shade(area.left + i, area.top + row, series);
                }
            }
        }
    }
}
