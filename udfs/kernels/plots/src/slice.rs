//! A slice of a scan with the outline of its mask.

use crate::axis::{Entry, legend, legend_height};
use crate::canvas::{Canvas, SIZE, SMALL, Stroke, Style};
use crate::check;
use crate::error::PlotError;
use crate::picture;
use crate::text;
use crate::theme::Theme;
use std::collections::BTreeMap;

/// A slice in grey, the outline of a mask along the edges of its pixels, and a bar of length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SlicePlot {
    /// Pixels in a row.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
    /// The image row by row from the top, each from the left, in its own unit (HU). Not finite: black.
    pub pixels: Vec<f64>,
    /// Which pixels belong to the mask, as `pixels`. Empty: no mask.
    pub mask: Vec<bool>,
    /// Width and height of a pixel, mm.
    pub spacing: [f64; 2],
    /// What is shown as black and as white, in the image's unit: `[-60.0, 140.0]` HU for a liver. Equal or not finite: least and
    /// greatest of the pixels.
    pub window: [f64; 2],
    /// What the outline is of: `Tumour`.
    pub mask_name: String,
}

/// Longest side on the page.
const SIDE: f64 = 480.0;
const MARGIN: f64 = 12.0;

impl SlicePlot {
    /// The figure as SVG text.
    ///
    /// # Errors
    /// No pixel, or more than 4096 in a row or column; lists of another length; a spacing that is not between 1e-6 and 1e6,
    /// sides of which one is more than 100 times the other.
    pub fn svg(&self, theme: Theme) -> Result<String, PlotError> {
        self.check()?;
        let (width_mm, height_mm) = (
            self.columns as f64 * self.spacing[0],
            self.rows as f64 * self.spacing[1],
        );
        let scale = SIDE / width_mm.max(height_mm);
        let (width, height) = (width_mm * scale, height_mm * scale);
        let outline = Stroke::solid(outline_color(), 2.0);
        let masked = self.mask.iter().any(|m| *m);
        let name = text::name(&self.mask_name, SIDE - 60.0, SIZE);
        let entries: Vec<Entry> = if masked {
            vec![Entry {
                stroke: outline.clone(),
                name,
            }]
        } else {
            Vec::new()
        };
        let page = width
            .max(if masked {
                text::width(&entries[0].name, SIZE) + 40.0
            } else {
                0.0
            })
            .max(120.0);
        let top = if masked {
            MARGIN + legend_height(&entries, page) + 6.0
        } else {
            MARGIN
        };
        let mut canvas = Canvas::new(page + 2.0 * MARGIN, top + height + 34.0, theme);
        legend(&mut canvas, &entries, MARGIN, 10.0, page);

        let grey = self.grey();
        let zoom = (SIDE as usize / self.columns.max(self.rows)).clamp(1, 24);
        let palette: Vec<[u8; 3]> = (0..=255).map(|shade| [shade; 3]).collect();
        canvas.image(
            MARGIN,
            top,
            width,
            height,
            &picture::encode(&grey, &palette, self.columns, self.rows, zoom)?,
        );
        canvas.group("outline");
        let (dx, dy) = (width / self.columns as f64, height / self.rows as f64);
        if masked {
            for ring in rings(&self.mask, self.columns, self.rows) {
                let points = ring
                    .iter()
                    .map(|(x, y)| (MARGIN + *x as f64 * dx, top + *y as f64 * dy));
                canvas.path(&points.collect::<Vec<_>>(), &outline);
            }
        }
        canvas.end();
        let (length, label) = bar(width_mm);
        let y = top + height + 14.0;
        canvas.group("length");
        let stroke = Stroke::solid(theme.ink(), 2.5);
        canvas.line((MARGIN, y), (MARGIN + length * scale, y), &stroke);
        canvas.text(MARGIN + length * scale + 8.0, y + 4.3, &label, Style::START.size(SMALL));
        canvas.end();
        let of = if masked {
            format!(" with the outline of {}", text::brief(&self.mask_name))
        } else {
            String::new()
        };
        canvas.finish(&format!("Slice of {} by {} pixels{of}", self.columns, self.rows))
    }

    fn check(&self) -> Result<(), PlotError> {
        check::number("columns", self.columns, 4096)?;
        check::number("rows", self.rows, 4096)?;
        let n = self.columns * self.rows;
        check::length("pixels", self.pixels.len(), n)?;
        if !self.mask.is_empty() {
            check::length("mask", self.mask.len(), n)?;
        }
        check::within("spacing", &self.spacing, "a length between 1e-6 and 1e6 mm", |v| {
            (1e-6..=1e6).contains(&v)
        })?;
        let ratio = self.columns as f64 * self.spacing[0] / (self.rows as f64 * self.spacing[1]);
        check::within("sides", &[ratio], "at most 100 times the other", |v| {
            (0.01..=100.0).contains(&v)
        })
    }

    /// Each pixel's shade within the window.
    fn grey(&self) -> Vec<u8> {
        let [mut low, mut high] = self.window;
        if !(low.is_finite() && high.is_finite() && low != high) {
            (low, high) = crate::axis::range(self.pixels.iter().copied());
        }
        let shade = |v: f64| {
            // Halved, since the difference of two large numbers may be infinite.
            let part = (v / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
            if v.is_finite() {
                (part.clamp(0.0, 1.0) * 255.0).round() as u8
            } else {
                0
            }
        };
        self.pixels.iter().map(|v| shade(*v)).collect()
    }
}

/// Seen on every shade of grey, on paper of any colour.
fn outline_color() -> kuva::render::color::Color {
    Theme::Dark.series(1)
}

/// A round length of about a quarter of the width, and its label.
fn bar(width_mm: f64) -> (f64, String) {
    let tick = crate::axis::ticks((0.0, width_mm), 4).into_iter().nth(1);
    let (length, label) = tick.unwrap_or((width_mm, crate::axis::label(width_mm, width_mm)));
    (length, format!("{label} mm"))
}

type Corner = (usize, usize);

/// The closed lines between mask and not mask, through corners of pixels, corners only where they turn. The mask lies to the
/// right of each edge; where two of its pixels touch at a corner alone, they have outlines of their own.
fn rings(mask: &[bool], columns: usize, rows: usize) -> Vec<Vec<Corner>> {
    let inside = |x: Option<usize>, y: Option<usize>| match (x, y) {
        (Some(x), Some(y)) if x < columns && y < rows => mask[y * columns + x],
        _ => false,
    };
    // Edges by where they start: at most two a corner.
    let mut edges: BTreeMap<Corner, Vec<Corner>> = BTreeMap::new();
    let mut add = |from: Corner, to: Corner| edges.entry(from).or_default().push(to);
    for y in 0..rows {
        for x in (0..columns).filter(|x| mask[y * columns + x]) {
            if !inside(Some(x), y.checked_sub(1)) {
                add((x, y), (x + 1, y));
            }
            if !inside(Some(x + 1), Some(y)) {
                add((x + 1, y), (x + 1, y + 1));
            }
            if !inside(Some(x), Some(y + 1)) {
                add((x + 1, y + 1), (x, y + 1));
            }
            if !inside(x.checked_sub(1), Some(y)) {
                add((x, y + 1), (x, y));
            }
        }
    }
    let mut rings = Vec::new();
    while let Some((start, _)) = edges.first_key_value().map(|(k, v)| (*k, v.len())) {
        let mut ring = vec![start];
        let mut at = start;
        while let Some(next) = take(&mut edges, at, ring.len().checked_sub(2).map(|i| ring[i])) {
            let straight = ring.len() > 1 && {
                let before = ring[ring.len() - 2];
                (before.0 == at.0 && at.0 == next.0) || (before.1 == at.1 && at.1 == next.1)
            };
            if straight {
                ring.pop();
            }
            ring.push(next);
            at = next;
            if at == start {
                break;
            }
        }
        rings.push(ring);
    }
    rings
}

/// Takes the edge that goes on from a corner; of two, the one that turns right, along the same pixel.
fn take(edges: &mut BTreeMap<Corner, Vec<Corner>>, at: Corner, before: Option<Corner>) -> Option<Corner> {
    let ways = edges.get_mut(&at)?;
    let right = |to: &Corner| {
        before.is_some_and(|before| {
            let step = |a: Corner, b: Corner| (b.0 as i64 - a.0 as i64, b.1 as i64 - a.1 as i64);
            let (from, to) = (step(before, at), step(at, *to));
            from.0 * to.1 - from.1 * to.0 > 0
        })
    };
    let chosen = ways.iter().position(right).unwrap_or(0);
    let next = ways.swap_remove(chosen);
    if ways.is_empty() {
        edges.remove(&at);
    }
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines_follow_the_pixels() {
        assert_eq!(rings(&[true], 1, 1), [vec![(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]]);
        assert!(rings(&[false; 4], 2, 2).is_empty());
        // Two pixels at a corner: two squares.
        let squares = rings(&[true, false, false, true], 2, 2);
        assert_eq!(squares.len(), 2);
        assert!(squares.iter().all(|r| r.len() == 5), "{squares:?}");
        // A ring of pixels has an outer and an inner outline.
        let mut mask = [true; 9];
        mask[4] = false;
        let both = rings(&mask, 3, 3);
        assert_eq!(both[0], [(0, 0), (3, 0), (3, 3), (0, 3), (0, 0)]);
        assert_eq!(both[1].len(), 5);
        assert_eq!(both.len(), 2);
    }
}
