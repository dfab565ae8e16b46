//! `radiomics_features([settings])`.

use super::settings;
use crate::doc::{Doc, Kind};
use crate::options::RadsqlOptions;
use crate::scan::ScanRuntime;
use datafusion::arrow::array::{RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::{MemTable, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::Expr;
use std::sync::Arc;

/// The SQL name.
pub const NAME: &str = "radiomics_features";

/// Its documentation.
pub const DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Table,
    summary: "Lists the features that `radiomics` computes.",
    syntax: "radiomics_features([settings])",
    arguments: &[("settings", "as for `radiomics`; without it `radsql.radiomics`")],
    returns: "Rows (name, image_type, class, unit, ibsi, definition), in the order of the struct's fields. `ibsi` is the code in \
              the IBSI reference manual, NULL where the feature is not in it.",
    example: "SELECT name, unit, ibsi FROM radiomics_features('default') WHERE class = 'shape'",
    source: "PyRadiomics 3.0.1; IBSI reference manual",
};

/// The table function.
#[derive(Debug)]
pub struct RadiomicsFeatures(pub Arc<ScanRuntime>);

impl TableFunctionImpl for RadiomicsFeatures {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let text = match args.exprs() {
            [] => RadsqlOptions::of(args.session().config_options()).radiomics,
            [Expr::Literal(v, _)] if v.try_as_str().flatten().is_some() => {
                v.try_as_str().flatten().unwrap_or_default().to_string()
            }
            [other] => return plan_err!("{NAME}: settings must be a text literal; found {other}"),
            more => return plan_err!("{NAME}: expected {}, found {} arguments", DOC.syntax, more.len()),
        };
        let parameters = settings::parse(&text, self.0.files())?.parameters;
        let everything = parameters.everything();
        let features: Vec<_> = parameters.features(&everything).collect();
        let column = |f: &dyn Fn(usize) -> Option<String>| -> StringArray { (0..features.len()).map(f).collect() };
        let field = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
        let schema = Arc::new(Schema::new(vec![
            field("name", false),
            field("image_type", false),
            field("class", false),
            field("unit", false),
            field("ibsi", true),
            field("definition", false),
        ]));
        let batch = RecordBatch::try_new(
            Arc::clone(&schema),
            vec![
                Arc::new(column(&|i| Some(features[i].1.full_name(features[i].0.image_type())))),
                Arc::new(column(&|i| Some(features[i].0.image_type().to_string()))),
                Arc::new(column(&|i| Some(features[i].1.class.to_string()))),
                Arc::new(column(&|i| Some(features[i].1.unit.to_string()))),
                Arc::new(column(&|i| features[i].1.ibsi.map(String::from))),
                Arc::new(column(&|i| Some(features[i].1.definition.to_string()))),
            ],
        )?;
        Ok(Arc::new(MemTable::try_new(schema, vec![vec![batch]])?))
    }
}
