//! `file_hash(reference)`.

use super::scan_function::{ScanFunction, Takes};
use crate::doc::{Doc, Kind};
use crate::options::{OnError, RadsqlOptions};
use crate::reference::ScanRef;
use crate::scan::{Job, ScanRuntime};
use crate::scans::content::files_behind;
use crate::scans::{locate, wrong};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::ScalarUDF;
use futures::stream::{self, StreamExt};
use radsql_imaging::sha256;
use std::sync::Arc;

/// Its documentation.
pub static DOC: Doc = Doc {
    name: "file_hash",
    kind: Kind::Scalar,
    summary: "SHA-256 of the files behind a reference: where numbers come from.",
    syntax: "file_hash(reference)",
    arguments: &[(
        "reference",
        "an image or a mask, as any function takes them; or the path of any other file",
    )],
    returns: "TEXT of 64 hexadecimal digits. Of one file it is what `sha256sum` prints. Of several, as those of a DICOM series, it is \
              the SHA-256 of the sorted list of theirs (`sha256sum FILES | cut -c1-64 | sort | sha256sum`), so that names and order do \
              not count. What stands behind # in a reference chooses the files, not a part of them. NULL for NULL.",
    example: "SELECT patient_id, file_hash(image) AS sha256 FROM scans",
    source: "FIPS 180-4",
};

/// The function.
pub fn function(runtime: Arc<ScanRuntime>) -> ScalarUDF {
    ScanFunction::function(&DOC, DataType::Utf8, Takes::Any, hash, runtime)
}

/// The hashes of references, in their order; `None` for one that cannot be read.
pub async fn hashes(
    runtime: &Arc<ScanRuntime>,
    options: &RadsqlOptions,
    references: Vec<String>,
) -> Vec<(String, Option<String>)> {
    // A scan that cannot be read has been told of by the function that was to read it.
    let options = RadsqlOptions {
        on_error: OnError::Fail,
        record_failures: false,
        ..options.clone()
    };
    let hashed = references.into_iter().map(|reference| {
        let (runtime, options) = (Arc::clone(runtime), options.clone());
        async move {
            let scan = ScanRef {
                image: reference.clone(),
                mask: None,
            };
            let found = runtime.run(DOC.name, &options, vec![Some(scan)], hash).await;
            let found = found.ok().and_then(|mut found| found.pop().flatten());
            (
                reference,
                found.and_then(|hash| hash.try_as_str().flatten().map(str::to_owned)),
            )
        }
    });
    stream::iter(hashed).buffered(options.parallelism()).collect().await
}

fn hash(scan: &ScanRef, job: &Job) -> Result<ScalarValue> {
    let name = DOC.name;
    let reference = locate(&scan.image, job.files()).map_err(|e| wrong(name, "reference", &e))?;
    match files_behind(&reference, job) {
        Some(files) => {
            job.reads();
            let hash = sha256(&files, job.cancelled());
            Ok(ScalarValue::from(hash.map_err(|e| wrong(name, "reference", &e))?))
        }
        None => exec_err!("{name}: '{}' is no series of DICOM files", scan.image),
    }
}
