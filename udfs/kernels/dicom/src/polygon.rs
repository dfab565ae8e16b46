//! Which pixel centres lie inside polygons, by the even-odd rule.

/// Polygons of one plane, in units of pixels; the centre of a pixel has whole coordinates.
#[derive(Debug, Default)]
pub(crate) struct Polygons {
    polygons: Vec<Vec<[f64; 2]>>,
}

impl Polygons {
    /// Adds a closed polygon: its last point is joined to its first.
    pub fn add(&mut self, points: Vec<[f64; 2]>) {
        self.polygons.push(points);
    }

    /// Least and largest coordinates.
    pub fn bounds(&self) -> ([f64; 2], [f64; 2]) {
        let mut bounds = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for p in self.polygons.iter().flatten() {
            bounds.0 = [bounds.0[0].min(p[0]), bounds.0[1].min(p[1])];
            bounds.1 = [bounds.1[0].max(p[0]), bounds.1[1].max(p[1])];
        }
        bounds
    }

    /// The pixels inside, of an image of `columns` times `rows`: the first index of a box, its columns, and which of its
    /// pixels are inside. None when the polygons lie beside the image.
    ///
    /// A pixel is inside when a ray from its centre along growing x crosses the polygons' edges an odd number of times. Of an
    /// edge the end of smaller y belongs to it, that of larger y does not, so that a ray through a corner counts it once.
    pub fn fill(&self, columns: usize, rows: usize) -> Option<([usize; 2], usize, Vec<bool>)> {
        let (low, high) = self.bounds();
        let cut = |v: f64, n: usize| v.clamp(0.0, n as f64);
        let from = [cut(low[0].ceil(), columns) as usize, cut(low[1].ceil(), rows) as usize];
        let to = [
            cut(high[0].floor() + 1.0, columns) as usize,
            cut(high[1].floor() + 1.0, rows) as usize,
        ];
        if from[0] >= to[0] || from[1] >= to[1] {
            return None;
        }
        let width = to[0] - from[0];
        // Whether the number of crossings just before a pixel is odd; only parity is kept, however many edges there are.
        let mut inside = vec![false; width * (to[1] - from[1])];
        for polygon in &self.polygons {
            let next = polygon.iter().cycle().skip(1);
            for (&a, &b) in polygon.iter().zip(next) {
                // Always from the lower end, so that an edge passed twice is crossed at the same place.
                let (a, b) = if a[1] <= b[1] { (a, b) } else { (b, a) };
                let first = cut(a[1].ceil(), rows).max(from[1] as f64) as usize;
                let last = cut(b[1].ceil(), rows).min(to[1] as f64) as usize;
                for y in first..last {
                    let x = a[0] + (y as f64 - a[1]) * (b[0] - a[0]) / (b[1] - a[1]);
                    let at = (x.ceil() - from[0] as f64).max(0.0) as usize;
                    if at < width {
                        inside[(y - from[1]) * width + at] ^= true;
                    }
                }
            }
        }
        for row in inside.chunks_exact_mut(width) {
            let mut odd = false;
            for pixel in row {
                odd ^= *pixel;
                *pixel = odd;
            }
        }
        Some((from, width, inside))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(polygons: &[&[[f64; 2]]]) -> usize {
        let mut all = Polygons::default();
        polygons.iter().for_each(|p| all.add(p.to_vec()));
        all.fill(10, 10)
            .map_or(0, |(_, _, inside)| inside.iter().filter(|v| **v).count())
    }

    const SQUARE: [[f64; 2]; 4] = [[0.5, 0.5], [8.5, 0.5], [8.5, 8.5], [0.5, 8.5]];
    const HOLE: [[f64; 2]; 4] = [[2.5, 2.5], [4.5, 2.5], [4.5, 4.5], [2.5, 4.5]];

    #[test]
    fn holes_by_a_second_contour_and_by_a_keyhole_are_the_same() {
        assert_eq!(count(&[&SQUARE]), 64);
        assert_eq!(count(&[&SQUARE, &HOLE]), 60);
        let mut keyhole = SQUARE.to_vec();
        keyhole.push(SQUARE[0]);
        keyhole.extend(HOLE);
        keyhole.push(HOLE[0]);
        assert_eq!(count(&[&keyhole]), 60);
    }

    #[test]
    fn a_centre_on_an_edge_belongs_to_one_side() {
        let left = [[0.0, 0.0], [4.0, 0.0], [4.0, 8.0], [0.0, 8.0]];
        let right = [[4.0, 0.0], [8.0, 0.0], [8.0, 8.0], [4.0, 8.0]];
        assert_eq!(count(&[&left]) + count(&[&right]), 64);
        assert_eq!(count(&[&left, &right]), 64);
    }

    #[test]
    fn what_leaves_the_image_is_cut() {
        assert_eq!(count(&[&[[-5.0, -5.0], [50.0, -5.0], [50.0, 4.5], [-5.0, 4.5]]]), 50);
        assert_eq!(count(&[&[[20.0, 20.0], [50.0, 20.0], [50.0, 24.5]]]), 0);
        assert_eq!(
            count(&[&[[-9e300, -9e300], [9e300, -9e300], [9e300, 9e300], [-9e300, 9e300]]]),
            100
        );
    }
}
