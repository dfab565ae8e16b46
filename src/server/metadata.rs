//! What tools ask before they query: catalogs, schemas, tables and their columns. No data file is opened for it.

use crate::server::client::Client;
use crate::server::errors::Fault;
use crate::server::wire;
use arrow_flight::error::FlightError;
use arrow_flight::sql::{CommandGetCatalogs, CommandGetDbSchemas, CommandGetTables};
use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray, new_empty_array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::information_schema::InformationSchemaProvider;
use datafusion::catalog::{CatalogProviderList, SchemaProvider};
use datafusion::datasource::TableType;
use std::sync::Arc;

/// Kinds of tables, as GetTableTypes lists them.
pub const TABLE_TYPES: [&str; 3] = ["LOCAL TEMPORARY", "TABLE", "VIEW"];

const INFORMATION_SCHEMA: &str = "information_schema";

fn defect(_: FlightError) -> Fault {
    Fault::Defect
}

/// Every schema a session sees: its catalog, its name, what is in it.
fn schemas(client: &Client) -> Vec<(String, String, Arc<dyn SchemaProvider>)> {
    let state = client.engine.context().state();
    let list = Arc::clone(state.catalog_list());
    let mut catalogs = list.catalog_names();
    catalogs.sort();
    let mut found = vec![];
    for name in catalogs {
        let Some(catalog) = list.catalog(&name) else { continue };
        let mut schemas = catalog.schema_names();
        schemas.sort();
        for schema in schemas {
            if let Some(provider) = catalog.schema(&schema) {
                found.push((name.clone(), schema, provider));
            }
        }
        let list: Arc<dyn CatalogProviderList> = Arc::clone(&list);
        let information = Arc::new(InformationSchemaProvider::new(list));
        found.push((name, INFORMATION_SCHEMA.to_owned(), information));
    }
    found
}

/// The answer to GetCatalogs.
///
/// # Errors
/// None that a client could cause.
pub fn catalogs(client: &Client, query: CommandGetCatalogs) -> Result<RecordBatch, Fault> {
    let mut builder = query.into_builder();
    for name in client.engine.context().catalog_names() {
        builder.append(name);
    }
    builder.build().map_err(defect)
}

/// The answer to GetDbSchemas.
///
/// # Errors
/// When a pattern cannot be read.
pub fn db_schemas(client: &Client, query: CommandGetDbSchemas) -> Result<RecordBatch, Fault> {
    let mut builder = query.into_builder();
    for (catalog, schema, _) in schemas(client) {
        builder.append(catalog, schema);
    }
    builder.build().map_err(pattern)
}

fn pattern(_: FlightError) -> Fault {
    Fault::Invalid("a pattern of the request cannot be read".into())
}

/// The answer to GetTables, with their columns if they are asked for.
///
/// # Errors
/// When a pattern cannot be read, or a table cannot be looked up.
pub async fn tables(client: &Client, query: CommandGetTables) -> Result<RecordBatch, Fault> {
    let (catalog_asked, with_columns) = (query.catalog.clone(), query.include_schema);
    let mut builder = query.into_builder();
    for (catalog, schema, provider) in schemas(client) {
        if catalog_asked.as_ref().is_some_and(|asked| *asked != catalog) {
            continue;
        }
        let mut names = provider.table_names();
        names.sort();
        for name in names {
            let kind = match provider.table_type(&name).await {
                _ if schema == INFORMATION_SCHEMA => "VIEW",
                Ok(Some(TableType::View)) => "VIEW",
                _ if schema == crate::engine::TEMPORARY => "LOCAL TEMPORARY",
                _ => "TABLE",
            };
            let columns = match with_columns {
                false => Arc::new(Schema::empty()),
                // One that is gone meanwhile, or a view over one, has no columns to tell.
                true => match provider.table(&name).await {
                    Ok(Some(table)) => wire::schema(&table.schema()),
                    _ => continue,
                },
            };
            builder
                .append(&catalog, &schema, &name, kind, &columns)
                .map_err(defect)?;
        }
    }
    builder.build().map_err(pattern)
}

/// The answer to GetTableTypes.
///
/// # Errors
/// None that a client could cause.
pub fn table_types() -> Result<RecordBatch, Fault> {
    let types: ArrayRef = Arc::new(StringArray::from_iter_values(TABLE_TYPES));
    RecordBatch::try_new(table_types_schema(), vec![types]).map_err(|_| Fault::Defect)
}

/// The columns of [`table_types`].
pub fn table_types_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("table_type", DataType::Utf8, false)]))
}

/// The columns of GetPrimaryKeys.
pub fn primary_keys_schema() -> SchemaRef {
    let text = |name, nullable| Field::new(name, DataType::Utf8, nullable);
    Arc::new(Schema::new(vec![
        text("catalog_name", true),
        text("db_schema_name", true),
        text("table_name", false),
        text("column_name", false),
        Field::new("key_sequence", DataType::Int32, false),
        text("key_name", true),
    ]))
}

/// The columns of GetExportedKeys, GetImportedKeys and GetCrossReference.
pub fn foreign_keys_schema() -> SchemaRef {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    let mut fields = vec![];
    for side in ["pk", "fk"] {
        fields.push(text(&format!("{side}_catalog_name"), true));
        fields.push(text(&format!("{side}_db_schema_name"), true));
        fields.push(text(&format!("{side}_table_name"), false));
        fields.push(text(&format!("{side}_column_name"), false));
    }
    fields.push(Field::new("key_sequence", DataType::Int32, false));
    fields.push(text("fk_key_name", true));
    fields.push(text("pk_key_name", true));
    fields.push(Field::new("update_rule", DataType::UInt8, false));
    fields.push(Field::new("delete_rule", DataType::UInt8, false));
    Arc::new(Schema::new(fields))
}

/// No rows of these columns: our tables have no keys.
///
/// # Errors
/// None that a client could cause.
pub fn empty(schema: &SchemaRef) -> Result<RecordBatch, Fault> {
    let columns = schema.fields().iter().map(|f| new_empty_array(f.data_type())).collect();
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(|_| Fault::Defect)
}
