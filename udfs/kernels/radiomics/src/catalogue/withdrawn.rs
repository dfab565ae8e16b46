use super::FeatureClass;

/// Names that PyRadiomics 3.0.1 accepts and gives no value for, with the reason.
const WITHDRAWN: &[(FeatureClass, &str, &str)] = &[
    (FeatureClass::Glcm, "Dissimilarity", "equal to glcm_DifferenceAverage"),
    (FeatureClass::Glcm, "Homogeneity1", "equal to glcm_Id"),
    (FeatureClass::Glcm, "Homogeneity2", "equal to glcm_Idm"),
    (FeatureClass::Glcm, "SumVariance", "equal to glcm_ClusterTendency"),
    (FeatureClass::Gldm, "DependencePercentage", "always 1"),
    (
        FeatureClass::Gldm,
        "GrayLevelNonUniformityNormalized",
        "equal to firstorder_Uniformity",
    ),
];

/// Why PyRadiomics gives no value for a feature that it knows by name, such as "equal to glcm_Id" for Homogeneity1 of
/// glcm; none for any other name. In a parameter file such a name is allowed and makes no column.
pub fn withdrawn(class: FeatureClass, name: &str) -> Option<&'static str> {
    let found = WITHDRAWN.iter().find(|(c, n, _)| *c == class && *n == name);
    found.map(|(_, _, reason)| *reason)
}
