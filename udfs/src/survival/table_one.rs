//! `table_one((query), by => column)`.

use super::codes::Codes;
use super::columns::{Table, filter};
use super::failed;
use super::options::Options;
use super::relation::{Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::features::{flatten, into_numbers};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::array::{ArrayRef, BooleanArray};
use datafusion::arrow::compute;
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue, exec_err};
use radsql_survival::{
    CategoricalTest, ContinuousTest, GroupTest, NumericSummary, TableOne, TableOneCell, TableOneOptions, TableOneRow,
    TableOneValues, TableOneVariable, Variances,
};

const NAME: &str = "table_one";

/// What the rows of all groups together are called.
const OVERALL: &str = "overall";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Variables],
    output: || list_of(row_fields()),
    evaluate,
    doc: None,
};

fn row_fields() -> Fields {
    fields([
        ("line", DataType::Int64),
        ("variable", DataType::Utf8),
        ("level", DataType::Utf8),
        ("stratum", DataType::Utf8),
        ("text", DataType::Utf8),
        ("n", DataType::Int64),
        ("n_missing", DataType::Int64),
        ("count", DataType::Int64),
        ("percent", DataType::Float64),
        ("mean", DataType::Float64),
        ("sd", DataType::Float64),
        ("median", DataType::Float64),
        ("q1", DataType::Float64),
        ("q3", DataType::Float64),
        ("min", DataType::Float64),
        ("max", DataType::Float64),
        ("test", DataType::Utf8),
        ("statistic", DataType::Float64),
        ("p", DataType::Float64),
        ("smd", DataType::Float64),
    ])
}

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "The baseline table of a paper: what the groups look like, and whether they differ.",
        syntax: "table_one((query) [, by => column, variables, continuous, categorical, digits])",
        arguments: &[
            says::QUERY,
            (
                "by",
                "column: the groups that are compared; without it all rows are described together",
            ),
            (
                "variables",
                "column or list of columns; without it all others of the query. Text and BOOLEAN are counted by level, and so \
                 is a number that is 0 or 1 wherever it is there; other numbers are summarised. To have the levels of a number \
                 counted, make it text: `stage::TEXT AS stage`",
            ),
            (
                "continuous",
                "test and text of numbers: 'ranks' (without it; Wilcoxon's rank-sum test of two groups, Kruskal and Wallis' \
                 of more; median (q1, q3)), 'welch' or 'means' (t test of two groups, analysis of variance of more, with unequal \
                 or with equal variances; mean (sd))",
            ),
            (
                "categorical",
                "test of levels: 'auto' (without it; chi-square, or Fisher's exact test where a count below 5 is expected), \
                 'chi2', 'yates' (chi-square, of 2 x 2 tables with Yates' correction) or 'fisher'",
            ),
            ("digits", "decimals of numbers in text, 0 to 15; 1 without it"),
        ],
        returns: "A row for each line of the table (a variable, or a level of one) and each group, 'overall' first: line (1, 2, \
                  ...), variable, level (NULL for numbers), stratum ('overall' or the group), text (as papers print it, such \
                  as '63.2 (11.4)' or '35 (50.0%)'), n (values there), n_missing, count and percent of the level, or mean, sd, \
                  median, q1, q3, min, max; and for the variable test, statistic, p, smd (standardised mean difference, of more \
                  than two groups the mean over all pairs). Groups are rows and not columns because the columns of an answer \
                  are known before its data are; the example makes columns of them. Missing values are left out variable by \
                  variable; rows without a group are left out. p is NULL where nothing can be compared. No rows give no rows.",
        example: "SELECT line, variable, max(text) FILTER (WHERE stratum = 'overall') AS overall,\n\
                  \x20      max(text) FILTER (WHERE stratum = '2') AS women, max(text) FILTER (WHERE stratum = '1') AS men, max(p) AS p\n\
                  FROM table_one((SELECT sex, age, marker FROM patients), by => sex)\n\
                  GROUP BY line, variable, level ORDER BY line",
        source: "R gtsummary::tbl_summary and add_p (tests), tableone::CreateTableOne (smd), stats::wilcox.test, kruskal.test, \
                 t.test, oneway.test, chisq.test, fisher.test",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Optional("by", Role::Group),
        Takes::ColumnsOrRest("variables", Role::Variables),
        Takes::Setting("continuous", Setting::Choice(&["ranks", "welch", "means"])),
        Takes::Setting("categorical", Setting::Choice(&["auto", "chi2", "yates", "fisher"])),
        Takes::Setting(
            "digits",
            Setting::Number(
                |v| v.fract() == 0.0 && (0.0..=15.0).contains(&v),
                "a whole number from 0 to 15",
            ),
        ),
    ],
    gives: Gives::Rows,
};

fn table_options(options: &Options) -> TableOneOptions {
    TableOneOptions {
        continuous: match options.text("continuous") {
            Some("welch") => ContinuousTest::Means(Variances::Unequal),
            Some("means") => ContinuousTest::Means(Variances::Equal),
            _ => ContinuousTest::Ranks,
        },
        categorical: match options.text("categorical") {
            Some("chi2") => CategoricalTest::ChiSquare,
            Some("yates") => CategoricalTest::ChiSquareContinuity,
            Some("fisher") => CategoricalTest::Fisher,
            _ => CategoricalTest::Automatic,
        },
        ..TableOneOptions::default()
    }
}

/// A variable's values.
enum Column {
    Numbers(Vec<f64>),
    Levels(Vec<Option<u32>>, Vec<String>),
}

impl Column {
    fn of(array: ArrayRef) -> Result<Self> {
        let levels = |codes: &[u32], names: Vec<String>| {
            let code = |c: &u32| (*c != Codes::NONE).then_some(*c);
            Self::Levels(codes.iter().map(code).collect(), names)
        };
        if *array.data_type() == DataType::Boolean {
            return Ok(Self::of_truth(&into_numbers(array)?, ["false", "true"]));
        }
        if array.data_type().is_string() {
            let Codes { codes, levels: names } = Codes::of(&array)?;
            return Ok(match names.is_empty() {
                // Without any value nobody knows the levels: one line that counts what is missing.
                true => Self::Numbers(vec![f64::NAN; codes.len()]),
                false => levels(&codes, names),
            });
        }
        let values = into_numbers(array)?;
        let truth = values.iter().all(|v| v.is_nan() || *v == 0.0 || *v == 1.0);
        Ok(match truth && values.iter().any(|v| !v.is_nan()) {
            true => Self::of_truth(&values, ["0", "1"]),
            false => Self::Numbers(values),
        })
    }

    fn of_truth(values: &[f64], names: [&str; 2]) -> Self {
        let code = |v: &f64| (!v.is_nan()).then_some(u32::from(*v == 1.0));
        Self::Levels(values.iter().map(code).collect(), names.map(String::from).to_vec())
    }
}

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let groups = table.take_codes(Role::Group)?;
    let mut keep = vec![true; table.rows()];
    if let Some(groups) = &groups {
        if groups.levels.iter().any(|l| l == OVERALL) {
            return exec_err!(
                "{NAME}: a group is named '{OVERALL}', as the rows of all groups are; give it another name"
            );
        }
        groups.require(&mut keep);
    }
    let mut leaves = vec![];
    for (name, array) in table.take(Role::Variables) {
        flatten(NAME, &name, array, &mut leaves)?;
    }
    if keep.iter().all(|k| !*k) {
        return ScalarValue::try_from(&list_of(row_fields()));
    }
    let mask = BooleanArray::from(keep.clone());
    let mut columns = Vec::with_capacity(leaves.len());
    for (name, array) in leaves {
        columns.push((name, Column::of(compute::filter(&array, &mask)?)?));
    }
    let names: Vec<Vec<&str>> = columns
        .iter()
        .map(|(_, column)| match column {
            Column::Numbers(_) => vec![],
            Column::Levels(_, names) => names.iter().map(String::as_str).collect(),
        })
        .collect();
    let variables: Vec<TableOneVariable> = columns
        .iter()
        .zip(&names)
        .map(|((name, column), names)| TableOneVariable {
            name,
            values: match column {
                Column::Numbers(values) => TableOneValues::Numbers(values),
                Column::Levels(codes, _) => TableOneValues::Levels { codes, names },
            },
        })
        .collect();
    let codes = groups.as_ref().map(|g| filter(&g.codes, &keep));
    let found =
        radsql_survival::table_one(&variables, codes.as_deref(), &table_options(options)).map_err(failed(NAME))?;
    let label = |code: u32| groups.as_ref().and_then(|g| g.level(code)).map(String::from);
    let digits = options.number("digits").map_or(1, |d| d as usize);
    let by_means = matches!(options.text("continuous"), Some("welch" | "means"));
    to_value(&lines(&found, &label, &|cell| text(cell, by_means, digits)))
}

/// A cell of the table with what stands beside it.
struct Line<'a> {
    line: i64,
    row: &'a TableOneRow,
    stratum: Option<String>,
    text: Option<String>,
    cell: TableOneCell,
    test: Option<GroupTest>,
    smd: f64,
}

fn lines<'a>(
    table: &'a TableOne,
    label: &dyn Fn(u32) -> Option<String>,
    text: &dyn Fn(&TableOneCell) -> Option<String>,
) -> Vec<Line<'a>> {
    let mut lines = vec![];
    let (mut test, mut smd, mut variable) = (None, f64::NAN, None);
    for (line, row) in (1..).zip(&table.rows) {
        // They stand in the first line of a variable.
        let first = variable != Some(&row.variable) || row.level.is_none() || row.test.is_some();
        if first {
            (test, smd, variable) = (row.test, row.smd.unwrap_or(f64::NAN), Some(&row.variable));
        }
        let overall = std::iter::once((Some(OVERALL.to_string()), row.overall));
        let groups = table
            .groups
            .iter()
            .zip(&row.groups)
            .map(|(g, cell)| (label(g.group), *cell));
        lines.extend(overall.chain(groups).map(|(stratum, cell)| Line {
            line,
            row,
            stratum,
            text: text(&cell),
            cell,
            test,
            smd,
        }));
    }
    lines
}

/// A cell as papers print it.
fn text(cell: &TableOneCell, by_means: bool, digits: usize) -> Option<String> {
    let number = |v: f64| {
        let text = format!("{v:.digits$}");
        // No -0.0.
        match text.trim_start_matches(['-', '0', '.']).is_empty() {
            true => text.trim_start_matches('-').to_string(),
            false => text,
        }
    };
    match cell {
        TableOneCell::Level(l) => (l.n > 0).then(|| format!("{} ({:.1}%)", l.count, l.percent)),
        TableOneCell::Numbers(s) if s.n == 0 => None,
        TableOneCell::Numbers(s) if by_means && s.sd.is_nan() => Some(number(s.mean)),
        TableOneCell::Numbers(s) if by_means => Some(format!("{} ({})", number(s.mean), number(s.sd))),
        TableOneCell::Numbers(s) => Some(format!("{} ({}, {})", number(s.median), number(s.q1), number(s.q3))),
    }
}

fn to_value(lines: &[Line]) -> Result<ScalarValue> {
    let whole = |f: &dyn Fn(&TableOneCell) -> Option<usize>| {
        let cell = |l: &Line| f(&l.cell).and_then(|n| i64::try_from(n).ok());
        Values::Int(lines.iter().map(cell).collect())
    };
    let number = |f: fn(&NumericSummary) -> f64| {
        let cell = |l: &Line| match &l.cell {
            TableOneCell::Numbers(s) => f(s),
            TableOneCell::Level(_) => f64::NAN,
        };
        Values::Float(lines.iter().map(cell).collect())
    };
    let level = |c: &TableOneCell| match c {
        TableOneCell::Level(l) => Some(*l),
        TableOneCell::Numbers(_) => None,
    };
    let present = |c: &TableOneCell| match c {
        TableOneCell::Level(l) => (l.n, l.missing),
        TableOneCell::Numbers(s) => (s.n, s.missing),
    };
    let of_test =
        |f: fn(&GroupTest) -> f64| Values::Float(lines.iter().map(|l| l.test.as_ref().map_or(f64::NAN, f)).collect());
    one_list(
        row_fields(),
        vec![
            Values::Int(lines.iter().map(|l| Some(l.line)).collect()),
            Values::Text(lines.iter().map(|l| Some(l.row.variable.clone())).collect()),
            Values::Text(lines.iter().map(|l| l.row.level.clone()).collect()),
            Values::Text(lines.iter().map(|l| l.stratum.clone()).collect()),
            Values::Text(lines.iter().map(|l| l.text.clone()).collect()),
            whole(&|c| Some(present(c).0)),
            whole(&|c| Some(present(c).1)),
            whole(&|c| level(c).map(|l| l.count)),
            Values::Float(
                lines
                    .iter()
                    .map(|l| level(&l.cell).map_or(f64::NAN, |l| l.percent))
                    .collect(),
            ),
            number(|s| s.mean),
            number(|s| s.sd),
            number(|s| s.median),
            number(|s| s.q1),
            number(|s| s.q3),
            number(|s| s.min),
            number(|s| s.max),
            Values::Text(
                lines
                    .iter()
                    .map(|l| l.test.map(|t| t.kind.name().to_string()))
                    .collect(),
            ),
            of_test(|t| t.statistic),
            of_test(|t| t.p),
            Values::Float(lines.iter().map(|l| l.smd).collect()),
        ],
    )
}
