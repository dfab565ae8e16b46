//! Rows on their way into a table, accounted one batch after the other.

use datafusion::arrow::array::{Array, ArrayData, ArrayRef, AsArray, StructArray, UInt64Array};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::{Result, exec_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use futures::{Stream, StreamExt};
use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;

/// Rows and the memory that is reserved for them. Dropped, they give it back.
#[derive(Debug)]
pub struct Rows {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    reservation: MemoryReservation,
    counted: Counted,
}

impl Rows {
    /// No rows yet. `table` is the name that users know, for errors.
    pub fn new(table: &str, schema: SchemaRef, pool: &Arc<dyn MemoryPool>) -> Self {
        Self {
            schema,
            batches: vec![],
            reservation: MemoryConsumer::new(format!("table {table}")).register(pool),
            counted: Counted::default(),
        }
    }

    /// Rows that need not pay for memory that these take already.
    pub(super) fn beside(mut self, known: &[Vec<RecordBatch>]) -> Self {
        for batch in known.iter().flatten() {
            self.counted.add(batch);
        }
        self
    }

    /// Adds a batch. Its columns have the types of the schema in its order; names and metadata become the schema's.
    ///
    /// # Errors
    /// When the types differ or a column that must not has a NULL; when memory does not suffice.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_columns() != self.schema.fields().len() {
            return exec_err!(
                "rows have {} columns and the table has {}",
                batch.num_columns(),
                self.schema.fields().len()
            );
        }
        if batch.num_rows() == 0 {
            return Ok(());
        }
        // What is kept holds whole buffers, of which a slice may be a small part.
        let columns = batch.columns().iter().map(compact).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        self.reservation.try_grow(self.counted.add(&batch))?;
        self.batches.push(batch);
        Ok(())
    }

    /// Adds all batches of a stream.
    ///
    /// # Errors
    /// The stream's, and as [`Rows::push`].
    pub async fn extend(&mut self, stream: impl Stream<Item = Result<RecordBatch>>) -> Result<()> {
        let mut stream = pin!(stream);
        while let Some(batch) = stream.next().await {
            self.push(&batch?)?;
        }
        Ok(())
    }

    /// How many rows there are.
    pub fn count(&self) -> u64 {
        self.batches.iter().map(|b| b.num_rows() as u64).sum()
    }

    pub(super) fn into_parts(self) -> (Vec<RecordBatch>, MemoryReservation) {
        (self.batches, self.reservation)
    }
}

/// Memory that has been counted. Columns share buffers: each counts once.
#[derive(Debug, Default)]
pub(super) struct Counted(HashSet<usize>);

impl Counted {
    /// Bytes of a batch that have not been counted before.
    pub(super) fn add(&mut self, batch: &RecordBatch) -> usize {
        let own = size_of::<RecordBatch>() + batch.num_columns() * 2 * size_of::<ArrayData>();
        let columns = batch.columns().iter().map(|c| self.add_data(&c.to_data()));
        own + columns.sum::<usize>()
    }

    fn add_data(&mut self, data: &ArrayData) -> usize {
        let nulls = data.nulls().map(|n| n.buffer());
        let mut bytes = 0;
        for buffer in data.buffers().iter().chain(nulls) {
            if buffer.capacity() > 0 && self.0.insert(buffer.data_ptr().addr().get()) {
                bytes += buffer.capacity();
            }
        }
        bytes + data.child_data().iter().map(|c| self.add_data(c)).sum::<usize>()
    }
}

/// Memory that an array may hold without a use, before it is copied.
const SLACK: usize = 64 << 10;

/// The array, copied if it is a small part of what it holds in memory.
fn compact(array: &ArrayRef) -> Result<ArrayRef> {
    let used = used_by(array);
    if array.get_buffer_memory_size() <= 2 * used + SLACK {
        return Ok(Arc::clone(array));
    }
    Ok(match array.data_type() {
        DataType::Utf8View => Arc::new(array.as_string_view().gc()),
        DataType::BinaryView => Arc::new(array.as_binary_view().gc()),
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns().iter().map(compact);
            let columns = columns.collect::<Result<Vec<_>>>()?;
            Arc::new(StructArray::try_new(fields.clone(), columns, array.nulls().cloned())?)
        }
        _ => take(array, &UInt64Array::from_iter_values(0..array.len() as u64), None)?,
    })
}

/// Bytes that the values of an array take, whatever it holds in memory.
fn used_by(array: &ArrayRef) -> usize {
    let short = |length: usize| if length > 12 { length } else { 0 };
    match array.data_type() {
        DataType::Utf8View => {
            let texts = array.as_string_view();
            texts.iter().flatten().map(|t| short(t.len())).sum::<usize>() + 16 * texts.len()
        }
        DataType::BinaryView => {
            let bytes = array.as_binary_view();
            bytes.iter().flatten().map(|b| short(b.len())).sum::<usize>() + 16 * bytes.len()
        }
        DataType::Struct(_) => array.as_struct().columns().iter().map(used_by).sum(),
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let (first, last) = (list.value_offsets()[0], list.value_offsets()[list.len()]);
            let values = list.values().slice(first as usize, (last - first) as usize);
            used_by(&values) + 4 * list.len()
        }
        // Kinds without a size of their own are taken for whole.
        _ => array
            .to_data()
            .get_slice_memory_size()
            .unwrap_or_else(|_| array.get_buffer_memory_size()),
    }
}
