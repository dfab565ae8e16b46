use super::{GO, bits, boxes, cases, check, grid, image, made_up};
use radsql_volume::filters::pointwise::{Pointwise, largest_magnitude};
use radsql_volume::{Bounds, VolumeError};
use std::sync::atomic::AtomicBool;

#[test]
fn every_image_is_that_of_pyradiomics() {
    for case in cases("pointwise") {
        let image = image(&case);
        let expected = case["images"].as_array().unwrap();
        assert_eq!(expected.len(), 4);
        for (filter, expected) in Pointwise::ALL.into_iter().zip(expected) {
            let found = filter.filter(&image, None, &Bounds::whole(image.grid()), &GO).unwrap();
            // numpy has its own logarithm and exponential, with other last bits.
            let tolerance = match filter {
                Pointwise::Square | Pointwise::SquareRoot => 0.0,
                Pointwise::Logarithm | Pointwise::Exponential => 1e-15,
            };
            let zeros = largest_magnitude(&image, &GO).unwrap() == 0.0;
            // The bits of a NaN are not compared.
            let tolerance = if zeros { 1e-15 } else { tolerance };
            check(
                &format!("{} {}", case["type"], case["shift"]),
                expected,
                filter.name(),
                &found,
                tolerance,
            );
        }
    }
}

#[test]
fn a_box_and_a_crop_with_the_maximum_have_the_bits_of_the_whole() {
    let image = made_up(grid([20, 15, 12], [1.0; 3]), "int16", 900, 1.0);
    let largest = largest_magnitude(&image, &GO).unwrap();
    for filter in Pointwise::ALL {
        let whole = filter.filter(&image, None, &Bounds::whole(image.grid()), &GO).unwrap();
        for output in boxes(image.grid()) {
            assert_eq!(
                Pointwise::support(image.grid(), None, &output),
                Bounds::whole(image.grid())
            );
            let support = Pointwise::support(image.grid(), Some(largest), &output);
            assert_eq!(support, output);
            let expected = whole.crop(&output).unwrap();
            let direct = filter.filter(&image, None, &output, &GO).unwrap();
            let crop = image.crop(&support).unwrap();
            let cropped = filter
                .filter(&crop, Some(largest), &output.within(&support), &GO)
                .unwrap();
            assert_eq!(expected.grid(), direct.grid());
            assert_eq!(bits(&expected), bits(&direct));
            assert_eq!(bits(&expected), bits(&cropped));
        }
    }
    let cancelled = Pointwise::Square.filter(&image, None, &Bounds::whole(image.grid()), &AtomicBool::new(true));
    assert_eq!(cancelled.unwrap_err(), VolumeError::Cancelled);
}
