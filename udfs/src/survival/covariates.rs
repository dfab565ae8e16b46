//! Covariates as terms of a model.

use super::codes::Codes;
use super::columns::{Table, retain};
use super::role::Role;
use crate::features::{flatten, into_numbers, texts};
use datafusion::arrow::array::{Array, AsArray};
use datafusion::common::{Result, exec_err};
use std::collections::{HashMap, HashSet};

/// A term of a model: a name, one value a row; NaN where there is none.
pub struct Term {
    /// Name of the term.
    pub name: String,
    /// One value a row.
    pub values: Vec<f64>,
    /// Which covariate it stands for; the indicators of a text column share one.
    pub covariate: usize,
}

/// Covariates as terms of a model.
#[derive(Default)]
pub struct Covariates {
    /// One a term, in the order of the arguments.
    pub terms: Vec<Term>,
    /// Text columns that have one value only, and so no term.
    pub constant_text: Vec<String>,
    /// The name of each covariate, see [`Term::covariate`].
    pub names: Vec<String>,
    /// Text columns in which a row outside `keep` has a value that no row of `keep` has.
    pub unseen: Vec<Unseen>,
}

/// Values of a text column that no term stands for.
pub struct Unseen {
    /// The column.
    pub column: String,
    /// The codes of such values; [`Codes::NONE`] in all other rows.
    pub codes: Codes,
}

/// Names that `terms` asks for, and whether each was found.
pub(super) struct Wanted(HashMap<String, bool>);

impl Wanted {
    pub(super) fn has(&mut self, name: &str) -> bool {
        self.0.get_mut(name).map(|found| *found = true).is_some()
    }

    /// # Errors
    /// Names what was not found.
    pub(super) fn all_found(&self, function: &str) -> Result<()> {
        let missing = self.0.iter().filter(|(_, found)| !**found);
        let mut missing: Vec<&str> = missing.map(|(name, _)| name.as_str()).collect();
        missing.sort_unstable();
        let Some(first) = missing.first() else {
            return Ok(());
        };
        let others = match missing.len() {
            1 => String::new(),
            n => format!(" (nor {} more)", n - 1),
        };
        exec_err!("{function}: terms has '{first}', and the query has no such column, field or list element{others}")
    }
}

impl Table {
    /// Takes out the covariates as terms: structs and lists are taken apart, text columns become one indicator (0 or 1) for
    /// each value but the first in the order of the alphabet, named `column=value`. With a `terms` argument only those named.
    ///
    /// Text values count only in rows of `keep`, so that no indicator stands for a value that no complete row has. With
    /// `complete`, a row that lacks any covariate is taken out of `keep`; else each term has missing rows of its own.
    /// The terms have values for all rows.
    ///
    /// # Errors
    /// When a column cannot be a covariate, two terms have one name, or `terms` names what is not there.
    pub fn take_covariates(&mut self, keep: &mut [bool], complete: bool) -> Result<Covariates> {
        let mut wanted = self.wanted()?;
        let mut leaves = vec![];
        for (name, array) in self.take(Role::Covariates) {
            flatten(self.function(), &name, array, &mut leaves)?;
        }
        let mut covariates = Covariates::default();
        let mut parsed = Vec::with_capacity(leaves.len());
        for (name, array) in leaves {
            let is_text = array.data_type().is_string();
            let whole = wanted.as_mut().is_none_or(|w| w.has(&name));
            // An indicator may be named alone: `sex=male`.
            let levels = !whole && is_text && wanted.as_ref().is_some_and(|w| w.0.keys().any(|t| is_level(t, &name)));
            if !whole && !levels {
                continue;
            }
            if is_text {
                let codes = Codes::of(&array)?;
                if complete {
                    codes.require(keep);
                }
                parsed.push((name, Err((codes, levels))));
            } else {
                let values = into_numbers(array)?;
                if complete {
                    keep.iter_mut().zip(&values).for_each(|(k, v)| *k &= !v.is_nan());
                }
                parsed.push((name, Ok(values)));
            }
        }
        for (covariate, (name, values)) in parsed.into_iter().enumerate() {
            covariates.names.push(name.clone());
            match values {
                Ok(values) => covariates.terms.push(Term {
                    name,
                    values,
                    covariate,
                }),
                Err((codes, some)) => {
                    let wanted = wanted.as_mut().filter(|_| some);
                    covariates.add_indicators(name, codes, keep, covariate, wanted);
                }
            }
        }
        let mut seen = HashSet::new();
        if let Some(t) = covariates.terms.iter().find(|t| !seen.insert(t.name.as_str())) {
            return exec_err!(
                "{}: two covariates are named '{}'; give one another name with AS",
                self.function(),
                t.name
            );
        }
        if let Some(wanted) = wanted {
            wanted.all_found(self.function())?;
        }
        Ok(covariates)
    }

    /// The names in the argument `terms`, where there is one.
    pub(super) fn wanted(&mut self) -> Result<Option<Wanted>> {
        let Some((_, array)) = self.take(Role::Terms).into_iter().next() else {
            return Ok(None);
        };
        if array.is_empty() {
            return Ok(None);
        }
        let lists = array.as_list::<i32>();
        let mut names = HashMap::new();
        // One list for all rows: it stands in the first that has one.
        if let Some(row) = (0..lists.len()).find(|row| lists.is_valid(*row)) {
            names.extend(
                texts(&lists.value(row))?
                    .into_iter()
                    .flatten()
                    .map(|name| (name, false)),
            );
        }
        if names.is_empty() {
            return exec_err!("{}: terms has no name", self.function());
        }
        Ok(Some(Wanted(names)))
    }
}

/// Whether a term is `column=...`.
fn is_level(term: &str, column: &str) -> bool {
    term.strip_prefix(column).is_some_and(|rest| rest.starts_with('='))
}

impl Covariates {
    fn add_indicators(
        &mut self,
        name: String,
        mut codes: Codes,
        keep: &[bool],
        covariate: usize,
        mut wanted: Option<&mut Wanted>,
    ) {
        let mut there = vec![false; codes.levels.len()];
        for (code, _) in codes.codes.iter().zip(keep).filter(|(_, k)| **k) {
            if let Some(slot) = there.get_mut(*code as usize) {
                *slot = true;
            }
        }
        let levels: Vec<u32> = (0u32..)
            .zip(&there)
            .filter(|(_, there)| **there)
            .map(|(code, _)| code)
            .collect();
        if levels.len() == 1 {
            self.constant_text.push(name.clone());
        }
        for level in levels.into_iter().skip(1) {
            let term = format!("{name}={}", codes.level(level).unwrap_or_default());
            if wanted.as_mut().is_some_and(|w| !w.has(&term)) {
                continue;
            }
            let one = |code: &u32| match *code {
                Codes::NONE => f64::NAN,
                code => f64::from(u8::from(code == level)),
            };
            let values = codes.codes.iter().map(one).collect();
            self.terms.push(Term {
                name: term,
                values,
                covariate,
            });
        }
        for code in &mut codes.codes {
            if there.get(*code as usize) == Some(&true) {
                *code = Codes::NONE;
            }
        }
        if codes.codes.iter().any(|code| *code != Codes::NONE) {
            self.unseen.push(Unseen { column: name, codes });
        }
    }

    /// Drops the rows that are not in `keep`.
    pub fn complete(mut self, keep: &[bool]) -> Vec<Term> {
        for term in &mut self.terms {
            retain(&mut term.values, keep);
        }
        self.terms
    }
}

/// Terms as a Cox model takes them.
pub fn as_covariates(terms: &[Term]) -> Vec<radsql_survival::Covariate<'_>> {
    terms.iter().map(as_covariate).collect()
}

/// A term as a Cox model takes it.
pub fn as_covariate(term: &Term) -> radsql_survival::Covariate<'_> {
    radsql_survival::Covariate {
        name: &term.name,
        values: &term.values,
    }
}
