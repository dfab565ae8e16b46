//! The IBSI digital phantom (Zwanenburg et al. 2020, chapter 1) against the reference values.

#![allow(clippy::unwrap_used)]

use radsql_imaging::read_volume;
use radsql_radiomics::{
    Axis, Binning, Extraction, FeatureClass, FeatureSet, ORIGINAL, Settings, WeightingNorm, catalogue, extract,
};
use radsql_volume::Mask;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::AtomicBool;

mod shared;

use FeatureClass::{FirstOrder, Glcm, Gldm, Glrlm, Glszm, Ngtdm, Shape};

/// Class, feature and the tag of its reference value, which for textures is completed by the way of aggregation.
#[rustfmt::skip]
const MAPPED: &[(FeatureClass, &str, &str)] = &[
    (Shape, "MeshVolume", "morph_volume"), (Shape, "VoxelVolume", "morph_vol_approx"),
    (Shape, "SurfaceArea", "morph_area_mesh"), (Shape, "SurfaceVolumeRatio", "morph_av"),
    (Shape, "Sphericity", "morph_sphericity"), (Shape, "Maximum3DDiameter", "morph_diam"),
    (Shape, "Compactness1", "morph_comp_1"), (Shape, "Compactness2", "morph_comp_2"),
    (Shape, "SphericalDisproportion", "morph_sph_dispr"), (Shape, "Elongation", "morph_pca_elongation"), (Shape, "Flatness", "morph_pca_flatness"),
    (FirstOrder, "Mean", "stat_mean"), (FirstOrder, "Variance", "stat_var"), (FirstOrder, "Skewness", "stat_skew"),
    (FirstOrder, "Median", "stat_median"), (FirstOrder, "Minimum", "stat_min"), (FirstOrder, "10Percentile", "stat_p10"),
    (FirstOrder, "90Percentile", "stat_p90"), (FirstOrder, "Maximum", "stat_max"),
    (FirstOrder, "InterquartileRange", "stat_iqr"), (FirstOrder, "Range", "stat_range"),
    (FirstOrder, "MeanAbsoluteDeviation", "stat_mad"), (FirstOrder, "RobustMeanAbsoluteDeviation", "stat_rmad"),
    (FirstOrder, "Energy", "stat_energy"), (FirstOrder, "RootMeanSquared", "stat_rms"),
    (FirstOrder, "Entropy", "ih_entropy"), (FirstOrder, "Uniformity", "ih_uniformity"),
    (Glcm, "MaximumProbability", "cm_joint_max"), (Glcm, "JointAverage", "cm_joint_avg"),
    (Glcm, "SumSquares", "cm_joint_var"), (Glcm, "JointEntropy", "cm_joint_entr"),
    (Glcm, "DifferenceAverage", "cm_diff_avg"), (Glcm, "DifferenceVariance", "cm_diff_var"),
    (Glcm, "DifferenceEntropy", "cm_diff_entr"), (Glcm, "SumAverage", "cm_sum_avg"),
    (Glcm, "SumEntropy", "cm_sum_entr"), (Glcm, "JointEnergy", "cm_energy"), (Glcm, "Contrast", "cm_contrast"),
    (Glcm, "Id", "cm_inv_diff"), (Glcm, "Idn", "cm_inv_diff_norm"), (Glcm, "Idm", "cm_inv_diff_mom"),
    (Glcm, "Idmn", "cm_inv_diff_mom_norm"), (Glcm, "InverseVariance", "cm_inv_var"), (Glcm, "Correlation", "cm_corr"),
    (Glcm, "Autocorrelation", "cm_auto_corr"), (Glcm, "ClusterTendency", "cm_clust_tend"),
    (Glcm, "ClusterShade", "cm_clust_shade"), (Glcm, "ClusterProminence", "cm_clust_prom"),
    (Glcm, "Imc1", "cm_info_corr1"), (Glcm, "Imc2", "cm_info_corr2"),
    (Glrlm, "ShortRunEmphasis", "rlm_sre"), (Glrlm, "LongRunEmphasis", "rlm_lre"),
    (Glrlm, "LowGrayLevelRunEmphasis", "rlm_lgre"), (Glrlm, "HighGrayLevelRunEmphasis", "rlm_hgre"),
    (Glrlm, "ShortRunLowGrayLevelEmphasis", "rlm_srlge"), (Glrlm, "ShortRunHighGrayLevelEmphasis", "rlm_srhge"),
    (Glrlm, "LongRunLowGrayLevelEmphasis", "rlm_lrlge"), (Glrlm, "LongRunHighGrayLevelEmphasis", "rlm_lrhge"),
    (Glrlm, "GrayLevelNonUniformity", "rlm_glnu"), (Glrlm, "GrayLevelNonUniformityNormalized", "rlm_glnu_norm"),
    (Glrlm, "RunLengthNonUniformity", "rlm_rlnu"), (Glrlm, "RunLengthNonUniformityNormalized", "rlm_rlnu_norm"),
    (Glrlm, "RunPercentage", "rlm_r_perc"), (Glrlm, "GrayLevelVariance", "rlm_gl_var"),
    (Glrlm, "RunVariance", "rlm_rl_var"), (Glrlm, "RunEntropy", "rlm_rl_entr"),
    (Glszm, "SmallAreaEmphasis", "szm_sze"), (Glszm, "LargeAreaEmphasis", "szm_lze"),
    (Glszm, "LowGrayLevelZoneEmphasis", "szm_lgze"), (Glszm, "HighGrayLevelZoneEmphasis", "szm_hgze"),
    (Glszm, "SmallAreaLowGrayLevelEmphasis", "szm_szlge"), (Glszm, "SmallAreaHighGrayLevelEmphasis", "szm_szhge"),
    (Glszm, "LargeAreaLowGrayLevelEmphasis", "szm_lzlge"), (Glszm, "LargeAreaHighGrayLevelEmphasis", "szm_lzhge"),
    (Glszm, "GrayLevelNonUniformity", "szm_glnu"), (Glszm, "GrayLevelNonUniformityNormalized", "szm_glnu_norm"),
    (Glszm, "SizeZoneNonUniformity", "szm_zsnu"), (Glszm, "SizeZoneNonUniformityNormalized", "szm_zsnu_norm"),
    (Glszm, "ZonePercentage", "szm_z_perc"), (Glszm, "GrayLevelVariance", "szm_gl_var"),
    (Glszm, "ZoneVariance", "szm_zs_var"), (Glszm, "ZoneEntropy", "szm_zs_entr"),
    (Ngtdm, "Coarseness", "ngt_coarseness"), (Ngtdm, "Contrast", "ngt_contrast"), (Ngtdm, "Busyness", "ngt_busyness"),
    (Ngtdm, "Complexity", "ngt_complexity"), (Ngtdm, "Strength", "ngt_strength"),
    (Gldm, "SmallDependenceEmphasis", "ngl_lde"), (Gldm, "LargeDependenceEmphasis", "ngl_hde"),
    (Gldm, "LowGrayLevelEmphasis", "ngl_lgce"), (Gldm, "HighGrayLevelEmphasis", "ngl_hgce"),
    (Gldm, "SmallDependenceLowGrayLevelEmphasis", "ngl_ldlge"),
    (Gldm, "SmallDependenceHighGrayLevelEmphasis", "ngl_ldhge"),
    (Gldm, "LargeDependenceLowGrayLevelEmphasis", "ngl_hdlge"),
    (Gldm, "LargeDependenceHighGrayLevelEmphasis", "ngl_hdhge"),
    (Gldm, "GrayLevelNonUniformity", "ngl_glnu"), (Gldm, "DependenceNonUniformity", "ngl_dcnu"),
    (Gldm, "DependenceNonUniformityNormalized", "ngl_dcnu_norm"), (Gldm, "GrayLevelVariance", "ngl_gl_var"),
    (Gldm, "DependenceVariance", "ngl_dc_var"), (Gldm, "DependenceEntropy", "ngl_dc_entr"),
];

/// Features with an IBSI code whose definition in PyRadiomics is another one, and the reason. They are compared after
/// the difference is undone.
const DEVIATING: &[(FeatureClass, &str, &str)] = &[
    (FirstOrder, "Kurtosis", "IBSI subtracts 3"),
    (
        Shape,
        "MajorAxisLength",
        "IBSI's covariance is divided by N - 1, PyRadiomics' by N",
    ),
    (
        Shape,
        "MinorAxisLength",
        "IBSI's covariance is divided by N - 1, PyRadiomics' by N",
    ),
    (
        Shape,
        "LeastAxisLength",
        "IBSI's covariance is divided by N - 1, PyRadiomics' by N",
    ),
];

struct References(HashMap<String, (String, f64)>);

impl References {
    /// Whether a value is the reference value of a tag, within half a unit of its last digit and IBSI's tolerance.
    fn agrees(&self, tag: &str, value: f64) -> Result<(), String> {
        let (written, tolerance) = self.0.get(tag).ok_or(format!("no reference value {tag}"))?;
        let reference: f64 = written.parse().unwrap();
        // Three digits are given, whatever zeros were not written.
        let unit = 10f64.powf(reference.abs().log10().floor() - 2.0);
        let most = tolerance + 0.5 * unit * (1.0 + 1e-9);
        if (value - reference).abs() <= most {
            Ok(())
        } else {
            Err(format!("{tag}: {value}, IBSI {written} ± {tolerance}"))
        }
    }
}

fn compare(found: &Extraction, references: &References, tag: impl Fn(FeatureClass, &str) -> Option<String>) -> usize {
    let mut compared = 0;
    let mut wrong = Vec::new();
    for (class, feature, base) in MAPPED {
        if let Some(tag) = tag(*class, base) {
            compared += 1;
            let value = found.get(*class, feature).unwrap();
            wrong.extend(
                references
                    .agrees(&tag, value)
                    .err()
                    .map(|e| format!("{class}_{feature} {e}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
    compared
}

#[test]
fn digital_phantom() {
    let Some(shared) = shared::folder() else { return };
    let ibsi = shared.join("data/ibsi");
    let references = References(
        csv::ReaderBuilder::new()
            .delimiter(b';')
            .from_path(ibsi.join("reference_values/ibsi_1_dig_phantom.csv"))
            .unwrap()
            .records()
            .map(Result::unwrap)
            .filter(|r| !r[0].is_empty())
            .map(|r| (r[2].to_owned(), (r[0].to_owned(), r[1].parse().unwrap_or(0.0))))
            .collect(),
    );
    let image = read_volume(ibsi.join("digital_phantom/image/phantom.nii.gz")).unwrap();
    let mask = Mask::from_labels(&read_volume(ibsi.join("digital_phantom/mask/mask.nii.gz")).unwrap(), 1).unwrap();
    let unit = Settings::default().with_binning(Binning::width(1.0).unwrap());
    let deprecated = FeatureClass::ALL.iter().flat_map(|c| c.deprecated());
    let coded = deprecated.filter(|f| f.ibsi.is_some()).map(|f| f.full_name(ORIGINAL));
    let names: Vec<String> = coded.collect();
    let wanted = FeatureSet::all().union(FeatureSet::parse(names.iter().map(String::as_str)).unwrap());
    let run = |settings: &Settings| extract(&image, &mask, settings, wanted, &AtomicBool::new(false)).unwrap();

    let in_space = run(&unit);
    // Directions averaged, then all directions in one matrix.
    let by_direction = |how: &'static str| {
        move |class: FeatureClass, base: &str| match class {
            Glcm | Glrlm => Some(format!("{base}{how}")),
            _ => None,
        }
    };
    let mut compared = compare(&in_space, &references, |class, base| match class {
        Shape | FirstOrder => Some(base.to_owned()),
        Glcm | Glrlm => Some(format!("{base}_3D_avg")),
        _ => Some(format!("{base}_3D")),
    });
    let merged = unit.clone().with_weighting_norm(Some(WeightingNorm::NoWeighting));
    compared += compare(&run(&merged), &references, by_direction("_3D_comb"));
    // Within slices, the slices in one matrix.
    let in_slices = unit.clone().with_force2d(Some(Axis::Z));
    compared += compare(&run(&in_slices), &references, |class, base| match class {
        Shape | FirstOrder => None,
        Glcm | Glrlm => Some(format!("{base}_2_5D_avg")),
        _ => Some(format!("{base}_2_5D")),
    });
    let merged_slices = merged.with_force2d(Some(Axis::Z));
    compared += compare(&run(&merged_slices), &references, by_direction("_2_5D_comb"));
    println!("{compared} values agree");

    let value = |class, name| in_space.get(class, name).unwrap();
    let n = mask.voxels() as f64;
    let by_one_less = (n / (n - 1.0)).sqrt();
    for (tag, undone) in [
        ("stat_kurt", value(FirstOrder, "Kurtosis") - 3.0),
        ("morph_pca_maj_axis", value(Shape, "MajorAxisLength") * by_one_less),
        ("morph_pca_min_axis", value(Shape, "MinorAxisLength") * by_one_less),
        ("morph_pca_least_axis", value(Shape, "LeastAxisLength") * by_one_less),
    ] {
        references.agrees(tag, undone).unwrap();
    }
}

/// Every feature with an IBSI code is compared above or named as deviating.
#[test]
fn every_code_is_accounted_for() {
    let known: BTreeSet<(FeatureClass, &str)> = MAPPED.iter().chain(DEVIATING).map(|(c, f, _)| (*c, *f)).collect();
    let coded: BTreeSet<(FeatureClass, &str)> = catalogue()
        .filter(|f| f.ibsi.is_some())
        .map(|f| (f.class, f.name))
        .collect();
    assert_eq!(known, coded);
    assert_eq!(known.len(), MAPPED.len() + DEVIATING.len());
}
