//! Receiver operating characteristics as text.

use super::frame::{Entry, Legend, axes, fifths, shares, side_legend};
use super::label::{self, width};
use super::screen::{Area, Ink, Screen};
use super::{TextSize, TextStyle};
use crate::axis::ticks;
use crate::error::PlotError;
use crate::roc::{RocCurve, TimeRocPlot};

/// Least columns of the curves: a square where the rows suffice.
const LEAST: usize = 30;

impl TimeRocPlot {
    /// The figure as text: the curves, the diagonal of a coin in dots, the areas in the legend, which stands beside the
    /// curves where the line is long enough and else above them.
    ///
    /// # Errors
    /// Those of [`TimeRocPlot::svg`]; less room than 40 columns and 12 rows.
    pub fn terminal(&self, size: TextSize, style: TextStyle) -> Result<String, PlotError> {
        self.check()?;
        let size = size.checked()?;
        let mut screen = Screen::new(size, style);
        let left = 4;
        // The label of each axis, the axis itself and its numbers.
        let full = size.rows.saturating_sub(4);
        // A cell is about twice as high as it is wide: this is a square.
        let square = 2 * full;
        let room = size.columns.saturating_sub(left + square + 3);
        let entries = |room: usize| -> Vec<Entry> {
            let curves = self.curves.iter().enumerate();
            curves.map(|(i, c)| self.entry(&screen, i, c, room)).collect()
        };
        let widest = entries(size.columns).iter().map(Entry::width).max().unwrap_or(0);
        let beside = widest <= room || room >= 50;
        let room = if beside { room } else { size.columns };
        let entries = entries(room);
        let (top, height) = if beside {
            side_legend(&mut screen, &entries, (left + square + 3, 1), room, full);
            (1, full)
        } else {
            let legend = Legend::new(entries, room, (size.rows / 4).max(1), &screen);
            legend.draw(&mut screen, 0, 0);
            (legend.height() + 1, full.saturating_sub(legend.height()))
        };
        let area = Area {
            left,
            top,
            width: (2 * height).max(LEAST).min(size.columns.saturating_sub(left + 2)),
            height,
        };
        screen.text(0, top - 1, "Sensitivity", Ink::Plain);
        let y_ticks = shares(&ticks((0.0, 1.0), fifths(height)), (0.0, 1.0), &screen);
        let x_ticks = shares(
            &ticks((0.0, 1.0), if area.width < 36 { 2 } else { 5 }),
            (0.0, 1.0),
            &screen,
        );
        axes(&mut screen, &area, &x_ticks, &y_ticks);
        screen.line(&area, &[(0.0, 0.0), (1.0, 1.0)], Ink::Muted, 3);
        let all = self.curves.len();
        let mut curves = vec![];
        for (i, curve) in self.curves.iter().enumerate() {
            let points = curve.false_positive.iter().zip(&curve.true_positive);
            let points: Vec<(f64, f64)> = points.map(|(f, t)| (*f, *t)).collect();
            screen.line(&area, &points, Ink::Series(i), 1);
            curves.push(points);
        }
        for (i, points) in curves.iter().enumerate() {
            screen.marks(&area, points, i, all);
        }
        let x_label = label::plain("1 − specificity", style);
        screen.text_around(left + area.width / 2, top + height + 2, &x_label, Ink::Plain);
        Ok(screen.finish())
    }

    /// The curve's name, cut so that its area has room.
    fn entry(&self, screen: &Screen, i: usize, curve: &RocCurve, room: usize) -> Entry {
        let all = self.curves.len();
        let taken = width(&screen.sample(i, all)) + 1;
        let tail = label::plain(&curve.tail(), screen.style);
        let name = label::name(&curve.name, room.saturating_sub(taken + width(&tail)), screen.style);
        Entry::curve(screen, i, all, &format!("{name}{tail}"))
    }
}
