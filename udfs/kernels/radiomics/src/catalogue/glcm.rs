use super::{FeatureClass, FeatureDef, feature};

const fn f(name: &'static str, unit: &'static str, ibsi: &'static str, definition: &'static str) -> FeatureDef {
    feature(FeatureClass::Glcm, name, unit, ibsi, definition)
}

/// p(i, j) is the share of pairs of neighbours with grey levels i and j in one direction, px and py its marginals with
/// means μx, μy and deviations σx, σy, p₋(k) the share with |i - j| = k, p₊(k) with i + j = k, Ng the largest level,
/// ε = 2.2e-16. Each value is the mean over the directions.
#[rustfmt::skip]
pub(super) const FEATURES: &[FeatureDef] = &[
    f("Autocorrelation", "1", "QWB0", "Size of the grey levels of neighbours: Σ p(i,j) i j."),
    f("ClusterProminence", "1", "AE86", "Weight of the tails of the joint distribution: Σ p(i,j) (i + j - μx - μy)^4."),
    f("ClusterShade", "1", "7NFM", "Asymmetry of the joint distribution: Σ p(i,j) (i + j - μx - μy)³."),
    f("ClusterTendency", "1", "DG8W", "Grouping of neighbours of similar level: Σ p(i,j) (i + j - μx - μy)²."),
    f("Contrast", "1", "ACUI", "Mean squared difference between neighbours: Σ p(i,j) (i - j)²."),
    f("Correlation", "1", "NI2N", "Correlation of the levels of neighbours: (Σ p(i,j) (i - μx)(j - μy)) / (σx σy + ε), 1 when σx σy = 0."),
    f("DifferenceAverage", "1", "TF7R", "Mean absolute difference between neighbours: Σ k p₋(k)."),
    f("DifferenceEntropy", "bit", "NTRS", "Uncertainty of the absolute difference between neighbours: -Σ p₋(k) log2(p₋(k) + ε)."),
    f("DifferenceVariance", "1", "D3YU", "Variance of the absolute difference between neighbours: Σ p₋(k) (k - DifferenceAverage)²."),
    f("Id", "1", "IB1Z", "Inverse difference: Σ p₋(k) / (1 + k)."),
    f("Idm", "1", "WF0Z", "Inverse difference moment: Σ p₋(k) / (1 + k²)."),
    f("Idmn", "1", "1QCO", "Inverse difference moment, normalised: Σ p₋(k) / (1 + k² / Ng²)."),
    f("Idn", "1", "NDRX", "Inverse difference, normalised: Σ p₋(k) / (1 + k / Ng)."),
    f("Imc1", "1", "R8DG", "First measure of information correlation: (HXY - HXY1) / max(HX, HY), 0 when both are 0."),
    f("Imc2", "1", "JN9H", "Second measure of information correlation: sqrt(1 - exp(-2 (HXY2 - HXY)))."),
    f("InverseVariance", "1", "E8JP", "Similarity of unequal neighbours: Σ over k > 0 of p₋(k) / k²."),
    f("JointAverage", "1", "60VM", "Mean level of the first voxel of a pair: Σ p(i,j) i."),
    f("JointEnergy", "1", "8ZQL", "Angular second moment: Σ p(i,j)²."),
    f("JointEntropy", "bit", "TU9B", "Uncertainty of a pair of neighbours: HXY = -Σ p(i,j) log2(p(i,j) + ε)."),
    f("MCC", "1", "", "Maximal correlation coefficient: root of the second largest eigenvalue of Q(i,j) = Σ_k p(i,k) p(j,k) / (px(i) py(k) + ε), 1 for one level."),
    f("MaximumProbability", "1", "GYBY", "Share of the commonest pair of levels: max p(i,j)."),
    f("SumAverage", "1", "ZGXS", "Mean sum of the levels of neighbours: Σ k p₊(k)."),
    f("SumEntropy", "bit", "P6QZ", "Uncertainty of the sum of the levels of neighbours: -Σ p₊(k) log2(p₊(k) + ε)."),
    f("SumSquares", "1", "UR99", "Variance of the level of the first voxel of a pair: Σ p(i,j) (i - μx)²."),
];
