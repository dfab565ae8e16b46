//! Features: columns of numbers that a statistic chooses among or describes.

use super::columns::{Named, Table};
use super::role::Role;
use crate::features::{flatten, into_numbers};
use datafusion::common::{Result, exec_err};
use std::collections::HashSet;

impl Table {
    /// Takes out the columns that have no other role as features: structs and lists are taken apart. With a `terms`
    /// argument only those named. NaN where a cell is NULL.
    ///
    /// # Errors
    /// When a feature is text or infinite somewhere, two have one name, or `terms` names what is not there.
    pub fn take_features(&mut self) -> Result<Vec<Named>> {
        let function = self.function();
        let mut wanted = self.wanted()?;
        let mut leaves = vec![];
        for (name, array) in self.take(Role::Covariates) {
            flatten(function, &name, array, &mut leaves)?;
        }
        let mut features = Vec::with_capacity(leaves.len());
        let mut seen = HashSet::new();
        for (name, array) in leaves {
            if !wanted.as_mut().is_none_or(|w| w.has(&name)) {
                continue;
            }
            if array.data_type().is_string() {
                return exec_err!(
                    "{function}: column '{name}' is text; a feature is a number. Leave it out of the query"
                );
            }
            if !seen.insert(name.clone()) {
                return exec_err!("{function}: two features are named '{name}'; give one another name with AS");
            }
            let values = into_numbers(array)?;
            if let Some(infinite) = values.iter().find(|v| v.is_infinite()) {
                return exec_err!("{function}: feature '{name}' must be finite or NULL; found {infinite}");
            }
            features.push(Named { name, values });
        }
        if let Some(wanted) = wanted {
            wanted.all_found(function)?;
        }
        Ok(features)
    }
}

/// The values of features, as kernels take them.
pub fn slices(features: &[Named]) -> Vec<&[f64]> {
    features.iter().map(|f| f.values.as_slice()).collect()
}
