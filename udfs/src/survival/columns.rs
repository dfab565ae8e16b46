//! From the collected rows of a group to the slices that kernels take.

use super::codes::Codes;
use super::options::Options;
use super::role::Role;
use crate::features::into_numbers;
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{DataFusionError, Result, exec_datafusion_err, exec_err};
use radsql_survival::{FollowUp, SurvivalError};

/// The arguments of a statistic, one column each, over the rows of one group. A column is taken out once, so that it is
/// not held twice.
#[derive(Clone)]
pub struct Table {
    function: &'static str,
    columns: Vec<Option<ArrayRef>>,
    names: Vec<String>,
    roles: Vec<Role>,
    rows: usize,
}

/// A column of numbers with the name that users know it by; NaN where there is none.
pub struct Named {
    /// Its name.
    pub name: String,
    /// One value a row.
    pub values: Vec<f64>,
}

impl Table {
    /// The columns of a statistic's arguments, with their names and roles.
    pub fn new(function: &'static str, columns: Vec<ArrayRef>, options: &Options) -> Self {
        Self {
            function,
            rows: columns.first().map_or(0, |c| c.len()),
            columns: columns.into_iter().map(Some).collect(),
            names: options.names.clone(),
            roles: options.roles.clone(),
        }
    }

    /// The statistic's name, for messages.
    pub fn function(&self) -> &'static str {
        self.function
    }

    /// Rows of the group.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// An error of a kernel as one of this statistic.
    pub fn failed(&self) -> impl Fn(SurvivalError) -> DataFusionError + use<> {
        let function = self.function;
        move |e| exec_datafusion_err!("{function}: {e}")
    }

    /// Takes out the columns with a role, with their names.
    pub fn take(&mut self, role: Role) -> Vec<(String, ArrayRef)> {
        let columns = self.columns.iter_mut().zip(&self.names).zip(&self.roles);
        columns
            .filter(|(_, r)| **r == role)
            .filter_map(|((column, name), _)| Some((name.clone(), column.take()?)))
            .collect()
    }

    /// Takes out the columns of numbers with a role; NaN where a cell is NULL.
    ///
    /// # Errors
    /// When a column is not numeric.
    pub fn take_all_numbers(&mut self, role: Role) -> Result<Vec<Named>> {
        let columns = self.take(role).into_iter();
        columns
            .map(|(name, array)| {
                Ok(Named {
                    values: into_numbers(array)?,
                    name,
                })
            })
            .collect()
    }

    /// Takes out the first column of numbers with a role.
    ///
    /// # Errors
    /// When it is not numeric.
    pub fn take_numbers(&mut self, role: Role) -> Result<Option<Named>> {
        Ok(self.take_all_numbers(role)?.into_iter().next())
    }

    /// Takes out the plain values of a role, those of several columns together.
    ///
    /// # Errors
    /// When a column's values are not plain.
    pub fn take_codes(&mut self, role: Role) -> Result<Option<Codes>> {
        let mut whole: Option<Codes> = None;
        for (_, array) in self.take(role) {
            let part = Codes::of(&array)?;
            whole = Some(match whole {
                None => part,
                Some(whole) => whole.with(&part),
            });
        }
        Ok(whole)
    }

    /// Takes out which rows are those to predict for, where a query gave such rows.
    pub fn take_new(&mut self) -> Option<Vec<bool>> {
        let (_, array) = self.take(Role::New).into_iter().next()?;
        let is_new = array.as_boolean_opt()?.iter();
        Some(is_new.map(|v| v == Some(true)).collect())
    }

    /// Takes out the follow-up of all rows: time, event, and where they are given start, weights, strata and cluster.
    ///
    /// # Errors
    /// Names the column when, in a row that has all of them, an event is neither 0 nor 1 or a time is negative or infinite.
    pub fn take_outcome(&mut self) -> Result<Outcome> {
        self.take_outcome_of(vec![true; self.rows])
    }

    /// As [`Table::take_outcome`], of the rows of `keep`: what others have does not matter.
    ///
    /// # Errors
    /// As there.
    pub fn take_outcome_of(&mut self, keep: Vec<bool>) -> Result<Outcome> {
        let mut outcome = Outcome {
            function: self.function,
            keep,
            start: None,
            time: vec![],
            event: vec![],
            weights: None,
            strata: self.take_codes(Role::Strata)?,
            cluster: self.take_codes(Role::Cluster)?,
        };
        let keep = &mut outcome.keep;
        for codes in [&outcome.strata, &outcome.cluster].into_iter().flatten() {
            codes.require(keep);
        }
        let time = self.take_numbers(Role::Time)?;
        let start = self.take_numbers(Role::Start)?;
        let weights = self.take_numbers(Role::Weights)?;
        for column in [&time, &start, &weights].into_iter().flatten() {
            require(keep, &column.values);
        }
        if let Some((name, array)) = self.take(Role::Event).into_iter().next() {
            outcome.event = events(self.function, &name, &array, keep)?;
        }
        let (f, keep) = (self.function, &outcome.keep);
        for column in [&time, &start].into_iter().flatten() {
            if let Some(t) = first_wrong(&column.values, keep, |t| t.is_finite() && t >= 0.0) {
                return exec_err!("{f}: time '{}' must be 0 or more; found {t}", column.name);
            }
        }
        if let Some(column) = &weights
            && let Some(w) = first_wrong(&column.values, keep, |w| w.is_finite() && w > 0.0)
        {
            return exec_err!("{f}: weight '{}' must be above 0; found {w}", column.name);
        }
        outcome.time = time.map(|c| c.values).unwrap_or_default();
        outcome.start = start.map(|c| c.values);
        outcome.weights = weights.map(|c| c.values);
        Ok(outcome)
    }
}

/// The follow-up of rows, and which of them are complete so far.
pub struct Outcome {
    function: &'static str,
    /// Whether each row is complete.
    pub keep: Vec<bool>,
    /// Start of each interval, where there is one.
    pub start: Option<Vec<f64>>,
    /// End of observation or time of the event.
    pub time: Vec<f64>,
    /// Whether the event came.
    pub event: Vec<bool>,
    /// Case weights, where there are any.
    pub weights: Option<Vec<f64>>,
    /// Strata, where there are any.
    pub strata: Option<Codes>,
    /// Clusters, where there are any.
    pub cluster: Option<Codes>,
}

impl Outcome {
    /// Takes rows that lack a value out of those that are complete.
    pub fn require(&mut self, values: &[f64]) {
        require(&mut self.keep, values);
    }

    /// Complete rows.
    pub fn n(&self) -> usize {
        self.keep.iter().filter(|k| **k).count()
    }

    /// Drops the rows that are not complete. `keep` goes on to tell which they were, for the columns beside.
    pub fn complete(&mut self) {
        let keep = &self.keep;
        for numbers in [Some(&mut self.time), self.start.as_mut(), self.weights.as_mut()]
            .into_iter()
            .flatten()
        {
            retain(numbers, keep);
        }
        retain(&mut self.event, keep);
        for codes in [self.strata.as_mut(), self.cluster.as_mut()].into_iter().flatten() {
            codes.retain(keep);
        }
    }

    /// A copy with these rows alone, all of them complete.
    pub fn filtered(&self, keep: &[bool]) -> Self {
        let codes = |codes: &Option<Codes>| {
            codes.as_ref().map(|c| Codes {
                codes: filter(&c.codes, keep),
                levels: c.levels.clone(),
            })
        };
        let event = filter(&self.event, keep);
        Self {
            function: self.function,
            keep: vec![true; event.len()],
            start: self.start.as_ref().map(|s| filter(s, keep)),
            time: filter(&self.time, keep),
            event,
            weights: self.weights.as_ref().map(|w| filter(w, keep)),
            strata: codes(&self.strata),
            cluster: codes(&self.cluster),
        }
    }

    /// The follow-up as kernels take it, once it is complete.
    ///
    /// # Errors
    /// When a kernel refuses it.
    pub fn follow_up(&self) -> Result<FollowUp<'_>> {
        let function = self.function;
        let failed = |e: SurvivalError| exec_datafusion_err!("{function}: {e}");
        let follow_up = match &self.start {
            Some(start) => FollowUp::intervals(start, &self.time, &self.event),
            None => FollowUp::right_censored(&self.time, &self.event),
        }
        .map_err(failed)?;
        match &self.weights {
            Some(weights) => follow_up.with_weights(weights).map_err(failed),
            None => Ok(follow_up),
        }
    }

    /// Codes of the strata, where there are any.
    pub fn strata(&self) -> Option<&[u32]> {
        self.strata.as_ref().map(|s| s.codes.as_slice())
    }

    /// Codes of the clusters, where there are any.
    pub fn cluster(&self) -> Option<&[u32]> {
        self.cluster.as_ref().map(|s| s.codes.as_slice())
    }

    /// Complete rows that end in the event.
    pub fn events(&self) -> usize {
        self.event.iter().filter(|e| **e).count()
    }
}

/// Events of a column of truth values or of 0 and 1. Rows without one are taken out of `keep`; what a row that is not
/// kept has, does not matter.
fn events(function: &str, name: &str, array: &ArrayRef, keep: &mut [bool]) -> Result<Vec<bool>> {
    if *array.data_type() == DataType::Boolean {
        let values = array.as_boolean();
        keep.iter_mut()
            .enumerate()
            .for_each(|(row, k)| *k &= values.is_valid(row));
        return Ok(values.values().iter().collect());
    }
    let wrong = |found: &dyn std::fmt::Display| {
        exec_err!("{function}: event '{name}' must be 0 or 1 (or BOOLEAN); found {found}")
    };
    if let Some(column) = array.as_primitive_opt::<Int64Type>() {
        if let Some(nulls) = column.nulls() {
            keep.iter_mut().zip(nulls).for_each(|(k, there)| *k &= there);
        }
        return match first_wrong(column.values(), keep, |v| v == 0 || v == 1) {
            Some(other) => wrong(&other),
            None => Ok(column.values().iter().map(|v| *v == 1).collect()),
        };
    }
    let values = into_numbers(std::sync::Arc::clone(array))?;
    require(keep, &values);
    match first_wrong(&values, keep, |v| v == 0.0 || v == 1.0) {
        Some(other) => wrong(&other),
        None => Ok(values.into_iter().map(|v| v == 1.0).collect()),
    }
}

/// The first value of a row in `keep` that is not right. As a rule there is none, which one pass without branches tells.
fn first_wrong<T: Copy>(values: &[T], keep: &[bool], right: impl Fn(T) -> bool) -> Option<T> {
    let is_wrong = |(value, keep): (&T, &bool)| *keep & !right(*value);
    if !values.iter().zip(keep).fold(false, |wrong, row| wrong | is_wrong(row)) {
        return None;
    }
    let mut rows = values.iter().zip(keep);
    rows.find(|row| is_wrong(*row)).map(|(value, _)| *value)
}

/// Takes rows that lack a value out of `keep`.
pub fn require(keep: &mut [bool], values: &[f64]) {
    keep.iter_mut().zip(values).for_each(|(k, v)| *k &= !v.is_nan());
}

/// Keeps the values whose row is kept, in place.
pub fn retain<T>(values: &mut Vec<T>, keep: &[bool]) {
    if keep.iter().all(|k| *k) {
        return;
    }
    let mut kept = keep.iter();
    values.retain(|_| kept.next().copied().unwrap_or(false));
}

/// The values whose row is kept.
pub fn filter<T: Clone>(values: &[T], keep: &[bool]) -> Vec<T> {
    let kept = values.iter().zip(keep).filter(|(_, k)| **k);
    kept.map(|(v, _)| v.clone()).collect()
}

/// Which values are there: not NaN.
pub fn present(values: &[f64]) -> Vec<bool> {
    values.iter().map(|v| !v.is_nan()).collect()
}
