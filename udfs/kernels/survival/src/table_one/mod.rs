//! The baseline table of a paper: what the groups look like, and whether they differ.

mod cells;
mod tests_of_groups;

pub use cells::{LevelCount, NumericSummary, TableOneCell};
pub use tests_of_groups::{CategoricalTest, ContinuousTest, GroupTest, TestKind};

use crate::codes::Codes;
use crate::comparison::{FisherLimit, standardized_difference_of_counts, standardized_difference_of_means};
use crate::error::SurvivalError;
use crate::follow_up::check_length;
use crate::rows::check_not_infinite;

/// A variable of the table.
#[derive(Debug, Clone, Copy)]
pub struct TableOneVariable<'a> {
    /// Its name.
    pub name: &'a str,
    /// A value a row.
    pub values: TableOneValues<'a>,
}

/// The values of a variable.
#[derive(Debug, Clone, Copy)]
pub enum TableOneValues<'a> {
    /// Numbers; NaN is missing.
    Numbers(&'a [f64]),
    /// Levels by their place among `names`; `None` is missing.
    Levels {
        /// The level of each row.
        codes: &'a [Option<u32>],
        /// The levels' names, in the order in which they shall stand.
        names: &'a [&'a str],
    },
}

/// Which tests are made.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TableOneOptions {
    /// For numbers.
    pub continuous: ContinuousTest,
    /// For levels.
    pub categorical: CategoricalTest,
    /// How much work Fisher's exact test may be; a table beyond it gets the chi-square test.
    pub fisher_limit: FisherLimit,
}

/// A line of the table: a variable of numbers, or one level of a variable.
#[derive(Debug, Clone, PartialEq)]
pub struct TableOneRow {
    /// The variable.
    pub variable: String,
    /// The level; `None` for numbers.
    pub level: Option<String>,
    /// Over all rows.
    pub overall: TableOneCell,
    /// By group, in the order of [`TableOne::groups`].
    pub groups: Vec<TableOneCell>,
    /// Whether the groups differ: in the first line of each variable, when there are two groups or more.
    pub test: Option<GroupTest>,
    /// The standardised mean difference of the groups, of more than two the mean over all pairs (R's tableone): in the
    /// same lines.
    pub smd: Option<f64>,
}

/// A group of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableOneGroup {
    /// Its code.
    pub group: u32,
    /// Its rows.
    pub n: usize,
}

/// The answer of [`table_one`].
#[derive(Debug, Clone, PartialEq)]
pub struct TableOne {
    /// The groups by ascending code; empty without groups.
    pub groups: Vec<TableOneGroup>,
    /// Lines in the order of the variables and their levels.
    pub rows: Vec<TableOneRow>,
}

/// Describes `variables` over all rows and by group, and tests whether the groups differ.
///
/// The default tests are gtsummary's: Wilcoxon's rank-sum test of numbers in two groups and Kruskal and Wallis' in more;
/// of levels the chi-square test without correction, or Fisher's exact test where a count below 5 is expected. Missing
/// values are counted and otherwise left out, variable by variable; a row without a group is the caller's to leave out.
/// A group that has no value of a variable is left out of its test. Where nothing can be compared, p is NaN.
///
/// Errors: unequal lengths, infinite numbers, a level without a name.
pub fn table_one(
    variables: &[TableOneVariable<'_>],
    groups: Option<&[u32]>,
    options: &TableOneOptions,
) -> Result<TableOne, SurvivalError> {
    let length = |values: &TableOneValues<'_>| match values {
        TableOneValues::Numbers(values) => values.len(),
        TableOneValues::Levels { codes, .. } => codes.len(),
    };
    let rows = match (groups, variables.first()) {
        (Some(groups), _) => groups.len(),
        (None, Some(first)) => length(&first.values),
        (None, None) => 0,
    };
    let codes = Codes::new(groups.unwrap_or(&[]));
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); codes.distinct.len()];
    for (row, &place) in codes.of_row.iter().enumerate() {
        members[place as usize].push(row);
    }
    let mut table = TableOne {
        groups: codes
            .distinct
            .iter()
            .zip(&members)
            .map(|(&group, members)| TableOneGroup {
                group,
                n: members.len(),
            })
            .collect(),
        rows: Vec::new(),
    };
    for variable in variables {
        check_length(variable.name, length(&variable.values), rows)?;
        match variable.values {
            TableOneValues::Numbers(values) => {
                check_not_infinite(variable.name, values)?;
                table.rows.push(numbers(variable.name, values, &members, options)?);
            }
            TableOneValues::Levels { codes, names } => {
                levels(variable.name, codes, names, &members, options, &mut table.rows)?;
            }
        }
    }
    Ok(table)
}

fn numbers(
    name: &str,
    values: &[f64],
    members: &[Vec<usize>],
    options: &TableOneOptions,
) -> Result<TableOneRow, SurvivalError> {
    let present = |rows: &[usize]| {
        let values = rows.iter().map(|&row| values[row]).filter(|value| !value.is_nan());
        values.collect::<Vec<f64>>()
    };
    let of_groups: Vec<Vec<f64>> = members.iter().map(|rows| present(rows)).collect();
    let slices: Vec<&[f64]> = of_groups.iter().map(Vec::as_slice).collect();
    let compared = members.len() > 1;
    let summary = |values: &[f64], rows: usize| TableOneCell::Numbers(NumericSummary::new(values, rows));
    let all: Vec<usize> = (0..values.len()).collect();
    Ok(TableOneRow {
        variable: name.to_owned(),
        level: None,
        overall: summary(&present(&all), values.len()),
        groups: slices
            .iter()
            .zip(members)
            .map(|(values, rows)| summary(values, rows.len()))
            .collect(),
        test: compared.then(|| options.continuous.test(&slices)).transpose()?,
        smd: compared
            .then(|| standardized_difference_of_means(&slices))
            .transpose()?,
    })
}

fn levels(
    name: &str,
    codes: &[Option<u32>],
    names: &[&str],
    members: &[Vec<usize>],
    options: &TableOneOptions,
    rows: &mut Vec<TableOneRow>,
) -> Result<(), SurvivalError> {
    if let Some(&code) = codes.iter().flatten().find(|code| **code as usize >= names.len()) {
        return Err(SurvivalError::Parameter {
            parameter: "levels",
            value: f64::from(code),
            expected: "a place among the names of the levels",
        });
    }
    let mut overall = vec![0_u64; names.len()];
    for &code in codes.iter().flatten() {
        overall[code as usize] += 1;
    }
    let count = |rows: &Vec<usize>| {
        let mut counts = vec![0_u64; names.len()];
        for code in rows.iter().filter_map(|&row| codes[row]) {
            counts[code as usize] += 1;
        }
        counts
    };
    let of_groups: Vec<Vec<u64>> = members.iter().map(count).collect();
    let slices: Vec<&[u64]> = of_groups.iter().map(Vec::as_slice).collect();
    let compared = members.len() > 1;
    let mut test = compared
        .then(|| options.categorical.test(&slices, options.fisher_limit))
        .transpose()?;
    let mut smd = compared
        .then(|| standardized_difference_of_counts(&slices))
        .transpose()?;
    for (level, level_name) in names.iter().enumerate() {
        let cell = |counts: &[u64], rows: usize| TableOneCell::Level(LevelCount::new(counts, level, rows));
        rows.push(TableOneRow {
            variable: name.to_owned(),
            level: Some((*level_name).to_owned()),
            overall: cell(&overall, codes.len()),
            groups: slices
                .iter()
                .zip(members)
                .map(|(counts, rows)| cell(counts, rows.len()))
                .collect(),
            test: test.take(),
            smd: smd.take(),
        });
    }
    Ok(())
}
