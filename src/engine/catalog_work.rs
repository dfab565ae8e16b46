//! Runs statements about tables and databases that DataFusion does not plan.

use super::catalog_statements::{CatalogStatement, ColumnChange};
use super::catalogs::Comment;
use super::lake::{Alteration, Lake, LakeCatalog, Note, SCHEMA};
use super::memory_table::{MemoryTable, replace_table};
use super::session::{Session, parse};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::catalog::{CatalogProviderList, TableProvider};
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{
    Constraints, DFSchema, Result, SchemaReference, TableReference, plan_datafusion_err, plan_err,
};
use datafusion::logical_expr::{
    ColumnarValue, DdlStatement, DropCatalogSchema, Expr, LogicalPlan, LogicalPlanBuilder, Volatility, cast,
};
use datafusion::prelude::DataFrame;
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::ColumnDef;
use radsql_udfs::options::RadsqlOptions;
use std::sync::Arc;
use std::time::Duration;

impl Session {
    /// Runs such a statement.
    ///
    /// # Errors
    /// When what it names is not there, or is in the way.
    pub(crate) async fn catalog_statement(&self, statement: CatalogStatement, note: &Note) -> Result<DataFrame> {
        match statement {
            CatalogStatement::Alter {
                table,
                if_exists,
                changes,
            } => {
                let table = self.placed(table);
                if if_exists && !self.context().table_exist(table.clone())? {
                    return self.nothing();
                }
                let mut altered = vec![];
                for change in changes {
                    altered.push(self.alteration(change).await?);
                }
                match self.in_lake(&table) {
                    Some(place) => place.lake.alter(&place.schema, &place.table, &altered, note)?,
                    None => self.alter_in_memory(table, &altered).await?,
                }
            }
            CatalogStatement::Comment { table, column, text } => {
                let (table, column, text) = (self.placed(table), column.as_deref(), text.as_deref());
                match self.in_lake(&table) {
                    Some(place) => place.lake.comment(&place.schema, &place.table, column, text, note)?,
                    None => self.comment_in_memory(&table, column, text).await?,
                }
            }
            CatalogStatement::Use(parts) => self.use_catalog(&parts)?,
            CatalogStatement::Attach {
                path,
                name,
                if_not_exists,
            } => self.attach(&path, name, if_not_exists)?,
            CatalogStatement::Detach { name, if_exists } => self.detach(&name, if_exists)?,
            CatalogStatement::Vacuum(name) => self.vacuum(name).await?,
        }
        self.nothing()
    }

    pub(crate) fn nothing(&self) -> Result<DataFrame> {
        let nothing = LogicalPlanBuilder::empty(false).build()?;
        Ok(DataFrame::new(self.context().state(), nothing))
    }

    /// The comments of a table or view and its columns.
    pub(crate) fn comments_of(&self, name: &TableReference) -> Vec<Comment> {
        let name = self.resolved(name);
        let mut comments = match self.lake(&name.catalog) {
            Some(lake) => lake.comments().unwrap_or_default(),
            None => self.shared.comments(&name.catalog),
        };
        comments.retain(|c| c.schema == *name.schema && c.table == *name.table);
        comments
    }

    /// DROP SCHEMA, which DataFusion does not pass on to catalogs.
    pub(crate) fn drop_schema(&self, command: &DropCatalogSchema) -> Result<DataFrame> {
        let state = self.context().state();
        let names = &state.config_options().catalog;
        let (catalog, schema) = match &command.name {
            SchemaReference::Bare { schema } => (names.default_catalog.as_str(), schema.as_ref()),
            SchemaReference::Full { schema, catalog } => (catalog.as_ref(), schema.as_ref()),
        };
        let Some(tables) = self.shared.catalog(catalog).filter(|c| c.schema(schema).is_some()) else {
            return match command.if_exists {
                true => self.nothing(),
                false => plan_err!("there is no schema '{}'", command.name),
            };
        };
        if schema == SCHEMA {
            return plan_err!("schema '{SCHEMA}' cannot be dropped: names without a schema mean it");
        }
        if (catalog, schema) == (names.default_catalog.as_str(), names.default_schema.as_str()) {
            return plan_err!("schema '{schema}' is in use; USE another one first");
        }
        tables.deregister_schema(schema, command.cascade)?;
        self.nothing()
    }

    async fn comment_in_memory(&self, name: &TableReference, column: Option<&str>, text: Option<&str>) -> Result<()> {
        if self.is_temporary(name) {
            return plan_err!("'{name}' is a temporary table; comments are kept of those that stay");
        }
        let Ok(table) = self.context().table_provider(name.clone()).await else {
            return plan_err!("there is no table or view '{name}'");
        };
        if let Some(column) = column
            && table.schema().field_with_name(column).is_err()
        {
            return plan_err!("table '{name}' has no column '{column}'");
        }
        self.shared.comment(&self.resolved(name), &table, column, text);
        Ok(())
    }

    async fn alter_in_memory(&self, name: TableReference, changes: &[Alteration]) -> Result<()> {
        let name = self.placed(name);
        let before = self.context().table_provider(name.clone()).await?;
        let Some(table) = before.downcast_ref::<MemoryTable>() else {
            return plan_err!("'{name}' is no table whose columns can be changed");
        };
        let altered: Arc<dyn TableProvider> = Arc::new(table.altered(changes)?);
        replace_table(self.context(), name.clone(), Arc::clone(&altered), true)?;
        self.shared.altered(&self.resolved(&name), &before, &altered, changes);
        Ok(())
    }

    async fn alteration(&self, change: ColumnChange) -> Result<Alteration> {
        Ok(match change {
            ColumnChange::Add { column, if_not_exists } => {
                let (field, default) = self.column(&column).await?;
                Alteration::Add {
                    field,
                    default,
                    if_not_exists,
                }
            }
            ColumnChange::Rename { from, to } => Alteration::Rename { from, to },
            ColumnChange::Drop { name, if_exists } => Alteration::Drop { name, if_exists },
        })
    }

    /// A column and its default, as CREATE TABLE would make them.
    async fn column(&self, column: &ColumnDef) -> Result<(Field, Option<String>)> {
        let statement = parse(&format!("CREATE TABLE radsql_added ({column})"))?;
        let plan = self.context().state().statement_to_plan(statement).await?;
        let LogicalPlan::Ddl(DdlStatement::CreateMemoryTable(table)) = plan else {
            return plan_err!("'{column}' is no column");
        };
        if table.constraints != Constraints::default() {
            return plan_err!("'{column}': a column that is added cannot be a key");
        }
        let field = table.input.schema().field(0).as_ref().clone();
        let default = match table.column_defaults.into_iter().next() {
            Some((name, value)) => self.literal(&name, value, field.data_type())?,
            None => None,
        };
        if !field.is_nullable() && default.is_none() {
            return plan_err!(
                "column '{}': rows that are there need a value: give a DEFAULT, or leave NOT NULL out",
                field.name()
            );
        }
        Ok((field, default))
    }

    /// The text of a value of this type that a column has where none is given; none for NULL.
    ///
    /// # Errors
    /// When it is no value, or none of the type.
    pub(crate) fn literal(&self, column: &str, value: Expr, kind: &DataType) -> Result<Option<String>> {
        use DataType as T;
        let is_kept = kind.is_numeric()
            || matches!(
                kind,
                T::Boolean | T::Utf8 | T::LargeUtf8 | T::Utf8View | T::Date32 | T::Timestamp(_, None)
            );
        if !is_kept || *kind == T::Float16 {
            return plan_err!("column '{column}': a database keeps no DEFAULT of the type {kind}");
        }
        // Worked out here, it would be one value for ever.
        let changes = value.exists(|e| {
            Ok(matches!(e, Expr::ScalarFunction(f) if f.func.signature().volatility != Volatility::Immutable))
        })?;
        let wrong = || {
            plan_datafusion_err!("column '{column}': a database keeps values as DEFAULT, not what is worked out anew")
        };
        if changes {
            return Err(wrong());
        }
        let state = self.context().state();
        let physical = state.create_physical_expr(cast(value, kind.clone()), &DFSchema::empty())?;
        let one = RecordBatchOptions::new().with_row_count(Some(1));
        let row = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &one)?;
        let value = match physical.evaluate(&row)? {
            ColumnarValue::Scalar(value) => value,
            ColumnarValue::Array(values) => ScalarValue::try_from_array(&values, 0)?,
        };
        if value.is_null() {
            return Ok(None);
        }
        let text = match value.cast_to(&T::Utf8)? {
            ScalarValue::Utf8(Some(text)) if matches!(kind, T::Timestamp(..)) => text.replace('T', " "),
            ScalarValue::Utf8(Some(text)) => text,
            _ => return Err(wrong()),
        };
        match ScalarValue::Utf8(Some(text.clone())).cast_to(kind)? == value {
            true => Ok(Some(text)),
            false => Err(wrong()),
        }
    }

    /// Tidies a database; what is in memory needs none.
    async fn vacuum(&self, name: Option<String>) -> Result<()> {
        let state = self.context().state();
        let name = name.unwrap_or_else(|| state.config_options().catalog.default_catalog.clone());
        match self.lake(&name) {
            Some(lake) => {
                let history = RadsqlOptions::of(state.config_options()).history_days;
                let history = (history > 0).then(|| Duration::from_secs(history.saturating_mul(24 * 60 * 60)));
                lake.vacuum(&state, history).await?;
                Ok(())
            }
            None if self.shared.catalog(&name).is_some() => Ok(()),
            None => plan_err!("there is no database '{name}'"),
        }
    }

    fn use_catalog(&self, parts: &[String]) -> Result<()> {
        let state = self.context().state();
        let current = state.config_options().catalog.default_catalog.clone();
        let has = |catalog: &str, schema: &str| {
            let catalog = self.shared.catalog(catalog);
            catalog.is_some_and(|c| c.schema(schema).is_some())
        };
        let (catalog, schema) = match parts {
            [catalog, schema] if has(catalog, schema) => (catalog.as_str(), schema.as_str()),
            [catalog] if has(catalog, SCHEMA) => (catalog.as_str(), SCHEMA),
            [schema] if has(&current, schema) => (current.as_str(), schema.as_str()),
            _ => {
                let known = self.shared.catalog_names().join(", ");
                return plan_err!(
                    "there is no database or schema '{}'; databases: {known}",
                    parts.join(".")
                );
            }
        };
        let state = self.context().state_ref();
        let mut state = state.write();
        let names = &mut state.config_mut().options_mut().catalog;
        names.default_catalog = catalog.to_owned();
        names.default_schema = schema.to_owned();
        self.own.is_in(catalog, schema);
        Ok(())
    }

    fn attach(&self, path: &std::path::Path, name: Option<String>, if_not_exists: bool) -> Result<()> {
        if self.files.is_restricted() {
            return plan_err!("ATTACH is not possible here");
        }
        let name = match name {
            Some(name) => name,
            None => Lake::name_of(path)?,
        };
        if self.shared.catalog(&name).is_some() {
            return match if_not_exists {
                true => Ok(()),
                false => plan_err!(
                    "there is a database '{name}' already; ATTACH '{}' AS another name",
                    path.display()
                ),
            };
        }
        let lake = Arc::new(Lake::open(path)?);
        lake.register(&self.context().runtime_env());
        let catalog = LakeCatalog::new(lake, &name);
        catalog.plan_with(self.planner.clone());
        self.shared.register_catalog(name, Arc::new(catalog));
        Ok(())
    }

    fn detach(&self, name: &str, if_exists: bool) -> Result<()> {
        let state = self.context().state();
        if state.config_options().catalog.default_catalog == name {
            return plan_err!("database '{name}' is in use; USE another one first");
        }
        match self.lake(name) {
            Some(_) => {
                self.shared.remove(name);
                Ok(())
            }
            None if if_exists => Ok(()),
            None => plan_err!("there is no attached database '{name}'"),
        }
    }
}
