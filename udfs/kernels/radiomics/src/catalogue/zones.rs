use super::{FeatureClass, FeatureDef, feature};

const fn gldm(name: &'static str, unit: &'static str, ibsi: &'static str, definition: &'static str) -> FeatureDef {
    feature(FeatureClass::Gldm, name, unit, ibsi, definition)
}

const fn glrlm(name: &'static str, unit: &'static str, ibsi: &'static str, definition: &'static str) -> FeatureDef {
    feature(FeatureClass::Glrlm, name, unit, ibsi, definition)
}

const fn glszm(name: &'static str, unit: &'static str, ibsi: &'static str, definition: &'static str) -> FeatureDef {
    feature(FeatureClass::Glszm, name, unit, ibsi, definition)
}

const fn ngtdm(name: &'static str, unit: &'static str, ibsi: &'static str, definition: &'static str) -> FeatureDef {
    feature(FeatureClass::Ngtdm, name, unit, ibsi, definition)
}

/// n(i, j) is the number of voxels of grey level i with j - 1 dependent neighbours, N their number.
#[rustfmt::skip]
pub(super) const GLDM: &[FeatureDef] = &[
    gldm("DependenceEntropy", "bit", "FCBV", "Uncertainty of level and dependence of a voxel: -Σ p log2(p + ε) with p = n(i,j) / N."),
    gldm("DependenceNonUniformity", "1", "Z87G", "Unevenness of the dependences: Σ_j (Σ_i n(i,j))² / N."),
    gldm("DependenceNonUniformityNormalized", "1", "OKJI", "Unevenness of the dependences: Σ_j (Σ_i n(i,j))² / N²."),
    gldm("DependenceVariance", "1", "DNX2", "Variance of the dependence j."),
    gldm("GrayLevelNonUniformity", "1", "FP8K", "Unevenness of the grey levels: Σ_i (Σ_j n(i,j))² / N."),
    gldm("GrayLevelVariance", "1", "1PFV", "Variance of the grey level i."),
    gldm("HighGrayLevelEmphasis", "1", "OAE7", "Weight of high grey levels: Σ n(i,j) i² / N."),
    gldm("LargeDependenceEmphasis", "1", "IMOQ", "Weight of large dependences: Σ n(i,j) j² / N."),
    gldm("LargeDependenceHighGrayLevelEmphasis", "1", "9QMG", "Weight of large dependences at high levels: Σ n(i,j) i² j² / N."),
    gldm("LargeDependenceLowGrayLevelEmphasis", "1", "NBZI", "Weight of large dependences at low levels: Σ n(i,j) j² / i² / N."),
    gldm("LowGrayLevelEmphasis", "1", "TL9H", "Weight of low grey levels: Σ n(i,j) / i² / N."),
    gldm("SmallDependenceEmphasis", "1", "SODN", "Weight of small dependences: Σ n(i,j) / j² / N."),
    gldm("SmallDependenceHighGrayLevelEmphasis", "1", "JA6D", "Weight of small dependences at high levels: Σ n(i,j) i² / j² / N."),
    gldm("SmallDependenceLowGrayLevelEmphasis", "1", "EQ3F", "Weight of small dependences at low levels: Σ n(i,j) / (i² j²) / N."),
];

/// n(i, j) is the number of runs of grey level i and length j in one direction, N their number; each value is the mean
/// over the directions.
#[rustfmt::skip]
pub(super) const GLRLM: &[FeatureDef] = &[
    glrlm("GrayLevelNonUniformity", "1", "R5YN", "Unevenness of the grey levels of runs: Σ_i (Σ_j n(i,j))² / N."),
    glrlm("GrayLevelNonUniformityNormalized", "1", "OVBL", "Unevenness of the grey levels of runs: Σ_i (Σ_j n(i,j))² / N²."),
    glrlm("GrayLevelVariance", "1", "8CE5", "Variance of the grey level i of a run."),
    glrlm("HighGrayLevelRunEmphasis", "1", "G3QZ", "Weight of runs of high level: Σ n(i,j) i² / N."),
    glrlm("LongRunEmphasis", "1", "W4KF", "Weight of long runs: Σ n(i,j) j² / N."),
    glrlm("LongRunHighGrayLevelEmphasis", "1", "3KUM", "Weight of long runs of high level: Σ n(i,j) i² j² / N."),
    glrlm("LongRunLowGrayLevelEmphasis", "1", "IVPO", "Weight of long runs of low level: Σ n(i,j) j² / i² / N."),
    glrlm("LowGrayLevelRunEmphasis", "1", "V3SW", "Weight of runs of low level: Σ n(i,j) / i² / N."),
    glrlm("RunEntropy", "bit", "HJ9O", "Uncertainty of level and length of a run: -Σ p log2(p + ε) with p = n(i,j) / N."),
    glrlm("RunLengthNonUniformity", "1", "W92Y", "Unevenness of the lengths: Σ_j (Σ_i n(i,j))² / N."),
    glrlm("RunLengthNonUniformityNormalized", "1", "IC23", "Unevenness of the lengths: Σ_j (Σ_i n(i,j))² / N²."),
    glrlm("RunPercentage", "1", "9ZK5", "Runs for each voxel, 1 for the finest texture: N / Σ n(i,j) j."),
    glrlm("RunVariance", "1", "SXLW", "Variance of the length j of a run."),
    glrlm("ShortRunEmphasis", "1", "22OV", "Weight of short runs: Σ n(i,j) / j² / N."),
    glrlm("ShortRunHighGrayLevelEmphasis", "1", "GD3A", "Weight of short runs of high level: Σ n(i,j) i² / j² / N."),
    glrlm("ShortRunLowGrayLevelEmphasis", "1", "HTZT", "Weight of short runs of low level: Σ n(i,j) / (i² j²) / N."),
];

/// n(i, j) is the number of connected zones of grey level i and j voxels, N their number.
#[rustfmt::skip]
pub(super) const GLSZM: &[FeatureDef] = &[
    glszm("GrayLevelNonUniformity", "1", "JNSA", "Unevenness of the grey levels of zones: Σ_i (Σ_j n(i,j))² / N."),
    glszm("GrayLevelNonUniformityNormalized", "1", "Y1RO", "Unevenness of the grey levels of zones: Σ_i (Σ_j n(i,j))² / N²."),
    glszm("GrayLevelVariance", "1", "BYLV", "Variance of the grey level i of a zone."),
    glszm("HighGrayLevelZoneEmphasis", "1", "5GN9", "Weight of zones of high level: Σ n(i,j) i² / N."),
    glszm("LargeAreaEmphasis", "1", "48P8", "Weight of large zones: Σ n(i,j) j² / N."),
    glszm("LargeAreaHighGrayLevelEmphasis", "1", "J17V", "Weight of large zones of high level: Σ n(i,j) i² j² / N."),
    glszm("LargeAreaLowGrayLevelEmphasis", "1", "YH51", "Weight of large zones of low level: Σ n(i,j) j² / i² / N."),
    glszm("LowGrayLevelZoneEmphasis", "1", "XMSY", "Weight of zones of low level: Σ n(i,j) / i² / N."),
    glszm("SizeZoneNonUniformity", "1", "4JP3", "Unevenness of the sizes: Σ_j (Σ_i n(i,j))² / N."),
    glszm("SizeZoneNonUniformityNormalized", "1", "VB3A", "Unevenness of the sizes: Σ_j (Σ_i n(i,j))² / N²."),
    glszm("SmallAreaEmphasis", "1", "5QRC", "Weight of small zones: Σ n(i,j) / j² / N."),
    glszm("SmallAreaHighGrayLevelEmphasis", "1", "HW1V", "Weight of small zones of high level: Σ n(i,j) i² / j² / N."),
    glszm("SmallAreaLowGrayLevelEmphasis", "1", "5RAI", "Weight of small zones of low level: Σ n(i,j) / (i² j²) / N."),
    glszm("ZoneEntropy", "bit", "GU8N", "Uncertainty of level and size of a zone: -Σ p log2(p + ε) with p = n(i,j) / N."),
    glszm("ZonePercentage", "1", "P30P", "Zones for each voxel, 1 for the finest texture: N over the number of voxels."),
    glszm("ZoneVariance", "1", "3NSA", "Variance of the size j of a zone."),
];

/// p(i) is the share of voxels of grey level i, s(i) the sum over them of the distance from the mean level of their
/// neighbours, N the number of voxels and Ngp the number of levels present. Unlike IBSI, a voxel without neighbours
/// counts, with distance 0.
#[rustfmt::skip]
pub(super) const NGTDM: &[FeatureDef] = &[
    ngtdm("Busyness", "1", "NQ30", "Speed of change from voxel to neighbour: Σ p(i) s(i) / Σ Σ |i p(i) - j p(j)|, 0 when the divisor is 0."),
    ngtdm("Coarseness", "1", "QCDE", "Smallness of the local differences: 1 / Σ p(i) s(i), 1,000,000 when the sum is 0."),
    ngtdm("Complexity", "1", "HDEZ", "Number of quick changes: Σ Σ |i - j| (p(i) s(i) + p(j) s(j)) / (p(i) + p(j)) / N."),
    ngtdm("Contrast", "1", "65HE", "Spread of levels times local difference: (Σ Σ p(i) p(j) (i - j)² / (Ngp (Ngp - 1))) (Σ s(i) / N), 0 for one level."),
    ngtdm("Strength", "1", "1X9X", "Distinctness of the texture's elements: Σ Σ (p(i) + p(j)) (i - j)² / Σ s(i), 0 when the divisor is 0."),
];
