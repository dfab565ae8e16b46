//! Refused cases, odd masks, work, memory and cancellation.

#![allow(clippy::unwrap_used)]

use ndarray::{Array3, Axis as ArrayAxis};
use radsql_radiomics::{
    Axis, Binning, Distances, Extraction, FeatureClass, FeatureSet, RadiomicsError, Settings, WeightingNorm, extract,
    memory_needed,
};
use radsql_volume::{Grid, Mask, Volume, VolumeError, Voxels};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const IDENTITY: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

fn grid(size: [usize; 3], spacing: [f64; 3]) -> Grid {
    Grid::new(size, spacing, [0.0; 3], IDENTITY).unwrap()
}

/// An image of pseudo-random whole numbers below `below`.
fn noise(size: [usize; 3], below: u32) -> Volume {
    let mut state = 12345u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32 % below
    };
    let [x, y, z] = size;
    Volume::new(grid(size, [1.0; 3]), Array3::from_shape_simple_fn((z, y, x), &mut next)).unwrap()
}

fn mask(size: [usize; 3], inside: impl Fn(usize, usize, usize) -> bool) -> Mask {
    let [x, y, z] = size;
    let labels = Array3::from_shape_fn((z, y, x), |(z, y, x)| u8::from(inside(x, y, z)));
    Mask::from_labels(&Volume::new(grid(size, [1.0; 3]), labels).unwrap(), 1).unwrap()
}

fn run(image: &Volume, mask: &Mask, settings: &Settings, wanted: FeatureSet) -> Result<Extraction, RadiomicsError> {
    extract(image, mask, settings, wanted, &AtomicBool::new(false))
}

fn all(image: &Volume, mask: &Mask, settings: &Settings) -> Result<Extraction, RadiomicsError> {
    run(image, mask, settings, FeatureSet::all())
}

#[test]
fn small_regions_are_refused() {
    let size = [5, 6, 7];
    let image = noise(size, 100);
    let default = Settings::default();
    let voxel = mask(size, |x, y, z| (x, y, z) == (2, 3, 4));
    assert_eq!(all(&image, &voxel, &default), Err(RadiomicsError::SingleVoxel));
    let line = mask(size, |x, y, z| (x, y) == (2, 3) && z > 2);
    let error = all(&image, &line, &default).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the region has too few dimensions: its box is 1 x 1 x 4 voxels (x, y, z), so 1 dimension(s), and at least 2 \
         are required"
    );
    let lines_allowed = default.clone().with_minimum_roi_dimensions(1).unwrap();
    assert_eq!(all(&image, &line, &lines_allowed).unwrap().values().len(), 107);
    let block = mask(size, |x, y, z| x < 2 && y < 2 && z < 2);
    let at_least = |n| default.clone().with_minimum_roi_size(Some(n));
    assert!(all(&image, &block, &at_least(7)).is_ok());
    assert_eq!(
        all(&image, &block, &at_least(8)),
        Err(RadiomicsError::TooFewVoxels { found: 8, minimum: 8 })
    );
    let far = default.clone().with_distances(Distances::new(&[2]).unwrap());
    assert!(matches!(
        all(&image, &block, &far),
        Err(RadiomicsError::NoDirections { .. })
    ));
    // Only what is wanted can fail.
    assert!(run(&image, &block, &far, FeatureSet::class(FeatureClass::Glrlm)).is_ok());
}

#[test]
fn other_grids_are_refused() {
    let size = [4, 4, 4];
    let image = noise(size, 100);
    let moved = Grid::new(size, [1.0; 3], [0.5, 0.0, 0.0], IDENTITY).unwrap();
    let labels = Volume::new(moved, Array3::<u8>::ones((4, 4, 4))).unwrap();
    let mask = Mask::from_labels(&labels, 1).unwrap();
    let error = all(&image, &mask, &Settings::default()).unwrap_err();
    assert!(matches!(error, RadiomicsError::Volume(VolumeError::Grid(_))));
    assert!(error.to_string().contains("origin"), "{error}");
    let tolerant = Settings::default().with_geometry_tolerance(0.6).unwrap();
    assert!(all(&image, &mask, &tolerant).is_ok());
}

#[test]
fn values_that_are_no_numbers_are_counted() {
    let size = [4, 4, 4];
    let mut values = Array3::<f32>::from_shape_fn((4, 4, 4), |(z, y, x)| (x + 2 * y + 3 * z) as f32);
    values[[0, 0, 0]] = f32::NAN;
    values[[1, 1, 1]] = f32::INFINITY;
    values[[2, 1, 1]] = f32::NEG_INFINITY;
    let image = Volume::new(grid(size, [1.0; 3]), values).unwrap();
    let everywhere = mask(size, |_, _, _| true);
    let counted = RadiomicsError::NonFinite {
        nan: 1,
        infinite: 2,
        voxels: 64,
    };
    assert_eq!(all(&image, &everywhere, &Settings::default()), Err(counted));
    // Outside the region, and for shape, they do not matter.
    assert!(all(&image, &mask(size, |x, _, _| x > 1), &Settings::default()).is_ok());
    assert!(
        run(
            &image,
            &everywhere,
            &Settings::default(),
            FeatureSet::class(FeatureClass::Shape)
        )
        .is_ok()
    );
}

#[test]
fn only_wanted_matrices_are_built() {
    let size = [6, 6, 6];
    let image = noise(size, 200);
    let region = mask(size, |x, y, z| x + y + z < 11);
    let work = |names: &[&str]| {
        let found = run(
            &image,
            &region,
            &Settings::default(),
            FeatureSet::parse(names.iter().copied()).unwrap(),
        );
        let found = found.unwrap();
        (found.work().texture_matrices, found.work().features)
    };
    assert_eq!(work(&["shape_Sphericity"]), (0, 1));
    assert_eq!(work(&["firstorder", "shape"]), (0, 32));
    assert_eq!(work(&["glcm_Contrast"]), (1, 1));
    assert_eq!(work(&["glszm_ZoneEntropy", "ngtdm", "gldm"]), (3, 20));
    assert_eq!(work(&[]), (0, 0));
    let everything = all(&image, &region, &Settings::default()).unwrap();
    assert_eq!(everything.work().texture_matrices, 5);
    // Alone a feature has the bits that it has among all.
    for (feature, value) in everything.iter() {
        let name = format!("{}_{}", feature.class, feature.name);
        let wanted = FeatureSet::parse([name.as_str()]).unwrap();
        let alone = run(&image, &region, &Settings::default(), wanted).unwrap().values();
        assert_eq!(
            alone.iter().map(|v| v.to_bits()).collect::<Vec<_>>(),
            [value.to_bits()],
            "{name}"
        );
    }
}

#[test]
fn shape_in_a_plane_needs_one_slice() {
    let size = [6, 7, 5];
    let image = noise(size, 100);
    let wanted = FeatureSet::parse(["shape2D", "shape2D_SphericalDisproportion"]).unwrap();
    let slice = mask(size, |x, y, z| z == 2 && x + y > 3);
    let in_slices = |axis| Settings::default().with_force2d(Some(axis));
    assert_eq!(
        run(&image, &slice, &Settings::default(), wanted),
        Err(RadiomicsError::NoPlane)
    );
    let thick = mask(size, |x, y, _| x + y > 3);
    assert_eq!(
        run(&image, &thick, &in_slices(Axis::X), wanted),
        Err(RadiomicsError::NotOneSlice {
            dimension: 2,
            slices: 6
        })
    );
    // Where PyRadiomics leaves the class out.
    let across = run(&image, &slice, &in_slices(Axis::X), wanted).unwrap();
    assert!(across.values().iter().all(|v| v.is_nan()));
    // Alone a feature has the bits that it has among all.
    let found = run(&image, &slice, &in_slices(Axis::Z), wanted).unwrap();
    assert_eq!(found.values().len(), 10);
    for (feature, value) in found.iter() {
        let name = format!("{}_{}", feature.class, feature.name);
        let alone = FeatureSet::parse([name.as_str()]).unwrap();
        let alone = run(&image, &slice, &in_slices(Axis::Z), alone).unwrap();
        assert_eq!(alone.values()[0].to_bits(), value.to_bits(), "{name}");
    }
}

/// Where the region lies in its image, and along which axis it is flat, makes no difference to what it is.
#[test]
fn place_and_direction_do_not_matter() {
    let size = [6, 7, 8];
    let image = noise(size, 300);
    let everywhere = all(&image, &mask(size, |_, _, _| true), &Settings::default()).unwrap();
    let Voxels::U32(inner) = image.voxels() else { panic!() };
    let outer = Array3::from_shape_fn((12, 11, 10), |(z, y, x)| {
        let before = |v: usize| v.wrapping_sub(2);
        inner
            .get([before(z), before(y), before(x)])
            .copied()
            .unwrap_or(4_000_000_000)
    });
    let moved = Volume::new(grid([10, 11, 12], [1.0; 3]), outer).unwrap();
    let region = mask([10, 11, 12], |x, y, z| {
        (2..8).contains(&x) && (2..9).contains(&y) && (2..10).contains(&z)
    });
    assert_eq!(
        all(&moved, &region, &Settings::default()).unwrap().values(),
        everywhere.values()
    );

    let flat = |axes: [usize; 3]| {
        let slice = inner
            .index_axis(ArrayAxis(0), 3)
            .insert_axis(ArrayAxis(0))
            .permuted_axes(axes);
        let (z, y, x) = slice.dim();
        let image = Volume::new(grid([x, y, z], [1.0; 3]), slice.as_standard_layout().into_owned()).unwrap();
        let found = all(&image, &mask([x, y, z], |_, _, _| true), &Settings::default()).unwrap();
        ["Contrast", "Correlation", "MCC"].map(|f| found.get(FeatureClass::Glcm, f).unwrap())
    };
    let [a, b, c] = [flat([0, 1, 2]), flat([1, 0, 2]), flat([1, 2, 0])];
    for i in 0..3 {
        assert!(
            (a[i] - b[i]).abs() < 1e-12 && (a[i] - c[i]).abs() < 1e-12,
            "{a:?} {b:?} {c:?}"
        );
    }
}

#[test]
fn many_grey_levels() {
    let size = [15, 15, 15];
    let image = noise(size, 60_000);
    let region = mask(size, |_, _, _| true);
    let unit = Settings::default().with_binning(Binning::width(1.0).unwrap());
    let found = all(&image, &region, &unit).unwrap();
    assert!(found.values().iter().all(|v| v.is_finite()), "{found:?}");
    let too_many = all(&noise(size, u32::MAX), &region, &unit).unwrap_err();
    assert!(matches!(too_many, RadiomicsError::TooManyLevels { most: 65_535, .. }));
    assert!(
        too_many
            .to_string()
            .ends_with("at most 65535 are possible: choose a larger bin width")
    );
    // A list of pairs instead of a table makes no difference.
    let weighted = unit
        .with_weighting_norm(Some(WeightingNorm::Euclidean))
        .with_force2d(Some(Axis::Y));
    assert!(
        all(&image, &region, &weighted)
            .unwrap()
            .values()
            .iter()
            .all(|v| v.is_finite())
    );
}

#[test]
fn memory_is_foreseen() {
    let size = [40, 40, 40];
    let region = mask(size, |x, y, z| x + y + z > 3);
    let needs = |wanted| memory_needed(&region, &Settings::default(), wanted);
    assert!(needs(FeatureSet::none()) < needs(FeatureSet::class(FeatureClass::FirstOrder)));
    assert!(needs(FeatureSet::class(FeatureClass::Gldm)) < needs(FeatureSet::all()));
    assert!(needs(FeatureSet::all()) < 20 << 20, "{}", needs(FeatureSet::all()));
}

/// A cancelled case stops within 200 ms wherever it is (a second here: the machine may be busy).
#[test]
fn cancelling_stops_soon() {
    let size = [150, 150, 120];
    let image = noise(size, 40_000);
    let region = mask(size, |x, y, z| (x * y * z) % 50 != 7);
    let settings = Settings::default().with_binning(Binning::width(1.0).unwrap());
    for after in [0, 30, 150, 400, 900] {
        let cancel = AtomicBool::new(false);
        let late = std::thread::scope(|scope| {
            let worker = scope.spawn(|| {
                let found = extract(&image, &region, &settings, FeatureSet::all(), &cancel);
                (found, Instant::now())
            });
            std::thread::sleep(Duration::from_millis(after));
            cancel.store(true, Ordering::Relaxed);
            let asked = Instant::now();
            let (found, ended) = worker.join().unwrap();
            assert_eq!(
                found.map(|f| f.work()),
                Err(RadiomicsError::Cancelled),
                "after {after} ms"
            );
            ended.saturating_duration_since(asked)
        });
        println!("cancelled after {after} ms: stopped {late:?} later");
        assert!(late < Duration::from_secs(1), "after {after} ms: {late:?}");
    }
}

#[test]
fn settings_are_checked() {
    assert_eq!(Binning::width(0.0), Err(RadiomicsError::BinWidth { width: 0.0 }));
    assert!(Binning::width(f64::NAN).is_err() && Binning::count(0).is_err() && Binning::count(70_000).is_err());
    for wrong in [&[][..], &[0], &[1, 1], &[17]] {
        assert!(
            matches!(Distances::new(wrong), Err(RadiomicsError::Distances { .. })),
            "{wrong:?}"
        );
    }
    assert_eq!(Distances::new(&[3, 1]).unwrap().as_slice(), [1, 3]);
    assert!("chebyshev".parse::<WeightingNorm>().is_err() && Axis::from_dimension(3).is_err());
    let default = Settings::default;
    assert!(default().with_minimum_roi_dimensions(4).is_err());
    assert!(default().with_voxel_array_shift(f64::INFINITY).is_err());
    assert!(default().with_geometry_tolerance(-1.0).is_err());
}

#[test]
fn enormous_wishes_are_refused() {
    let size = [6, 7, 5];
    let (image, region) = (noise(size, 100), mask(size, |x, _, z| x < 4 && z > 0));
    let run = |text: &str| {
        let parameters = radsql_radiomics::Parameters::from_text(text).unwrap();
        let everything = parameters.everything();
        let never = AtomicBool::new(false);
        let found = parameters.extract(&image, &region, everything, &radsql_radiomics::Alone, &never);
        found.map(|f| f.slots().count()).map_err(|e| e.to_string())
    };
    for spacing in ["0.0001", "1e-9", "1e-300"] {
        let e = run(&format!(
            "setting: {{resampledPixelSpacing: [{spacing}, {spacing}, {spacing}]}}"
        ))
        .unwrap_err();
        assert!(e.contains("at most") || e.contains("is not possible"), "{spacing}: {e}");
    }
    assert_eq!(run("setting: {padDistance: 100000000000000, preCrop: true}"), Ok(2));
    assert_eq!(
        run("setting: {padDistance: 100000000000000, resampledPixelSpacing: [0.5, 0.5, 0.5]}"),
        Ok(2)
    );
    // Longer than the image: PyRadiomics leaves it out.
    assert_eq!(run("imageType: {LoG: {sigma: [1.0e+300]}}"), Ok(2));
}
