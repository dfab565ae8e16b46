use super::{GO, bits, cases, digest, image, made_up, number, values};
use ndarray::Array3;
use radsql_volume::filters::lbp3d::{KURTOSIS, Settings, maps, names, support};
use radsql_volume::{Bounds, Mask, Volume, VolumeError};
use serde_json::Value;
use std::sync::atomic::AtomicBool;

/// The region that a case describes (see `make_lbp.py`).
fn region(image: &Volume, lower: [usize; 3], size: [usize; 3]) -> Mask {
    let inside = |(z, y, x): (usize, usize, usize)| {
        let at = [x, y, z];
        (31 * x + 17 * y + 7 * z) % 11 != 0 && (0..3).all(|d| at[d] >= lower[d] && at[d] < lower[d] + size[d])
    };
    let labels = Array3::from_shape_fn(image.grid().shape(), |i| u8::from(inside(i)));
    Mask::from_labels(&Volume::new(image.grid().clone(), labels).unwrap(), 1).unwrap()
}

fn triple(v: &Value) -> [usize; 3] {
    let v: Vec<usize> = v
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_u64().unwrap() as usize)
        .collect();
    v.try_into().unwrap()
}

/// The voxels of the region, and whether all others are 0.
fn within(mask: &Mask, map: &Volume) -> (Vec<f64>, bool) {
    let (mut found, mut clean) = (Vec::new(), true);
    let (_, ny, nx) = map.grid().shape();
    for (i, v) in values(map).into_iter().enumerate() {
        let at = [i % nx, i / nx % ny, i / nx / ny];
        let b = mask.bounds();
        let at: Option<Vec<usize>> = (0..3).map(|d| at[d].checked_sub(b.lower[d])).collect();
        if at.is_some_and(|at| mask.inside().get([at[2], at[1], at[0]]) == Some(&true)) {
            found.push(v);
        } else {
            clean &= v == 0.0;
        }
    }
    (found, clean)
}

#[test]
fn every_map_is_that_of_pyradiomics() {
    for case in cases("lbp3d") {
        let image = image(&case);
        let mask = region(&image, triple(&case["box"][0]), triple(&case["box"][1]));
        let settings = Settings::new(
            case["lbp3DLevels"].as_u64().unwrap_or(2) as usize,
            case["lbp3DIcosphereRadius"].as_f64().unwrap_or(1.0),
            case["lbp3DIcosphereSubdivision"].as_u64().unwrap_or(1) as usize,
        )
        .unwrap();
        let whole = Bounds::whole(image.grid());
        let found = maps(&image, &mask, &settings, &|_| true, &whole, &GO).unwrap();
        let mut what = case.clone();
        what["maps"].take();
        let expected = case["maps"].as_array().unwrap();
        assert_eq!(found.len(), expected.len(), "{what}");
        for (expected, (name, map)) in expected.iter().zip(&found) {
            assert_eq!(expected[0].as_str(), Some(name.as_str()), "{what}");
            let (found, clean) = within(&mask, map);
            let expected: Vec<f64> = expected[1].as_array().unwrap().iter().map(number).collect();
            assert!(clean && found.len() == expected.len(), "{what} {name}");
            for (e, f) in expected.into_iter().zip(&found) {
                let near = (e - f).abs() <= 1e-12 * e.abs();
                assert!(
                    near || (e.is_nan() && f.is_nan()),
                    "{what} {name}: {e} is expected, {f} found"
                );
            }
            if name == KURTOSIS {
                let hash = digest(found.iter().map(|v| v.to_bits()));
                assert_eq!(case["hash"].as_str(), Some(hash.as_str()), "{what}: not the same bits");
            }
        }
    }
}

#[test]
fn a_box_has_the_bits_of_the_whole() {
    let image = made_up([20, 15, 12], "float64", 4, 1);
    let mask = region(&image, [3, 0, 4], [14, 9, 8]);
    let settings = Settings::new(3, 1.4, 1).unwrap();
    let whole = Bounds::whole(image.grid());
    let all = maps(&image, &mask, &settings, &|_| true, &whole, &GO).unwrap();
    let found: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(found, ["lbp-3D-m1", "lbp-3D-m2", "lbp-3D-m3", "lbp-3D-k"]);
    assert_eq!(found, names(3));
    for (lower, size) in [([0, 0, 0], [3, 4, 5]), ([5, 6, 7], [4, 3, 2]), ([3, 0, 4], [14, 9, 8])] {
        let output = Bounds { lower, size };
        assert_eq!(support(image.grid()), whole);
        for (name, map) in &all {
            let found = maps(&image, &mask, &settings, &|n| n == name, &output, &GO).unwrap();
            let [(only, found)] = found.as_slice() else { panic!() };
            let expected = map.crop(&output).unwrap();
            assert_eq!((only, expected.grid()), (name, found.grid()));
            assert_eq!(bits(&expected), bits(found), "{name} {output:?}");
        }
    }
    let cancelled = maps(&image, &mask, &settings, &|_| true, &whole, &AtomicBool::new(true));
    assert_eq!(cancelled.unwrap_err(), VolumeError::Cancelled);
    let other = made_up([20, 15, 11], "float64", 4, 1);
    let apart = maps(&other, &mask, &settings, &|_| true, &whole, &GO);
    assert!(matches!(apart.unwrap_err(), VolumeError::Grid(_)));
}

#[test]
fn settings_that_are_not_possible() {
    assert_eq!(Settings::new(2, 1.0, 1).unwrap(), Settings::default());
    for (levels, radius, subdivisions) in [(1, 1.0, 1), (33, 1.0, 1), (2, 0.0, 1), (2, f64::NAN, 1), (2, 1.0, 7)] {
        let error = Settings::new(levels, radius, subdivisions).unwrap_err();
        assert!(matches!(error, VolumeError::LocalBinaryPattern { .. }), "{error}");
    }
}
