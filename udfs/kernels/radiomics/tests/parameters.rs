//! Parameter files: what PyRadiomics reads is read, what it would refuse or silently mistake is refused with a reason.

#![allow(clippy::unwrap_used)]

use radsql_radiomics::{ParameterError, Parameters};

fn names(text: &str) -> Vec<String> {
    let p = Parameters::from_text(text).unwrap();
    p.features(&p.everything())
        .map(|(slot, f)| f.full_name(slot.image_type()))
        .collect()
}

fn images(text: &str) -> Vec<String> {
    let p = Parameters::from_text(text).unwrap();
    p.slots().iter().skip(1).map(|s| s.image_type().to_owned()).collect()
}

#[test]
fn counts_are_those_of_pyradiomics() {
    assert_eq!(names("{}").len(), 107);
    assert_eq!(names("imageType: {Original: {}, Wavelet: {}}").len(), 851);
    assert_eq!(
        names("imageType: {Original: {}, LoG: {sigma: [1, 3.0, 5.5]}}").len(),
        386
    );
    assert_eq!(
        names("{featureClass: {shape: , firstorder: [Mean], glcm: []}}").len(),
        14 + 1 + 24
    );
    // Shape needs no image type.
    assert_eq!(
        names("{imageType: {Square: }, featureClass: {shape: [Sphericity], ngtdm: }}")[0],
        "original_shape_Sphericity"
    );
}

#[test]
fn images_are_named_as_pyradiomics_names_them() {
    assert_eq!(
        images("imageType: {LoG: {sigma: [1, 3.0, 5.5]}, Original: {}}"),
        [
            "log-sigma-1-mm-3D",
            "log-sigma-3-0-mm-3D",
            "log-sigma-5-5-mm-3D",
            "original"
        ]
    );
    assert_eq!(
        images("imageType: {Wavelet: {wavelet: haar}}"),
        "LLH LHL LHH HLL HLH HHL HHH LLL"
            .split(' ')
            .map(|b| format!("wavelet-{b}"))
            .collect::<Vec<_>>()
    );
    assert_eq!(
        images("{imageType: {Wavelet: }, setting: {force2D: true}}"),
        ["wavelet-LH", "wavelet-HL", "wavelet-HH", "wavelet-LL"]
    );
    let two = images("{imageType: {Wavelet: {level: 2}}}");
    assert_eq!(
        (two.len(), two[6].as_str(), two[7].as_str(), two[14].as_str()),
        (15, "wavelet-HHH", "wavelet2-LLH", "wavelet2-LLL")
    );
    assert_eq!(
        images("imageType: {Square: , SquareRoot: , Logarithm: , Exponential: , Gradient: }"),
        ["square", "squareroot", "logarithm", "exponential", "gradient"]
    );
}

#[test]
fn features_that_pyradiomics_computes_only_when_named() {
    assert_eq!(
        names("featureClass: {firstorder: [StandardDeviation]}"),
        ["original_firstorder_StandardDeviation"]
    );
    // Known names without a value make no column.
    assert_eq!(
        names("featureClass: {glcm: [Homogeneity1, Idm]}"),
        ["original_glcm_Idm"]
    );
    let plane = "{setting: {force2D: true}}";
    assert_eq!(
        names(plane)
            .iter()
            .filter(|n| n.starts_with("original_shape2D_"))
            .count(),
        9
    );
    assert!(
        names("featureClass: {shape2D: , ngtdm: }")
            .iter()
            .all(|n| n.contains("ngtdm"))
    );
}

#[test]
fn settings_of_one_image_type_are_its_own() {
    let p =
        Parameters::from_text("{imageType: {Original: {}, Square: {binWidth: 5}}, setting: {binWidth: 10}}").unwrap();
    let same = Parameters::from_text("{setting: {binWidth: 10}}").unwrap();
    assert_eq!(p.slots()[1].definition(), same.slots()[1].definition());
    assert_ne!(p.slots()[2].definition(), p.slots()[1].definition());
    // What features of shape do not depend on is not in their definition.
    assert_eq!(p.slots()[0].definition(), Parameters::default().slots()[0].definition());
    let other = Parameters::from_text("{setting: {resegmentRange: [0, 100], resegmentShape: true}}").unwrap();
    assert_ne!(other.slots()[0].definition(), p.slots()[0].definition());
}

#[test]
fn requests_by_name() {
    let p = Parameters::wavelet();
    let request = p
        .request(["wavelet-HHL_glcm_Idm", "original_shape_Sphericity", "original_glcm_Idm"])
        .unwrap();
    let found: Vec<_> = p.features(&request).map(|(s, f)| f.full_name(s.image_type())).collect();
    assert_eq!(
        found,
        ["original_shape_Sphericity", "original_glcm_Idm", "wavelet-HHL_glcm_Idm"]
    );
    assert_eq!((request.len(), p.everything().len()), (3, 851));
    let e = p.request(["wavelet-HHL_glcm_Idmm"]).unwrap_err().to_string();
    assert!(e.contains("did you mean 'wavelet-HHL_glcm_Idm'"), "{e}");
    assert!(Parameters::default().request(["wavelet-HHL_glcm_Idm"]).is_err());
}

#[test]
fn every_setting_is_read() {
    let text = "
setting:
  additionalInfo: false
  binCount: 32
  binWidth: 25
  correctMask: true
  distances: [1, 2]
  force2D: false
  force2Ddimension: 1
  geometryTolerance: 0.001
  gldm_a: 1
  gradientUseSpacing: false
  interpolator: sitkLinear
  label: 2
  label_channel: 1
  lbp2DMethod: uniform
  lbp2DRadius: 1
  lbp2DSamples: 9
  lbp3DIcosphereRadius: 1
  lbp3DIcosphereSubdivision: 1
  lbp3DLevels: 2
  level: 1
  minimumROIDimensions: 3
  minimumROISize: 50
  normalize: true
  normalizeScale: 100
  padDistance: 10
  preCrop: true
  removeOutliers: 3
  resampledPixelSpacing: [2, 2, 0]
  resegmentMode: sigma
  resegmentRange: [-3, 3]
  resegmentShape: true
  sigma: [1.0]
  start_level: 0
  symmetricalGLCM: false
  voxelArrayShift: 300
  wavelet: db2
  weightingNorm: manhattan
voxelSetting:
  kernelRadius: 2
";
    let p = Parameters::from_text(text).unwrap();
    assert_eq!((p.label(), p.label_channel()), (Some(2), 1));
    // Each key changes what the features depend on, but for those that choose the region, and those without effect here.
    let base = definitions(text);
    for line in text.lines().filter(|l| l.starts_with("  ")) {
        let key = line.trim().split(':').next().unwrap();
        let without = definitions(&text.replace(&format!("{line}\n"), ""));
        let silent = [
            "additionalInfo",
            "binWidth",
            "force2D",
            "force2Ddimension",
            "gradientUseSpacing",
            "label",
            "label_channel",
            "level",
            "sigma",
            "start_level",
            "wavelet",
            "kernelRadius",
            "lbp2DMethod",
            "lbp2DRadius",
            "lbp2DSamples",
            "lbp3DIcosphereRadius",
            "lbp3DIcosphereSubdivision",
            "lbp3DLevels",
        ];
        assert_eq!(base == without, silent.contains(&key), "{key}");
    }
    // An empty value is PyRadiomics' default; an empty interpolator means no resampling.
    assert_eq!(
        definitions("setting: {weightingNorm: , binCount: , minimumROISize: }"),
        definitions("{}")
    );
    assert_eq!(
        definitions("setting: {resampledPixelSpacing: [1, 1, 1], interpolator: }"),
        definitions("{}")
    );
}

fn definitions(text: &str) -> Vec<String> {
    let p = Parameters::from_text(text).unwrap();
    p.slots().iter().map(|s| s.definition().to_owned()).collect()
}

#[test]
fn what_is_wrong_is_said() {
    for (text, part) in [
        ("setting: [", "neither YAML nor JSON"),
        ("3", "the settings must be key: value pairs; found 3"),
        (
            "settings: {}",
            "there is no section 'settings'; did you mean 'setting'?; the known are imageType, featureClass, setting",
        ),
        ("setting: 3", "section setting must be key: value pairs"),
        (
            "setting: {binWith: 3}",
            "there is no setting 'binWith'; did you mean 'binWidth'?; the known are additionalInfo, binCount",
        ),
        (
            "setting: {binWidth: wide}",
            "setting 'binWidth' must be a number; found \"wide\"",
        ),
        ("setting: {binWidth: 0}", "bin width 0"),
        (
            "setting: {binCount: 2.5}",
            "setting 'binCount' must be a whole number, 1 or more; found 2.5",
        ),
        ("setting: {label: 0}", "setting 'label' must be a label"),
        (
            "setting: {normalize: 1}",
            "setting 'normalize' must be true or false; found 1",
        ),
        ("setting: {normalizeScale: -1}", "a number above 0; found -1"),
        (
            "setting: {resampledPixelSpacing: [1, 1]}",
            "three numbers of millimetres",
        ),
        (
            "setting: {resampledPixelSpacing: [1, 1, -1]}",
            "three numbers of millimetres",
        ),
        ("setting: {interpolator: sitkCubic}", "sitkCubic"),
        (
            "setting: {resegmentRange: [1, 2, 3]}",
            "one number (the lowest value kept) or two",
        ),
        ("setting: {resegmentMode: percent}", "absolute, relative or sigma"),
        ("setting: {weightingNorm: cosine}", "euclidean, manhattan"),
        ("setting: {force2Ddimension: 3}", "use 0 (slices along z)"),
        (
            "imageType: {Log: {}}",
            "there is no image type 'Log'; did you mean 'LoG'?",
        ),
        ("imageType: {LoG: {}}", "image type LoG needs setting 'sigma'"),
        (
            "imageType: {LoG: {sigma: [1, -2]}}",
            "setting 'sigma' must be a number above 0; found -2",
        ),
        ("imageType: {LoG: {sigma: [1, 1]}}", "a list of different widths"),
        ("imageType: {Wavelet: {wavelet: daub}}", "daub"),
        (
            "imageType: {Wavelet: {level: 0}}",
            "setting 'level' must be a whole number from 1 to 16; found 0",
        ),
        (
            "imageType: {Wavelet: {label: 2}}",
            "setting 'label' holds for every image type",
        ),
        (
            "featureClass: {glcn: []}",
            "there is no feature class 'glcn'; did you mean 'glcm'?",
        ),
        ("featureClass: {glcm: [Contrst]}", "did you mean 'glcm_Contrast'?"),
        (
            "featureClass: {glcm: Contrast}",
            "features of class glcm must be a list of names",
        ),
    ] {
        let e: ParameterError = Parameters::from_text(text).unwrap_err();
        assert!(e.to_string().contains(part), "{text}: {e}");
    }
}
