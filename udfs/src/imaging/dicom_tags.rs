//! `dicom_tags(path)`.

use crate::doc::{Doc, Kind};
use crate::files::FilePolicy;
use crate::live_table::LiveTable;
use crate::options::{NOT_GRANTED, RadsqlOptions};
use crate::scan::ScanRuntime;
use crate::scans::locate;
use datafusion::arrow::array::{BooleanArray, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{Result, ScalarValue, exec_datafusion_err, plan_err};
use datafusion::logical_expr::Expr;
use radsql_dicom::{ListOptions, TagOptions, TagRow, find_series_with, tags};
use radsql_imaging::Part;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The SQL name.
pub const NAME: &str = "dicom_tags";

/// Its documentation.
pub const DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Table,
    summary: "Lists the elements of one DICOM file.",
    syntax: "dicom_tags(path [, include_phi])",
    arguments: &[
        (
            "path",
            "a literal: a DICOM file, or an image of a scan table (`folder#series=...`), of which the first file in the order of \
             the SOP Instance UIDs is shown",
        ),
        (
            "include_phi",
            "true shows values that may identify a person too; without it false. Also written `include_phi => true`",
        ),
    ],
    returns: "Rows (path, tag, vr, keyword, value, withheld) in the file's order, those of sequences under them. `path` leads to the \
              element by keywords, items counted from 0: `SegmentSequence[0].SegmentLabel`. Values are text, several with `\\` \
              between them, cut after 256 characters; of pixels and other bulk data only the length is told. Shown is what \
              cannot identify a person: numbers, codes and settings of the device; dates, names, UIDs, free text and private \
              elements are NULL, with `withheld` true.",
    example: "SELECT keyword, value FROM dicom_tags('tests/golden/dicom/masks/binary.dcm') WHERE keyword IN ('Modality', 'Rows', 'SegmentLabel')",
    source: "DICOM PS3.6; what may identify a person: PS3.15 annex E",
};

/// The table function.
#[derive(Debug)]
pub struct DicomTags(pub Arc<ScanRuntime>);

impl TableFunctionImpl for DicomTags {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let (path, include_phi) = match args.exprs() {
            [path] => (path, None),
            [path, include_phi] => (path, Some(include_phi)),
            other => return plan_err!("{NAME}: expected {}, found {} arguments", DOC.syntax, other.len()),
        };
        let path = match literal(path).and_then(ScalarValue::try_as_str) {
            Some(Some(path)) => path.to_owned(),
            _ => return plan_err!("{NAME}: argument 1 (path) must be a literal text; found {path}"),
        };
        let identifying = match include_phi.map(|e| (e, literal(e))) {
            None => false,
            Some((_, Some(ScalarValue::Boolean(Some(flag))))) => *flag,
            Some((e, _)) => return plan_err!("{NAME}: argument 2 (include_phi) must be true or false; found {e}"),
        };
        let runtime = Arc::clone(&self.0);
        Ok(Arc::new(LiveTable::new(schema(), move |session| {
            // A view may have been made by somebody who is granted more than the one who queries it.
            if identifying && !RadsqlOptions::of(session.config_options()).identifying_allowed {
                return plan_err!("{NAME}: {NOT_GRANTED}");
            }
            rows(&path, TagOptions { identifying }, runtime.files())
        })))
    }
}

fn literal(e: &Expr) -> Option<&ScalarValue> {
    match e {
        Expr::Literal(value, _) => Some(value),
        _ => None,
    }
}

fn schema() -> SchemaRef {
    let text = |name, nullable| Field::new(name, DataType::Utf8, nullable);
    Arc::new(Schema::new(vec![
        text("path", false),
        text("tag", false),
        text("vr", false),
        text("keyword", true),
        text("value", true),
        Field::new("withheld", DataType::Boolean, false),
    ]))
}

fn file(text: &str, files: &FilePolicy) -> Result<PathBuf> {
    let fail = |e: &dyn std::fmt::Display| exec_datafusion_err!("{NAME}: path: {e}");
    let reference = locate(text, files).map_err(|e| fail(&e))?;
    match &reference.part {
        Some(Part::Series(uid) | Part::Suv(uid)) => {
            let options = ListOptions {
                links: files.links(),
                ..ListOptions::default()
            };
            let series = find_series_with(&reference.path, uid, &options, &AtomicBool::new(false));
            let series = series.map_err(|e| fail(&e))?;
            Ok(series.files().next().unwrap_or(reference.path))
        }
        // A segment's tags are those of its file.
        _ => Ok(reference.path),
    }
}

fn rows(text: &str, options: TagOptions, files: &FilePolicy) -> Result<RecordBatch> {
    let found = tags(file(text, files)?, options).map_err(|e| exec_datafusion_err!("{NAME}: path: {e}"))?;
    let column = |f: fn(&TagRow) -> Option<&str>| Arc::new(found.iter().map(f).collect::<StringArray>());
    let withheld: Vec<bool> = found.iter().map(|r| r.withheld).collect();
    Ok(RecordBatch::try_new(
        schema(),
        vec![
            column(|r| Some(&r.path)),
            column(|r| Some(&r.tag)),
            column(|r| Some(r.vr)),
            column(|r| r.keyword),
            column(|r| r.value.as_deref()),
            Arc::new(BooleanArray::from(withheld)),
        ],
    )?)
}
