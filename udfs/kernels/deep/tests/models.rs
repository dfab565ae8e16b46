//! Models of ONNX: PyTorch's numbers, the same bits at any number of threads, and files that are wrong.

mod common;

use common::{golden, input, model, open, refused, root, same_as_pytorch, same_bits_at_any_number_of_threads, shipped};
use radsql_deep::{DeepError, Device, Limits, ModelFile, ModelFormat};
use std::path::Path;

/// A copy of a golden model with a description of one's own.
fn copy(folder: &Path, change: impl Fn(&mut serde_json::Value)) -> std::path::PathBuf {
    let text = std::fs::read_to_string(model("tiny.json")).expect("a copy");
    let mut description = serde_json::from_str(&text).expect("a copy");
    change(&mut description);
    std::fs::write(folder.join("tiny.json"), description.to_string()).expect("a copy");
    std::fs::copy(model("tiny.onnx"), folder.join("tiny.onnx")).expect("a copy");
    folder.join("tiny.onnx")
}

#[test]
fn outputs_are_pytorchs() {
    same_as_pytorch(open(&model("tiny.onnx")).unwrap().as_ref(), "tiny");
    same_as_pytorch(open(&model("tiny_any_batch.onnx")).unwrap().as_ref(), "tiny");
    same_as_pytorch(open(&shipped("resnet10.onnx")).unwrap().as_ref(), "resnet10");
}

#[test]
fn bits_are_the_same_at_any_number_of_threads() {
    same_bits_at_any_number_of_threads(open(&model("tiny.onnx")).unwrap().as_ref());
    same_bits_at_any_number_of_threads(open(&shipped("resnet10.onnx")).unwrap().as_ref());
}

#[test]
fn a_model_says_what_it_is() {
    let file = ModelFile::read(shipped("resnet10.onnx"), &Limits::default()).unwrap();
    assert_eq!(
        (file.name(), file.format(), file.format().name()),
        ("resnet10", ModelFormat::Onnx, "onnx")
    );
    assert_eq!(file.description().output_dim(), 256);
    assert!(std::fs::metadata(file.path()).unwrap().len() < 4_000_000);
    let network = file.embedder(Device::Cpu).unwrap();
    assert_eq!((network.input_shape(), network.output_dim()), ([64; 3], 256));
    // The first stage holds two results of 8 x 32^3 float32 at once, at least.
    assert!(
        (2 << 20..64 << 20).contains(&network.memory_needed()),
        "{}",
        network.memory_needed()
    );
    let gpu = file
        .embedder(Device::Cuda(0))
        .err()
        .expect("ONNX runs on the processor");
    assert_eq!(
        gpu.to_string(),
        "there is no device cuda:0: ONNX models run on the processor; a GPU needs TorchScript"
    );
}

#[test]
fn the_engine_is_of_the_version_that_is_locked() {
    let network = open(&model("tiny.onnx")).unwrap();
    let locked = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let expected = format!("name = \"tract-onnx\"\nversion = \"{}\"\n", network.engine_version());
    assert!(locked.contains(&expected), "{expected}");
    assert_eq!(network.engine(), "tract");
}

#[test]
fn inputs_of_another_length_and_outputs_that_are_not_finite_are_errors() {
    let tiny = open(&model("tiny.onnx")).unwrap();
    let error = tiny.embed(&[0.0; 959]).unwrap_err();
    assert_eq!(error.to_string(), "the input has 959 numbers, the model takes 960");
    let mut one = [0.0; 960];
    one[7] = f32::NAN;
    let error = tiny.embed(&one).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the input has NaN as number 7; all have to be finite"
    );

    // log(0) on the empty input of the check when it is opened does not matter.
    let logarithm = open(&model("logarithm.onnx")).unwrap();
    let error = logarithm.embed(&[0.0; 960]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the model gave -inf as output 0; features have to be finite"
    );
    let found = logarithm.embed(&[0.5; 960]).unwrap();
    assert!((found[0] - 0.5f32.ln()).abs() < 1e-6);
}

#[test]
fn what_the_description_says_is_checked_when_the_model_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let message = |change: &dyn Fn(&mut serde_json::Value)| {
        let path = copy(folder.path(), change);
        let text = refused(&path).to_string();
        text.strip_prefix(&path.display().to_string())
            .unwrap_or_else(|| panic!("{text}"))
            .to_owned()
    };
    assert_eq!(
        message(&|d| d["spatial_shape"] = [10, 12, 8].into()),
        " takes one input of float32 (1, 1, 12, 10, 8); its description expects one input of float32 (1, 1, 10, 12, 8)"
    );
    assert_eq!(
        message(&|d| d["output_dim"] = 8.into()),
        " gives f32 (1, 16) as \"features\"; its description expects f32 (1, 8)"
    );
    assert_eq!(
        message(&|d| d["output"] = "logits".into()),
        " has no output \"logits\"; it has \"features\""
    );
    let wrong = message(&|d| d["sha256"] = "00".repeat(32).into());
    let found = std::fs::read_to_string(model("tiny.json")).unwrap();
    let found = found.split("\"sha256\": \"").nth(1).unwrap().split('"').next().unwrap();
    let expected = format!(" has the SHA-256 {found}; its description expects {}", "00".repeat(32));
    assert_eq!(wrong, expected);
}

#[test]
fn files_that_are_not_there_or_too_large() {
    let limits = Limits::default();
    let message = |path: &Path, limits: &Limits| match ModelFile::read(path, limits) {
        Ok(_) => panic!("{} was read", path.display()),
        Err(error) => error.to_string(),
    };
    let folder = tempfile::tempdir().unwrap();
    let lonely = folder.path().join("lonely.onnx");
    assert!(message(&lonely, &limits).starts_with(&format!("{} cannot be read: ", lonely.display())));
    std::fs::copy(model("tiny.onnx"), &lonely).unwrap();
    assert!(message(&lonely, &limits).ends_with("lonely.json should lie beside it"));
    assert!(message(&golden("vectors.csv"), &limits).contains("its name should end in .onnx"));
    assert!(message(Path::new(".onnx"), &limits).contains("its name should end in .onnx"));
    std::fs::create_dir(folder.path().join("folder.onnx")).unwrap();
    std::fs::copy(model("tiny.json"), folder.path().join("folder.json")).unwrap();
    assert!(message(&folder.path().join("folder.onnx"), &limits).ends_with("it is not a file"));

    let small = |limits: Limits| message(&model("tiny.onnx"), &limits);
    let text = small(Limits {
        file_bytes: 1000,
        ..limits
    });
    assert!(text.contains(" bytes; at most 1000 are read"), "{text}");
    let text = small(Limits {
        description_bytes: 100,
        ..limits
    });
    assert!(
        text.contains("tiny.json has ") && text.contains("at most 100 are read"),
        "{text}"
    );
    let text = small(Limits {
        input_voxels: 959,
        ..limits
    });
    assert!(
        text.ends_with("[12,10,8] as spatial_shape; expected is at most 959 voxels in all"),
        "{text}"
    );
}

#[test]
fn hostile_files_are_errors() {
    for name in ["truncated", "empty", "random"] {
        let error = refused(&model(&format!("{name}.onnx")));
        assert!(matches!(error, DeepError::Model { .. }), "{name}: {error}");
    }
    for name in [
        "huge_weight",
        "overflowing_weight",
        "unknown_operator",
        "cycle",
        "dangling",
    ] {
        let error = refused(&model(&format!("{name}.onnx")));
        eprintln!("{error}");
        assert!(matches!(error, DeepError::Model { .. }), "{name}: {error}");
    }
    let error = refused(&model("huge_result.onnx"));
    assert!(
        matches!(error, DeepError::Intermediate { found, .. } if found > 1 << 40),
        "{error}"
    );
    let error = refused(&model("external.onnx"));
    assert!(matches!(error, DeepError::ExternalData { .. }), "{error}");
    let error = refused(&model("two_inputs.onnx"));
    assert!(error.to_string().contains("takes 2 inputs;"), "{error}");
}

/// Every byte of a small model changed or cut somewhere: an error or a model, never the end of the process.
#[test]
fn damage_anywhere_is_an_error_or_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(model("logarithm.onnx")).unwrap();
    let text = std::fs::read_to_string(model("logarithm.json")).unwrap();
    let mut description: serde_json::Value = serde_json::from_str(&text).unwrap();
    let path = folder.path().join("m.onnx");
    let mut opened = 0;
    let mut attempt = |bytes: &[u8]| {
        use sha2::{Digest, Sha256};
        let hash: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        description["sha256"] = hash.into();
        std::fs::write(folder.path().join("m.json"), description.to_string()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        if let Ok(network) = open(&path) {
            opened += 1;
            let _ = network.embed(&input(0, network.input_shape()));
        }
    };
    for at in 0..whole.len() {
        attempt(&whole[..at]);
        for flip in [0x01, 0x10, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            attempt(&bytes);
        }
    }
    // Names of nodes may change without harm.
    assert!(opened > 0 && opened < whole.len() * 5, "{opened} opened");
}

#[cfg(not(feature = "tch"))]
#[test]
fn torchscript_needs_its_feature() {
    let error = refused(&model("torchscript/tiny.ts.pt"));
    assert!(matches!(error, DeepError::NoTorch { .. }), "{error}");
}
