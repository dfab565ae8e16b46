//! Size and form of a region, from its mask.

mod axes;
mod cubes;
mod diameter;
mod mesh;
mod plane;

use crate::cancel::Cancel;
use crate::catalogue::FeatureClass;
use crate::error::RadiomicsError;
use crate::pipeline::image::ClassValues;
use crate::request::FeatureSet;
use crate::settings::Settings;
use diameter::Extremes;
use radsql_volume::Mask;
use std::f64::consts::PI;

/// The wanted classes of shape.
pub(crate) fn classes(
    mask: &Mask,
    settings: &Settings,
    wanted: FeatureSet,
    cancel: Cancel,
) -> Result<Vec<ClassValues>, RadiomicsError> {
    let spacing = mask.grid().spacing();
    let mut found = Vec::new();
    if wanted.needs(FeatureClass::Shape) {
        found.push((FeatureClass::Shape, features(mask, spacing, wanted, cancel)?.to_vec()));
    }
    if wanted.needs(FeatureClass::Shape2D) {
        let values = match plane::features(mask, spacing, settings.force2d(), wanted, cancel) {
            // PyRadiomics looks at another axis first, and there leaves the class out of a region of one voxel's length.
            Err(RadiomicsError::NotOneSlice { dimension, .. }) if mask.bounds().size.get(dimension) == Some(&1) => {
                vec![]
            }
            values => values?.to_vec(),
        };
        found.push((FeatureClass::Shape2D, values));
    }
    Ok(found)
}

/// The 14 features in the order of the catalogue, then the 3 deprecated ones; those that are not wanted may be NaN. `spacing` is (x, y, z) in mm.
fn features(mask: &Mask, spacing: [f64; 3], wanted: FeatureSet, cancel: Cancel) -> Result<[f64; 17], RadiomicsError> {
    let needs = |names: &[&str]| wanted.needs_any(FeatureClass::Shape, names);
    let [sx, sy, sz] = spacing;
    let spacing = [sz, sy, sx];
    let inside = mask.inside().view();

    let needs_axes = needs(&[
        "Elongation",
        "Flatness",
        "LeastAxisLength",
        "MajorAxisLength",
        "MinorAxisLength",
    ]);
    let [least, minor, major] = if needs_axes {
        axes::eigenvalues(inside, spacing, cancel)?
    } else {
        [f64::NAN; 3]
    };

    let needs_diameters = needs(&[
        "Maximum2DDiameterColumn",
        "Maximum2DDiameterRow",
        "Maximum2DDiameterSlice",
        "Maximum3DDiameter",
    ]);
    let needs_mesh = needs_diameters
        || needs(&[
            "Compactness1",
            "Compactness2",
            "MeshVolume",
            "SphericalDisproportion",
            "Sphericity",
            "SurfaceArea",
            "SurfaceVolumeRatio",
        ]);
    let (nz, ny, nx) = inside.dim();
    let mut extremes = needs_diameters.then(|| Extremes::new([nz, ny, nx]));
    let (area, volume) = if needs_mesh {
        let mesh = mesh::mesh(inside, spacing, extremes.as_mut(), cancel)?;
        (mesh.area, mesh.volume)
    } else {
        (f64::NAN, f64::NAN)
    };
    let (slice, column, row, space) = match extremes {
        Some(extremes) => {
            let d = extremes.diameters(spacing, cancel)?;
            (d.slice, d.column, d.row, d.space)
        }
        None => (f64::NAN, f64::NAN, f64::NAN, f64::NAN),
    };

    let length = |eigenvalue: f64| 4.0 * eigenvalue.sqrt();
    // Area of the ball with the region's volume.
    let ball = (36.0 * PI * volume * volume).cbrt();
    Ok([
        (minor / major).sqrt(),
        (least / major).sqrt(),
        length(least),
        length(major),
        column,
        row,
        slice,
        space,
        volume,
        length(minor),
        ball / area,
        area,
        area / volume,
        mask.voxels() as f64 * (sz * sx * sy),
        volume / (area.powf(1.5) * PI.sqrt()),
        36.0 * PI * (volume * volume) / (area * area * area),
        area / ball,
    ])
}
