//! The first rows of a result and the last ones, without those between.

use datafusion::arrow::array::RecordBatch;
use std::collections::VecDeque;

/// Keeps the beginning and the end of a result. Batches that lie between are let go as they come.
pub struct Ends {
    head: Vec<RecordBatch>,
    /// Rows that the head still takes.
    room: usize,
    tail: VecDeque<RecordBatch>,
    tail_rows: usize,
    most: usize,
}

impl Ends {
    /// At most so many rows: half of them the first ones, half the last.
    pub fn new(rows: usize) -> Self {
        Self {
            head: vec![],
            room: rows.div_ceil(2),
            tail: VecDeque::new(),
            tail_rows: 0,
            most: rows / 2,
        }
    }

    /// Takes rows.
    pub fn push(&mut self, batch: &RecordBatch) {
        let first = self.room.min(batch.num_rows());
        if first > 0 {
            self.head.push(batch.slice(0, first));
            self.room -= first;
        }
        if first == batch.num_rows() {
            return;
        }
        self.tail.push_back(batch.slice(first, batch.num_rows() - first));
        self.tail_rows += batch.num_rows() - first;
        while let Some(rows) = self.tail.front().map(RecordBatch::num_rows) {
            if self.tail_rows - rows < self.most {
                break;
            }
            self.tail.pop_front();
            self.tail_rows -= rows;
        }
    }

    /// The first rows, and the last.
    pub fn take(self) -> (Vec<RecordBatch>, Vec<RecordBatch>) {
        let mut surplus = self.tail_rows.saturating_sub(self.most);
        let mut tail = vec![];
        for batch in self.tail {
            let left = surplus.min(batch.num_rows());
            surplus -= left;
            if left < batch.num_rows() {
                tail.push(batch.slice(left, batch.num_rows() - left));
            }
        }
        (self.head, tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{AsArray, Int64Array};
    use datafusion::arrow::datatypes::Int64Type;
    use std::sync::Arc;

    fn values(batches: &[RecordBatch]) -> Vec<i64> {
        let values = batches
            .iter()
            .flat_map(|b| b.column(0).as_primitive::<Int64Type>().values().to_vec());
        values.collect()
    }

    #[test]
    fn the_ends_are_kept_however_rows_come() {
        for rows in 0..12_usize {
            for total in 0..30_i64 {
                for piece in [1, 3, 7, 30] {
                    let mut ends = Ends::new(rows);
                    let all: Vec<i64> = (0..total).collect();
                    for part in all.chunks(piece) {
                        let column = Arc::new(Int64Array::from(part.to_vec()));
                        ends.push(&RecordBatch::try_from_iter([("a", column as _)]).expect("a batch"));
                    }
                    let (head, tail) = ends.take();
                    let first = all.len().min(rows.div_ceil(2));
                    assert_eq!(values(&head), all[..first]);
                    let last = (all.len() - first).min(rows / 2);
                    assert_eq!(values(&tail), all[all.len() - last..], "{rows} of {total} by {piece}");
                }
            }
        }
    }
}
