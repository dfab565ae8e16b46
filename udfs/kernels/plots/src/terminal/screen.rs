//! Cells of text with dots, shades and colours.

use super::label::cells;
use super::{TextSize, TextStyle};
use std::fmt::Write as _;

/// What something is drawn in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Ink {
    /// The terminal's own.
    #[default]
    Plain,
    /// What stands back.
    Muted,
    /// The colour of a series.
    Series(usize),
    /// The same, standing back.
    Shade(usize),
}

/// The palette of Okabe and Ito, in the nearest of the 256 colours of terminals: all can be read on dark and on light ground.
const COLOURS: [u8; 6] = [32, 166, 36, 175, 178, 74];
/// Marks on curves that colours do not tell apart, one a series.
const MARKS: [char; 18] = [
    '●', '○', '▲', '△', '■', '□', '◆', '◇', '▼', '▽', '★', '☆', '◐', '◑', '◒', '◓', '◧', '◨',
];
/// What curves are drawn in where there is only ASCII: none is a mark of a censored row or of an axis.
const LETTERS: [char; 18] = [
    '*', 'o', 'x', '#', '@', '%', '&', '=', '~', '^', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h',
];

/// A mark every so many columns.
const APART: usize = 14;

#[derive(Clone, Default)]
struct Cell {
    /// NUL: none.
    glyph: char,
    /// What stands upon it: accents.
    upon: String,
    /// Whether the glyph is the right half of the one before.
    tail: bool,
    /// Bits of a braille character.
    dots: u8,
    shade: bool,
    ink: Ink,
}

/// A rectangle of cells in which a curve runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Area {
    /// The dot at a share, 0 to 1, of its width.
    fn dot_x(&self, share: f64) -> usize {
        self.left * 2 + (share.clamp(0.0, 1.0) * (self.width * 2).saturating_sub(1) as f64).round() as usize
    }

    /// The dot at a share of its height, from below.
    fn dot_y(&self, share: f64) -> usize {
        self.top * 4 + ((1.0 - share.clamp(0.0, 1.0)) * (self.height * 4).saturating_sub(1) as f64).round() as usize
    }

    /// The column of a share of its width.
    pub(super) fn column(&self, share: f64) -> usize {
        self.dot_x(share) / 2
    }

    /// The row of a share of its height, from below.
    pub(super) fn row(&self, share: f64) -> usize {
        self.dot_y(share) / 4
    }
}

/// A figure while it is drawn.
pub(super) struct Screen {
    size: TextSize,
    pub(super) style: TextStyle,
    cells: Vec<Cell>,
}

impl Screen {
    pub(super) fn new(size: TextSize, style: TextStyle) -> Self {
        Self {
            size,
            style,
            cells: vec![Cell::default(); size.columns * size.rows],
        }
    }

    pub(super) fn columns(&self) -> usize {
        self.size.columns
    }

    fn cell(&mut self, column: usize, row: usize) -> Option<&mut Cell> {
        if column >= self.size.columns {
            return None;
        }
        self.cells.get_mut(row * self.size.columns + column)
    }

    /// Takes a cell's character away, and the other half of a wide one.
    fn clear(&mut self, column: usize, row: usize) {
        let tail = |screen: &mut Self, column| screen.cell(column, row).is_some_and(|c| c.tail);
        let blank = |screen: &mut Self, column| {
            if let Some(cell) = screen.cell(column, row) {
                (cell.glyph, cell.tail) = (if cell.glyph == '\0' && !cell.tail { '\0' } else { ' ' }, false);
                cell.upon.clear();
            }
        };
        if tail(self, column) {
            blank(self, column.saturating_sub(1));
        }
        if tail(self, column + 1) {
            blank(self, column + 1);
        }
        blank(self, column);
    }

    /// One character.
    pub(super) fn put(&mut self, column: usize, row: usize, glyph: char, ink: Ink) {
        let glyph = if self.style.unicode { glyph } else { ascii(glyph) };
        let wide = cells(glyph);
        if wide == 0 || column + wide > self.size.columns {
            return;
        }
        for i in 0..wide {
            self.clear(column + i, row);
            if let Some(cell) = self.cell(column + i, row) {
                (cell.glyph, cell.tail, cell.ink) = (if i == 0 { glyph } else { '\0' }, i > 0, ink);
            }
        }
    }

    /// A line of text from a column on; what leaves the screen is left out.
    pub(super) fn text(&mut self, column: usize, row: usize, text: &str, ink: Ink) {
        let mut at = column;
        for c in text.chars() {
            let wide = cells(c);
            if wide > 0 {
                if at + wide > self.size.columns {
                    return;
                }
                self.put(at, row, c, ink);
                at += wide;
            } else if at > column
                && let Some(mut last) = at.checked_sub(1)
            {
                if self.cell(last, row).is_some_and(|c| c.tail) {
                    last = last.saturating_sub(1);
                }
                if let Some(cell) = self.cell(last, row)
                    && cell.upon.chars().count() < 4
                {
                    cell.upon.push(c);
                }
            }
        }
    }

    /// Text that ends before a column.
    pub(super) fn text_before(&mut self, column: usize, row: usize, text: &str, ink: Ink) {
        self.text(column.saturating_sub(super::label::width(text)), row, text, ink);
    }

    /// Text whose middle is a column, moved where it would leave the screen.
    pub(super) fn text_around(&mut self, column: usize, row: usize, text: &str, ink: Ink) {
        let width = super::label::width(text);
        let start = column.saturating_sub(width / 2);
        let start = start.min(self.size.columns.saturating_sub(width));
        self.text(start, row, text, ink);
    }

    /// Shades a cell, beneath everything.
    pub(super) fn shade(&mut self, column: usize, row: usize, series: usize) {
        if let Some(cell) = self.cell(column, row)
            && cell.dots == 0
        {
            (cell.shade, cell.ink) = (true, Ink::Shade(series));
        }
    }

    /// A dot, counted from the upper left corner: two a column, four a row.
    fn dot(&mut self, x: usize, y: usize, ink: Ink) {
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        let bit = BITS[y % 4][x % 2];
        if let Some(cell) = self.cell(x / 2, y / 4) {
            cell.dots |= bit;
            if cell.glyph == '\0' {
                cell.ink = ink;
            }
        }
    }

    /// A line through points given in shares of an area; of every `step` dots one is drawn.
    pub(super) fn line(&mut self, area: &Area, points: &[(f64, f64)], ink: Ink, step: usize) {
        let dots: Vec<(usize, usize)> = points.iter().map(|p| (area.dot_x(p.0), area.dot_y(p.1))).collect();
        let mut drawn = 0;
        if let [(x, y)] = dots.as_slice() {
            self.dot(*x, *y, ink);
        }
        for pair in dots.windows(2) {
            for (x, y) in between(pair[0], pair[1]) {
                if drawn % step.max(1) == 0 {
                    self.dot(x, y, ink);
                }
                drawn += 1;
            }
        }
    }

    /// Whether `series` curves need marks to be told apart, beside what they are drawn in.
    pub(super) fn marked(&self, series: usize) -> bool {
        self.style.unicode && series > if self.style.colours { COLOURS.len() } else { 1 }
    }

    /// Puts marks on the curve of a series of `all`, where curves need them, into cells with no character of their own.
    pub(super) fn marks(&mut self, area: &Area, points: &[(f64, f64)], series: usize, all: usize) {
        if !self.marked(all) {
            return;
        }
        let dots: Vec<(usize, usize)> = points.iter().map(|p| (area.dot_x(p.0), area.dot_y(p.1))).collect();
        let path = dots.windows(2).flat_map(|pair| between(pair[0], pair[1]));
        let path = path.map(|(x, y)| (x / 2, y / 4)).collect::<Vec<_>>();
        let mut due = area.left + 2 + APART * series / all.max(1);
        let mut placed = false;
        for (i, (column, row)) in path.iter().enumerate() {
            // The shortest curve has one, at its end or where it can be.
            let last = i + 1 == path.len() && !placed;
            let free = self.cell(*column, *row).is_some_and(|c| c.glyph == '\0');
            if last || (*column >= due && free) {
                self.put(*column, *row, MARKS[series % MARKS.len()], Ink::Series(series));
                due = column + APART;
                placed = true;
            }
        }
    }

    /// What stands for a series of `all` in a legend.
    pub(super) fn sample(&self, series: usize, all: usize) -> String {
        match (self.style.unicode, self.marked(all)) {
            (false, _) => LETTERS[series % LETTERS.len()].to_string(),
            (true, true) => format!("─{}─", MARKS[series % MARKS.len()]),
            (true, false) => "───".to_owned(),
        }
    }

    /// The text: lines without spaces at their ends, none empty at the end of all.
    pub(super) fn finish(self) -> String {
        let mut out = String::with_capacity(self.cells.len());
        for row in self.cells.chunks(self.size.columns.max(1)) {
            let used = row.iter().rposition(|c| !c.is_blank()).map_or(0, |last| last + 1);
            let mut ink = Ink::Plain;
            for cell in row[..used].iter().filter(|c| !c.tail) {
                let shown = cell.shown(self.style);
                let wanted = if shown == ' ' { ink } else { cell.ink };
                if self.style.colours && wanted != ink {
                    change(&mut out, wanted);
                    ink = wanted;
                }
                out.push(shown);
                out.push_str(&cell.upon);
            }
            if self.style.colours && ink != Ink::Plain {
                change(&mut out, Ink::Plain);
            }
            out.push('\n');
        }
        out.truncate(out.trim_end_matches('\n').len());
        out.push('\n');
        out
    }
}

impl Cell {
    fn is_blank(&self) -> bool {
        matches!(self.glyph, '\0' | ' ') && !self.tail && self.dots == 0 && !self.shade
    }

    fn shown(&self, style: TextStyle) -> char {
        if self.glyph != '\0' {
            return self.glyph;
        }
        match (self.dots, style.unicode, self.ink) {
            (0, true, _) if self.shade => '░',
            (0, false, _) if self.shade => '.',
            (0, _, _) => ' ',
            (dots, true, _) => char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' '),
            (_, false, Ink::Series(series)) => LETTERS[series % LETTERS.len()],
            (_, false, _) => '.',
        }
    }
}

/// Changes the colour of what follows.
fn change(out: &mut String, ink: Ink) {
    let colour = |series: usize| COLOURS[series % COLOURS.len()];
    let _ = match ink {
        Ink::Plain => write!(out, "\x1b[0m"),
        Ink::Muted => write!(out, "\x1b[0;2m"),
        Ink::Series(series) => write!(out, "\x1b[0;38;5;{}m", colour(series)),
        Ink::Shade(series) => write!(out, "\x1b[0;2;38;5;{}m", colour(series)),
    };
}

/// What stands for a character where there is only ASCII.
fn ascii(c: char) -> char {
    match c {
        ' '..='~' => c,
        '─' | '−' | '–' => '-',
        '│' | '┆' => '|',
        '■' | '█' => '#',
        '◄' => '<',
        '►' => '>',
        '▁' | '▂' => '.',
        '▃'..='▅' => ':',
        '▆' | '▇' => '#',
        '└' | '┤' | '├' | '┬' | '┴' | '┼' => '+',
        _ => '?',
    }
}

/// The dots of a straight line, with both ends (Bresenham 1965).
fn between(from: (usize, usize), to: (usize, usize)) -> impl Iterator<Item = (usize, usize)> {
    let signed = |v: usize| i64::try_from(v).unwrap_or(i64::MAX / 4);
    let (mut x, mut y) = (signed(from.0), signed(from.1));
    let (to_x, to_y) = (signed(to.0), signed(to.1));
    let (dx, dy) = ((to_x - x).abs(), -(to_y - y).abs());
    let (step_x, step_y) = ((to_x - x).signum(), (to_y - y).signum());
    let mut error = dx + dy;
    let mut left = dx.max(-dy) + 1;
    std::iter::from_fn(move || {
        if left == 0 {
            return None;
        }
        left -= 1;
        let at = (x as usize, y as usize);
        let twice = 2 * error;
        if twice >= dy {
            error += dy;
            x += step_x;
        }
        if twice <= dx {
            error += dx;
            y += step_y;
        }
        Some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(colours: bool, unicode: bool) -> Screen {
        Screen::new(TextSize { columns: 8, rows: 2 }, TextStyle { colours, unicode })
    }

    #[test]
    fn text_stays_in_its_cells() {
        let mut screen = screen(false, true);
        screen.text(0, 0, "高リスク群", Ink::Plain);
        screen.put(1, 0, 'x', Ink::Plain);
        screen.text(6, 1, "e\u{301}bcd", Ink::Plain);
        screen.put(9, 9, 'x', Ink::Plain);
        assert_eq!(screen.finish(), " xリスク\n      e\u{301}b\n");
    }

    #[test]
    fn colours_end_where_their_cells_do() {
        let mut coloured = screen(true, true);
        coloured.text(0, 0, "ab", Ink::Series(0));
        coloured.text(3, 0, "c", Ink::Plain);
        coloured.text(0, 1, "d", Ink::Muted);
        assert_eq!(coloured.finish(), "\x1b[0;38;5;32mab \x1b[0mc\n\x1b[0;2md\x1b[0m\n");
    }

    #[test]
    fn lines_are_dots_or_letters() {
        let area = Area {
            left: 0,
            top: 0,
            width: 8,
            height: 2,
        };
        let step = [(0.0, 1.0), (0.5, 1.0), (0.5, 0.0), (1.0, 0.0)];
        let mut dots = screen(false, true);
        dots.line(&area, &step, Ink::Series(0), 1);
        assert_eq!(dots.finish(), "⠉⠉⠉⠉⡇\n    ⣇⣀⣀⣀\n");
        let mut letters = screen(false, false);
        letters.line(&area, &step, Ink::Series(1), 1);
        assert_eq!(letters.finish(), "ooooo\n    oooo\n");
    }
}
