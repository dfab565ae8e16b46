use super::{FeatureClass, FeatureDef, feature};

const fn f(name: &'static str, unit: &'static str, ibsi: &'static str, definition: &'static str) -> FeatureDef {
    feature(FeatureClass::FirstOrder, name, unit, ibsi, definition)
}

/// x are the intensities of the N voxels of the region, c is `voxelArrayShift`, p(i) the share of voxels of grey level i,
/// ε = 2.2e-16.
#[rustfmt::skip]
pub(super) const FEATURES: &[FeatureDef] = &[
    f("10Percentile", "intensity", "QG58", "Value below which 10 % of the intensities lie, interpolated linearly between order statistics."),
    f("90Percentile", "intensity", "8DWT", "Value below which 90 % of the intensities lie, interpolated linearly between order statistics."),
    f("Energy", "intensity^2", "N8CA", "Sum of the squared intensities: Σ (x + c)²."),
    f("Entropy", "bit", "TLU2", "Uncertainty of the grey level of a voxel: -Σ p(i) log2(p(i) + ε)."),
    f("InterquartileRange", "intensity", "SALO", "Distance between the quartiles: P75 - P25."),
    f("Kurtosis", "1", "IPH6", "Weight of the tails, 3 for a normal distribution: mean (x - mean)^4 / variance²; IBSI subtracts 3."),
    f("Maximum", "intensity", "84IY", "Largest intensity."),
    f("Mean", "intensity", "Q4LE", "Mean intensity: Σ x / N."),
    f("MeanAbsoluteDeviation", "intensity", "4FUA", "Mean distance from the mean: Σ |x - mean| / N."),
    f("Median", "intensity", "Y12H", "Middle intensity, the mean of the two middle ones when N is even."),
    f("Minimum", "intensity", "1GSF", "Smallest intensity."),
    f("Range", "intensity", "2OJQ", "Largest minus smallest intensity."),
    f("RobustMeanAbsoluteDeviation", "intensity", "1128", "Mean distance from the mean among the intensities from P10 to P90."),
    f("RootMeanSquared", "intensity", "5ZWQ", "Root of the mean squared intensity: sqrt(Σ (x + c)² / N)."),
    f("Skewness", "1", "KE2A", "Asymmetry about the mean: mean (x - mean)³ / variance^1.5, 0 for a flat region."),
    f("TotalEnergy", "intensity^2 mm^3", "", "Energy times the volume of one voxel."),
    f("Uniformity", "1", "BJ5W", "Sum of the squared shares of the grey levels: Σ p(i)²."),
    f("Variance", "intensity^2", "ECT3", "Mean squared distance from the mean: Σ (x - mean)² / N."),
];

/// Computed only when named.
#[rustfmt::skip]
pub(super) const DEPRECATED: &[FeatureDef] = &[
    f("StandardDeviation", "intensity", "", "Root of the mean squared distance from the mean: sqrt(Σ (x - mean)² / N), the root of Variance."),
];
