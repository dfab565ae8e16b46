//! Products of columns, many at a time.

use pulp::{Arch, NullaryFnOnce};

/// Partial sums of a product: one row of this many numbers is added at a time. Columns are padded to a multiple of it.
pub(crate) const LANES: usize = 4;

/// Columns of `left` and of `right` that are multiplied at once: their partial sums fill the vector registers.
const LEFT: usize = 4;
const RIGHT: usize = 2;

/// The dot product of every column of `left` with every column of `right`: `out[i * right.len() + j]`. Columns are
/// equally long, a multiple of [`LANES`].
///
/// A product has the same bits whichever columns surround it, and the same with its factors exchanged: partial sum k is
/// over the rows k, k + 4, k + 8 and so on.
pub(crate) fn dots(left: &[&[f64]], right: &[&[f64]], out: &mut Vec<f64>) {
    out.clear();
    out.resize(left.len() * right.len(), 0.0);
    Arch::new().dispatch(Products { left, right, out });
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

/// The products of a few columns with all of `right`, a line a column.
#[inline(always)]
fn fill<const A: usize>(left: &[&[f64]; A], right: &[&[f64]], out: &mut [f64]) {
    let width = right.len();
    let (blocks, rest) = right.as_chunks::<RIGHT>();
    for (place, block) in blocks.iter().enumerate() {
        for (line, products) in tile(left, block).iter().enumerate() {
            let at = line * width + place * RIGHT;
            out[at..at + RIGHT].copy_from_slice(products);
        }
    }
    for (place, column) in rest.iter().enumerate() {
        for (line, [product]) in tile(left, &[*column]).iter().enumerate() {
            out[line * width + blocks.len() * RIGHT + place] = *product;
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

    #[test]
    fn a_product_does_not_depend_on_its_neighbours() {
        let columns: Vec<Vec<f64>> = (0..11)
            .map(|c| (0..12).map(|r| f64::from(c * 31 + r * 17 % 23).sqrt() / 7.0).collect())
            .collect();
        let all: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let (mut together, mut alone) = (Vec::new(), Vec::new());
        dots(&all, &all, &mut together);
        for (i, a) in all.iter().enumerate() {
            for (j, b) in all.iter().enumerate() {
                dots(&[*b], &[*a], &mut alone);
                assert_eq!(alone, [together[i * all.len() + j]]);
                let naive: f64 = a.iter().zip(*b).map(|(x, y)| x * y).sum();
                assert!((alone[0] - naive).abs() < 1e-13 * naive.abs());
            }
        }
    }
}
