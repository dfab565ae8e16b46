//! CREATE TABLE of a table in memory.

use super::{MemoryTable, Rows};
use datafusion::catalog::TableProvider;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{
    DFSchema, DataFusionError, Result, SchemaError, TableReference, exec_err, not_impl_err, schema_err,
};
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::logical_expr::{CreateMemoryTable, LogicalPlanBuilder};
use datafusion::physical_plan::execute_stream_partitioned;
use datafusion::prelude::{DataFrame, SessionContext};
use std::collections::HashSet;
use std::sync::Arc;

/// Runs `CREATE TABLE`, with or without `AS`. The table is there when all of its rows are, in the memory of `pool`.
///
/// # Errors
/// The query's; when there is such a table already; when memory does not suffice.
pub async fn create_memory_table(
    context: &SessionContext,
    command: CreateMemoryTable,
    pool: &Arc<dyn MemoryPool>,
) -> Result<DataFrame> {
    let CreateMemoryTable {
        name,
        input,
        if_not_exists,
        or_replace,
        constraints,
        column_defaults,
        temporary,
    } = command;
    if temporary {
        return not_impl_err!("TEMPORARY tables outside of their schema");
    }
    let exists = context.table(name.clone()).await.is_ok();
    match (if_not_exists, or_replace, exists) {
        (true, true, true) => return exec_err!("'IF NOT EXISTS' cannot coexist with 'REPLACE'"),
        (true, false, true) => return nothing(context),
        (false, false, true) => return exec_err!("Table '{name}' already exists"),
        _ => {}
    }
    let state = context.state();
    let input = state.optimize(&input)?;
    unique_names(input.schema())?;
    let schema = Arc::clone(input.schema().inner());
    let frame = DataFrame::new(state, input);
    let task = Arc::new(frame.task_ctx());
    let plan = frame.create_physical_plan().await?;
    // Each partition on a thread of its own; those still at work are stopped when one fails.
    let parts = execute_stream_partitioned(plan, task)?.into_iter().map(|stream| {
        let mut rows = Rows::new(name.table(), Arc::clone(&schema), pool);
        SpawnedTask::spawn(async move { rows.extend(stream).await.map(|()| rows) })
    });
    let joined = parts.map(|part| async {
        let rows = part.join_unwind().await;
        rows.map_err(|e| DataFusionError::External(Box::new(e)))?
    });
    let collected = futures::future::try_join_all(joined).await?;
    let table = MemoryTable::new(name.table(), schema, pool, collected)
        .with_constraints(constraints)
        .with_column_defaults(column_defaults.into_iter().collect());
    replace_table(context, name, Arc::new(table), or_replace)?;
    nothing(context)
}

/// Puts a table in the place of that of its name, or of none. When that is not possible the old one stays.
///
/// # Errors
/// When there is one and it must stay.
pub fn replace_table(
    context: &SessionContext,
    name: TableReference,
    table: Arc<dyn TableProvider>,
    replace: bool,
) -> Result<()> {
    let old = match replace {
        true => context.deregister_table(name.clone())?,
        false => None,
    };
    let registered = context.register_table(name.clone(), table);
    if registered.is_err()
        && let Some(old) = old
    {
        // Somebody has made one of the name in between, or the schema is gone.
        let _ = context.register_table(name, old);
    }
    registered.map(|_| ())
}

fn nothing(context: &SessionContext) -> Result<DataFrame> {
    Ok(DataFrame::new(
        context.state(),
        LogicalPlanBuilder::empty(false).build()?,
    ))
}

/// Columns of tables have no qualifiers that would tell two of one name apart.
fn unique_names(schema: &DFSchema) -> Result<()> {
    let mut seen = HashSet::with_capacity(schema.fields().len());
    for field in schema.fields() {
        if !seen.insert(field.name().as_str()) {
            return schema_err!(SchemaError::DuplicateUnqualifiedField {
                name: field.name().to_string(),
            });
        }
    }
    Ok(())
}
