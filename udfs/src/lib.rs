//! SQL bindings of radsql's kernels for Apache DataFusion: signatures, documentation, rules for NULL. No arithmetic.
//!
//! [`catalogue`] lists every function; the engine registers them from there.

pub mod deep;
pub mod doc;
pub mod features;
pub mod files;
pub mod history;
pub mod imaging;
pub mod live_table;
pub mod options;
pub mod plots;
pub mod radiomics;
pub mod reference;
pub mod relations;
pub mod require;
pub mod scan;
pub mod scans;
pub mod survival;
pub mod tally;
pub mod values;

use datafusion::catalog::TableFunctionImpl;
use datafusion::common::Result;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, WindowUDF};
use doc::Doc;
use scan::ScanRuntime;
use std::sync::Arc;
use survival::STATISTICS;
use survival::statistic::Statistic;

pub use files::FilePolicy;
pub use options::RadsqlOptions;

/// Every function of a session. Those whose name begins with `radsql_` are parts of plans and not for users.
pub struct Functions {
    /// One value a row.
    pub scalar: Vec<ScalarUDF>,
    /// One value a group.
    pub aggregate: Vec<AggregateUDF>,
    /// One value a row, from all rows.
    pub window: Vec<WindowUDF>,
    /// Rows, from literal arguments.
    pub table: Vec<(&'static str, Arc<dyn TableFunctionImpl>)>,
}

/// The functions of a session with these settings and this runtime.
///
/// # Errors
/// When the settings' default for `radiomics` is not possible.
pub fn functions(options: &RadsqlOptions, runtime: &Arc<ScanRuntime>) -> Result<Functions> {
    let mut scalar = vec![
        radiomics::radiomics::function(&options.radiomics, runtime.files().clone())?,
        radiomics::extract::function(Arc::clone(runtime)),
        radiomics::feature_set::function(),
        radiomics::diagnostics::function(Arc::clone(runtime)),
        deep::deep_features::function(Arc::clone(runtime)),
        require::function(),
        imaging::scan_info::function(Arc::clone(runtime)),
        imaging::file_hash::function(Arc::clone(runtime)),
        imaging::mask_info::function(Arc::clone(runtime)),
        plots::slice_plot::function(Arc::clone(runtime)),
    ];
    scalar.extend(radiomics::feature_list::functions());
    scalar.extend(survival::rad_score::functions());
    Ok(Functions {
        scalar,
        aggregate: STATISTICS.iter().map(|d| Statistic::public(d)).collect(),
        window: vec![survival::train_test_split::window_function()],
        table: vec![
            (
                radiomics::radiomics_features::NAME,
                Arc::new(radiomics::radiomics_features::RadiomicsFeatures(Arc::clone(runtime))),
            ),
            (
                radiomics::radsql_cache::NAME,
                Arc::new(radiomics::radsql_cache::RadsqlCache(Arc::clone(runtime))),
            ),
            (
                deep::deep_models::NAME,
                Arc::new(deep::deep_models::DeepModels(Arc::clone(runtime))),
            ),
            (
                imaging::dicom_tags::NAME,
                Arc::new(imaging::dicom_tags::DicomTags(Arc::clone(runtime))),
            ),
            (
                imaging::scan_errors::NAME,
                Arc::new(imaging::scan_errors::ScanErrors(Arc::clone(runtime))),
            ),
        ],
    })
}

/// The documentation of every function that users call, by kind and name.
pub fn catalogue() -> Vec<Doc> {
    let mut docs = vec![
        imaging::file_hash::DOC,
        imaging::mask_info::DOC,
        imaging::scan_info::DOC,
        radiomics::radiomics::DOC,
        radiomics::diagnostics::DOC,
        radiomics::feature_list::DOC,
        survival::rad_score::DOC,
        radiomics::radiomics_features::DOC,
        radiomics::radsql_cache::DOC,
        deep::deep_features::DOC,
        deep::deep_models::DOC,
        imaging::dicom_tags::DOC,
        imaging::scan_errors::DOC,
        plots::slice_plot::DOC,
        require::DOC,
        history::SNAPSHOTS,
        history::TABLE_CHANGES,
        history::COMMENTS,
        history::PROVENANCE,
    ];
    docs.extend(STATISTICS.iter().filter_map(|s| s.doc.copied()));
    docs.extend(relations::docs().copied());
    docs.sort_by_key(|d| (d.kind, d.name));
    docs
}

/// The text of `FUNCTIONS.md`.
pub fn functions_md() -> String {
    let mut out = String::from(
        "# Functions\n\nGenerated from the catalogue in `src/lib.rs`; a test fails when it is stale. Each example is run by a test.\n",
    );
    let mut last = None;
    for doc in catalogue() {
        if last != Some(doc.kind) {
            out.push_str(&format!("\n## {}\n", doc.kind.heading()));
            last = Some(doc.kind);
        }
        out.push('\n');
        out.push_str(&doc.markdown());
    }
    out
}
