//! `deep_models()`.

use super::models::Model;
use crate::doc::{Doc, Kind};
use crate::files::FilePolicy;
use crate::live_table::LiveTable;
use crate::scan::ScanRuntime;
use datafusion::arrow::array::{Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{Result, plan_err};
use std::sync::Arc;

/// The SQL name.
pub const NAME: &str = "deep_models";

/// Its documentation.
pub const DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Table,
    summary: "Lists the models that `CREATE MODEL name FROM 'file'` made; `SHOW MODELS` is the same.",
    syntax: "deep_models()",
    arguments: &[],
    returns: "Rows (name, version, format, sha256, input, output_dim, engine, description, path) in the order of the names. `input` \
              is what the network sees: voxels, spacing in mm, axes and range of intensities.",
    example: "SELECT count(*) AS models FROM deep_models() WHERE output_dim = 256",
    source: "",
};

/// The table function.
#[derive(Debug)]
pub struct DeepModels(pub Arc<ScanRuntime>);

impl TableFunctionImpl for DeepModels {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        if !args.exprs().is_empty() {
            return plan_err!("{NAME}: expected no argument, found {}", args.exprs().len());
        }
        let runtime = Arc::clone(&self.0);
        Ok(Arc::new(LiveTable::new(schema(), move |_| rows(&runtime))))
    }
}

fn schema() -> SchemaRef {
    let text = |name, nullable| Field::new(name, DataType::Utf8, nullable);
    Arc::new(Schema::new(vec![
        text("name", false),
        text("version", true),
        text("format", false),
        text("sha256", false),
        text("input", false),
        Field::new("output_dim", DataType::Int64, false),
        text("engine", false),
        text("description", true),
        text("path", false),
    ]))
}

fn input(model: &Model) -> String {
    let about = model.description();
    let ([a, b, c], [x, y, z], [low, high]) = (about.spatial_shape(), about.spacing(), about.value_range());
    format!(
        "{a}x{b}x{c} voxels of {x}x{y}x{z} mm, {}, {low} to {high}",
        about.orientation()
    )
}

/// The model's file; of its folder nothing is told where not every file may be read.
fn path(model: &Model, files: &FilePolicy) -> String {
    let path = model.file().path();
    let name = path.file_name().filter(|_| files.is_restricted());
    name.map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

fn rows(runtime: &ScanRuntime) -> Result<RecordBatch> {
    let models = runtime.models.all()?;
    let text = |f: &dyn Fn(&Model) -> Option<String>| Arc::new(models.iter().map(|m| f(m)).collect::<StringArray>());
    let dims = models.iter().map(|m| i64::try_from(m.description().output_dim()).ok());
    Ok(RecordBatch::try_new(
        schema(),
        vec![
            text(&|m| Some(m.name().to_owned())),
            text(&|m| m.description().version().map(String::from)),
            text(&|m| Some(m.file().format().name().to_owned())),
            text(&|m| Some(m.description().sha256().to_owned())),
            text(&|m| Some(input(m))),
            Arc::new(dims.collect::<Int64Array>()),
            text(&|m| Some(format!("{} {}", m.embedder().engine(), m.embedder().engine_version()))),
            text(&|m| m.description().description().map(String::from)),
            text(&|m| Some(path(m, runtime.files()))),
        ],
    )?)
}
