//! What a model sees of an image against SimpleITK and numpy.

mod common;

use common::golden;
use ndarray::Array3;
use radsql_deep::{Crop, DeepError, Limits, ModelDescription};
use radsql_volume::{Bounds, Grid, Mask, Volume, VolumeError};
use serde_json::Value;
use std::sync::atomic::AtomicBool;

static GO_ON: AtomicBool = AtomicBool::new(false);

fn numbers(v: &Value) -> Vec<f64> {
    let list = v.as_array().expect("a list");
    list.iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn triple(v: &Value) -> [usize; 3] {
    let n = numbers(v);
    [n[0] as usize, n[1] as usize, n[2] as usize]
}

struct Case {
    name: String,
    image: Volume,
    mask: Mask,
    model: ModelDescription,
    expected: Value,
}

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(golden("crops.json")).expect("golden crops");
    let all: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    all.into_iter().map(case).collect()
}

fn case(c: Value) -> Case {
    let d = numbers(&c["direction"]);
    let direction = [[d[0], d[1], d[2]], [d[3], d[4], d[5]], [d[6], d[7], d[8]]];
    let (spacing, origin) = (numbers(&c["spacing"]), numbers(&c["origin"]));
    let spacing = [spacing[0], spacing[1], spacing[2]];
    let grid = Grid::new(
        triple(&c["size"]),
        spacing,
        [origin[0], origin[1], origin[2]],
        direction,
    )
    .expect("a case");
    let seed = c["seed"].as_i64().expect("a case");
    let voxels: Vec<i64> = (0..grid.voxels() as i64)
        .map(|i| (i * 7919 + seed) % 3001 - 1200)
        .collect();
    let array = Array3::from_shape_vec(grid.shape(), voxels).expect("a case");
    let image = match c["type"].as_str().expect("a case") {
        "int16" => Volume::new(grid.clone(), array.mapv(|v| v as i16)),
        "uint16" => Volume::new(grid.clone(), array.mapv(|v| (v + 1200) as u16)),
        "float32" => Volume::new(grid.clone(), array.mapv(|v| (v as f64 / 3.0) as f32)),
        "float64" => Volume::new(grid.clone(), array.mapv(|v| v as f64 / 3.0)),
        other => panic!("type {other}"),
    };
    let (lower, size) = (triple(&c["lower"]), triple(&c["box"]));
    let inside = Array3::from_elem((size[2], size[1], size[0]), true);
    Case {
        name: c["name"].as_str().expect("a case").to_owned(),
        image: image.expect("a case"),
        mask: Mask::from_inside(grid, Bounds { lower, size }, &inside).expect("a case"),
        model: ModelDescription::parse("model.json", &c["model"].to_string(), &[], &Limits::default()).expect("a case"),
        expected: c,
    }
}

#[test]
fn crops_are_those_of_simpleitk_and_numpy() {
    let mut largest = 0.0f64;
    let all = cases();
    assert_eq!(all.len(), 27);
    for Case {
        name,
        image,
        mask,
        model,
        expected,
    } in all
    {
        let crop = Crop::new(&model, image.grid(), &mask).unwrap();
        // Only the voxels that the crop says it needs.
        let bounds = crop.image_box();
        let found = crop.input(&image.crop(&bounds).unwrap(), &bounds, &GO_ON).unwrap();
        assert_eq!(found.len(), model.voxels(), "{name}");
        // From [0, 1] the tolerance is 1e-4; from Hounsfield units, of their range.
        let unit = match expected["model"]["normalize"].as_str() {
            Some("unit") => 1.0,
            Some(_) => f64::from(model.value_range()[1] - model.value_range()[0]),
            None => 10.0,
        };
        let close = |found: f64, expected: f64, what: &str| {
            let off = (found - expected).abs() / unit;
            assert!(off <= 1e-4, "{name}: {what} is {found}, expected {expected}");
            off
        };
        for (at, value) in numbers(&expected["at"]).iter().zip(numbers(&expected["values"])) {
            largest = largest.max(close(f64::from(found[*at as usize]), value, "a voxel"));
        }
        let mean = found.iter().map(|v| f64::from(*v)).sum::<f64>() / found.len() as f64;
        close(mean, expected["sum"].as_f64().unwrap() / found.len() as f64, "the mean");
        let square = found.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / found.len() as f64;
        let expected_square = expected["squares"].as_f64().unwrap() / found.len() as f64;
        assert!(
            (square - expected_square).abs() <= 1e-4 * expected_square.max(1.0),
            "{name}: squares"
        );
        assert!(
            crop.memory_needed() >= 4 * found.len() && crop.memory_needed() < 4 * found.len() + 4096,
            "{name}: memory"
        );
    }
    eprintln!("largest difference from SimpleITK {largest:e}");
}

#[test]
fn a_box_of_the_image_gives_the_bits_of_the_whole() {
    for Case {
        name,
        image,
        mask,
        model,
        ..
    } in cases()
    {
        let crop = Crop::new(&model, image.grid(), &mask).unwrap();
        let whole = Bounds::whole(image.grid());
        let bounds = crop.image_box();
        assert!(whole.contains(&bounds), "{name}");
        let part = crop.input(&image.crop(&bounds).unwrap(), &bounds, &GO_ON).unwrap();
        assert_eq!(part, crop.input(&image, &whole, &GO_ON).unwrap(), "{name}");
    }
    let first = cases().remove(0);
    let bounds = Crop::new(&first.model, first.image.grid(), &first.mask)
        .unwrap()
        .image_box();
    // 16 mm of 0.9 mm and 12 mm of 2.5 mm, and what interpolation reaches beyond.
    assert!(bounds.size[0] <= 25 && bounds.size[2] <= 12, "{bounds:?}");
}

#[test]
fn what_cannot_be_cropped_is_an_error() {
    let Case { image, mask, model, .. } = cases().remove(0);
    let crop = Crop::new(&model, image.grid(), &mask).unwrap();
    let bounds = crop.image_box();

    let cut = Bounds {
        size: [bounds.size[0], bounds.size[1], bounds.size[2] - 1],
        ..bounds
    };
    let missing = crop.input(&image.crop(&cut).unwrap(), &cut, &GO_ON);
    assert!(
        matches!(missing, Err(DeepError::Volume(VolumeError::Outside { .. }))),
        "{missing:?}"
    );

    let stop = AtomicBool::new(true);
    assert!(matches!(
        crop.input(&image, &Bounds::whole(image.grid()), &stop),
        Err(DeepError::Cancelled)
    ));

    let moved = Grid::new(
        image.grid().size(),
        image.grid().spacing(),
        [0.0; 3],
        image.grid().direction(),
    )
    .unwrap();
    let error = Crop::new(&model, &moved, &mask).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("mask and image lie on different grids: origin"),
        "{error}"
    );
}

#[test]
fn nan_within_the_crop_is_an_error_and_infinity_is_clipped() {
    let Case { image, mask, model, .. } = cases().remove(1);
    let crop = Crop::new(&model, image.grid(), &mask).unwrap();
    let whole = Bounds::whole(image.grid());
    let (nz, ny, nx) = image.grid().shape();
    let with = |at: [usize; 3], value: f32| {
        let mut voxels = Array3::<f32>::zeros((nz, ny, nx));
        voxels[at] = value;
        crop.input(&Volume::new(image.grid().clone(), voxels).unwrap(), &whole, &GO_ON)
    };
    let error = with([11, 17, 18], f32::NAN).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the image has NaN at [-102.5, 50.25, 421.0] mm (LPS), within the crop that the model sees"
    );
    // Outside of the crop it does not matter.
    assert!(with([0, 0, 0], f32::NAN).is_ok());
    let clipped = with([11, 17, 18], f32::INFINITY).unwrap();
    assert_eq!(clipped.iter().filter(|v| **v == 1.0).count(), 1);
}
