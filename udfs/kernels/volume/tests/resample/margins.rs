//! A box of an image with the margin gives what the whole image gives.

use crate::common::{splitmix, voxels};
use ndarray::Array3;
use radsql_volume::resample::{Interpolator, image_box, resample_image, resample_part};
use radsql_volume::{Grid, Volume};
use std::sync::atomic::AtomicBool;

const DIRECTION: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// Where 24 voxels of 0.5 mm lie in the middle of a long image of 1 mm voxels.
fn target(size: [usize; 3], axis: usize) -> Grid {
    let mut n = [5, 5, 5];
    n[axis] = 24;
    let mut origin = [2.25; 3];
    origin[axis] = size[axis] as f64 / 2.0;
    Grid::new(n, [0.5; 3], origin, DIRECTION).expect("a grid")
}

#[test]
fn a_box_with_the_margin_decides_every_bit() {
    let cancel = AtomicBool::new(false);
    let (mut same, mut unsure) = (0, 0);
    for k in 0..600usize {
        let axis = k % 3;
        let mut size = [10, 9, 8];
        size[axis] = 220 + k % 50;
        let grid = Grid::new(size, [1.0; 3], [0.0; 3], DIRECTION).expect("a grid");
        let [nx, ny, nz] = size;
        let volume = match k % 4 {
            // Air, in its many values.
            0 | 1 => Volume::new(grid.clone(), Array3::from_elem((nz, ny, nx), (k as i16 - 300) * 5)),
            2 => Volume::new(grid.clone(), voxels("plains", "int16", size, k as u64)),
            _ => Volume::new(grid.clone(), voxels("noise", "uint16", size, splitmix(1, k as u64))),
        }
        .expect("a volume");
        for interpolator in [Interpolator::BSpline3, Interpolator::BSpline2, Interpolator::Linear] {
            let target = target(size, axis);
            let bounds = image_box(&grid, &target, interpolator);
            assert!(bounds.size[axis] < 180, "{bounds:?}");
            let part = volume.crop(&bounds).expect("a part");
            let whole = resample_image(&volume, &target, interpolator, &cancel).expect("resampled");
            match resample_part(&part, &bounds, &grid, &target, interpolator, &cancel).expect("resampled") {
                Some(part) => {
                    assert!(part == whole, "{k} {interpolator:?}");
                    same += 1;
                }
                None => unsure += 1,
            }
        }
    }
    println!("{same} the same, {unsure} unsure");
    assert!(same > 1400, "{same} of 1800 proved, {unsure} not");
}
