use super::{FeatureClass, FeatureDef, feature};

const fn f(name: &'static str, unit: &'static str, definition: &'static str) -> FeatureDef {
    feature(FeatureClass::Shape2D, name, unit, "", definition)
}

/// λ are the eigenvalues of the covariance of the pixel centres in mm, divided by the number of pixels; P and A are
/// length and area of the outline whose vertices lie halfway between the centres of a pixel inside and one outside
/// (marching squares). Pixels that touch at a corner only have separate outlines. IBSI defines no 2-D shape.
#[rustfmt::skip]
pub(super) const FEATURES: &[FeatureDef] = &[
    f("Elongation", "1", "How elongated the region is, 1 for not at all: sqrt(λ_minor / λ_major)."),
    f("MajorAxisLength", "mm", "Longest axis of the ellipse with the region's covariance: 4 sqrt(λ_major)."),
    f("MaximumDiameter", "mm", "Largest distance between two vertices of the outline."),
    f("MeshSurface", "mm^2", "Area A within the outline: sum over its lines of a × b / 2."),
    f("MinorAxisLength", "mm", "Shortest axis of the ellipse with the region's covariance: 4 sqrt(λ_minor)."),
    f("Perimeter", "mm", "Length P of the outline, holes included: sum over its lines of |a - b|."),
    f("PerimeterSurfaceRatio", "1/mm", "Length of the outline over the area within: P / A."),
    f("PixelSurface", "mm^2", "Number of pixels times the area of one pixel."),
    f("Sphericity", "1", "How close the region is to a disc, 1 for a disc: 2 sqrt(π A) / P."),
];

/// Computed only when named.
#[rustfmt::skip]
pub(super) const DEPRECATED: &[FeatureDef] = &[
    f("SphericalDisproportion", "1", "How far the region is from a disc, 1 for a disc: P / (2 sqrt(π A)), the inverse of Sphericity."),
];
