//! `mask_info(image, mask)`.

use super::scan_function::{ScanFunction, Takes};
use crate::doc::{Doc, Kind};
use crate::reference::{IMAGE, MASK, ScanRef};
use crate::scan::{Job, ScanRuntime};
use crate::scans::load_mask_on_image;
use crate::values::{Values, fields, one_struct};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::ScalarUDF;
use std::sync::Arc;

/// Its documentation.
pub static DOC: Doc = Doc {
    name: "mask_info",
    kind: Kind::Scalar,
    summary: "Size and place of a region.",
    syntax: "mask_info(image, mask)",
    arguments: &[("image", IMAGE), ("mask", MASK)],
    returns: "STRUCT(voxels, volume_mm3, lower_x, lower_y, lower_z (first voxel of the bounding box, from 0), size_x, size_y, size_z \
              (voxels), components (26-connected), largest_component (voxels), centre_x, centre_y, centre_z in mm (LPS), \
              content_hash). NULL for NULL; a mask on another grid, an empty one or an absent label is an error.",
    example: "SELECT patient_id, mask_info(image, mask)['volume_mm3'] AS volume FROM scans",
    source: "PyRadiomics' diagnostics (VoxelNum, VolumeNum, BoundingBox, CenterOfMass)",
};

fn info_fields() -> Fields {
    let (int, float) = (DataType::Int64, DataType::Float64);
    fields([
        ("voxels", int.clone()),
        ("volume_mm3", float.clone()),
        ("lower_x", int.clone()),
        ("lower_y", int.clone()),
        ("lower_z", int.clone()),
        ("size_x", int.clone()),
        ("size_y", int.clone()),
        ("size_z", int.clone()),
        ("components", int.clone()),
        ("largest_component", int),
        ("centre_x", float.clone()),
        ("centre_y", float.clone()),
        ("centre_z", float),
        ("content_hash", DataType::Utf8),
    ])
}

/// The function.
pub fn function(runtime: Arc<ScanRuntime>) -> ScalarUDF {
    ScanFunction::function(
        &DOC,
        DataType::Struct(info_fields()),
        Takes::ImageAndMask,
        look,
        runtime,
    )
}

fn look(scan: &ScanRef, job: &Job) -> Result<ScalarValue> {
    let (mask, _reserved) = load_mask_on_image(DOC.name, scan, job)?;
    let (bounds, components) = (mask.bounds(), mask.components());
    let mut columns = vec![Values::int(mask.voxels()), Values::float(mask.volume())];
    columns.extend(bounds.lower.into_iter().chain(bounds.size).map(Values::int));
    columns.push(Values::int(components.len()));
    columns.push(Values::int(components.first().copied().unwrap_or(0)));
    columns.extend(mask.centre().into_iter().map(Values::float));
    columns.push(Values::text(Some(mask.content_hash().to_string())));
    one_struct(info_fields(), columns)
}
