//! Assignment of rows to a training and a test set.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::error::SurvivalError;
use crate::follow_up::check_length;

/// The fraction of the ids that goes to the training set, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainFraction(f64);

impl TrainFraction {
    /// A fraction such as 0.7.
    pub fn new(fraction: f64) -> Result<Self, SurvivalError> {
        if (0.0..=1.0).contains(&fraction) {
            return Ok(Self(fraction));
        }
        Err(SurvivalError::Parameter {
            parameter: "train",
            value: fraction,
            expected: "a number from 0 to 1",
        })
    }

    fn of(self, count: usize) -> f64 {
        self.0 * count as f64
    }
}

/// Assigns each row to the training set (`true`) or the test set (`false`).
///
/// Ids are assigned, not rows: rows of one id, such as several scans of one patient, go to the same side, and the counts
/// below are counts of distinct ids. Of n ids, `round(fraction * n)` (a half to the even number) are in training. With
/// `strata` this holds for the total, and each stratum gets `floor(fraction * n)` of its own ids or one more, the
/// additional ones going to the largest remainders (ties: to the larger stratum, then by the stratum's bytes).
///
/// Within a stratum the ids in training are those with the smallest keys
/// `SHA-256("radsql split 1" || seed as 8 bytes, little-endian || id)`, compared as bytes. So the answer is a function of
/// the set of (id, stratum), the fraction and the seed: not of the order of rows, threads, platform or version, and anyone
/// can recompute it. A larger fraction only adds ids to an unstratified training set.
///
/// No rows give an empty answer; one id in two strata is an error.
pub fn train_test_split<I: AsRef<[u8]>, S: AsRef<[u8]>>(
    ids: &[I],
    strata: Option<&[S]>,
    fraction: TrainFraction,
    seed: u64,
) -> Result<Vec<bool>, SurvivalError> {
    if let Some(strata) = strata {
        check_length("stratify", strata.len(), ids.len())?;
    }
    let stratum = |row: usize| strata.map_or(&[][..], |strata| strata[row].as_ref());
    let mut by_id: Vec<usize> = (0..ids.len()).collect();
    by_id.sort_by(|&a, &b| ids[a].as_ref().cmp(ids[b].as_ref()));
    let same_id = |a: &usize, b: &usize| ids[*a].as_ref() == ids[*b].as_ref();

    let mut members: BTreeMap<&[u8], Vec<Id<'_>>> = BTreeMap::new();
    for rows in by_id.chunk_by(same_id) {
        let Some(&first) = rows.first() else { continue };
        if let Some(&second) = rows.iter().find(|&&row| stratum(row) != stratum(first)) {
            return Err(SurvivalError::IdInTwoStrata { first, second });
        }
        members.entry(stratum(first)).or_default().push(Id {
            key: key(seed, ids[first].as_ref()),
            rows,
        });
    }
    let sizes: Vec<usize> = members.values().map(Vec::len).collect();
    let mut train = vec![false; ids.len()];
    for (ids_of_stratum, quota) in members.values_mut().zip(quotas(&sizes, fraction)) {
        // The sort is stable and ids came in ascending order, so that even equal keys leave no choice.
        ids_of_stratum.sort_by_key(|id| id.key);
        for &row in ids_of_stratum.iter().take(quota).flat_map(|id| id.rows.iter()) {
            train[row] = true;
        }
    }
    Ok(train)
}

/// A distinct id: its rank among the others, and its rows.
struct Id<'a> {
    key: [u8; 32],
    rows: &'a [usize],
}

fn key(seed: u64, id: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"radsql split 1")
        .chain_update(seed.to_le_bytes())
        .chain_update(id)
        .finalize()
        .into()
}

/// How many ids of each stratum go to training (method of the largest remainder).
fn quotas(sizes: &[usize], fraction: TrainFraction) -> Vec<usize> {
    let total = fraction.of(sizes.iter().sum()).round_ties_even() as usize;
    let mut quotas: Vec<usize> = sizes
        .iter()
        .map(|&size| (fraction.of(size).floor() as usize).min(size))
        .collect();
    let mut by_remainder: Vec<usize> = (0..sizes.len()).collect();
    by_remainder.sort_by(|&a, &b| {
        let remainder = |place: usize| fraction.of(sizes[place]).fract();
        remainder(b)
            .total_cmp(&remainder(a))
            .then(sizes[b].cmp(&sizes[a]))
            .then(a.cmp(&b))
    });
    let mut missing = total.saturating_sub(quotas.iter().sum());
    for place in by_remainder {
        if missing > 0 && quotas[place] < sizes[place] {
            quotas[place] += 1;
            missing -= 1;
        }
    }
    quotas
}
