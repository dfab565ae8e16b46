//! `scan_info(image)`.

use super::scan_function::{ScanFunction, Takes};
use crate::doc::{Doc, Kind};
use crate::reference::{IMAGE, ScanRef};
use crate::scan::{Job, ScanRuntime};
use crate::scans::load_image;
use crate::values::{Values, fields, one_struct};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::ScalarUDF;
use std::sync::Arc;

/// Its documentation.
pub static DOC: Doc = Doc {
    name: "scan_info",
    kind: Kind::Scalar,
    summary: "Geometry, range of intensities and content hash of an image.",
    syntax: "scan_info(image)",
    arguments: &[("image", IMAGE)],
    returns: "STRUCT(nx, ny, nz, sx, sy, sz in mm, origin_x, origin_y, origin_z in mm (LPS), voxel_type, min, max, mean over finite \
              voxels, non_finite, content_hash). The hash is BLAKE3 over grid, voxel type and voxels: one image under two names, \
              compressed or not, has one hash. NULL for NULL.",
    example: "SELECT patient_id, scan_info(image)['voxel_type'] AS voxel_type FROM scans",
    source: "geometry as SimpleITK 2.5 reads it",
};

fn info_fields() -> Fields {
    let (int, float) = (DataType::Int64, DataType::Float64);
    fields([
        ("nx", int.clone()),
        ("ny", int.clone()),
        ("nz", int.clone()),
        ("sx", float.clone()),
        ("sy", float.clone()),
        ("sz", float.clone()),
        ("origin_x", float.clone()),
        ("origin_y", float.clone()),
        ("origin_z", float.clone()),
        ("voxel_type", DataType::Utf8),
        ("min", float.clone()),
        ("max", float.clone()),
        ("mean", float),
        ("non_finite", int),
        ("content_hash", DataType::Utf8),
    ])
}

/// The function.
pub fn function(runtime: Arc<ScanRuntime>) -> ScalarUDF {
    ScanFunction::function(&DOC, DataType::Struct(info_fields()), Takes::Image, look, runtime)
}

fn look(scan: &ScanRef, job: &Job) -> Result<ScalarValue> {
    let (volume, _reserved) = load_image(DOC.name, scan, job)?;
    let (size, spacing, origin) = (volume.grid().size(), volume.grid().spacing(), volume.grid().origin());
    let range = volume.intensities();
    let mut columns: Vec<Values> = size.into_iter().map(Values::int).collect();
    columns.extend(spacing.into_iter().chain(origin).map(Values::float));
    columns.push(Values::text(Some(volume.voxels().voxel_type().name().into())));
    columns.push(Values::float(range.map_or(f64::NAN, |r| r.minimum)));
    columns.push(Values::float(range.map_or(f64::NAN, |r| r.maximum)));
    columns.push(Values::float(range.map_or(f64::NAN, |r| r.mean)));
    columns.push(Values::int(range.map_or(volume.grid().voxels(), |r| r.not_finite)));
    columns.push(Values::text(Some(volume.content_hash().to_string())));
    one_struct(info_fields(), columns)
}
