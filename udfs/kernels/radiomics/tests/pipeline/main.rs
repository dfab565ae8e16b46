//! Random small cases through parameters, preprocessing, filters and features, against PyRadiomics 3.0.1
//! (tests/golden/pipeline).

#![allow(clippy::unwrap_used)]

#[path = "../golden/generator.rs"]
mod generator;

use generator::{IDENTITY, Numbers, image, mask, typed};
use radsql_radiomics::{Alone, Parameters, RadiomicsError, Threads, Workers};
use radsql_volume::{Grid, Mask, Volume};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

fn golden(file: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    root.join("tests/golden/pipeline").join(file)
}

/// What PyRadiomics gave: case, feature, value.
fn values() -> HashMap<u64, Vec<(String, f64)>> {
    let mut found: HashMap<u64, Vec<(String, f64)>> = HashMap::new();
    for row in csv::Reader::from_path(golden("values.csv")).unwrap().records() {
        let row = row.unwrap();
        let (case, feature, value) = (row[0].parse().unwrap(), row[1].to_owned(), row[2].parse().unwrap());
        found.entry(case).or_default().push((feature, value));
    }
    found
}

fn triple<T: Copy>(value: &Value, number: impl Fn(&Value) -> T) -> [T; 3] {
    let list: Vec<T> = value.as_array().unwrap().iter().map(number).collect();
    [list[0], list[1], list[2]]
}

fn scan(case: &Value) -> (Volume, Volume) {
    let size = triple(&case["size"], |v| v.as_u64().unwrap() as usize);
    let direction = match case["direction"].as_str().unwrap() {
        "identity" => IDENTITY,
        "flipped" => [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]],
        "swapped" => [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]],
        "oblique" => [[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]],
        other => panic!("direction {other}"),
    };
    let numbers = |key: &str| triple(&case[key], |v| v.as_f64().unwrap());
    let grid = Grid::new(size, numbers("spacing"), numbers("origin"), direction).unwrap();
    let mut stream = Numbers(case["seed"].as_u64().unwrap());
    let whole = image(case["image"].as_str().unwrap(), size, &mut stream);
    let voxels = typed(
        whole,
        case["dtype"].as_str().unwrap(),
        case["divisor"].as_i64().unwrap(),
    );
    let label = case["label"].as_u64().unwrap() as u8;
    let mut labels = mask(case["mask"].as_str().unwrap(), size, &mut stream).mapv(|v| v * label);
    if let Some(other) = case.get("other") {
        for ((z, y, x), v) in labels.indexed_iter_mut() {
            if *v == 0 && (x + y + z) % 4 == 0 {
                *v = other.as_u64().unwrap() as u8;
            }
        }
    }
    (
        Volume::new(grid.clone(), voxels).unwrap(),
        Volume::new(grid, labels).unwrap(),
    )
}

fn features(case: &Value, workers: &dyn Workers) -> Result<BTreeMap<String, f64>, String> {
    let parameters = Parameters::from_json(&case["parameters"]).map_err(|e| e.to_string())?;
    let (image, labels) = scan(case);
    let mask = Mask::from_labels(&labels, parameters.label().unwrap_or(1)).map_err(|e| e.to_string())?;
    let found = parameters
        .extract(&image, &mask, parameters.everything(), workers, &AtomicBool::new(false))
        .map_err(|e: RadiomicsError| e.to_string())?;
    Ok(found
        .iter(&parameters)
        .map(|(slot, f, v)| (f.full_name(slot.image_type()), v))
        .collect())
}

/// Differences of nearly equal numbers, 0 by definition: PyRadiomics gives what is left of its roundings. Those of its two
/// builds that were compared differ there too (the head of make_pipeline.py).
fn noise(feature: &str, reference: f64) -> f64 {
    let (_, name) = feature.rsplit_once('_').unwrap();
    match name {
        "Flatness" | "LeastAxisLength" | "Elongation" | "MinorAxisLength" if reference < 1e-6 => 1e-6,
        "Skewness" | "ClusterShade" if reference.abs() < 1e-12 => 1e-12,
        // The root of what is left of 0 in one of the directions.
        "MCC" => 1e-8,
        _ => 0.0,
    }
}

#[test]
fn every_value_is_that_of_pyradiomics() {
    let expected = values();
    let text = std::fs::read_to_string(golden("cases.jsonl")).unwrap();
    let (mut compared, mut close, mut refused, mut wrong) = (0, 0, 0, Vec::new());
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let number = case["case"].as_u64().unwrap();
        match (features(&case, &Alone), case.get("error")) {
            (Ok(found), None) => {
                for (feature, reference) in expected.get(&number).into_iter().flatten() {
                    let Some(value) = found.get(feature) else {
                        wrong.push(format!("{number} {feature}: no value, PyRadiomics {reference:e}"));
                        continue;
                    };
                    compared += 1;
                    let by = (value - reference).abs();
                    let same = value.is_nan() && reference.is_nan();
                    close += usize::from(same || by <= 1e-9 * reference.abs());
                    let allowed = (1e-9 * reference.abs()).max(noise(feature, *reference));
                    if !same && (by.is_nan() || by > allowed) {
                        wrong.push(format!("{number} {feature}: {value:e}, PyRadiomics {reference:e}"));
                    }
                }
            }
            (Err(_), Some(_)) => refused += 1,
            (Ok(_), Some(e)) => wrong.push(format!("{number}: not refused; PyRadiomics: {e}")),
            (Err(e), None) => wrong.push(format!("{number}: {e}")),
        }
    }
    assert!(
        (compared, refused) == (28_990, 68) && close >= 28_960,
        "{compared} {refused} {close}"
    );
    println!("{compared} values, {close} within 1e-9, {refused} cases refused by both");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let text = std::fs::read_to_string(golden("cases.jsonl")).unwrap();
    for line in text.lines().filter(|l| !l.contains("\"error\"")).take(60) {
        let case: Value = serde_json::from_str(line).unwrap();
        let bits = |workers: &dyn Workers| {
            features(&case, workers).map(|f| f.into_values().map(f64::to_bits).collect::<Vec<_>>())
        };
        let alone = bits(&Alone);
        assert!(
            bits(&Threads(2)) == alone && bits(&Threads(7)) == alone,
            "{}",
            case["case"]
        );
    }
}
