//! Hazard ratios in lines of text.

use super::frame::{remaining, shares};
use super::label::{self, width};
use super::screen::{Area, Ink, Screen};
use super::{TextSize, TextStyle};
use crate::axis::ratio_ticks;
use crate::check;
use crate::error::PlotError;
use crate::forest::{ForestPlot, ForestRow, LIMIT};
use crate::number;

/// Columns between those of the table.
const GAP: usize = 2;
/// Least and most columns of the axis.
const AXIS: (usize, usize) = (12, 60);

impl ForestPlot {
    /// The figure as text: a line a term, its interval on a logarithmic axis with a line at 1, its numbers beside it. Rows that
    /// find no room are counted in the last line; p is left out where a line is too short for it.
    ///
    /// # Errors
    /// Those of [`ForestPlot::svg`]; less room than 40 columns and 12 rows.
    pub fn terminal(&self, size: TextSize, style: TextStyle) -> Result<String, PlotError> {
        check::number("rows", self.rows.len(), LIMIT)?;
        let size = size.checked()?;
        let mut screen = Screen::new(size, style);
        // The head, the axis, its numbers and its label; and a line that tells what is left out.
        let room = size.rows.saturating_sub(4);
        let shown = if self.rows.len() > room {
            room.saturating_sub(1)
        } else {
            self.rows.len()
        };
        let rows = self.rows.get(..shown).unwrap_or_default();

        let numbers: Vec<String> = rows.iter().map(|r| label::plain(&r.numbers(), style)).collect();
        let p: Vec<String> = rows
            .iter()
            .map(|r| r.p.and_then(number::p_bare).unwrap_or_default())
            .collect();
        let widest = |texts: &[String]| texts.iter().map(|t| width(t)).max().unwrap_or(0);
        let numbers_wide = widest(&numbers).max(width(&label::cut(&self.ratio_label, 20, style)));
        let p_wide = widest(&p);
        let names = rows.iter().map(|r| width(&label::name(&r.name, size.columns, style)));
        let wanted = names
            .chain([width(&label::plain(&self.name_label, style))])
            .max()
            .unwrap_or(0);
        let least = wanted.min(8);
        let with_p = p_wide > 0 && least + numbers_wide + p_wide + 3 * GAP + AXIS.0 <= size.columns;
        let table = numbers_wide + GAP + if with_p { p_wide + GAP } else { 0 };
        let free = size.columns.saturating_sub(table + GAP);
        // Names come before the axis, which takes what they leave.
        let names_wide = wanted.min(free.saturating_sub(AXIS.0 + free / 4)).max(least);
        let area = Area {
            left: names_wide + GAP,
            top: 1,
            width: free.saturating_sub(names_wide).clamp(1, AXIS.1),
            height: rows.len(),
        };
        let (numbers_at, p_at) = (
            area.left + area.width + GAP,
            area.left + area.width + 2 * GAP + numbers_wide,
        );
        screen.text(0, 0, &label::cut(&self.name_label, names_wide, style), Ink::Plain);
        screen.text(
            numbers_at,
            0,
            &label::cut(&self.ratio_label, numbers_wide, style),
            Ink::Plain,
        );
        if with_p {
            screen.text(p_at, 0, "p", Ink::Plain);
        }

        let (low, high) = self.range();
        let (low, high) = (low.ln(), high.ln());
        let one = area.column((0.0 - low) / (high - low));
        for (i, row) in rows.iter().enumerate() {
            let y = area.top + i;
            screen.text(0, y, &label::name(&row.name, names_wide, style), Ink::Plain);
            screen.text(numbers_at, y, &numbers[i], Ink::Plain);
            if with_p {
                screen.text(p_at, y, &p[i], Ink::Plain);
            }
            screen.put(one, y, '┆', Ink::Muted);
            row.line(&mut screen, &area, (low, high), y);
        }
        let base = area.top + area.height;
        for column in area.left..area.left + area.width {
            screen.put(column, base, '─', Ink::Plain);
        }
        let ticks: Vec<(f64, String)> = ratio_ticks((low.exp(), high.exp()))
            .into_iter()
            .map(|(v, l)| (v.ln(), l))
            .collect();
        let mut free = 0;
        // That of 1 first: it tells where the line is.
        let mut ticks = shares(&ticks, (low, high), &screen);
        ticks.sort_by_key(|t| t.1 != "1");
        let mut taken: Vec<(usize, usize)> = vec![];
        for (share, text) in &ticks {
            let (column, wide) = (area.column(*share), width(text));
            screen.put(column, base, '┬', Ink::Plain);
            let start = column.saturating_sub(wide / 2);
            if taken.iter().all(|(from, to)| start + wide < *from || start > *to) {
                screen.text(start, base + 1, text, Ink::Plain);
                taken.push((start, start + wide));
                free = free.max(start + wide);
            }
        }
        let axis_label = label::cut(&self.axis_label, size.columns, style);
        screen.text_around(area.left + area.width / 2, base + 2, &axis_label, Ink::Plain);
        if shown < self.rows.len() {
            let more = label::plain(&remaining(self.rows.len() - shown), style);
            screen.text(0, base + 3, &more, Ink::Muted);
        }
        Ok(screen.finish())
    }
}

impl ForestRow {
    /// The line of the interval and the square; arrows where they leave the axis.
    fn line(&self, screen: &mut Screen, area: &Area, (low, high): (f64, f64), row: usize) {
        if !self.estimable() {
            return;
        }
        let ink = Ink::Series(0);
        let log = |v: f64| if v > 0.0 { v.ln() } else { f64::NEG_INFINITY };
        let column = |v: f64| area.column((v.clamp(low, high) - low) / (high - low));
        let (lower, upper) = self.limits();
        let (lower, upper) = (log(lower.min(self.ratio)), log(upper.max(self.ratio)));
        let (from, to) = (column(lower), column(upper));
        for at in from..=to {
            screen.put(at, row, '─', ink);
        }
        let end = |beyond: bool, arrow: char, stop: char| if beyond { arrow } else { stop };
        if to > from {
            screen.put(from, row, end(lower < low, '◄', '├'), ink);
            screen.put(to, row, end(upper > high, '►', '┤'), ink);
        }
        let value = self.ratio.ln();
        if (low..=high).contains(&value) {
            screen.put(column(value), row, '■', ink);
        } else if to == from {
            screen.put(from, row, if value < low { '◄' } else { '►' }, ink);
        }
    }
}
