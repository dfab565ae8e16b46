//! Descriptions of models: what is read, and what is refused with which words.

use radsql_deep::{DeepError, Limits, ModelDescription, Normalization};
use serde_json::{Value, json};

fn good() -> Value {
    json!({
        "name": "tiny", "spatial_shape": [12, 10, 8], "spacing": [1.0, 1.5, 2], "orientation": "SPL",
        "value_range": [-1024, 2048], "normalize": "unit", "pad_value": -1024, "output": "features", "output_dim": 16,
        "sha256": "AB".repeat(32),
    })
}

fn parse(value: &Value) -> Result<ModelDescription, DeepError> {
    ModelDescription::parse("m.json", &value.to_string(), &[], &Limits::default())
}

#[test]
fn a_description_says_it_all() {
    let d = parse(&good()).unwrap();
    assert_eq!((d.name(), d.version(), d.description()), (Some("tiny"), None, None));
    assert_eq!(
        (d.spatial_shape(), d.voxels(), d.spacing()),
        ([12, 10, 8], 960, [1.0, 1.5, 2.0])
    );
    assert_eq!(
        (d.orientation().to_string().as_str(), d.value_range()),
        ("SPL", [-1024.0, 2048.0])
    );
    assert_eq!((d.normalize(), d.pad_value()), (Normalization::Unit, -1024.0));
    assert_eq!(
        (d.output(), d.output_dim(), d.sha256()),
        ("features", 16, "ab".repeat(32).as_str())
    );
}

#[test]
fn what_is_wrong_is_named() {
    let with = |key: &str, value: Value| {
        let mut map = good();
        map[key] = value;
        parse(&map).expect_err(key).to_string()
    };
    let cases = [
        (
            "spatial_shape",
            json!([12, 10]),
            "three whole numbers of voxels, each at least 1",
        ),
        (
            "spatial_shape",
            json!([12, 10, 0]),
            "three whole numbers of voxels, each at least 1",
        ),
        (
            "spatial_shape",
            json!([12, 10, 8.5]),
            "three whole numbers of voxels, each at least 1",
        ),
        (
            "spatial_shape",
            json!([300, 300, 300]),
            "at most 16777216 voxels in all",
        ),
        (
            "spatial_shape",
            json!([u64::MAX, u64::MAX, 2]),
            "at most 16777216 voxels in all",
        ),
        (
            "spacing",
            json!([1, 1, 0]),
            "three numbers of millimetres from 0.001 to 1000",
        ),
        (
            "spacing",
            json!([1, 1, -1]),
            "three numbers of millimetres from 0.001 to 1000",
        ),
        ("spacing", json!("1"), "three numbers of millimetres from 0.001 to 1000"),
        ("orientation", json!("LLS"), "three letters, one of L and R"),
        (
            "value_range",
            json!([5, 5]),
            "two numbers in the image's unit, the first less than the second",
        ),
        (
            "value_range",
            json!([1e300, 2e300]),
            "two numbers in the image's unit, the first less than the second",
        ),
        (
            "normalize",
            json!("zscore"),
            r#""unit", "none" or {"mean": number, "std": number above 0}"#,
        ),
        (
            "normalize",
            json!({"mean": 1, "std": 0}),
            r#""unit", "none" or {"mean": number, "std": number above 0}"#,
        ),
        (
            "normalize",
            json!({"mean": 1}),
            r#""unit", "none" or {"mean": number, "std": number above 0}"#,
        ),
        ("pad_value", json!(null), "a number in the image's unit"),
        ("output", json!(""), "the name of the network's output"),
        ("output_dim", json!(0), "a whole number from 1 to 1048576"),
        ("output_dim", json!(16.5), "a whole number from 1 to 1048576"),
        ("sha256", json!("ab"), "64 hexadecimal digits"),
        ("sha256", json!("zz".repeat(32)), "64 hexadecimal digits"),
        ("version", json!(1), "text"),
    ];
    for (key, value, expected) in cases {
        let shown = value.to_string();
        let shown = if shown.len() > 60 {
            format!("{}...", &shown[..60])
        } else {
            shown
        };
        let message = with(key, value);
        let start = format!("m.json has {shown} as {key}; expected is {expected}");
        assert!(message.starts_with(&start), "{message}\n{start}");
    }
    assert_eq!(
        with("spatial_size", json!(3)),
        "m.json has the key \"spatial_size\", which is not known; known are name, version, description, spatial_shape, \
         spacing, orientation, value_range, normalize, pad_value, output, output_dim, sha256"
    );
}

#[test]
fn every_key_but_three_is_needed() {
    let all = good();
    for key in all.as_object().unwrap().keys() {
        let mut map = all.clone();
        map.as_object_mut().unwrap().remove(key);
        match parse(&map) {
            Ok(_) => assert_eq!(key, "name"),
            Err(DeepError::MissingKey { key: missing, .. }) => assert_eq!(key, missing),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn what_is_no_object_is_refused() {
    for text in ["", "{", "[1]", "null", "{\"name\": \"a\"} x"] {
        let error = ModelDescription::parse("m.json", text, &[], &Limits::default()).unwrap_err();
        assert!(matches!(error, DeepError::Json { .. }), "{text}: {error}");
    }
}

#[test]
fn overrides_take_the_place_of_keys() {
    let overrides = [
        ("orientation", "RAS"),
        ("spacing", "[2, 2, 2]"),
        ("normalize", r#"{"mean": 40, "std": 20}"#),
    ];
    let d = ModelDescription::parse("m.json", &good().to_string(), &overrides, &Limits::default()).unwrap();
    assert_eq!((d.orientation().to_string().as_str(), d.spacing()), ("RAS", [2.0; 3]));
    assert_eq!(d.normalize(), Normalization::MeanStd { mean: 40.0, std: 20.0 });
    let wrong = ModelDescription::parse("m.json", &good().to_string(), &[("colour", "red")], &Limits::default());
    assert!(matches!(wrong, Err(DeepError::UnknownKey { .. })));
}

#[test]
fn the_key_is_all_that_matters_and_nothing_else() {
    let key = |change: &dyn Fn(&mut Value)| {
        let mut map = good();
        change(&mut map);
        parse(&map).unwrap().key()
    };
    let same = key(&|_| ());
    assert_eq!(same, key(&|m| m["name"] = json!("other")));
    assert_eq!(same, key(&|m| m["description"] = json!("text")));
    let others: Vec<String> = [
        ("spatial_shape", json!([8, 10, 12])),
        ("spacing", json!([1, 1.5, 2.0000001])),
        ("orientation", json!("LPS")),
        ("value_range", json!([-1000, 2048])),
        ("normalize", json!("none")),
        ("normalize", json!({"mean": 0, "std": 1})),
        ("pad_value", json!(0)),
        ("output", json!("other")),
        ("output_dim", json!(17)),
        ("sha256", json!("cd".repeat(32))),
    ]
    .into_iter()
    .map(|(k, v)| key(&move |m| m[k] = v.clone()))
    .collect();
    for (at, other) in others.iter().enumerate() {
        assert_ne!(&same, other);
        assert!(!others[..at].contains(other), "{other}");
    }
}
