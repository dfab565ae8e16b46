use radsql_volume::Grid;
use std::fmt;

/// The letters of each physical axis (x, y, z of LPS): the way it runs, and the other.
const LETTERS: [[char; 2]; 3] = [['L', 'R'], ['P', 'A'], ['S', 'I']];

/// Which way each of an array's three axes runs, in the order of the array's axes: `LPS` has a first axis that runs to the
/// patient's left, a second to the back, a third to the head.
///
/// As nibabel's and MONAI's axis codes and SimpleITK's `DICOMOrient`. An array that numpy took from SimpleITK has its axes
/// in the other order: with slices to the head it is `SPL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Orientation {
    /// Physical axis (0 to 2), and whether the array's axis runs with LPS.
    axes: [(usize, bool); 3],
}

/// An axis of an image that is an array's axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ImageAxis {
    /// Which of the image's index axes.
    pub(crate) axis: usize,
    /// Whether it runs the other way.
    pub(crate) flipped: bool,
}

impl Orientation {
    /// The orientation of three letters, one of L and R, one of P and A, one of S and I; None for other text.
    pub fn parse(text: &str) -> Option<Self> {
        let mut axes = [(0, false); 3];
        let mut seen = [false; 3];
        let mut letters = text.chars();
        for axis in &mut axes {
            let letter = letters.next()?;
            let physical = LETTERS.iter().position(|pair| pair.contains(&letter))?;
            if std::mem::replace(&mut seen[physical], true) {
                return None;
            }
            *axis = (physical, LETTERS[physical][0] == letter);
        }
        letters.next().is_none().then_some(Self { axes })
    }

    /// The image's index axes that come nearest to this orientation's axes.
    ///
    /// As ITK's `DICOMOrientation`: of the direction cosines that are left, the largest pairs a physical with an index axis,
    /// the last of several that are equal. An oblique image stays oblique.
    pub(crate) fn axes_of(&self, image: &Grid) -> [ImageAxis; 3] {
        let direction = image.direction();
        let mut pairs = [(0, true); 3];
        let (mut rows, mut columns) = ([true; 3], [true; 3]);
        for _ in 0..3 {
            let (mut best, mut largest) = ((0, 0), -1.0);
            for r in (0..3).filter(|&r| rows[r]) {
                for c in (0..3).filter(|&c| columns[c]) {
                    if direction[r][c].abs() >= largest {
                        (best, largest) = ((r, c), direction[r][c].abs());
                    }
                }
            }
            let (r, c) = best;
            (rows[r], columns[c]) = (false, false);
            pairs[r] = (c, direction[r][c] > 0.0);
        }
        self.axes.map(|(physical, with)| {
            let (axis, runs_with) = pairs[physical];
            ImageAxis {
                axis,
                flipped: with != runs_with,
            }
        })
    }
}

impl fmt::Display for Orientation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (physical, with) in self.axes {
            write!(f, "{}", LETTERS[physical][usize::from(!with)])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_letters_of_three_axes() {
        for good in ["LPS", "RAS", "SPL", "IAR"] {
            assert_eq!(Orientation::parse(good).map(|o| o.to_string()).as_deref(), Some(good));
        }
        for bad in ["", "LP", "LRS", "LPSS", "lps", "LPX", "LPL"] {
            assert_eq!(Orientation::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn axes_of_a_coronal_image() {
        // x to the right, y to the feet, z to the front.
        let direction = [[-1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, -1.0, 0.0]];
        let image = Grid::new([4, 5, 6], [1.0; 3], [0.0; 3], direction).unwrap();
        let axes = Orientation::parse("LAI").unwrap().axes_of(&image);
        assert_eq!(axes.map(|a| (a.axis, a.flipped)), [(0, true), (2, false), (1, false)]);
    }
}
