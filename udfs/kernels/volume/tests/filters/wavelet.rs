use super::{GO, bits, boxes, cases, check, grid, image, made_up};
use radsql_volume::filters::Wavelet;
use radsql_volume::filters::wavelet::{WaveletLevels, decompose, names, support};
use radsql_volume::{Bounds, Volume, VolumeError};
use std::sync::atomic::AtomicBool;

#[test]
fn every_wavelet_level_and_axis_has_the_bits_of_pyradiomics() {
    for case in cases("wavelet") {
        let image = image(&case);
        let wavelet = Wavelet::named(case["wavelet"].as_str().unwrap()).unwrap();
        let levels = WaveletLevels {
            start_level: case["start_level"].as_u64().unwrap_or(0) as usize,
            level: case["level"].as_u64().unwrap_or(1) as usize,
        };
        let mut axes = [true; 3];
        if let Some(d) = case["force2Ddimension"].as_u64() {
            // PyRadiomics counts z, y, x.
            axes[2 - d as usize] = false;
        }
        let whole = Bounds::whole(image.grid());
        let found = decompose(&image, &wavelet, levels, axes, &|_| true, &whole, &GO).unwrap();
        let expected = case["images"].as_array().unwrap();
        let what = format!("{} {} {} {levels:?}", case["wavelet"], case["type"], case["size"]);
        assert_eq!(found.len(), expected.len(), "{what}");
        assert_eq!(
            found.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>(),
            names(levels, axes)
        );
        for ((name, volume), expected) in found.iter().zip(expected) {
            check(&what, expected, name, volume, 0.0);
        }
    }
}

#[test]
fn a_box_and_a_crop_have_the_bits_of_the_whole() {
    let settings = [
        ("coif1", 0, 1),
        ("coif1", 0, 2),
        ("db4", 1, 1),
        ("haar", 0, 3),
        ("coif3", 0, 1),
    ];
    for (name, start_level, level) in settings {
        let wavelet = Wavelet::named(name).unwrap();
        let levels = WaveletLevels { start_level, level };
        for (size, axes) in [([41, 34, 23], [true; 3]), ([40, 19, 30], [true, true, false])] {
            let image = made_up(grid(size, [1.0; 3]), "float32", 900, 1.0);
            let all = |image: &Volume, output: &Bounds| {
                decompose(image, &wavelet, levels, axes, &|_| true, output, &GO).unwrap()
            };
            let whole = all(&image, &Bounds::whole(image.grid()));
            let mut shrunk = 0;
            for output in boxes(image.grid()) {
                let support = support(image.grid(), &wavelet, levels, axes, &output);
                assert!(support.contains(&output));
                shrunk += usize::from(support.voxels() < image.grid().voxels());
                let direct = all(&image, &output);
                let cropped = all(&image.crop(&support).unwrap(), &output.within(&support));
                for ((w, d), c) in whole.iter().zip(&direct).zip(&cropped) {
                    let expected = w.1.crop(&output).unwrap();
                    assert!(w.0 == d.0 && w.0 == c.0);
                    assert_eq!(expected.grid(), d.1.grid());
                    assert_eq!(bits(&expected), bits(&d.1), "{name} {levels:?} {output:?} {}", w.0);
                    assert_eq!(
                        bits(&expected),
                        bits(&c.1),
                        "crop: {name} {levels:?} {output:?} {}",
                        w.0
                    );
                }
            }
            assert!(shrunk >= 3, "{name}: {shrunk}");
        }
    }
}

#[test]
fn only_the_bands_asked_for_are_made_and_they_are_the_same() {
    let image = made_up(grid([20, 15, 12], [1.0; 3]), "int16", 900, 1.0);
    let wavelet = Wavelet::named("coif1").unwrap();
    let levels = WaveletLevels {
        start_level: 0,
        level: 2,
    };
    let whole = Bounds::whole(image.grid());
    let some =
        |wanted: &dyn Fn(&str) -> bool| decompose(&image, &wavelet, levels, [true; 3], wanted, &whole, &GO).unwrap();
    let all = some(&|_| true);
    for (name, expected) in &all {
        let found = some(&|n| n == name);
        assert_eq!(found.len(), 1);
        assert_eq!((&found[0].0, &found[0].1), (name, expected));
    }
    let found = some(&|n| n.ends_with("HL") || n == "wavelet-LHH");
    assert_eq!(
        found.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>(),
        [
            "wavelet-LHL",
            "wavelet-LHH",
            "wavelet-HHL",
            "wavelet2-LHL",
            "wavelet2-HHL"
        ]
    );
    for (name, volume) in found {
        assert_eq!(
            Some(&volume),
            all.iter().find(|(n, _)| *n == name).map(|(_, v)| v),
            "{name}"
        );
    }
    assert!(some(&|_| false).is_empty());
}

#[test]
fn a_box_outside_and_a_cancelled_run_are_errors() {
    let image = made_up(grid([6, 6, 6], [1.0; 3]), "float32", 0, 1.0);
    let wavelet = Wavelet::named("haar").unwrap();
    let run = |output: &Bounds, cancel: &AtomicBool| {
        decompose(
            &image,
            &wavelet,
            WaveletLevels::default(),
            [true; 3],
            &|_| true,
            output,
            cancel,
        )
        .unwrap_err()
    };
    let outside = Bounds {
        lower: [0, 0, 5],
        size: [1, 1, 2],
    };
    assert!(matches!(run(&outside, &GO), VolumeError::Outside { .. }));
    assert_eq!(
        run(&Bounds::whole(image.grid()), &AtomicBool::new(true)),
        VolumeError::Cancelled
    );
}
