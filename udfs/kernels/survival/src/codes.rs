//! Codes of groups made dense.

use crate::radix::sort_by_key;

/// Codes up to here are looked up in a table.
const LARGEST_TABLE: usize = 1 << 16;

/// The distinct codes of rows, and which each row has.
#[derive(Debug, Clone)]
pub(crate) struct Codes {
    /// Ascending.
    pub(crate) distinct: Vec<u32>,
    /// Place of each row's code among them.
    pub(crate) of_row: Vec<u32>,
}

impl Codes {
    pub(crate) fn new(codes: &[u32]) -> Self {
        let largest = codes.iter().copied().max().unwrap_or(0) as usize;
        if largest < LARGEST_TABLE {
            let mut places = vec![0; largest + 1];
            for &code in codes {
                places[code as usize] = 1;
            }
            let mut distinct = Vec::new();
            for (code, place) in (0..).zip(&mut places) {
                if *place == 1 {
                    *place = distinct.len() as u32;
                    distinct.push(code);
                }
            }
            let of_row = codes.iter().map(|&code| places[code as usize]).collect();
            return Self { distinct, of_row };
        }
        let mut distinct = codes.to_vec();
        sort_by_key(&mut distinct, |code| u64::from(*code));
        distinct.dedup();
        let place = |code: &u32| distinct.partition_point(|other| other < code) as u32;
        let of_row = codes.iter().map(place).collect();
        Self { distinct, of_row }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_codes_alike() {
        for offset in [0, 1 << 20, u32::MAX - 9] {
            let codes = [7, 3, 9, 3, 7].map(|code| code + offset);
            let found = Codes::new(&codes);
            assert_eq!(found.distinct, [3, 7, 9].map(|code| code + offset));
            assert_eq!(found.of_row, [1, 0, 2, 0, 1]);
        }
        assert!(Codes::new(&[]).distinct.is_empty());
    }
}
