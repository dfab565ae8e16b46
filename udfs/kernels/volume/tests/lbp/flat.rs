use super::{GO, bits, cases, check, image, made_up};
use radsql_volume::filters::lbp2d::{Method, Settings, patterns, support};
use radsql_volume::{Bounds, VolumeError};
use std::sync::atomic::AtomicBool;

#[test]
fn every_image_has_the_bits_of_pyradiomics() {
    for case in cases("lbp2d") {
        let image = image(&case);
        let method = Method::named(case["lbp2DMethod"].as_str().unwrap()).unwrap();
        let settings = Settings::new(
            case["lbp2DRadius"].as_f64().unwrap_or(1.0),
            case["lbp2DSamples"].as_u64().unwrap_or(8) as usize,
            method,
            case["force2Ddimension"].as_u64().unwrap_or(0) as usize,
        )
        .unwrap();
        let found = patterns(&image, &settings, &Bounds::whole(image.grid()), &GO).unwrap();
        let mut what = case.clone();
        what["image"].take();
        check(&what.to_string(), &case["image"], &found);
    }
}

#[test]
fn a_box_and_a_crop_have_the_bits_of_the_whole() {
    for axis in 0..3 {
        let image = made_up([20, 15, 12], "float64", 4, 1);
        let settings = Settings::new(2.3, 9, Method::Variance, axis).unwrap();
        let whole = patterns(&image, &settings, &Bounds::whole(image.grid()), &GO).unwrap();
        for (lower, size) in [
            ([0, 0, 0], [3, 4, 5]),
            ([5, 6, 7], [4, 3, 2]),
            ([19, 14, 11], [1, 1, 1]),
            ([1, 9, 0], [17, 6, 12]),
        ] {
            let output = Bounds { lower, size };
            let support = support(image.grid(), &settings, &output);
            let expected = whole.crop(&output).unwrap();
            let direct = patterns(&image, &settings, &output, &GO).unwrap();
            let crop = image.crop(&support).unwrap();
            let cropped = patterns(&crop, &settings, &output.within(&support), &GO).unwrap();
            assert_eq!(expected.grid(), direct.grid());
            assert_eq!(bits(&expected), bits(&direct), "{axis} {output:?}");
            assert_eq!(bits(&expected), bits(&cropped), "{axis} {output:?}");
        }
        let cancelled = patterns(&image, &settings, &Bounds::whole(image.grid()), &AtomicBool::new(true));
        assert_eq!(cancelled.unwrap_err(), VolumeError::Cancelled);
    }
}

#[test]
fn settings_that_are_not_possible() {
    assert_eq!(Method::named("VAR").unwrap(), Method::Variance);
    assert_eq!(
        Method::named("circle").unwrap_err().to_string(),
        "lbp2DMethod circle is not possible; expected is default, ror, uniform, nri_uniform or var"
    );
    assert_eq!(Settings::new(1.0, 8, Method::Uniform, 0).unwrap(), Settings::default());
    for (radius, samples, method, axis) in [
        (f64::NAN, 8, Method::Uniform, 0),
        (f64::INFINITY, 8, Method::Uniform, 0),
        (1.0, 0, Method::Uniform, 0),
        (1.0, 65, Method::Uniform, 0),
        (1.0, 32, Method::Default, 0),
        (1.0, 8, Method::Uniform, 3),
    ] {
        let error = Settings::new(radius, samples, method, axis).unwrap_err();
        assert!(matches!(error, VolumeError::LocalBinaryPattern { .. }), "{error}");
    }
}
