//! From the collected rows of a group to the slices that kernels take.

use super::options::Options;
use crate::features::{flatten, numbers, texts};
use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::common::{Result, exec_err};
use std::collections::{BTreeSet, HashSet};

/// The arguments of a statistic, one column each, over the rows of one group.
pub struct Table {
    function: &'static str,
    columns: Vec<ArrayRef>,
    names: Vec<String>,
}

/// Observation times and events of the complete rows.
pub struct Observed {
    /// Start of each interval, where the statistic was given one.
    pub start: Option<Vec<f64>>,
    /// End of observation or time of the event.
    pub time: Vec<f64>,
    /// Whether the event came.
    pub event: Vec<bool>,
}

/// A column of numbers with its name, one value a row; NaN where there is none.
pub struct Column {
    /// Name of the term.
    pub name: String,
    /// One value a row.
    pub values: Vec<f64>,
    /// Which covariate it stands for; the indicators of a text column share one.
    pub covariate: usize,
}

/// Covariates as terms of a model.
pub struct Covariates {
    /// One a term, in the order of the arguments.
    pub terms: Vec<Column>,
    /// Text columns that have one value only, and so no term.
    pub constant_text: Vec<String>,
}

impl Table {
    /// The columns of a statistic's arguments with the names users know them by.
    pub fn new(function: &'static str, columns: Vec<ArrayRef>, names: Vec<String>) -> Self {
        Self {
            function,
            columns,
            names,
        }
    }

    /// Rows of the group.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |c| c.len())
    }

    /// Positions of a statistic's own covariates: behind its `first` arguments, before start and strata.
    pub fn covariate_positions(&self, first: usize, options: &Options) -> std::ops::Range<usize> {
        let end = self
            .columns
            .len()
            .saturating_sub(usize::from(options.start) + options.strata);
        first..end.max(first)
    }

    /// Numbers of a plain column; NaN where the cell is NULL.
    ///
    /// # Errors
    /// When the column is not numeric.
    pub fn numbers(&self, position: usize) -> Result<Vec<f64>> {
        numbers(&self.columns[position])
    }

    /// Texts of a column; `None` where the cell is NULL.
    ///
    /// # Errors
    /// When the column cannot be text.
    pub fn texts(&self, position: usize) -> Result<Vec<Option<String>>> {
        texts(&self.columns[position])
    }

    /// The stratum of each row as one text of all strata columns; `None` where one is NULL or there are no strata.
    ///
    /// # Errors
    /// When a column cannot be text.
    pub fn strata(&self, options: &Options) -> Result<Option<Vec<Option<String>>>> {
        if options.strata == 0 {
            return Ok(None);
        }
        let mut all: Vec<Option<String>> = vec![Some(String::new()); self.rows()];
        for position in self.columns.len().saturating_sub(options.strata)..self.columns.len() {
            for (whole, part) in all.iter_mut().zip(self.texts(position)?) {
                // A length in front keeps ('a', 'bc') and ('ab', 'c') apart.
                *whole = whole.take().zip(part).map(|(w, p)| format!("{w}{}:{p}", p.len()));
            }
        }
        Ok(Some(all))
    }

    /// Which rows have a time and an event (and a start, where one is used).
    ///
    /// # Errors
    /// When a column is not what it must be.
    pub fn observed_rows(&self, options: &Options) -> Result<Vec<bool>> {
        let mut keep = present(&self.numbers(0)?);
        and(&mut keep, &present(&self.numbers(1)?));
        if let Some(position) = self.start_position(options) {
            and(&mut keep, &present(&self.numbers(position)?));
        }
        Ok(keep)
    }

    fn start_position(&self, options: &Options) -> Option<usize> {
        options
            .start
            .then(|| self.columns.len().saturating_sub(options.strata + 1))
    }

    /// Times and events of the rows in `keep`.
    ///
    /// # Errors
    /// Names the column when an event is neither 0 nor 1, or a time is negative or infinite.
    pub fn observed(&self, keep: &[bool], options: &Options) -> Result<Observed> {
        let time = self.times(0, keep)?;
        let mut event = Vec::with_capacity(time.len());
        for v in filter(&self.numbers(1)?, keep) {
            match v {
                0.0 => event.push(false),
                1.0 => event.push(true),
                other => {
                    let (f, name) = (self.function, &self.names[1]);
                    return exec_err!("{f}: event '{name}' must be 0 or 1 (or BOOLEAN); found {other}");
                }
            }
        }
        let start = self.start_position(options).map(|p| self.times(p, keep)).transpose()?;
        Ok(Observed { start, time, event })
    }

    fn times(&self, position: usize, keep: &[bool]) -> Result<Vec<f64>> {
        let time = filter(&self.numbers(position)?, keep);
        match time.iter().find(|t| !(t.is_finite() && **t >= 0.0)) {
            Some(t) => {
                let (f, name) = (self.function, &self.names[position]);
                exec_err!("{f}: time '{name}' must be 0 or more; found {t}")
            }
            None => Ok(time),
        }
    }

    /// Covariates as terms, one value a row: structs and lists are taken apart, text columns become one indicator
    /// (0 or 1) for each value but the first in the order of the alphabet, named `column=value`.
    ///
    /// Text values count only in rows of `keep`, so that no indicator stands for a value that no complete row has;
    /// a row that lacks any covariate is taken out of `keep`.
    ///
    /// # Errors
    /// When a column cannot be a covariate or two terms have one name.
    pub fn covariates(&self, positions: std::ops::Range<usize>, keep: &mut [bool]) -> Result<Covariates> {
        let mut leaves = vec![];
        for p in positions {
            flatten(self.function, &self.names[p], &self.columns[p], &mut leaves)?;
        }
        let mut parsed = Vec::with_capacity(leaves.len());
        for (name, array) in leaves {
            if array.data_type().is_string() {
                let values = texts(&array)?;
                for (k, v) in keep.iter_mut().zip(&values) {
                    *k &= v.is_some();
                }
                parsed.push((name, Err(values)));
            } else {
                let values = numbers(&array)?;
                for (k, v) in keep.iter_mut().zip(&values) {
                    *k &= !v.is_nan();
                }
                parsed.push((name, Ok(values)));
            }
        }
        let mut covariates = Covariates {
            terms: vec![],
            constant_text: vec![],
        };
        for (covariate, (name, values)) in parsed.into_iter().enumerate() {
            match values {
                Ok(values) => covariates.terms.push(Column {
                    name,
                    values,
                    covariate,
                }),
                Err(values) => covariates.add_indicators(name, &values, keep, covariate),
            }
        }
        self.check_names(&covariates)?;
        Ok(covariates)
    }

    /// Numeric covariates one by one, each with its own missing rows; text columns become indicators as in
    /// [`Table::covariates`].
    ///
    /// # Errors
    /// When a column cannot be a covariate or two terms have one name.
    pub fn separate_covariates(&self, positions: std::ops::Range<usize>, keep: &[bool]) -> Result<Covariates> {
        let mut leaves = vec![];
        for p in positions {
            flatten(self.function, &self.names[p], &self.columns[p], &mut leaves)?;
        }
        let mut covariates = Covariates {
            terms: vec![],
            constant_text: vec![],
        };
        for (covariate, (name, array)) in leaves.into_iter().enumerate() {
            if array.data_type().is_string() {
                covariates.add_indicators(name, &texts(&array)?, keep, covariate);
            } else {
                covariates.terms.push(Column {
                    name,
                    values: numbers(&array)?,
                    covariate,
                });
            }
        }
        self.check_names(&covariates)?;
        Ok(covariates)
    }

    fn check_names(&self, covariates: &Covariates) -> Result<()> {
        let mut seen = HashSet::new();
        match covariates.terms.iter().find(|t| !seen.insert(t.name.as_str())) {
            Some(t) => exec_err!(
                "{}: two covariates are named '{}'; give one another name with AS",
                self.function,
                t.name
            ),
            None => Ok(()),
        }
    }
}

impl Covariates {
    fn add_indicators(&mut self, name: String, values: &[Option<String>], keep: &[bool], covariate: usize) {
        let kept = values
            .iter()
            .zip(keep)
            .filter(|(_, k)| **k)
            .filter_map(|(v, _)| v.as_deref());
        let levels: BTreeSet<&str> = kept.collect();
        if levels.len() == 1 {
            self.constant_text.push(name.clone());
        }
        for level in levels.into_iter().skip(1) {
            let one = |v: &Option<String>| match v {
                Some(v) => f64::from(u8::from(v == level)),
                None => f64::NAN,
            };
            let values = values.iter().map(one).collect();
            self.terms.push(Column {
                name: format!("{name}={level}"),
                values,
                covariate,
            });
        }
    }

    /// Only the rows in `keep`.
    pub fn complete(self, keep: &[bool]) -> Vec<Column> {
        self.terms
            .into_iter()
            .map(|t| Column {
                values: filter(&t.values, keep),
                ..t
            })
            .collect()
    }
}

/// The values whose row is kept.
pub fn filter<T: Clone>(values: &[T], keep: &[bool]) -> Vec<T> {
    values
        .iter()
        .zip(keep)
        .filter(|(_, k)| **k)
        .map(|(v, _)| v.clone())
        .collect()
}

/// Takes rows out of `keep` that are not in `other`.
pub fn and(keep: &mut [bool], other: &[bool]) {
    keep.iter_mut().zip(other).for_each(|(k, o)| *k &= o);
}

/// Which values are there: not NaN.
pub fn present(values: &[f64]) -> Vec<bool> {
    values.iter().map(|v| !v.is_nan()).collect()
}
