//! Functions that tell of a database's history: `snapshots()`, `table_changes()` and `comments()`.

use super::Lake;
use super::catalog::LakeCatalog;
use super::provenance::provenance;
use super::read::Entry;
use super::restore::RestoreExec;
use crate::engine::catalogs::{Catalogs, Comment};
use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{
    CatalogProviderList, MemTable, Session, TableFunctionArgs, TableFunctionImpl, TableProvider,
};
use datafusion::common::{ResolvedTableReference, Result, ScalarValue, TableReference, exec_err, plan_err};
use datafusion::datasource::{TableType, ViewTable, provider_as_source};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, col, lit};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use datafusion_ducklake::table_changes::TableChangesTable;
use datafusion_ducklake::types::{build_arrow_schema_from_fields, top_level_columns};
use std::sync::Arc;

/// Registers the functions in a session whose catalogs these are.
pub fn register(context: &SessionContext, catalogs: &Arc<Catalogs>) {
    for (name, kind) in [
        ("snapshots", Kind::Snapshots),
        ("table_changes", Kind::Changes),
        ("comments", Kind::Comments),
        ("provenance", Kind::Provenance),
    ] {
        let catalogs = Arc::clone(catalogs);
        context.register_udtf(name, Arc::new(History { kind, catalogs }));
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Snapshots,
    Changes,
    Comments,
    Provenance,
}

#[derive(Debug)]
struct History {
    kind: Kind,
    catalogs: Arc<Catalogs>,
}

impl History {
    /// The database of a name, or the one that names without a database mean.
    fn lake(&self, session: &dyn Session, name: Option<&str>) -> Result<Arc<Lake>> {
        let name = name.unwrap_or(&session.config_options().catalog.default_catalog);
        let catalog = self.catalogs.catalog(name);
        match catalog.as_deref().and_then(|c| c.downcast_ref::<LakeCatalog>()) {
            Some(catalog) => Ok(Arc::clone(catalog.lake())),
            None => plan_err!("'{name}' is no database that stays; open one with radsql FILE or ATTACH 'FILE'"),
        }
    }

    /// A table, and the database that it is in.
    fn table(&self, session: &dyn Session, name: Option<&str>) -> Result<(Arc<Lake>, ResolvedTableReference)> {
        let name = TableReference::parse_str_normalized(name.unwrap_or_default(), true);
        let name = self.catalogs.resolved(&name, &session.config_options().catalog);
        Ok((self.lake(session, Some(&name.catalog))?, name))
    }

    /// Comments of a database, or of what is in memory.
    fn comments(&self, session: &dyn Session, name: Option<&str>) -> Result<Arc<dyn TableProvider>> {
        let name = name.unwrap_or(&session.config_options().catalog.default_catalog);
        let catalog = self.catalogs.catalog(name);
        match catalog.as_deref().map(|c| c.downcast_ref::<LakeCatalog>()) {
            Some(Some(catalog)) => comments(catalog.lake().comments()?),
            Some(None) => comments(self.catalogs.comments(name)),
            None => plan_err!("there is no database '{name}'"),
        }
    }
}

fn text(e: &Expr) -> Option<&str> {
    match e {
        Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _) => Some(text),
        _ => None,
    }
}

fn version(lake: &Lake, e: &Expr) -> Result<i64> {
    match e {
        Expr::Literal(ScalarValue::Int64(Some(n)), _) => Ok(lake.version(&n.to_string())?),
        other => match text(other) {
            Some(time) => Ok(lake.version(time)?),
            None => plan_err!("expected a version or a time, found {other}"),
        },
    }
}

impl TableFunctionImpl for History {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        match (self.kind, args.exprs()) {
            (Kind::Snapshots, []) => snapshots(&*self.lake(args.session(), None)?),
            (Kind::Comments, []) => self.comments(args.session(), None),
            (Kind::Snapshots, [name]) if text(name).is_some() => snapshots(&*self.lake(args.session(), text(name))?),
            (Kind::Comments, [name]) if text(name).is_some() => self.comments(args.session(), text(name)),
            (Kind::Snapshots, _) => plan_err!("expected snapshots() or snapshots('database')"),
            (Kind::Comments, _) => plan_err!("expected comments() or comments('database')"),
            (Kind::Changes, [table, from, to]) if text(table).is_some() => {
                let (lake, name) = self.table(args.session(), text(table))?;
                changes(&lake, &name, version(&lake, from)?, version(&lake, to)?)
            }
            (Kind::Provenance, [table]) if text(table).is_some() => {
                let (lake, name) = self.table(args.session(), text(table))?;
                provenance(&lake, &name.schema, &name.table)
            }
            (Kind::Provenance, _) => plan_err!("expected provenance('table')"),
            (Kind::Changes, _) => plan_err!("expected table_changes('table', from version, to version)"),
        }
    }
}

fn table(columns: Vec<(&str, ArrayRef)>) -> Result<Arc<dyn TableProvider>> {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true)))?;
    Ok(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))
}

/// Every snapshot: its number, when it was made, what it changed, by which statement, by whom.
fn snapshots(lake: &Lake) -> Result<Arc<dyn TableProvider>> {
    type Row = (i64, Option<i64>, Option<String>, Option<String>, Option<String>);
    let rows: Vec<Row> = lake.query(|c| {
        let mut statement = c.prepare(
            "SELECT s.snapshot_id, CAST(round(unixepoch(s.snapshot_time, 'subsec') * 1000) AS INTEGER) * 1000,
                 nullif(c.changes_made, ''), c.commit_message, c.author
             FROM ducklake_snapshot s LEFT JOIN ducklake_snapshot_changes c USING (snapshot_id) ORDER BY 1",
        )?;
        let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))?;
        rows.collect()
    })?;
    table(vec![
        (
            "version",
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.0))),
        ),
        (
            "time",
            Arc::new(TimestampMicrosecondArray::from_iter(rows.iter().map(|r| r.1))),
        ),
        (
            "changes",
            Arc::new(StringArray::from_iter(rows.iter().map(|r| r.2.as_deref()))),
        ),
        (
            "statement",
            Arc::new(StringArray::from_iter(rows.iter().map(|r| r.3.as_deref()))),
        ),
        (
            "author",
            Arc::new(StringArray::from_iter(rows.iter().map(|r| r.4.as_deref()))),
        ),
    ])
}

impl Lake {
    /// Comments of tables, views and columns.
    ///
    /// # Errors
    /// SQLite's.
    pub fn comments(&self) -> super::Result<Vec<Comment>> {
        self.query(|c| {
            let mut statement = c.prepare(
                "SELECT s.schema_name, n.name, NULL, t.value
                 FROM ducklake_tag t
                 JOIN (SELECT table_id AS id, schema_id, table_name AS name FROM ducklake_table WHERE end_snapshot IS NULL
                       UNION ALL SELECT view_id, schema_id, view_name FROM ducklake_view WHERE end_snapshot IS NULL
                       UNION ALL SELECT object_id, schema_id, name FROM radsql_object WHERE kind = 'table' AND end_snapshot IS NULL) n ON n.id = t.object_id
                 JOIN ducklake_schema s ON s.schema_id = n.schema_id AND s.end_snapshot IS NULL
                 WHERE t.key = 'comment' AND t.end_snapshot IS NULL
                 UNION ALL
                 SELECT s.schema_name, t.table_name, c.column_name, g.value
                 FROM ducklake_column_tag g
                 JOIN ducklake_table t ON t.table_id = g.table_id AND t.end_snapshot IS NULL
                 JOIN ducklake_column c ON c.table_id = g.table_id AND c.column_id = g.column_id AND c.end_snapshot IS NULL
                 JOIN ducklake_schema s ON s.schema_id = t.schema_id AND s.end_snapshot IS NULL
                 WHERE g.key = 'comment' AND g.end_snapshot IS NULL
                 ORDER BY 1, 2, 3",
            )?;
            let rows = statement.query_map([], |r| {
                Ok(Comment {
                    schema: r.get(0)?,
                    table: r.get(1)?,
                    column: r.get(2)?,
                    text: r.get(3)?,
                })
            })?;
            rows.collect()
        })
    }
}

fn comments(rows: Vec<Comment>) -> Result<Arc<dyn TableProvider>> {
    let texts = |of: fn(&Comment) -> Option<&str>| Arc::new(StringArray::from_iter(rows.iter().map(of))) as ArrayRef;
    table(vec![
        ("schema", texts(|c| Some(&c.schema))),
        ("table", texts(|c| Some(&c.table))),
        ("column", texts(|c| c.column.as_deref())),
        ("comment", texts(|c| Some(&c.text))),
    ])
}

/// Rows that came and went between two versions.
fn changes(lake: &Arc<Lake>, name: &ResolvedTableReference, from: i64, to: i64) -> Result<Arc<dyn TableProvider>> {
    if from > to {
        return plan_err!("table_changes: from version {from} to {to}: the first must not be behind the second");
    }
    let Some(Entry::Table { id, folder }) = lake.entry(to, &name.schema, &name.table)? else {
        return plan_err!("there is no table '{}' at version {to}", name.table);
    };
    let runtime = tokio::runtime::Handle::try_current();
    let Ok(runtime) = runtime else {
        return exec_err!("table_changes is asked outside of a session");
    };
    // Opened before, as a rule: no table was made without it.
    let provider = std::thread::scope(|scope| scope.spawn(|| runtime.block_on(lake.provider())).join());
    let Ok(provider) = provider else {
        return exec_err!("the database cannot be read");
    };
    let provider = provider?;
    let external = |e: datafusion_ducklake::DuckLakeError| super::LakeError::Format(e);
    let fields = provider.get_table_fields(id, to).map_err(external)?;
    let columns = top_level_columns(&fields).map_err(external)?;
    let declared = Arc::new(build_arrow_schema_from_fields(&fields).map_err(external)?);
    let path = format!("{}/{folder}", lake.location.files.display());
    let table = TableChangesTable::new(provider, id, from, to, Arc::clone(&lake.url), path, declared);
    let table: Arc<dyn TableProvider> = Arc::new(Guarded {
        inner: table.with_columns(columns),
        lake: Arc::clone(lake),
    });
    // Where VACUUM put rows into other files nothing has changed.
    let moved: Vec<Expr> = lake.compactions(from, to)?.into_iter().map(lit).collect();
    if moved.is_empty() {
        return Ok(table);
    }
    let plan = LogicalPlanBuilder::scan("table_changes", provider_as_source(table), None)?
        .filter(col("snapshot_id").in_list(moved, true))?
        .build()?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}

impl Lake {
    /// Versions that VACUUM made.
    fn compactions(&self, from: i64, to: i64) -> super::Result<Vec<i64>> {
        self.query(|c| {
            let mut statement = c.prepare_cached(
                "SELECT snapshot_id FROM ducklake_snapshot_changes WHERE snapshot_id BETWEEN ?1 AND ?2
                 AND (changes_made LIKE '%compacted_table%' OR changes_made LIKE '%merge_adjacent%' OR changes_made LIKE '%rewrite_delete%')
                 AND changes_made NOT LIKE '%\"%'",
            )?;
            let rows = statement.query_map([from, to], |r| r.get(0))?;
            rows.collect()
        })
    }
}

/// Changes of a table, whose files VACUUM leaves while they are read.
#[derive(Debug)]
struct Guarded {
    inner: TableChangesTable,
    lake: Arc<Lake>,
}

#[async_trait]
impl TableProvider for Guarded {
    fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let reading = Arc::new(self.lake.reads().await?);
        let plan = self.inner.scan(session, projection, filters, limit).await?;
        let schema = plan.schema();
        Ok(Arc::new(RestoreExec::new(plan, schema, reading)))
    }
}
