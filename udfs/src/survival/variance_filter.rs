//! `variance_filter((query))`.

use super::columns::Table;
use super::failed;
use super::feature_columns::slices;
use super::options::Options;
use super::relation::{Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue, exec_err};
use radsql_survival::{ColumnSpread, VarianceRule};

const NAME: &str = "variance_filter";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Covariates],
    output: || list_of(row_fields()),
    evaluate,
    doc: None,
};

fn row_fields() -> Fields {
    fields([
        ("feature", DataType::Utf8),
        ("kept", DataType::Boolean),
        ("n", DataType::Int64),
        ("n_missing", DataType::Int64),
        ("variance", DataType::Float64),
        ("cv", DataType::Float64),
        ("freq_ratio", DataType::Float64),
        ("percent_unique", DataType::Float64),
    ])
}

const AT_LEAST_0: Setting = Setting::Number(|v| v >= 0.0, "a number, 0 or more");

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Drops features that hardly vary.",
        syntax: "variance_filter((query) [, method, min_variance, min_cv, freq_cut, unique_cut, terms, by])",
        arguments: &[
            says::QUERY,
            (
                "method",
                "'variance' (without it), 'cv' or 'near_zero'; an argument of one of them stands for its method",
            ),
            (
                "min_variance",
                "for 'variance': a feature stays when its sample variance is above this; 0 without it, so that constant \
                 features go",
            ),
            (
                "min_cv",
                "for 'cv': a feature stays when its standard deviation divided by its |mean| is above this; 0 without it",
            ),
            (
                "freq_cut",
                "for 'near_zero': a feature goes when its most frequent value occurs more than this many times as often as \
                 the second, and unique_cut holds too; 19 without it",
            ),
            (
                "unique_cut",
                "for 'near_zero': at most this percentage of its values are distinct; 10 without it",
            ),
            (
                "terms",
                "a list of names, or a query that gives names: only these columns, fields and list elements are features; \
                 without it all",
            ),
            says::BY,
        ],
        returns: "A row a feature, in the order of the query: feature, kept, n, n_missing, variance, cv, freq_ratio, \
                  percent_unique. NULL and NaN are left out feature by feature. A feature with fewer than two values, or one \
                  distinct value, is never kept. cv is infinite where the mean is 0. No rows give no rows.",
        example: "SELECT feature, kept, variance FROM variance_filter((SELECT age, marker, 1 AS one FROM patients))",
        source: "R stats::var, caret::nearZeroVar",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Setting("method", Setting::Choice(&["variance", "cv", "near_zero"])),
        Takes::Setting("min_variance", AT_LEAST_0),
        Takes::Setting("min_cv", AT_LEAST_0),
        Takes::Setting("freq_cut", AT_LEAST_0),
        Takes::Setting("unique_cut", AT_LEAST_0),
        Takes::Terms,
        Takes::By,
        Takes::Rest,
    ],
    gives: Gives::Rows,
};

/// Arguments and the methods that they are for.
const OF_METHOD: [(&str, &str); 4] = [
    ("min_variance", "variance"),
    ("min_cv", "cv"),
    ("freq_cut", "near_zero"),
    ("unique_cut", "near_zero"),
];

fn rule(options: &Options) -> Result<VarianceRule> {
    let given = || OF_METHOD.iter().filter(|(name, _)| options.number(name).is_some());
    let method = match (options.text("method"), given().next()) {
        (Some(method), _) => method,
        (None, Some((_, method))) => method,
        (None, None) => "variance",
    };
    if let Some((name, other)) = given().find(|(_, of)| *of != method) {
        return exec_err!("{NAME}: {name} is for method '{other}', and the method is '{method}'");
    }
    let number = |name: &str, default: f64| options.number(name).unwrap_or(default);
    match method {
        "cv" => VarianceRule::coefficient_of_variation(number("min_cv", 0.0)),
        "near_zero" => VarianceRule::near_zero(number("freq_cut", 19.0), number("unique_cut", 10.0)),
        _ => VarianceRule::variance(number("min_variance", 0.0)),
    }
    .map_err(failed(NAME))
}

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let rows = table.rows();
    let rule = rule(options)?;
    let features = table.take_features()?;
    if rows == 0 {
        return ScalarValue::try_from(&list_of(row_fields()));
    }
    let spreads = radsql_survival::variance_filter(&slices(&features), rule).map_err(failed(NAME))?;
    let whole =
        |f: &dyn Fn(&ColumnSpread) -> usize| Values::Int(spreads.iter().map(|s| i64::try_from(f(s)).ok()).collect());
    let number = |f: fn(&ColumnSpread) -> f64| Values::Float(spreads.iter().map(f).collect());
    one_list(
        row_fields(),
        vec![
            Values::Text(features.iter().map(|f| Some(f.name.clone())).collect()),
            Values::Bool(spreads.iter().map(|s| Some(s.kept)).collect()),
            whole(&|s| s.values),
            whole(&|s| rows - s.values),
            number(|s| s.variance),
            number(|s| s.coefficient_of_variation),
            number(|s| s.frequency_ratio),
            number(|s| s.percent_unique),
        ],
    )
}
