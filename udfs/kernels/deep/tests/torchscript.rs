//! Models of TorchScript, with the feature tch: as those of ONNX.
#![cfg(feature = "tch")]

mod common;

use common::{model, open, refused, root, same_as_pytorch, same_bits_at_any_number_of_threads, shipped};
use radsql_deep::{DeepError, Device, Limits, ModelFile, ModelFormat};

#[test]
fn outputs_are_pytorchs_and_tracts() {
    for (onnx, script, name) in [
        (model("tiny.onnx"), model("torchscript/tiny.ts.pt"), "tiny"),
        (
            shipped("resnet10.onnx"),
            shipped("torchscript/resnet10.ts.pt"),
            "resnet10",
        ),
    ] {
        let (tract, torch) = (open(&onnx).unwrap(), open(&script).unwrap());
        same_as_pytorch(torch.as_ref(), name);
        let input = common::input(5, torch.input_shape());
        for (a, b) in tract.embed(&input).unwrap().iter().zip(torch.embed(&input).unwrap()) {
            assert!((a - b).abs() <= 1e-5, "{name}: {a} and {b}");
        }
    }
}

#[test]
fn bits_are_the_same_at_any_number_of_threads() {
    same_bits_at_any_number_of_threads(open(&model("torchscript/tiny.ts.pt")).unwrap().as_ref());
    same_bits_at_any_number_of_threads(open(&shipped("torchscript/resnet10.ts.pt")).unwrap().as_ref());
}

#[test]
fn the_engine_is_of_the_version_that_is_locked() {
    let network = open(&model("torchscript/tiny.ts.pt")).unwrap();
    let version = network.engine_version().split(' ').next().unwrap().to_owned();
    let locked = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    assert!(
        locked.contains(&format!("name = \"tch\"\nversion = \"{version}\"\n")),
        "{version}"
    );
    assert_eq!(network.engine(), "tch-cpu");
}

#[test]
fn inputs_of_another_length_and_outputs_that_are_not_finite_are_errors() {
    let tiny = open(&model("torchscript/tiny.ts.pt")).unwrap();
    assert!(matches!(
        tiny.embed(&[0.0; 959]),
        Err(DeepError::InputLength {
            found: 959,
            expected: 960
        })
    ));
    let logarithm = open(&model("torchscript/logarithm.ts.pt")).unwrap();
    let error = logarithm.embed(&[0.0; 960]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the model gave -inf as output 0; features have to be finite"
    );
}

#[test]
fn what_is_wrong_is_known_when_the_model_is_opened() {
    let error = |overrides: &[(&str, &str)]| {
        let file = ModelFile::read_with(model("torchscript/tiny.ts.pt"), overrides, &Limits::default()).unwrap();
        assert_eq!(file.format(), ModelFormat::TorchScript);
        file.embedder(Device::Cpu).err().expect("refused").to_string()
    };
    let text = error(&[("output_dim", "8")]);
    assert!(
        text.ends_with("gives f32 (1, 16) as \"features\"; its description expects f32 (1, 8)"),
        "{text}"
    );
}

#[test]
fn hostile_files_are_errors() {
    use sha2::{Digest, Sha256};
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(model("torchscript/tiny.ts.pt")).unwrap();
    let path = folder.path().join("m.ts.pt");
    let text = std::fs::read_to_string(model("torchscript/tiny.json")).unwrap();
    let mut description: serde_json::Value = serde_json::from_str(&text).unwrap();
    for bytes in [&whole[..whole.len() / 2], &whole[..100], &[], &[7u8; 5000]] {
        let hash: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        description["sha256"] = hash.into();
        std::fs::write(folder.path().join("m.json"), description.to_string()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        let error = refused(&path);
        assert!(matches!(error, DeepError::Model { .. }), "{error}");
    }
}

/// On a machine with a GPU: within 1e-4 of the processor. Elsewhere an error that says why.
#[test]
fn a_gpu_gives_the_processors_numbers() {
    let file = ModelFile::read(shipped("torchscript/resnet10.ts.pt"), &Limits::default()).unwrap();
    let cpu = file.embedder(Device::Cpu).unwrap();
    match file.embedder(Device::Cuda(0)) {
        Ok(gpu) => {
            let input = common::input(1, gpu.input_shape());
            let pairs = cpu.embed(&input).unwrap().into_iter().zip(gpu.embed(&input).unwrap());
            let off = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            eprintln!("{}: largest difference from the processor {off:e}", gpu.engine());
            assert!(off <= 1e-4, "{off:e}");
        }
        Err(error) => {
            eprintln!("SKIPPED: {error}");
            assert!(matches!(error, DeepError::Device { .. }), "{error}");
        }
    }
}
