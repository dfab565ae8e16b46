//! One slice of a scan, as a reader is used to see it.

use crate::grid::Grid;
use crate::mask::{Bounds, Mask};
use crate::voxels::Volume;
use crate::with_voxels;

/// A slice across the third axis of a scan, with the region in it, turned as radiologists look at it: the patient's left on
/// the right, the front above, the head above.
#[derive(Debug, Clone, PartialEq)]
pub struct SliceView {
    /// Pixels in a row.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
    /// Values, row by row from the top, each from the left.
    pub pixels: Vec<f64>,
    /// Which pixels belong to the region.
    pub inside: Vec<bool>,
    /// Width and height of a pixel in mm.
    pub spacing: [f64; 2],
    /// The values that show the region and what is around it: the middle 98 % of those within 15 mm of its box.
    pub window: [f64; 2],
}

/// Millimetres around the region whose values decide what is black and what is white.
const AROUND_MM: f64 = 15.0;

impl SliceView {
    /// The voxels to read for the slice in which the region is largest; the first of several.
    pub fn bounds(mask: &Mask) -> Bounds {
        let size = mask.grid().size();
        let areas = mask
            .inside()
            .outer_iter()
            .map(|slice| slice.iter().filter(|v| **v).count());
        let mut largest = (0, 0);
        for (z, area) in areas.enumerate() {
            if area > largest.1 {
                largest = (z, area);
            }
        }
        Bounds {
            lower: [0, 0, mask.bounds().lower[2] + largest.0],
            size: [size[0], size[1], 1],
        }
    }

    /// The slice at `bounds`, of which `volume` has the voxels.
    #[allow(clippy::unnecessary_cast)] // one arm of the macro is f64 already
    pub fn new(volume: &Volume, mask: &Mask, bounds: &Bounds) -> Self {
        let [columns, rows, _] = bounds.size;
        let grid = mask.grid();
        let [flip_x, flip_y] = flips(grid);
        let region = mask.bounds();
        let z = bounds.lower[2].checked_sub(region.lower[2]);
        let is_inside = |x: usize, y: usize| {
            let at = (z, y.checked_sub(region.lower[1]), x.checked_sub(region.lower[0]));
            match at {
                (Some(z), Some(y), Some(x)) => mask.inside().get((z, y, x)) == Some(&true),
                _ => false,
            }
        };
        let near = {
            let steps = |axis: usize| (AROUND_MM / grid.spacing()[axis]).ceil() as usize;
            region.grown([steps(0), steps(1), 0], [steps(0), steps(1), 0], grid)
        };
        let mut view = Self {
            columns,
            rows,
            pixels: Vec::with_capacity(columns * rows),
            inside: Vec::with_capacity(columns * rows),
            spacing: [grid.spacing()[0], grid.spacing()[1]],
            window: [0.0, 0.0],
        };
        let values: Vec<f64> = with_voxels!(volume.voxels(), voxels => voxels.iter().map(|v| *v as f64).collect());
        let mut around = vec![];
        for row in 0..rows {
            let y = if flip_y { rows - 1 - row } else { row };
            for column in 0..columns {
                let x = if flip_x { columns - 1 - column } else { column };
                let value = values.get(y * columns + x).copied().unwrap_or(f64::NAN);
                view.pixels.push(value);
                view.inside.push(is_inside(x, y));
                let is_near =
                    (near.lower[0]..near.upper()[0]).contains(&x) && (near.lower[1]..near.upper()[1]).contains(&y);
                if is_near && value.is_finite() {
                    around.push(value);
                }
            }
        }
        around.sort_unstable_by(f64::total_cmp);
        if let Some(last) = around.len().checked_sub(1) {
            let at = |share: f64| around[(share * last as f64).round() as usize];
            view.window = [at(0.01), at(0.99)];
        }
        view
    }
}

/// Whether columns and rows run against what readers are used to.
fn flips(grid: &Grid) -> [bool; 2] {
    const HEAD: usize = 2;
    let main = |axis: usize| {
        let along = grid.direction().map(|row| row[axis]);
        let mut main = 0;
        for component in 1..3 {
            if along[component].abs() > along[main].abs() {
                main = component;
            }
        }
        (main, along[main] < 0.0)
    };
    let (across, down) = (main(0), main(1));
    // The head is above, where the left and the back are to the right and below.
    [across.1, if down.0 == HEAD { !down.1 } else { down.1 }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    /// Pixels counted from the patient's right and front, whatever the order of the voxels.
    fn view(direction: [[f64; 3]; 3]) -> SliceView {
        let grid = Grid::new([3, 2, 2], [1.0, 2.0, 3.0], [0.0; 3], direction).unwrap();
        let voxels = Array3::from_shape_fn((2, 2, 3), |(z, y, x)| {
            let left = if direction[0][0] < 0.0 { 2 - x } else { x };
            let back = if direction[1][1] < 0.0 { 1 - y } else { y };
            (100 * z + 10 * back + left) as f64
        });
        let labels = Array3::from_shape_fn((2, 2, 3), |(z, y, x)| {
            u8::from(z == 1 && (x == 1 || (y == 0 && x == 0)))
        });
        let mask = Mask::from_labels(&Volume::new(grid.clone(), labels).unwrap(), 1).unwrap();
        let bounds = SliceView::bounds(&mask);
        assert_eq!((bounds.lower, bounds.size), ([0, 0, 1], [3, 2, 1]));
        let slice = Volume::new(grid, voxels).unwrap().crop(&bounds).unwrap();
        SliceView::new(&slice, &mask, &bounds)
    }

    #[test]
    fn the_left_is_on_the_right_and_the_front_above() {
        let expected = [100.0, 101.0, 102.0, 110.0, 111.0, 112.0];
        for (x, y) in [(1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)] {
            let seen = view([[x, 0.0, 0.0], [0.0, y, 0.0], [0.0, 0.0, 1.0]]);
            assert_eq!((seen.columns, seen.rows, seen.spacing), (3, 2, [1.0, 2.0]));
            assert_eq!(seen.pixels, expected, "{x} {y}");
            assert_eq!(seen.inside.iter().filter(|v| **v).count(), 3);
            assert!(seen.inside[1] && seen.inside[4], "the middle column");
            assert_eq!(seen.window, [100.0, 112.0]);
        }
    }

    #[test]
    fn the_head_is_above() {
        // A coronal slice whose rows run towards the head.
        let grid = Grid::new(
            [1, 2, 1],
            [1.0; 3],
            [0.0; 3],
            [[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]],
        )
        .unwrap();
        assert_eq!(flips(&grid), [false, true]);
    }
}
