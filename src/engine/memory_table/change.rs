//! DELETE and UPDATE: new rows are made beside the old ones, and take their place when the statement is run.
//!
//! DataFusion's own tables change while the statement is planned, so that EXPLAIN deletes rows; and a change that fails
//! in its middle stays half done.

use super::rows::Counted;
use super::{Rows, Shared, take_over};
use crate::engine::action::ActionExec;
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::UInt64Type;
use datafusion::catalog::{MemTable, Session, TableProvider};
use datafusion::common::{Result, exec_err};
use datafusion::physical_plan::{ExecutionPlan, collect};
use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};

/// Makes new rows with `change`, which is given a table of one batch after the other. The plan puts them in the place of the table's, and
/// tells how many changed.
pub(super) async fn change_rows<F>(
    table: &Arc<Shared>,
    session: &dyn Session,
    change: impl Fn(Box<dyn TableProvider>) -> F,
) -> Result<Arc<dyn ExecutionPlan>>
where
    F: Future<Output = Result<Arc<dyn ExecutionPlan>>>,
{
    let (partitions, version) = {
        let data = table.lock();
        (data.partitions.clone(), data.version)
    };
    let mut count = 0;
    let mut changed = vec![];
    for partition in &partitions {
        // What stays as it is takes no more memory.
        let mut rows = table.rows().beside(&partitions);
        for batch in partition {
            let one = MemTable::try_new(Arc::clone(&table.schema), vec![vec![batch.clone()]])?;
            let kept = Arc::clone(&one.batches[0]);
            let told = collect(change(Box::new(one)).await?, session.task_ctx()).await?;
            for batch in &told {
                let counts = batch.column(0).as_primitive_opt::<UInt64Type>();
                count += counts.map_or(0, |c| c.values().iter().sum::<u64>());
            }
            for batch in kept.read().await.iter() {
                rows.push(batch)?;
            }
        }
        changed.push(rows);
    }
    let name = format!("ChangeExec: table={}", table.name);
    let (table, changed) = (Arc::clone(table), Mutex::new(Some(changed)));
    let action = move |_| {
        let changed = changed.lock().unwrap_or_else(PoisonError::into_inner).take();
        Box::pin(ready(apply(&table, version, changed).map(|()| count))) as _
    };
    Ok(Arc::new(ActionExec::new(name, Arc::new(action))))
}

/// Puts rows in the place of those of a version.
fn apply(table: &Shared, version: u64, changed: Option<Vec<Rows>>) -> Result<()> {
    let mut data = table.lock();
    let (Some(changed), true) = (changed, data.version == version) else {
        return exec_err!("table {} was changed meanwhile; run the statement again", table.name);
    };
    let mut partitions = Vec::with_capacity(changed.len());
    for rows in changed {
        let (batches, reserved) = rows.into_parts();
        take_over(&data.reservation, reserved);
        partitions.push(batches);
    }
    // Old rows are gone but for what the new ones share with them.
    data.partitions = partitions;
    let mut counted = Counted::default();
    let bytes = data.partitions.iter().flatten().map(|b| counted.add(b)).sum();
    data.reservation.resize(bytes);
    data.version += 1;
    Ok(())
}
