use super::{GO, bits, boxes, cases, check, grid, image, made_up};
use radsql_volume::filters::log::{laplacian_of_gaussian, name, possible, support};
use radsql_volume::{Bounds, VolumeError};
use std::sync::atomic::AtomicBool;

#[test]
fn every_image_has_the_bits_of_pyradiomics() {
    let mut left_out = 0;
    for case in cases("log") {
        let image = image(&case);
        let mut expected = case["images"].as_array().unwrap().iter();
        for sigma in case["sigma"].as_array().unwrap() {
            let text = sigma.as_str().unwrap();
            let sigma: f64 = text.parse().unwrap();
            if possible(image.grid(), sigma).is_err() {
                left_out += 1;
                continue;
            }
            let found = laplacian_of_gaussian(&image, sigma, &Bounds::whole(image.grid()), &GO).unwrap();
            let what = format!("{} {}", case["type"], case["size"]);
            check(&what, expected.next().unwrap(), &name(text), &found, 0.0);
        }
        assert!(expected.next().is_none());
    }
    assert_eq!(left_out, 5);
}

#[test]
fn a_box_and_a_crop_have_the_bits_of_the_whole() {
    for (size, spacing, sigma) in [
        ([70, 61, 66], [1.0, 1.1, 0.9], 0.5),
        ([120, 61, 60], [0.7, 1.0, 1.5], 1.0),
        ([240, 30, 20], [1.0, 1.0, 3.0], 3.0),
    ] {
        let image = made_up(grid(size, spacing), "float32", 900, 1.0);
        let whole = laplacian_of_gaussian(&image, sigma, &Bounds::whole(image.grid()), &GO).unwrap();
        let mut shrunk = 0;
        for output in boxes(image.grid()) {
            let support = support(image.grid(), sigma, &output);
            assert!(support.contains(&output));
            shrunk += usize::from(support.voxels() < image.grid().voxels());
            let expected = whole.crop(&output).unwrap();
            let direct = laplacian_of_gaussian(&image, sigma, &output, &GO).unwrap();
            let crop = image.crop(&support).unwrap();
            let cropped = laplacian_of_gaussian(&crop, sigma, &output.within(&support), &GO).unwrap();
            assert_eq!(expected.grid(), direct.grid());
            assert_eq!(bits(&expected), bits(&direct), "{sigma} {output:?}");
            assert_eq!(bits(&expected), bits(&cropped), "crop: {sigma} {output:?}");
        }
        assert!(shrunk >= 3, "{sigma}: {shrunk}");
    }
}

#[test]
fn names_and_reasons() {
    assert_eq!(name("1.0"), "log-sigma-1-0-mm-3D");
    assert_eq!(name("3"), "log-sigma-3-mm-3D");
    let grid = grid([8, 8, 3], [1.0; 3]);
    assert_eq!(
        possible(&grid, 1.0).unwrap_err().to_string(),
        "an image of [8, 8, 3] voxels is too small for this filter, which needs at least [4, 4, 4]"
    );
    assert!(matches!(possible(&grid, 0.0), Err(VolumeError::Sigma { .. })));
    assert!(matches!(possible(&grid, f64::NAN), Err(VolumeError::Sigma { .. })));
    assert!(matches!(possible(&grid, 1e300), Err(VolumeError::TooSmall { .. })));
    let image = made_up(super::grid([8, 8, 8], [1.0; 3]), "int16", 0, 1.0);
    let whole = Bounds::whole(image.grid());
    let cancelled = laplacian_of_gaussian(&image, 1.0, &whole, &AtomicBool::new(true));
    assert_eq!(cancelled.unwrap_err(), VolumeError::Cancelled);
}
