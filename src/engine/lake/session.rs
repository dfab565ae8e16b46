//! What statements of a session do to a database.

use super::Lake;
use super::catalog::LakeCatalog;
use super::change::Kind;
use super::commit::Note;
use super::create::{Existing, NewTable, relaxed};
use super::error::LakeError;
use super::table::{LakeTable, Pins, pinned, pinned_to};
use crate::engine::session::Session;
use datafusion::catalog::CatalogProviderList;
use datafusion::common::{
    Constraints, DataFusionError, ResolvedTableReference, Result, TableReference, not_impl_err, plan_err,
};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::{
    CreateExternalTable, CreateMemoryTable, CreateView, DmlStatement, DropTable, DropView, LogicalPlan,
};
use datafusion::physical_plan::execute_stream_partitioned;
use datafusion::prelude::DataFrame;
use std::collections::HashMap;
use std::sync::Arc;

/// A name of a table in a database.
pub struct InLake {
    /// The database.
    pub lake: Arc<Lake>,
    /// The schema.
    pub schema: String,
    /// The table.
    pub table: String,
}

impl Session {
    /// Whether a name means a table of a database, or what would be one.
    pub fn in_lake(&self, name: &TableReference) -> Option<InLake> {
        // Temporary tables go by their whole name by now.
        if name.schema().is_some() && self.is_temporary(name) {
            return None;
        }
        let resolved = self.resolved(name);
        let lake = self.lake(&resolved.catalog)?;
        Some(InLake {
            lake,
            schema: resolved.schema.to_string(),
            table: resolved.table.to_string(),
        })
    }

    /// A name with its catalog and schema.
    pub(crate) fn resolved(&self, name: &TableReference) -> ResolvedTableReference {
        self.shared
            .resolved(name, &self.context().state().config_options().catalog)
    }

    /// Has rewritten rows pass through a folder of the database rather than the system's for temporary files, where those of a process
    /// that is killed would stay. For the whole process, so it is for those who have one session for their life.
    pub fn take_temporary_folder(&self) {
        let state = self.context().state();
        if let Some(lake) = self.lake(&state.config_options().catalog.default_catalog) {
            // Once only: a second one would find the first in its place.
            let _ = tempfile::env::override_temp_dir(lake.staging());
        }
    }

    /// Counts changes of names and columns in all databases, whoever made them.
    pub fn databases_changed(&self) -> i64 {
        let names = self.shared.catalog_names();
        let lakes = names.iter().filter_map(|name| self.lake(name));
        lakes.map(|lake| lake.schema_version().unwrap_or_default()).sum()
    }

    /// The database that a catalog is.
    pub fn lake(&self, catalog: &str) -> Option<Arc<Lake>> {
        let catalog = self.shared.catalog(catalog)?;
        catalog.downcast_ref::<LakeCatalog>().map(|c| Arc::clone(c.lake()))
    }

    /// CREATE TABLE, with or without AS.
    ///
    /// # Errors
    /// The query's; when there is something of the name and must not be; when the format does not hold a name or a type.
    pub(crate) async fn create_in_lake(
        &self,
        place: InLake,
        command: CreateMemoryTable,
        note: &Note,
    ) -> Result<DataFrame> {
        let CreateMemoryTable {
            name,
            input,
            if_not_exists,
            or_replace,
            constraints,
            column_defaults,
            ..
        } = command;
        if if_not_exists && or_replace {
            return plan_err!("IF NOT EXISTS and OR REPLACE exclude each other");
        }
        if constraints != Constraints::default() {
            return not_impl_err!("'{name}': keys are not kept in a database; leave them out");
        }
        if if_not_exists && self.context().table_exist(name.clone())? {
            return self.nothing();
        }
        let state = self.context().state();
        let plan = state.optimize(&input)?;
        let declared = plan.schema().as_arrow();
        let columns = match *input {
            // Columns as the statement lists them.
            LogicalPlan::EmptyRelation(_) => Arc::new(declared.clone()),
            _ => relaxed(declared),
        };
        let mut defaults = HashMap::new();
        for (column, value) in column_defaults {
            let kind = declared.field_with_name(&column)?.data_type();
            if let Some(text) = self.literal(&column, value, kind)? {
                defaults.insert(column, text);
            }
        }
        // What is told of is what is read.
        let (origin, physical, task) = pinned(async {
            let origin = self.origin(&place.lake, note.statement.as_deref(), &plan).await?;
            let frame = DataFrame::new(state, plan);
            let task = Arc::new(frame.task_ctx());
            let physical = origin.listening(frame.create_physical_plan().await?)?;
            Ok::<_, DataFusionError>((origin, physical, task))
        })
        .await?;
        let streams = execute_stream_partitioned(physical, task)?;
        let table = NewTable {
            schema: place.schema,
            name: place.table,
            columns,
            defaults,
            existing: match or_replace {
                true => Existing::Replace,
                false => Existing::Refuse,
            },
            origin: Some(origin),
        };
        let pool = Arc::clone(&self.context().runtime_env().memory_pool);
        place.lake.create(table, streams, &pool, note).await?;
        self.nothing()
    }

    /// INSERT, which keeps where its rows come from when they go to a database.
    ///
    /// # Errors
    /// When something that it reads is gone.
    pub(crate) async fn insert_rows(&self, dml: DmlStatement, text: Option<&str>) -> Result<DataFrame> {
        let state = self.context().state();
        let target = source_as_provider(&dml.target)?;
        let Some(table) = target.downcast_ref::<LakeTable>() else {
            return Ok(DataFrame::new(state, LogicalPlan::Dml(dml)));
        };
        let (pins, plan) = (Pins::default(), state.optimize(&dml.input)?);
        let origin = pinned_to(pins.clone(), self.origin(&table.lake, text, &plan)).await?;
        let dml = DmlStatement {
            target: provider_as_source(Arc::new(table.with_origin(origin))),
            ..dml
        };
        // What is told of is what will be read.
        let config = state.config().clone().with_extension(Arc::new(pins));
        let session_id = state.session_id().to_owned();
        let state = SessionStateBuilder::new_from_existing(state)
            .with_session_id(session_id)
            .with_config(config)
            .build();
        Ok(DataFrame::new(state, LogicalPlan::Dml(dml)))
    }

    /// CREATE VIEW.
    ///
    /// # Errors
    /// When there is something of the name and must not be.
    pub(crate) fn create_view_in_lake(&self, place: &InLake, command: &CreateView, note: &Note) -> Result<DataFrame> {
        let Some(text) = &command.definition else {
            return plan_err!("view '{}' has no text", command.name);
        };
        place
            .lake
            .create_view(&place.schema, &place.table, text, command.or_replace, note)?;
        self.nothing()
    }

    /// CREATE EXTERNAL TABLE: looked at first, as it is when it is read.
    ///
    /// # Errors
    /// When there is something of the name and must not be, or nothing where it says.
    pub(crate) async fn create_external_in_lake(
        &self,
        place: &InLake,
        command: &CreateExternalTable,
        note: &Note,
    ) -> Result<DataFrame> {
        if command.if_not_exists && self.context().table_exist(command.name.clone())? {
            return self.nothing();
        }
        let Some(text) = &command.definition else {
            return plan_err!("table '{}' has no text", command.name);
        };
        let state = self.context().state();
        let kind = command.file_type.to_uppercase();
        let Some(factory) = state.table_factories().get(&kind).cloned() else {
            return plan_err!("Unable to find factory for {kind}");
        };
        factory.create(&state, command).await?;
        place
            .lake
            .create_external(&place.schema, &place.table, text, command.or_replace, note)?;
        self.nothing()
    }

    /// DROP TABLE.
    ///
    /// # Errors
    /// When there is none, or a view of the name.
    pub(crate) fn drop_table_in_lake(&self, place: &InLake, command: &DropTable, note: &Note) -> Result<DataFrame> {
        self.drop_in_lake(place, (Kind::Table, note), command.if_exists, &command.name)
    }

    /// DROP VIEW.
    ///
    /// # Errors
    /// When there is none, or a table of the name.
    pub(crate) fn drop_view_in_lake(&self, place: &InLake, command: &DropView, note: &Note) -> Result<DataFrame> {
        self.drop_in_lake(place, (Kind::View, note), command.if_exists, &command.name)
    }

    fn has_schema(&self, place: &InLake) -> bool {
        let there = place.lake.head().and_then(|head| place.lake.schemas(head));
        there.is_ok_and(|schemas| schemas.contains(&place.schema))
    }

    fn drop_in_lake(
        &self,
        place: &InLake,
        (kind, note): (Kind, &Note),
        if_exists: bool,
        name: &TableReference,
    ) -> Result<DataFrame> {
        let what = if kind == Kind::View { "View" } else { "Table" };
        match place.lake.drop_named(&place.schema, &place.table, kind, note) {
            Ok(true) => self.nothing(),
            Ok(false) if if_exists => self.nothing(),
            Ok(false) => plan_err!("{what} '{name}' doesn't exist."),
            Err(LakeError::Refused(_)) if if_exists && !self.has_schema(place) => self.nothing(),
            Err(e) => Err(e.into()),
        }
    }
}
