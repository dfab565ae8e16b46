use super::{FeatureClass, FeatureDef, feature};

const fn f(name: &'static str, unit: &'static str, ibsi: &'static str, definition: &'static str) -> FeatureDef {
    feature(FeatureClass::Shape, name, unit, ibsi, definition)
}

/// λ are the eigenvalues of the covariance of the voxel centres in mm, divided by the number of voxels; A and V are
/// area and volume of the marching-cubes mesh whose vertices lie halfway between voxel centres.
#[rustfmt::skip]
pub(super) const FEATURES: &[FeatureDef] = &[
    f("Elongation", "1", "Q3CK", "How elongated the region is, 1 for not at all: sqrt(λ_minor / λ_major)."),
    f("Flatness", "1", "N17B", "How flat the region is, 1 for not at all and 0 for a flat one: sqrt(λ_least / λ_major)."),
    f("LeastAxisLength", "mm", "7J51", "Shortest axis of the ellipsoid with the region's covariance: 4 sqrt(λ_least); IBSI divides the covariance by N - 1."),
    f("MajorAxisLength", "mm", "TDIC", "Longest axis of the ellipsoid with the region's covariance: 4 sqrt(λ_major); IBSI divides the covariance by N - 1."),
    f("Maximum2DDiameterColumn", "mm", "", "Largest distance between two mesh vertices of equal y, in a coronal plane of an axial scan."),
    f("Maximum2DDiameterRow", "mm", "", "Largest distance between two mesh vertices of equal x, in a sagittal plane of an axial scan."),
    f("Maximum2DDiameterSlice", "mm", "", "Largest distance between two mesh vertices of equal z, in an axial plane of an axial scan."),
    f("Maximum3DDiameter", "mm", "L0JK", "Largest distance between two vertices of the mesh."),
    f("MeshVolume", "mm^3", "RNU0", "Volume enclosed by the mesh: sum over its triangles of a · (b × c) / 6."),
    f("MinorAxisLength", "mm", "P9VJ", "Middle axis of the ellipsoid with the region's covariance: 4 sqrt(λ_minor); IBSI divides the covariance by N - 1."),
    f("Sphericity", "1", "QCFX", "How close the region is to a ball, 1 for a ball: (36 π V²)^(1/3) / A."),
    f("SurfaceArea", "mm^2", "C0JK", "Area of the mesh: sum over its triangles of |ab × ac| / 2."),
    f("SurfaceVolumeRatio", "1/mm", "2PR5", "Area of the mesh over its volume: A / V."),
    f("VoxelVolume", "mm^3", "YEKZ", "Number of voxels times the volume of one voxel."),
];

/// Computed only when named.
#[rustfmt::skip]
pub(super) const DEPRECATED: &[FeatureDef] = &[
    f("Compactness1", "1", "SKGS", "How close the region is to a ball, 1/(6π) for a ball: V / sqrt(π A³)."),
    f("Compactness2", "1", "BQWJ", "How close the region is to a ball, 1 for a ball: 36 π V² / A³, the cube of Sphericity."),
    f("SphericalDisproportion", "1", "KRCK", "How far the region is from a ball, 1 for a ball: A / (36 π V²)^(1/3), the inverse of Sphericity."),
];
