//! Counting of pairs (row, column) of small numbers.

use crate::cancel::{BLOCK, Cancel};
use crate::error::RadiomicsError;

/// Cells up to which a matrix is kept as a table (4 bytes each). Beyond, the pairs are listed (8 bytes each) and sorted,
/// so that memory goes with the voxels and not with the square of the levels.
pub(crate) const DENSE_CELLS: usize = 1 << 20;

/// How often a pair was counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Entry {
    pub(super) row: u32,
    pub(super) column: u32,
    pub(super) n: f64,
}

/// Counts of pairs; row or column 0 means that the pair does not count.
pub(super) enum Tally {
    /// A table with `columns` columns.
    Dense { columns: usize, cells: Vec<u32> },
    /// The pairs, with rows and columns up to a number.
    Listed { most: usize, pairs: Vec<(u32, u32)> },
}

impl Tally {
    /// For rows 1 to `rows` and columns 1 to `columns`.
    pub(super) fn new(rows: usize, columns: usize) -> Self {
        match (rows + 1).checked_mul(columns + 1) {
            Some(cells) if cells <= DENSE_CELLS => Self::Dense {
                columns: columns + 1,
                cells: vec![0; cells],
            },
            _ => Self::Listed {
                most: rows.max(columns),
                pairs: Vec::new(),
            },
        }
    }

    /// Counts one pair.
    pub(super) fn add(&mut self, row: u32, column: u32) {
        match self {
            Self::Dense { columns, cells } => {
                if let Some(cell) = cells.get_mut(row as usize * *columns + column as usize) {
                    *cell += 1;
                }
            }
            Self::Listed { pairs, .. } => {
                if row > 0 && column > 0 {
                    pairs.push((row, column));
                }
            }
        }
    }

    /// Counts many pairs.
    pub(super) fn add_all(&mut self, pairs: impl Iterator<Item = (usize, usize)>) {
        match self {
            Self::Dense { columns, cells } => {
                for (row, column) in pairs {
                    if let Some(cell) = cells.get_mut(row * *columns + column) {
                        *cell += 1;
                    }
                }
            }
            Self::Listed { .. } => pairs.for_each(|(row, column)| self.add(row as u32, column as u32)),
        }
    }

    /// Moves the counts into `entries`, by row and then by column, and starts again from nothing. A `folded` matrix, which
    /// is square, counts each pair both ways; being symmetrical, it is given by its entries on and above the diagonal.
    pub(super) fn drain(
        &mut self,
        entries: &mut Vec<Entry>,
        folded: bool,
        cancel: Cancel,
    ) -> Result<(), RadiomicsError> {
        entries.clear();
        match self {
            Self::Dense { columns, cells } => {
                cancel.check()?;
                for (row, line) in cells.chunks_exact(*columns).enumerate().skip(1) {
                    let first = if folded { row } else { 1 };
                    for (column, &n) in line.iter().enumerate().skip(first) {
                        let swapped = if folded { cells[column * *columns + row] } else { 0 };
                        if n > 0 || swapped > 0 {
                            entries.push(Entry {
                                row: row as u32,
                                column: column as u32,
                                n: f64::from(n) + f64::from(swapped),
                            });
                        }
                    }
                }
                cells.fill(0);
            }
            Self::Listed { most, pairs } => {
                if folded {
                    for (row, column) in &mut *pairs {
                        (*row, *column) = ((*row).min(*column), (*row).max(*column));
                    }
                }
                sort_into(entries, pairs, *most, cancel)?;
                if folded {
                    for e in entries.iter_mut().filter(|e| e.row == e.column) {
                        e.n *= 2.0;
                    }
                }
                pairs.clear();
            }
        }
        Ok(())
    }
}

/// Sorts pairs by row, then each row by column, and counts those that are equal.
fn sort_into(
    entries: &mut Vec<Entry>,
    pairs: &[(u32, u32)],
    most: usize,
    cancel: Cancel,
) -> Result<(), RadiomicsError> {
    // Where each row begins, one place further on.
    let mut begin = vec![0usize; most + 3];
    for block in pairs.chunks(BLOCK) {
        cancel.check()?;
        for (row, _) in block {
            begin[*row as usize + 2] += 1;
        }
    }
    let mut sum = 0;
    for b in &mut begin {
        sum += *b;
        *b = sum;
    }
    let mut columns = vec![0u32; sum];
    for block in pairs.chunks(BLOCK) {
        cancel.check()?;
        for (row, column) in block {
            let at = &mut begin[*row as usize + 1];
            columns[*at] = *column;
            *at += 1;
        }
    }
    for (row, ends) in begin.windows(2).enumerate().take(most + 1) {
        cancel.check_at(row)?;
        let columns = &mut columns[ends[0]..ends[1]];
        columns.sort_unstable();
        entries.extend(columns.chunk_by(|a, b| a == b).map(|same| Entry {
            row: row as u32,
            column: same[0],
            n: same.len() as f64,
        }));
    }
    Ok(())
}

/// Adds to `sum` the entries of one more direction, multiplied by its weight. Both are by row and then by column.
pub(super) fn add_weighted(sum: &mut Vec<Entry>, entries: &[Entry], weight: f64) {
    let mut merged = Vec::with_capacity(sum.len() + entries.len());
    let mut more = entries.iter().map(|e| Entry { n: e.n * weight, ..*e }).peekable();
    let place = |e: &Entry| (e.row, e.column);
    for mut e in sum.drain(..) {
        while let Some(before) = more.next_if(|m| place(m) < place(&e)) {
            merged.push(before);
        }
        if let Some(same) = more.next_if(|m| place(m) == place(&e)) {
            e.n += same.n;
        }
        merged.push(e);
    }
    merged.extend(more);
    *sum = merged;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn table_and_list_agree() {
        let never = AtomicBool::new(false);
        for folded in [false, true] {
            let mut dense = Tally::new(9, 9);
            let mut listed = Tally::Listed {
                most: 9,
                pairs: Vec::new(),
            };
            let mut state = 1u32;
            for _ in 0..300 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let (row, column) = ((state >> 8) % 10, (state >> 16) % 10);
                dense.add(row, column);
                listed.add(row, column);
            }
            let mut entries = (Vec::new(), Vec::new());
            dense.drain(&mut entries.0, folded, Cancel(&never)).unwrap();
            listed.drain(&mut entries.1, folded, Cancel(&never)).unwrap();
            assert_eq!(entries.0, entries.1);
            let counted: f64 = entries
                .0
                .iter()
                .map(|e| if folded && e.row == e.column { e.n / 2.0 } else { e.n })
                .sum();
            assert!(counted > 200.0);
            assert!(entries.0.len() > if folded { 40 } else { 70 });
            assert!(entries.0.is_sorted_by_key(|e| (e.row, e.column)));
        }
    }

    #[test]
    fn directions_add_up() {
        let entry = |row, column, n| Entry { row, column, n };
        let mut sum = vec![entry(1, 1, 2.0), entry(2, 1, 1.0)];
        add_weighted(&mut sum, &[entry(1, 2, 4.0), entry(2, 1, 6.0), entry(3, 3, 2.0)], 0.5);
        assert_eq!(
            sum,
            [entry(1, 1, 2.0), entry(1, 2, 2.0), entry(2, 1, 4.0), entry(3, 3, 1.0)]
        );
    }
}
