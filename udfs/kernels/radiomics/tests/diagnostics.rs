//! Diagnostics against PyRadiomics 3.0.1 (tests/golden/diagnostics), and those of real scans (shared/conformance/radiomics).

#![allow(clippy::unwrap_used)]

#[path = "golden/generator.rs"]
mod generator;
mod shared;

use generator::{Numbers, image, mask, typed};
use ndarray::Array3;
use radsql_imaging::read_volume;
use radsql_radiomics::{
    Diagnostic, DiagnosticKind, DiagnosticValue, Parameters, RadiomicsError, diagnostic_keys, diagnostics,
    diagnostics_memory,
};
use radsql_volume::{Grid, Mask, Volume, VoxelType, Voxels};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

fn golden(file: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    root.join("tests/golden/diagnostics").join(file)
}

fn find(
    parameters: &Parameters,
    image: &Volume,
    labels: &Volume,
    label: u32,
) -> Result<Vec<Diagnostic>, RadiomicsError> {
    let found = diagnostics(parameters, image, labels, label, &AtomicBool::new(false))?;
    // What the types promise before a scan is read.
    let keys = diagnostic_keys(parameters);
    assert_eq!(found.len(), keys.len());
    for (d, (key, kind)) in found.iter().zip(&keys) {
        assert_eq!(&d.key, key);
        assert!(d.value.as_ref().is_none_or(|v| v.kind() == *kind), "{key}");
    }
    Ok(found)
}

/// How many floating numbers were compared, how many have the same bits, and what is wrong.
#[derive(Default)]
struct Compared {
    numbers: usize,
    bits: usize,
    others: usize,
    largest: f64,
    wrong: Vec<String>,
}

impl Compared {
    /// `expected` are keys and values as Python's `repr` writes them.
    fn compare(&mut self, case: &str, found: &[Diagnostic], expected: &[(String, String)]) {
        let found: Vec<_> = found
            .iter()
            .filter(|d| !d.key.contains("_Versions_"))
            .filter_map(|d| Some((&d.key, d.value.as_ref()?)))
            .collect();
        let expected = expected.iter().filter(|(key, _)| !key.contains("_Versions_"));
        let (keys, values): (Vec<_>, Vec<_>) = expected.map(|(k, v)| (k, v)).unzip();
        assert_eq!(found.iter().map(|(k, _)| *k).collect::<Vec<_>>(), keys, "{case}");
        for ((key, value), expected) in found.into_iter().zip(values) {
            if !self.same(value, expected) {
                self.wrong
                    .push(format!("{case}: {key}: {value:?}, PyRadiomics {expected}"));
            }
        }
    }

    fn same(&mut self, value: &DiagnosticValue, expected: &str) -> bool {
        let list: Vec<&str> = expected.trim_matches(['(', ')']).split(", ").collect();
        match value {
            DiagnosticValue::Number(v) => self.close(*v, expected),
            DiagnosticValue::Numbers(v) => {
                v.len() == list.len() && v.iter().zip(list).fold(true, |same, (v, e)| self.close(*v, e) && same)
            }
            DiagnosticValue::Text(text) => {
                self.others += 1;
                let json = expected.starts_with('{');
                // Python's repr of the dictionaries here is JSON but for its quotes and three names. Keys in the same order.
                let json = json.then(|| {
                    let names = [("'", "\""), ("None", "null"), ("True", "true"), ("False", "false")];
                    let text = names
                        .iter()
                        .fold(expected.to_owned(), |text, (a, b)| text.replace(a, b));
                    serde_json::from_str::<Value>(&text).unwrap().to_string()
                });
                *text == json.unwrap_or_else(|| expected.trim_matches('\'').to_owned())
            }
            DiagnosticValue::Whole(n) => {
                self.others += 1;
                n.to_string() == expected
            }
            DiagnosticValue::Wholes(n) => {
                self.others += 1;
                n.iter().map(i64::to_string).collect::<Vec<_>>() == list
            }
        }
    }

    fn close(&mut self, v: f64, expected: &str) -> bool {
        let number = expected.trim_start_matches("np.float64(").trim_end_matches(')');
        let e: f64 = number.parse().unwrap();
        self.numbers += 1;
        self.bits += usize::from(v == e);
        if v != e {
            self.largest = self.largest.max((v - e).abs() / e.abs());
        }
        (v - e).abs() <= 1e-12 * e.abs()
    }

    fn done(&self) {
        println!(
            "{} numbers, {} with the same bits, others within {:.1e}; {} texts and whole numbers",
            self.numbers, self.bits, self.largest, self.others
        );
        assert!(
            self.wrong.is_empty(),
            "{} wrong:\n{}",
            self.wrong.len(),
            self.wrong.join("\n")
        );
        assert!(self.numbers > 0 && self.others > 0);
    }
}

fn grid(value: &Value) -> Grid {
    let numbers = |key: &str| -> Vec<f64> {
        let list = value[key].as_array().unwrap();
        list.iter().map(|v| v.as_f64().unwrap()).collect()
    };
    let triple = |v: &[f64]| <[f64; 3]>::try_from(v).unwrap();
    let direction = numbers("direction");
    let rows: Vec<[f64; 3]> = direction.chunks(3).map(triple).collect();
    Grid::new(
        triple(&numbers("size")).map(|n| n as usize),
        triple(&numbers("spacing")),
        triple(&numbers("origin")),
        [rows[0], rows[1], rows[2]],
    )
    .unwrap()
}

fn labels(inside: &Array3<u8>, dtype: &str, label: f64, other: f64) -> Voxels {
    let voxels = Array3::from_shape_fn(inside.dim(), |(z, y, x)| match inside[[z, y, x]] {
        0 if (x + y + z) % 4 == 0 => other,
        0 => 0.0,
        _ => label,
    });
    match dtype {
        "uint8" => voxels.mapv(|v| v as u8).into(),
        "uint16" => voxels.mapv(|v| v as u16).into(),
        "int16" => voxels.mapv(|v| v as i16).into(),
        "float32" => voxels.mapv(|v| v as f32).into(),
        other => panic!("labels of {other}"),
    }
}

fn synthetic(case: &Value) -> Result<Vec<Diagnostic>, String> {
    let text = |key: &str| case[key].as_str().unwrap();
    let mut stream = Numbers(case["seed"].as_u64().unwrap());
    let (at, mask_at) = (grid(&case["grid"]), grid(&case["mask_grid"]));
    let voxels = image(text("image"), at.size(), &mut stream);
    let voxels = typed(voxels, text("dtype"), case["divisor"].as_i64().unwrap());
    let inside = mask(text("mask"), mask_at.size(), &mut stream);
    let (label, other) = (case["label"].as_f64().unwrap(), case["other"].as_f64().unwrap());
    let labels = labels(&inside, text("mask_dtype"), label, other);
    let parameters = Parameters::from_json(&case["parameters"]).map_err(|e| e.to_string())?;
    find(
        &parameters,
        &Volume::new(at, voxels).unwrap(),
        &Volume::new(mask_at, labels).unwrap(),
        parameters.label().unwrap_or(1),
    )
    .map_err(|e| e.to_string())
}

#[test]
fn synthetic_cases() {
    let mut expected: Vec<(String, String, String)> = Vec::new();
    for row in csv::Reader::from_path(golden("values.csv")).unwrap().deserialize() {
        expected.push(row.unwrap());
    }
    let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(golden("cases.json")).unwrap()).unwrap();
    let mut compared = Compared::default();
    let mut refused = 0;
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        match (synthetic(case), case.get("error")) {
            (Ok(found), None) => {
                let own = expected.iter().filter(|(n, _, _)| n == name);
                let own: Vec<_> = own.map(|(_, k, v)| (k.clone(), v.clone())).collect();
                compared.compare(name, &found, &own);
            }
            (Err(_), Some(_)) => refused += 1,
            (found, error) => compared
                .wrong
                .push(format!("{name}: {found:?}; PyRadiomics: {error:?}")),
        }
    }
    println!("{} cases, {refused} of them refused by both", cases.len());
    compared.done();
}

/// Case, image and mask below shared/data.
const SCANS: [(&str, &str, &str); 4] = [
    ("brain1", "nrrd/brain1_image.nrrd", "nrrd/brain1_label.nrrd"),
    (
        "sts001",
        "sts/nifti/STS_001/CT_image.nii.gz",
        "sts/nifti/STS_001/CT_mask.nii.gz",
    ),
    (
        "sts002",
        "sts/nifti/STS_002/CT_image.nii.gz",
        "sts/nifti/STS_002/CT_mask.nii.gz",
    ),
    ("ibsi1ct", "ibsi/ct_phantom/nifti/image", "ibsi/ct_phantom/nifti/mask"),
];

/// Parameters of each set of reference values.
const SETS: [(&str, &str); 4] = [
    ("", "{imageType: {Original: {}, Wavelet: {}}, setting: {binWidth: 25}}"),
    (
        ".log_bc32",
        "{imageType: {Original: {}, LoG: {sigma: [1.0, 2.0, 3.0]}}, setting: {binCount: 32}}",
    ),
    (
        ".resamp111",
        "setting: {resampledPixelSpacing: [1, 1, 1], binWidth: 25}",
    ),
    (".orig107", "setting: {binWidth: 25}"),
];

/// A file, or the only file of a folder.
fn file(path: PathBuf) -> PathBuf {
    if path.is_dir() {
        std::fs::read_dir(path).unwrap().next().unwrap().unwrap().path()
    } else {
        path
    }
}

#[test]
fn real_scans() {
    let Some(shared) = shared::folder() else { return };
    let mut compared = Compared::default();
    for (name, image, mask) in SCANS {
        let image = read_volume(file(shared.join("data").join(image))).unwrap();
        let labels = read_volume(file(shared.join("data").join(mask))).unwrap();
        for (set, parameters) in SETS {
            let case = format!("{name}{set}");
            let path = shared.join(format!("conformance/radiomics/{case}.diag.csv"));
            let expected: Vec<(String, String)> = csv::Reader::from_path(path)
                .unwrap()
                .deserialize()
                .map(Result::unwrap)
                .collect();
            let parameters = Parameters::from_text(parameters).unwrap();
            let found = find(&parameters, &image, &labels, 1).unwrap();
            compared.compare(&case, &found, &expected);
        }
    }
    compared.done();
}

#[test]
fn keys_depend_on_the_parameters_alone() {
    for (setting, count, last) in [
        ("{}", 19, "Mask-original_CenterOfMass"),
        ("{resampledPixelSpacing: [1, 1, 1]}", 34, "Mask-interpolated_Maximum"),
        (
            "{resampledPixelSpacing: [1, 1, 1], interpolator: }",
            19,
            "Mask-original_CenterOfMass",
        ),
        ("{correctMask: true}", 29, "Mask-corrected_Maximum"),
        ("{correctMask: true, preCrop: true}", 19, "Mask-original_CenterOfMass"),
        (
            "{correctMask: true, resampledPixelSpacing: [1, 1, 1]}",
            34,
            "Mask-interpolated_Maximum",
        ),
        (
            "{correctMask: true, resegmentRange: [0]}",
            39,
            "Mask-resegmented_Maximum",
        ),
    ] {
        let keys = diagnostic_keys(&Parameters::from_text(&format!("setting: {setting}")).unwrap());
        assert_eq!(keys.len(), count, "{setting}");
        assert_eq!(keys[count - 1].0, format!("diagnostics_{last}"));
        assert_eq!(
            keys[0],
            ("diagnostics_Versions_radsql".to_owned(), DiagnosticKind::Text)
        );
    }
}

fn cube(voxels: impl Into<Voxels>) -> Volume {
    let direction = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    Volume::new(Grid::new([4; 3], [1.0; 3], [0.0; 3], direction).unwrap(), voxels).unwrap()
}

#[test]
fn nan_and_labels_and_cancelling() {
    let labels = cube(Array3::from_shape_fn((4, 4, 4), |(z, _, _)| z as u8));
    let mut voxels = Array3::from_elem((4, 4, 4), 1.5f32);
    voxels[[0, 1, 2]] = f32::NAN;
    let image = cube(voxels);
    // The label is the caller's; what the file says of it gives way, in the settings too.
    let parameters = Parameters::from_text("setting: {label: 3, resegmentRange: [0]}").unwrap();
    let found = find(&parameters, &image, &labels, 2).unwrap();
    let value = |key: &str| {
        let d = found.iter().find(|d| d.key == format!("diagnostics_{key}"));
        d.unwrap().value.clone().unwrap()
    };
    assert_eq!(value("Versions_PyRadiomics"), DiagnosticValue::Text("3.0.1".into()));
    let DiagnosticValue::Text(settings) = value("Configuration_Settings") else {
        panic!()
    };
    assert!(settings.contains("\"label\":2,"), "{settings}");
    assert_eq!(
        value("Mask-original_BoundingBox"),
        DiagnosticValue::Wholes(vec![0, 0, 2, 4, 4, 1])
    );
    for key in ["Mean", "Minimum", "Maximum"] {
        let DiagnosticValue::Number(v) = value(&format!("Image-original_{key}")) else {
            panic!()
        };
        assert!(v.is_nan());
        assert_eq!(value(&format!("Mask-resegmented_{key}")), DiagnosticValue::Number(1.5));
    }
    let cancelled = diagnostics(&parameters, &image, &labels, 2, &AtomicBool::new(true));
    assert!(matches!(cancelled, Err(RadiomicsError::Cancelled)));
    assert!(find(&parameters, &image, &labels, 9).is_err());
}

#[test]
fn memory_grows_with_what_is_made() {
    let labels = cube(Array3::from_shape_fn((4, 4, 4), |(z, _, _)| z as u8));
    let mask = Mask::from_labels(&labels, 2).unwrap();
    let needed = |setting: &str| {
        let parameters = Parameters::from_text(&format!("setting: {setting}")).unwrap();
        diagnostics_memory(&parameters, labels.grid(), VoxelType::I16, &mask)
    };
    let plain = needed("{}");
    // 64 voxels become doubles.
    assert_eq!(needed("{normalize: true}"), plain + 64 * 8);
    // 36 x 36 voxels in three slices of two bytes, ten bytes each of masks and intensities, and the splines.
    let resampled = needed("{resampledPixelSpacing: [0.1, 0.1, 0.1], padDistance: 0}");
    let grown = plain + 3888 * 2 + (3888 - 16) * 10;
    assert!((grown..=grown + 64 * 8).contains(&resampled), "{resampled}, {grown}");
}
