//! ALTER TABLE of a table in memory: a new one with other columns takes its place.

use super::{MemoryTable, Rows};
use crate::engine::lake::Alteration;
use datafusion::arrow::array::{ArrayRef, new_null_array};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::{Result, ScalarValue, plan_err};
use std::sync::Arc;

impl MemoryTable {
    /// The table with other columns.
    ///
    /// # Errors
    /// When there is no such column, or one of the new name; when memory does not suffice.
    pub fn altered(&self, changes: &[Alteration]) -> Result<Self> {
        let name = &self.data.name;
        let partitions = self.data.lock().partitions.clone();
        let mut fields: Vec<_> = self.data.schema.fields().iter().cloned().collect();
        // Where each column comes from: one of before, or a value.
        let mut sources: Vec<Source> = (0..fields.len()).map(Source::Column).collect();
        let mut column_defaults = self.column_defaults.clone();
        for change in changes {
            let at = |column: &str| fields.iter().position(|f| f.name() == column);
            let absent = |column: &str| plan_err!("table '{name}' has no column '{column}'");
            match change {
                Alteration::Add {
                    field,
                    default,
                    if_not_exists,
                } => {
                    if at(field.name()).is_some() {
                        match if_not_exists {
                            true => continue,
                            false => return plan_err!("table '{name}' has a column '{}' already", field.name()),
                        }
                    }
                    let value = match default {
                        Some(text) => ScalarValue::try_from_string(text.clone(), field.data_type())?,
                        None => ScalarValue::try_from(field.data_type())?,
                    };
                    if default.is_some() {
                        let value = datafusion::logical_expr::lit(value.clone());
                        column_defaults.insert(field.name().clone(), value);
                    }
                    fields.push(Arc::new(field.clone()));
                    sources.push(Source::Value(value));
                }
                Alteration::Rename { from, to } => {
                    if to != from && at(to).is_some() {
                        return plan_err!("table '{name}' has a column '{to}' already");
                    }
                    let Some(at) = at(from) else { return absent(from) };
                    fields[at] = Arc::new(fields[at].as_ref().clone().with_name(to));
                    if let Some(default) = column_defaults.remove(from) {
                        column_defaults.insert(to.clone(), default);
                    }
                }
                Alteration::Drop {
                    name: column,
                    if_exists,
                } => match at(column) {
                    Some(_) if fields.len() == 1 => {
                        return plan_err!("table '{name}' has no other column than '{column}'; DROP TABLE drops it");
                    }
                    Some(at) => {
                        fields.remove(at);
                        sources.remove(at);
                        column_defaults.remove(column);
                    }
                    None if *if_exists => {}
                    None => return absent(column),
                },
            }
        }
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let mut parts = vec![];
        for partition in &partitions {
            let mut rows = Rows::new(name, Arc::clone(&schema), &self.data.pool);
            for batch in partition {
                rows.push(&changed(batch, &sources, &schema)?)?;
            }
            parts.push(rows);
        }
        let table = Self::new(name, schema, &self.data.pool, parts);
        Ok(table.with_column_defaults(column_defaults))
    }
}

enum Source {
    Column(usize),
    Value(ScalarValue),
}

fn changed(batch: &RecordBatch, sources: &[Source], schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = sources.iter().zip(schema.fields()).map(|(source, field)| match source {
        Source::Column(at) => Ok(Arc::clone(batch.column(*at))),
        Source::Value(value) if value.is_null() => Ok(new_null_array(field.data_type(), batch.num_rows())),
        Source::Value(value) => value.to_array_of_size(batch.num_rows()),
    });
    let columns = columns.collect::<Result<Vec<ArrayRef>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &options,
    )?)
}
