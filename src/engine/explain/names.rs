//! The names that a session knows.

use super::place::Words;
use crate::engine::{Session, TEMPORARY};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::TableReference;
use datafusion::logical_expr::Documentation;
use futures::FutureExt;
use radsql_udfs::doc::Doc;
use radsql_udfs::options::RadsqlOptions;
use radsql_udfs::radiomics::{radiomics, settings};
use radsql_udfs::relations::docs;
use std::collections::BTreeSet;

/// Words of the grammar that people misspell.
pub const KEYWORDS: [&str; 44] = [
    "ALTER",
    "ANALYZE",
    "BETWEEN",
    "CASE",
    "COPY",
    "CREATE",
    "CROSS",
    "DELETE",
    "DESCRIBE",
    "DISTINCT",
    "DROP",
    "ELSE",
    "EXCEPT",
    "EXECUTE",
    "EXISTS",
    "EXPLAIN",
    "EXTERNAL",
    "FILTER",
    "FROM",
    "GROUP BY",
    "HAVING",
    "INNER",
    "INSERT",
    "INTERSECT",
    "INTO",
    "JOIN",
    "LEFT",
    "LIMIT",
    "LOCATION",
    "OFFSET",
    "OPTIONS",
    "ORDER BY",
    "OUTER",
    "PARTITION",
    "PREPARE",
    "RIGHT",
    "SELECT",
    "STORED",
    "TABLE",
    "UNION",
    "UPDATE",
    "VALUES",
    "WHERE",
    "WITH",
];

/// What SHOW shows besides settings.
pub const SHOWN: [&str; 5] = ["ALL", "COLUMNS", "FUNCTIONS", "MODELS", "TABLES"];

/// The views of `information_schema`.
const INFORMATION: [&str; 7] = [
    "columns",
    "df_settings",
    "parameters",
    "routines",
    "schemata",
    "tables",
    "views",
];

/// The documentation of a relation function.
pub fn relation_doc(name: &str) -> Option<&'static Doc> {
    docs().find(|d| d.name.eq_ignore_ascii_case(name))
}

impl Session {
    /// Tables and views, by the names that statements give them.
    pub(super) fn tables(&self) -> Vec<String> {
        let state = self.context().state();
        let defaults = &state.config_options().catalog;
        // DataFusion's own views are in no catalog.
        let mut tables: BTreeSet<String> = INFORMATION.map(|t| format!("information_schema.{t}")).into();
        for catalog_name in state.catalog_list().catalog_names() {
            let Some(catalog) = state.catalog_list().catalog(&catalog_name) else {
                continue;
            };
            for schema_name in catalog.schema_names() {
                let own = catalog_name == defaults.default_catalog;
                let bare = own && (schema_name == defaults.default_schema || schema_name == TEMPORARY);
                let Some(schema) = catalog.schema(&schema_name) else {
                    continue;
                };
                tables.extend(schema.table_names().into_iter().map(|table| match (own, bare) {
                    (_, true) => table,
                    (true, _) => format!("{schema_name}.{table}"),
                    (false, _) => format!("{catalog_name}.{schema_name}.{table}"),
                }));
            }
        }
        tables.into_iter().collect()
    }

    /// A table's name without the catalog and schema that every name is looked for in.
    pub(super) fn short_name<'a>(&self, name: &'a str) -> &'a str {
        let state = self.context().state();
        let defaults = &state.config_options().catalog;
        let rest = name
            .strip_prefix(&format!("{}.", defaults.default_catalog))
            .unwrap_or(name);
        rest.strip_prefix(&format!("{}.", defaults.default_schema))
            .unwrap_or(rest)
    }

    /// Functions that stand in expressions.
    pub(super) fn functions(&self) -> Vec<String> {
        let state = self.context().state();
        let scalar = state.scalar_functions().keys();
        let all = scalar
            .chain(state.aggregate_functions().keys())
            .chain(state.window_functions().keys());
        let all: BTreeSet<&String> = all.collect();
        all.into_iter().cloned().collect()
    }

    /// Functions that stand in FROM.
    pub(super) fn relation_functions(&self) -> Vec<String> {
        let state = self.context().state();
        let mut all: BTreeSet<String> = state.table_functions().keys().cloned().collect();
        all.extend(docs().map(|d| d.name.to_owned()));
        all.into_iter().collect()
    }

    /// Settings, by their whole names.
    pub(super) fn settings(&self) -> Vec<String> {
        let state = self.context().state();
        state.config_options().entries().into_iter().map(|e| e.key).collect()
    }

    /// Models that have a name.
    pub(super) fn model_names(&self) -> Vec<String> {
        self.runtime.models.names().unwrap_or_default()
    }

    /// Fields of the structs that a statement may take apart: those of the tables that it names, and the features of
    /// `radiomics` under the settings that it gives.
    pub(super) fn struct_fields(&self, words: &Words) -> Vec<String> {
        let mut fields = vec![];
        let tables: BTreeSet<String> = self.tables().into_iter().collect();
        let named: BTreeSet<&str> = words.names().filter(|n| tables.contains(*n)).collect();
        for table in named {
            // Tables of this session are at hand; one that must be waited for is left out.
            let provider = self.context().table_provider(self.placed(TableReference::bare(table)));
            if let Some(Ok(provider)) = provider.now_or_never() {
                for field in provider.schema().fields() {
                    if let DataType::Struct(inner) = field.data_type() {
                        fields.extend(inner.iter().map(|f| f.name().clone()));
                    }
                }
            }
        }
        if words.names().any(|n| n.eq_ignore_ascii_case(radiomics::NAME)) {
            let default = RadsqlOptions::of(self.context().state().config_options()).radiomics;
            let given: Vec<&str> = words.texts().filter(|t| t.len() > 4).collect();
            let parse = |text: &str| settings::parse(text, &self.files).ok();
            let mut parsed: Vec<_> = given.into_iter().filter_map(parse).collect();
            if parsed.is_empty() {
                parsed.extend(parse(&default));
            }
            for settings in parsed {
                fields.extend(settings.fields().iter().map(|f| f.name().clone()));
            }
        }
        fields
    }

    /// Syntax and first sentence of the documentation of a function of DataFusion.
    pub(super) fn datafusion_documentation(&self, name: &str) -> Option<(String, String)> {
        let state = self.context().state();
        let scalar = state.scalar_functions().get(name).map(|f| told(f.documentation()));
        let aggregate = || state.aggregate_functions().get(name).map(|f| told(f.documentation()));
        let window = || state.window_functions().get(name).map(|f| told(f.documentation()));
        scalar.or_else(aggregate).or_else(window).flatten()
    }
}

fn told(documentation: Option<&Documentation>) -> Option<(String, String)> {
    let documentation = documentation?;
    let description = documentation.description.trim();
    let line = description.lines().next().unwrap_or_default();
    let sentence = line.split_inclusive(". ").next().unwrap_or(line).trim();
    Some((documentation.syntax_example.clone(), sentence.to_owned()))
}
