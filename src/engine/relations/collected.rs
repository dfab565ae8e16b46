//! The rows that a statistic is asked of, by group.

use datafusion::arrow::array::{Array, ArrayRef, UInt32Array, new_empty_array, new_null_array};
use datafusion::arrow::compute::{concat, take};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::common::{Result, exec_err, internal_err};
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::logical_expr::{ColumnarValue, EmitTo};
use datafusion::physical_plan::aggregates::group_values::{GroupValues, new_group_values};
use datafusion::physical_plan::aggregates::order::GroupOrdering;
use radsql_udfs::survival::gathered::Gathered;
use std::sync::Arc;

/// Rows as they come in.
pub struct Collected {
    /// A column of the query for each argument, and the type that it is brought to; `None` for the list of terms.
    arguments: Vec<Option<(usize, DataType)>>,
    columns: Vec<Option<Gathered>>,
    by: Option<Grouping>,
    rows: usize,
    reservation: MemoryReservation,
}

/// To which group each row belongs.
struct Grouping {
    places: Vec<usize>,
    values: Box<dyn GroupValues>,
    /// The group of each row so far.
    of: Vec<u32>,
    batch: Vec<usize>,
}

/// The rows of each group, and the groups' own columns.
pub struct Groups {
    /// The arguments, rows of one group behind those of the one before.
    columns: Vec<Columns>,
    /// Where each group begins, and the end of all.
    bounds: Vec<usize>,
    /// One row a group, in the order of the values; NULL comes last.
    pub labels: Vec<ArrayRef>,
}

enum Columns {
    Rows(ArrayRef),
    /// The list of terms, one row.
    Terms(ArrayRef),
}

impl Collected {
    /// No rows yet; about `rows` are expected. `by` are places of the query's columns by which rows are grouped.
    ///
    /// # Errors
    /// When rows cannot be grouped by a column of such a type.
    pub fn new(
        schema: &Schema,
        arguments: Vec<Option<(usize, DataType)>>,
        by: Vec<usize>,
        rows: usize,
        reservation: MemoryReservation,
    ) -> Result<Self> {
        let by = match by.is_empty() {
            true => None,
            false => {
                let fields: Vec<Field> = by.iter().map(|p| schema.field(*p).clone()).collect();
                Some(Grouping {
                    values: new_group_values(Arc::new(Schema::new(fields)), &GroupOrdering::None)?,
                    places: by,
                    of: vec![],
                    batch: vec![],
                })
            }
        };
        Ok(Self {
            columns: arguments
                .iter()
                .map(|a| a.as_ref().map(|(_, t)| Gathered::with_room(t.clone(), rows)))
                .collect(),
            arguments,
            by,
            rows: 0,
            reservation,
        })
    }

    /// Takes a batch in.
    ///
    /// # Errors
    /// When a value cannot be brought to its type, or the memory is at its limit.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let rows = batch.num_rows();
        if rows == 0 {
            return Ok(());
        }
        let mut bytes = 0;
        for (argument, gathered) in self.arguments.iter().zip(&mut self.columns) {
            let (Some((place, t)), Some(gathered)) = (argument, gathered) else {
                continue;
            };
            let mut column = Arc::clone(batch.column(*place));
            let before = gathered.size();
            if column.data_type() != t {
                column = ColumnarValue::Array(column).cast_to(t, None)?.into_array(rows)?;
                gathered.push(&column, true)?;
            } else {
                let own = column.get_array_memory_size() / 2 <= column.to_data().get_slice_memory_size()?;
                gathered.push(&column, own)?;
            }
            bytes += gathered.size() - before;
        }
        self.rows += rows;
        if u32::try_from(self.rows).is_err() {
            return exec_err!("a statistic takes 4,294,967,295 rows at most");
        }
        if let Some(by) = &mut self.by {
            let before = by.values.size();
            let columns: Vec<ArrayRef> = by.places.iter().map(|p| Arc::clone(batch.column(*p))).collect();
            by.batch.clear();
            by.values.intern(&columns, &mut by.batch)?;
            // There are no more groups than rows.
            by.of.extend(by.batch.iter().map(|g| *g as u32));
            bytes += rows * size_of::<u32>() + by.values.size().saturating_sub(before);
        }
        self.reservation.try_grow(bytes)
    }

    /// The rows by group. Without columns to group by there is one group, be it without rows.
    ///
    /// # Errors
    /// When the memory is at its limit.
    pub fn into_groups(mut self, terms: Option<ArrayRef>) -> Result<(Groups, MemoryReservation)> {
        let (labels, order) = match self.by.take() {
            None => (vec![], None),
            Some(by) => {
                // Each row's number in its place, twice while it is sorted, and the groups' keys.
                self.reservation
                    .try_grow(self.rows * 2 * size_of::<u32>() + 2 * by.values.size())?;
                let (labels, order) = by.ordered(self.rows)?;
                (labels, Some(order))
            }
        };
        // The columns group by group, or what a kernel makes of them.
        self.reservation.try_grow(self.reservation.size())?;
        let mut columns = Vec::with_capacity(self.columns.len());
        for gathered in &mut self.columns {
            let Some(gathered) = gathered else {
                match &terms {
                    Some(terms) => columns.push(Columns::Terms(Arc::clone(terms))),
                    None => return internal_err!("a statistic without its terms"),
                }
                continue;
            };
            let whole = gathered.whole(false)?;
            columns.push(Columns::Rows(match &order {
                Some((order, _)) => take(&whole, order, None)?,
                None => whole,
            }));
        }
        let bounds = match order {
            Some((_, bounds)) => bounds,
            None => vec![0, self.rows],
        };
        let groups = Groups {
            columns,
            bounds,
            labels,
        };
        Ok((groups, self.reservation))
    }
}

impl Grouping {
    /// The groups' values in their order; the rows' numbers, group by group; where each group begins.
    #[expect(clippy::type_complexity, reason = "three results of one pass")]
    fn ordered(mut self, rows: usize) -> Result<(Vec<ArrayRef>, (UInt32Array, Vec<usize>))> {
        let n = self.values.len();
        let labels = self.values.emit(EmitTo::All)?;
        let options = datafusion::arrow::compute::SortOptions {
            descending: false,
            nulls_first: false,
        };
        let fields = labels
            .iter()
            .map(|a| SortField::new_with_options(a.data_type().clone(), options));
        let keys = RowConverter::new(fields.collect())?.convert_columns(&labels)?;
        let mut sorted: Vec<usize> = (0..n).collect();
        sorted.sort_unstable_by(|a, b| keys.row(*a).cmp(&keys.row(*b)));
        let mut rank = vec![0; n];
        for (place, group) in sorted.iter().enumerate() {
            rank[*group] = place;
        }
        let mut bounds = vec![0; n + 1];
        for group in &self.of {
            bounds[rank[*group as usize] + 1] += 1;
        }
        for group in 1..=n {
            bounds[group] += bounds[group - 1];
        }
        let mut next = bounds.clone();
        let mut order = vec![0_u32; rows];
        for (row, group) in (0..).zip(&self.of) {
            let slot = &mut next[rank[*group as usize]];
            order[*slot] = row;
            *slot += 1;
        }
        let sorted = UInt32Array::from_iter_values(sorted.into_iter().map(|g| g as u32));
        let labels = labels
            .iter()
            .map(|a| take(a, &sorted, None))
            .collect::<Result<_, _>>()?;
        Ok((labels, (order.into(), bounds)))
    }
}

impl Groups {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.bounds.len() - 1
    }

    /// The arguments of a group. Those of the only group are given away, so that they are not held twice.
    ///
    /// # Errors
    /// When Arrow refuses to lengthen the list of terms.
    pub fn take(&mut self, group: usize) -> Result<Vec<ArrayRef>> {
        let rows = self.bounds[group + 1] - self.bounds[group];
        if self.len() == 1 {
            let columns = std::mem::take(&mut self.columns);
            return columns.into_iter().map(|c| c.of_rows(rows)).collect();
        }
        let slice = |column: &Columns| match column {
            Columns::Rows(array) => Ok(array.slice(self.bounds[group], rows)),
            Columns::Terms(list) => lengthened(list, rows),
        };
        self.columns.iter().map(slice).collect()
    }
}

impl Columns {
    fn of_rows(self, rows: usize) -> Result<ArrayRef> {
        match self {
            Self::Rows(array) => Ok(array),
            Self::Terms(list) => lengthened(&list, rows),
        }
    }
}

/// One list for all rows: it stands in the first alone.
fn lengthened(list: &ArrayRef, rows: usize) -> Result<ArrayRef> {
    match rows.checked_sub(1) {
        None => Ok(new_empty_array(list.data_type())),
        Some(rest) => Ok(concat(&[
            list.as_ref(),
            new_null_array(list.data_type(), rest).as_ref(),
        ])?),
    }
}
