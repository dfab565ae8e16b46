//! Axes and legends of text.

use super::label::{self, width};
use super::screen::{Area, Ink, Screen};

/// A tick: a share of the axis, and its label.
pub(super) type Tick = (f64, String);

/// Ticks of values on an axis from `low` to `high`, their labels as they may be shown.
pub(super) fn shares(ticks: &[(f64, String)], (low, high): (f64, f64), screen: &Screen) -> Vec<Tick> {
    let share = |v: f64| if high > low { (v - low) / (high - low) } else { 0.0 };
    let ticks = ticks.iter().map(|(v, l)| (share(*v), label::plain(l, screen.style)));
    ticks.filter(|(v, _)| (-1e-9..=1.0 + 1e-9).contains(v)).collect()
}

/// How many ticks suit a height of so many rows, on an axis from 0 to 1.
pub(super) fn fifths(rows: usize) -> usize {
    match rows {
        0..11 => 2,
        11..24 => 5,
        _ => 10,
    }
}

/// Every how manieth label fits with a space between.
pub(super) fn every(ticks: &[Tick], area: &Area) -> usize {
    let columns: Vec<usize> = ticks.iter().map(|t| area.column(t.0)).collect();
    let widest = ticks.iter().map(|t| width(&t.1)).max().unwrap_or(0);
    let fits = |n: &usize| {
        let kept: Vec<usize> = columns.iter().copied().step_by(*n).collect();
        kept.windows(2).all(|w| w[1].saturating_sub(w[0]) > widest)
    };
    (1..ticks.len()).find(fits).unwrap_or(ticks.len().max(1))
}

/// Draws the axes left of and below an area, with their ticks; labels of the lower one stand in the row beneath it.
pub(super) fn axes(screen: &mut Screen, area: &Area, x: &[Tick], y: &[Tick]) {
    let (axis, base) = (area.left.saturating_sub(1), area.top + area.height);
    for row in area.top..base {
        screen.put(axis, row, '│', Ink::Plain);
    }
    screen.put(axis, base, '└', Ink::Plain);
    for column in area.left..area.left + area.width {
        screen.put(column, base, '─', Ink::Plain);
    }
    let mut last = None;
    for (share, text) in y {
        let row = area.row(*share);
        if last == Some(row) {
            continue;
        }
        last = Some(row);
        screen.put(axis, row, '┤', Ink::Plain);
        screen.text_before(axis, row, text, Ink::Plain);
    }
    let room = screen.columns();
    let mut free = 0;
    for (share, text) in x {
        let (column, wide) = (area.column(*share), width(text));
        screen.put(column, base, '┬', Ink::Plain);
        let start = column.saturating_sub(wide / 2).min(room.saturating_sub(wide));
        if start >= free {
            screen.text(start, base + 1, text, Ink::Plain);
            free = start + wide + 1;
        }
    }
}

/// A name in a legend, with what stands for it.
pub(super) struct Entry {
    pub(super) sample: String,
    pub(super) ink: Ink,
    pub(super) name: String,
}

impl Entry {
    /// Of the curve of a series of `all`.
    pub(super) fn curve(screen: &Screen, series: usize, all: usize, name: &str) -> Self {
        Self {
            sample: screen.sample(series, all),
            ink: Ink::Series(series),
            name: name.to_owned(),
        }
    }

    /// Without a curve.
    pub(super) fn note(sample: &str, name: &str) -> Self {
        Self {
            sample: sample.to_owned(),
            ink: Ink::Plain,
            name: name.to_owned(),
        }
    }

    fn indent(&self) -> usize {
        match width(&self.sample) {
            0 => 0,
            sample => sample + 1,
        }
    }

    /// Cells that it takes.
    pub(super) fn width(&self) -> usize {
        self.indent() + width(&self.name)
    }

    fn draw(&self, screen: &mut Screen, column: usize, row: usize) {
        screen.text(column, row, &self.sample, self.ink);
        screen.text(column + self.indent(), row, &self.name, Ink::Plain);
    }
}

/// Names in lines.
pub(super) struct Legend {
    lines: Vec<Vec<(usize, Entry)>>,
    more: usize,
}

impl Legend {
    /// Lays names out in lines of `room` cells, names cut to it; at most so many lines, the last of which tells what is
    /// left out.
    pub(super) fn new(entries: Vec<Entry>, room: usize, most: usize, screen: &Screen) -> Self {
        let mut lines: Vec<Vec<(usize, Entry)>> = vec![vec![]];
        let (mut column, mut more) = (0, 0);
        // Room for what tells how many are left out.
        let tail = width(&remaining(entries.len())) + 2;
        let count = entries.len();
        for (i, mut entry) in entries.into_iter().enumerate() {
            let indent = entry.indent();
            let name = |room: usize| label::name(&entry.name, room.saturating_sub(indent), screen.style);
            let wide = indent + width(&name(room));
            if column > 0 && column + wide > room && lines.len() < most {
                lines.push(vec![]);
                column = 0;
            }
            let last = lines.len() >= most && i + 1 < count;
            let room = if last { room.saturating_sub(tail) } else { room };
            if more > 0 || (column > 0 && column + wide > room) {
                more += 1;
                continue;
            }
            entry.name = name(room);
            column += indent + width(&entry.name) + 3;
            if let Some(line) = lines.last_mut() {
                line.push((column - indent - width(&entry.name) - 3, entry));
            }
        }
        Self { lines, more }
    }

    pub(super) fn height(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn draw(&self, screen: &mut Screen, left: usize, top: usize) {
        let mut end = left;
        for (i, line) in self.lines.iter().enumerate() {
            end = left;
            for (column, entry) in line {
                entry.draw(screen, left + column, top + i);
                end = left + column + entry.indent() + width(&entry.name) + 2;
            }
        }
        if self.more > 0 {
            let row = top + self.lines.len().saturating_sub(1);
            let text = label::plain(&remaining(self.more), screen.style);
            let start = end.min(screen.columns().saturating_sub(width(&text)));
            screen.text(start, row, &text, Ink::Muted);
        }
    }
}

/// What stands for what is left out.
pub(super) fn remaining(count: usize) -> String {
    format!("… {count} more")
}

/// Names one below the other, cut to `room`, as many as there are rows.
pub(super) fn side_legend(
    screen: &mut Screen,
    entries: &[Entry],
    (left, top): (usize, usize),
    room: usize,
    rows: usize,
) {
    let shown = if entries.len() > rows {
        rows.saturating_sub(1)
    } else {
        entries.len()
    };
    for (i, entry) in entries.iter().take(shown).enumerate() {
        let name = label::name(&entry.name, room.saturating_sub(entry.indent()), screen.style);
        screen.text(left, top + i, &entry.sample, entry.ink);
        screen.text(left + entry.indent(), top + i, &name, Ink::Plain);
    }
    if shown < entries.len() {
        let text = label::plain(&remaining(entries.len() - shown), screen.style);
        screen.text(left, top + shown, &text, Ink::Muted);
    }
}
