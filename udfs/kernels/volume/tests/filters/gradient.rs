use super::{GO, bits, boxes, cases, check, grid, image, made_up};
use radsql_volume::filters::gradient::{NAME, magnitude, support};
use radsql_volume::{Bounds, VolumeError};
use std::sync::atomic::AtomicBool;

#[test]
fn every_image_has_the_bits_of_pyradiomics() {
    for case in cases("gradient") {
        let image = image(&case);
        let use_spacing = case["gradientUseSpacing"].as_bool().unwrap();
        let found = magnitude(&image, use_spacing, &Bounds::whole(image.grid()), &GO).unwrap();
        let what = format!("{} {} {use_spacing}", case["type"], case["size"]);
        check(&what, &case["images"][0], NAME, &found, 0.0);
    }
}

#[test]
fn a_box_and_a_crop_have_the_bits_of_the_whole() {
    let image = made_up(grid([20, 15, 12], [0.7, 1.1, 3.0]), "int16", 900, 1.0);
    let whole = magnitude(&image, true, &Bounds::whole(image.grid()), &GO).unwrap();
    for output in boxes(image.grid()) {
        let support = support(image.grid(), &output);
        let expected = whole.crop(&output).unwrap();
        let direct = magnitude(&image, true, &output, &GO).unwrap();
        let cropped = magnitude(&image.crop(&support).unwrap(), true, &output.within(&support), &GO).unwrap();
        assert_eq!(expected.grid(), direct.grid());
        assert_eq!(bits(&expected), bits(&direct), "{output:?}");
        assert_eq!(bits(&expected), bits(&cropped), "{output:?}");
    }
    let cancelled = magnitude(&image, true, &Bounds::whole(image.grid()), &AtomicBool::new(true));
    assert_eq!(cancelled.unwrap_err(), VolumeError::Cancelled);
}
