//! Tables made of batches that come from outside, whole or not at all.

use super::lake::{Existing, NewTable, Note, relaxed};
use super::memory_table::{MemoryTable, Rows, replace_table};
use super::session::Session;
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{SchemaRef, UInt64Type};
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::{Column, Result, TableReference, exec_err, plan_err};
use datafusion::datasource::provider_as_source;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, cast, lit};
use datafusion::physical_plan::EmptyRecordBatchStream;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::DataFrame;
use datafusion::scalar::ScalarValue;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// What to do where there is no table of the name, and where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// A new table; there must be none.
    Create,
    /// Rows of a table that must be there.
    Append,
    /// A new table in the place of any.
    Replace,
    /// Rows of a table, which is made if there is none.
    CreateAppend,
}

impl Session {
    /// Keeps all batches of a stream in a table, and gives the number of their rows. Nothing is kept of a stream that fails, or
    /// that is dropped.
    ///
    /// # Errors
    /// That of the stream; when there is a table and must not be, or none and must be one; when columns do not fit; when memory
    /// is short.
    pub async fn store(&self, name: TableReference, batches: SendableRecordBatchStream, how: Store) -> Result<u64> {
        let context = self.context();
        let there = context.table_exist(name.clone())?;
        match (how, there) {
            (Store::Create, true) => return exec_err!("table '{name}' already exists"),
            (Store::Append, false) => return plan_err!("table '{name}' not found"),
            _ => {}
        }
        let schema = batches.schema();
        if let Some(place) = self.in_lake(&name).filter(|_| !there || how == Store::Replace) {
            let table = NewTable {
                schema: place.schema,
                name: place.table,
                columns: relaxed(&schema),
                defaults: HashMap::new(),
                existing: match how {
                    Store::Replace => Existing::Replace,
                    _ => Existing::Refuse,
                },
                origin: None,
            };
            let pool = Arc::clone(&context.runtime_env().memory_pool);
            return Ok(place.lake.create(table, vec![batches], &pool, &Note::default()).await?);
        }
        if self.in_lake(&name).is_some() {
            let once = Arc::new(Once {
                schema: Arc::clone(&schema),
                batches: Mutex::new(Some(batches)),
            });
            let streamed = StreamingTable::try_new(Arc::clone(&schema), vec![once])?;
            return self.append(name, &schema, Arc::new(streamed)).await;
        }
        let pool = Arc::clone(&self.tables);
        let mut collected = Rows::new(name.table(), Arc::clone(&schema), &pool);
        collected.extend(batches).await?;
        let rows = collected.count();
        let table = Arc::new(MemoryTable::new(
            name.table(),
            Arc::clone(&schema),
            &pool,
            vec![collected],
        ));
        if there && how != Store::Replace {
            self.append(name, &schema, table).await?;
            return Ok(rows);
        }
        // Nothing waits from here on: the table is there as a whole or not at all.
        if how != Store::Replace && context.table_exist(name.clone())? {
            return exec_err!("table '{name}' already exists");
        }
        replace_table(context, name, table, how == Store::Replace)?;
        Ok(rows)
    }

    async fn append(&self, name: TableReference, schema: &SchemaRef, rows: Arc<dyn TableProvider>) -> Result<u64> {
        let context = self.context();
        let target = context.table_provider(name.clone()).await?;
        let columns = target.schema();
        if let Some(unknown) = schema
            .fields()
            .iter()
            .find(|f| columns.field_with_name(f.name()).is_err())
        {
            let known: Vec<&str> = columns.fields().iter().map(|f| f.name().as_str()).collect();
            return plan_err!(
                "table '{name}' has no column '{}'; it has {}",
                unknown.name(),
                known.join(", ")
            );
        }
        let source = provider_as_source(rows);
        let given = |field: &Arc<datafusion::arrow::datatypes::Field>| -> Result<Expr> {
            let value = match schema.field_with_name(field.name()) {
                Ok(_) => Expr::Column(Column::from_name(field.name())),
                Err(_) => lit(ScalarValue::try_from(field.data_type())?),
            };
            Ok(cast(value, field.data_type().clone()).alias(field.name()))
        };
        let values = columns.fields().iter().map(given).collect::<Result<Vec<_>>>()?;
        let rows = LogicalPlanBuilder::scan("ingested", source, None)?
            .project(values)?
            .build()?;
        let insert = LogicalPlanBuilder::insert_into(rows, name, provider_as_source(target), InsertOp::Append)?;
        let counts = DataFrame::new(context.state(), insert.build()?).collect().await?;
        let counts = counts.iter().map(|b| b.column(0).as_primitive::<UInt64Type>());
        Ok(counts.flat_map(|c| c.values().iter()).sum())
    }
}

/// Batches that come once, without a place in memory for all of them.
struct Once {
    schema: SchemaRef,
    batches: Mutex<Option<SendableRecordBatchStream>>,
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Once")
    }
}

impl PartitionStream for Once {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner).take();
        batches.unwrap_or_else(|| Box::pin(EmptyRecordBatchStream::new(Arc::clone(&self.schema))))
    }
}
