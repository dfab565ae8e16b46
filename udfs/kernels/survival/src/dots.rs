//! Products of columns, many at a time.

use pulp::{Arch, NullaryFnOnce};

/// Partial sums of a product: one row of this many numbers is added at a time.
pub(crate) const LANES: usize = 4;

/// Columns of `left` and of `right` that are multiplied at once: their partial sums fill the vector registers.
const LEFT: usize = 4;
const RIGHT: usize = 2;

/// Rows that are worked on before the next: a few columns of so many stay in the cache. Shorter runs are fetched too late.
const BLOCK: usize = 16_384;

/// The dot product of every column of `left` with every column of `right`: `out[i * right.len() + j]`. Columns are
/// equally long.
///
/// A product has the same bits whichever columns surround it, and the same with its factors exchanged: partial sum k is
/// over the rows k, k + 4, k + 8 and so on of a block, the last block comes first, and what is left of whole lanes last.
pub(crate) fn dots(left: &[&[f64]], right: &[&[f64]], out: &mut Vec<f64>) {
    out.clear();
    out.resize(left.len() * right.len(), 0.0);
    let rows = left.iter().chain(right).map(|column| column.len()).min().unwrap_or(0);
    let whole = rows / LANES * LANES;
    // Backwards: what [`add_columns`] came to last is still in the cache.
    for start in (0..whole).step_by(BLOCK).rev() {
        let end = whole.min(start + BLOCK);
        Arch::new().dispatch(Products {
            left: &part(left, start, end),
            right: &part(right, start, end),
            out,
        });
    }
    if whole < rows {
        for (i, a) in left.iter().enumerate() {
            for (j, b) in right.iter().enumerate() {
                let rest = a[whole..rows].iter().zip(&b[whole..rows]);
                out[i * right.len() + j] += rest.map(|(a, b)| a * b).sum::<f64>();
            }
        }
    }
}

/// Adds multiples of columns, the first first: `sum += factors[0] * columns[0] + ...`. Columns are as long as `sum`.
pub(crate) fn add_columns(sum: &mut [f64], factors: &[f64], columns: &[&[f64]]) {
    Arch::new().dispatch(Sum { sum, factors, columns });
}

fn part<'a>(columns: &[&'a [f64]], start: usize, end: usize) -> Vec<&'a [f64]> {
    columns.iter().map(|column| &column[start..end]).collect()
}

struct Sum<'a> {
    sum: &'a mut [f64],
    factors: &'a [f64],
    columns: &'a [&'a [f64]],
}

impl NullaryFnOnce for Sum<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let (factors, few) = self.factors.as_chunks::<LEFT>();
        let (columns, rest) = self.columns.as_chunks::<LEFT>();
        for (block, sum) in self.sum.chunks_mut(BLOCK).enumerate() {
            let start = block * BLOCK;
            let end = start + sum.len();
            for ([f, g, h, k], [a, b, c, d]) in factors.iter().zip(columns) {
                let columns = a[start..end].iter().zip(&b[start..end]);
                let others = c[start..end].iter().zip(&d[start..end]);
                for ((sum, (a, b)), (c, d)) in sum.iter_mut().zip(columns).zip(others) {
                    *sum = (((*sum + f * a) + g * b) + h * c) + k * d;
                }
            }
            for (factor, column) in few.iter().zip(rest) {
                for (sum, value) in sum.iter_mut().zip(&column[start..end]) {
                    *sum += factor * value;
                }
            }
        }
    }
}

struct Products<'a> {
    left: &'a [&'a [f64]],
    right: &'a [&'a [f64]],
    out: &'a mut [f64],
}

impl NullaryFnOnce for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let width = self.right.len();
        let (blocks, rest) = self.left.as_chunks::<LEFT>();
        for (place, block) in blocks.iter().enumerate() {
            fill(block, self.right, &mut self.out[place * LEFT * width..]);
        }
        for (place, column) in rest.iter().enumerate() {
            fill(
                &[*column],
                self.right,
                &mut self.out[(blocks.len() * LEFT + place) * width..],
            );
        }
    }
}

/// Adds the products of a few columns with all of `right`, a line a column.
#[inline(always)]
fn fill<const A: usize>(left: &[&[f64]; A], right: &[&[f64]], out: &mut [f64]) {
    let width = right.len();
    let (blocks, rest) = right.as_chunks::<RIGHT>();
    for (place, block) in blocks.iter().enumerate() {
        for (line, products) in tile(left, block).iter().enumerate() {
            let at = line * width + place * RIGHT;
            for (out, product) in out[at..at + RIGHT].iter_mut().zip(products) {
                *out += product;
            }
        }
    }
    for (place, column) in rest.iter().enumerate() {
        for (line, [product]) in tile(left, &[*column]).iter().enumerate() {
            out[line * width + blocks.len() * RIGHT + place] += *product;
        }
    }
}

#[inline(always)]
fn tile<const A: usize, const B: usize>(left: &[&[f64]; A], right: &[&[f64]; B]) -> [[f64; B]; A] {
    let left = left.map(|column| column.as_chunks::<LANES>().0);
    let right = right.map(|column| column.as_chunks::<LANES>().0);
    let steps = left.iter().chain(&right).map(|column| column.len()).min().unwrap_or(0);
    let left = left.map(|column| &column[..steps]);
    let right = right.map(|column| &column[..steps]);
    let mut sums = [[[0.0; LANES]; B]; A];
    for step in 0..steps {
        for (line, a) in sums.iter_mut().zip(&left) {
            for (sum, b) in line.iter_mut().zip(&right) {
                for lane in 0..LANES {
                    sum[lane] += a[step][lane] * b[step][lane];
                }
            }
        }
    }
    sums.map(|line| line.map(|[a, b, c, d]| (a + c) + (b + d)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(rows: u32) -> Vec<Vec<f64>> {
        let value = |c: u32, r: u32| f64::from(c * 31 + r * 17 % 23).sqrt() / 7.0;
        (0..11).map(|c| (0..rows).map(|r| value(c, r)).collect()).collect()
    }

    #[test]
    fn a_product_does_not_depend_on_its_neighbours() {
        for rows in [0, 1, 3, 4, 12, 16_383, 16_384, 16_387, 40_001] {
            let columns = columns(rows);
            let all: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            let (mut together, mut alone) = (Vec::new(), Vec::new());
            dots(&all, &all, &mut together);
            for (i, a) in all.iter().enumerate() {
                for (j, b) in all.iter().enumerate() {
                    dots(&[*b], &[*a], &mut alone);
                    assert_eq!(alone, [together[i * all.len() + j]]);
                }
            }
        }
    }

    /// Of whole numbers, whose sums are exact in any order.
    #[test]
    fn every_row_counts_once() {
        for rows in [0, 1, 3, 4, 12, 16_383, 16_384, 16_387, 40_001_u32] {
            let whole = |c: u32| (0..rows).map(|r| f64::from((c * 31 + r * 17) % 23)).collect();
            let columns: Vec<Vec<f64>> = (0..7).map(whole).collect();
            let all: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            let mut found = Vec::new();
            dots(&all, &all[..3], &mut found);
            let product = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(x, y)| x * y).sum() };
            let expected = all.iter().flat_map(|a| all[..3].iter().map(|b| product(a, b)));
            assert_eq!(found, expected.collect::<Vec<_>>());
        }
    }

    #[test]
    fn columns_are_added_one_after_the_other() {
        for rows in [0, 1, 3, 16_384, 16_387, 40_001] {
            let columns = columns(rows);
            let all: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            let factors: Vec<f64> = (0..11).map(|i| f64::from(i) - 4.5).collect();
            let mut expected = vec![0.1; rows as usize];
            for (factor, column) in factors.iter().zip(&all) {
                for (sum, value) in expected.iter_mut().zip(*column) {
                    *sum += factor * value;
                }
            }
            let mut found = vec![0.1; rows as usize];
            add_columns(&mut found, &factors, &all);
            assert_eq!(found, expected);
        }
    }
}
