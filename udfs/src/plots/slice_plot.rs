//! `slice_plot(image, mask)`.

use crate::doc::{Doc, Kind};
use crate::imaging::scan_function::{ScanFunction, Takes};
use crate::reference::{IMAGE, MASK, ScanRef};
use crate::scan::{Job, ScanRuntime};
use crate::scans::fault::Fault;
use crate::scans::image::Image;
use crate::scans::{load_mask_on_image, locate, wrong};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, exec_datafusion_err};
use datafusion::logical_expr::ScalarUDF;
use radsql_imaging::Part;
use radsql_plots::{SlicePlot, Theme};
use radsql_volume::SliceView;
use std::sync::Arc;

/// Its documentation.
pub static DOC: Doc = Doc {
    name: "slice_plot",
    kind: Kind::Scalar,
    summary: "Draws the slice of a scan in which a region is largest, with the region's outline.",
    syntax: "slice_plot(image, mask)",
    arguments: &[("image", IMAGE), ("mask", MASK)],
    returns: "TEXT: an SVG of the slice across the third axis of the image, the patient's left on the right and the front or the head \
              above, with the outline and a bar of length. Black and white are chosen so that the region and 15 mm around it are well \
              seen (the middle 98 % of their values). NULL for NULL.",
    example: "SELECT patient_id, slice_plot(image, mask) AS svg FROM scans",
    source: "",
};

/// The function.
pub fn function(runtime: Arc<ScanRuntime>) -> ScalarUDF {
    ScanFunction::function(&DOC, DataType::Utf8, Takes::ImageAndMask, draw, runtime)
}

fn draw(scan: &ScanRef, job: &Job) -> Result<ScalarValue> {
    let (mask, _mask_reserved) = load_mask_on_image(DOC.name, scan, job)?;
    let fail = |e: Fault| wrong(DOC.name, "image", &e);
    let image = Image::find(&scan.image, job).map_err(fail)?;
    let bounds = SliceView::bounds(&mask);
    let bytes = bounds.size[0].saturating_mul(bounds.size[1]).saturating_mul(64);
    let _reserved = job.reserve(bytes)?;
    let slice = image.read_within(&bounds, job).map_err(fail)?;
    let view = SliceView::new(&slice, &mask, &bounds);
    let figure = SlicePlot {
        columns: view.columns,
        rows: view.rows,
        pixels: view.pixels,
        mask: view.inside,
        spacing: view.spacing,
        window: view.window,
        mask_name: region_name(scan, job),
    };
    let svg = figure.svg(Theme::Light);
    let svg = svg.map_err(|e| exec_datafusion_err!("{}: {}: {e}", DOC.name, crate::scans::name(scan)))?;
    Ok(ScalarValue::from(svg))
}

/// What the legend calls the region.
fn region_name(scan: &ScanRef, job: &Job) -> String {
    let reference = scan.mask.as_deref().map(|mask| locate(mask, job.files()));
    match reference.and_then(Result::ok).and_then(|reference| reference.part) {
        Some(Part::Segment(name) | Part::Roi(name)) => name,
        _ => "Region".to_owned(),
    }
}
