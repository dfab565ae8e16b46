//! Division of rows into folds.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::error::SurvivalError;
use crate::follow_up::check_length;

/// The key of an id, and its rows.
type Id<'a> = ([u8; 32], &'a [usize]);

/// How many folds, at least 3 (as in glmnet).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoldCount(u32);

impl FoldCount {
    /// A number of folds such as 10.
    pub fn new(folds: u32) -> Result<Self, SurvivalError> {
        if folds >= 3 {
            return Ok(Self(folds));
        }
        Err(SurvivalError::Parameter {
            parameter: "folds",
            value: f64::from(folds),
            expected: "3 or more",
        })
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl Default for FoldCount {
    fn default() -> Self {
        Self(10)
    }
}

/// Where the folds of a cross-validation come from.
#[derive(Debug, Clone, Copy)]
pub enum Folds<'a> {
    /// A label for each row, any numbers; the rows of one label are a fold. At least 3 labels. The fold of a row is the
    /// place of its label among the labels in ascending order.
    Given(&'a [u32]),
    /// Drawn as by [`assign_folds`], where the id of a row is its place (as 8 bytes, little-endian) in the order by
    /// stratum, follow-up, weight and covariates. So the folds are a function of the set of rows; use
    /// [`Folds::Given`] with [`assign_folds`] to keep the rows of one id together, or to have folds that do not
    /// change when rows are added or columns change.
    Drawn {
        /// How many.
        folds: FoldCount,
        /// Another seed, other folds.
        seed: u64,
        /// Whether events and censored rows are divided separately, so that folds differ by at most one event.
        by_event: bool,
    },
}

/// Assigns a fold, from 0, to each row.
///
/// Ids are assigned, not rows: rows of one id, such as several scans of one patient, are in one fold. The ids are
/// brought into the order of their keys, `SHA-256("radsql folds 1" || seed as 8 bytes, little-endian || id)`, compared as
/// bytes, and dealt out to the folds in turn, so that the sizes of folds (in ids) differ by at most one. With `strata`,
/// the strata in the order of their bytes are dealt out one after the other without starting again, so that both the
/// folds and each stratum's share of them differ by at most one.
///
/// The answer is a function of the set of (id, stratum), the number of folds and the seed: not of the order of rows,
/// threads, platform or version, and anyone can recompute it. One id in two strata is an error.
pub fn assign_folds<I: AsRef<[u8]>, S: AsRef<[u8]>>(
    ids: &[I],
    strata: Option<&[S]>,
    folds: FoldCount,
    seed: u64,
) -> Result<Vec<u32>, SurvivalError> {
    if let Some(strata) = strata {
        check_length("stratify", strata.len(), ids.len())?;
    }
    let stratum = |row: usize| strata.map_or(&[][..], |strata| strata[row].as_ref());
    let mut by_id: Vec<usize> = (0..ids.len()).collect();
    by_id.sort_by(|&a, &b| ids[a].as_ref().cmp(ids[b].as_ref()));

    let mut members: BTreeMap<&[u8], Vec<Id<'_>>> = BTreeMap::new();
    for rows in by_id.chunk_by(|&a, &b| ids[a].as_ref() == ids[b].as_ref()) {
        let Some(&first) = rows.first() else { continue };
        if let Some(&second) = rows.iter().find(|&&row| stratum(row) != stratum(first)) {
            return Err(SurvivalError::IdInTwoStrata { first, second });
        }
        let key = Sha256::new()
            .chain_update(b"radsql folds 1")
            .chain_update(seed.to_le_bytes())
            .chain_update(ids[first].as_ref())
            .finalize()
            .into();
        members.entry(stratum(first)).or_default().push((key, rows));
    }
    let mut assigned = vec![0; ids.len()];
    let mut next = 0;
    for ids_of_stratum in members.values_mut() {
        ids_of_stratum.sort_by_key(|(key, _)| *key);
        for (_, rows) in ids_of_stratum {
            for &row in *rows {
                assigned[row] = next;
            }
            next = (next + 1) % folds.get();
        }
    }
    Ok(assigned)
}
