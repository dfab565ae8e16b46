//! `correlation_filter((query), cutoff => 0.9)`.

use super::columns::{Named, Table, filter};
use super::feature_columns::slices;
use super::options::Options;
use super::relation::{Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use super::{cox_options, failed};
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue, exec_err};
use radsql_survival::{
    CaretVariant, ColumnVerdict, Correlation, CorrelationCutoff, CorrelationFilter, Covariate, KeepBy,
};
use std::borrow::Cow;

const NAME: &str = "correlation_filter";

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
        ("dropped_for", DataType::Utf8),
        ("correlation", DataType::Float64),
        ("reason", DataType::Utf8),
        ("n", DataType::Int64),
        ("n_missing", DataType::Int64),
    ])
}

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Drops features that are correlated with another one.",
        syntax: "correlation_filter((query) [, cutoff => 0.9, method, order_by, exact, time => column, event => column, terms, by])",
        arguments: &[
            says::QUERY,
            (
                "cutoff",
                "the largest |correlation| that two kept features may have, 0 to 1; 0.9 without it. Features are too \
                 correlated above it, not at it",
            ),
            (
                "method",
                "'pearson' (without it) or 'spearman': the coefficient. 'caret' is short for order_by => 'caret' with \
                 Pearson's coefficient",
            ),
            (
                "order_by",
                "which feature of a correlated pair stays. 'position' (without it): features are taken in the order of the \
                 query, and each stays unless it is correlated with one that stayed before. 'variance': the same, the \
                 largest variance first. 'p': the same, the smallest p of a Cox model of the feature alone first. 'caret': \
                 the rule of R's caret::findCorrelation, by which the one goes that is more correlated with all others",
            ),
            (
                "exact",
                "for 'caret': true works mean correlations out anew after each removal, false does not; without it true for \
                 fewer than 100 features, as in caret",
            ),
            (
                "time",
                "column, for order_by => 'p': time of the event or of the end of observation",
            ),
            (
                "event",
                "column, for order_by => 'p': whether the event came, BOOLEAN or 0/1",
            ),
            (
                "terms",
                "a list of names, or a query that gives names: only these columns, fields and list elements are features; \
                 without it all that have no other role",
            ),
            says::BY,
        ],
        returns: "A row a feature, in the order of the query: feature, kept, dropped_for, correlation (with that feature), reason \
                  ('correlated', 'constant', 'no values' or 'fewer than two complete rows'), n, n_missing. Structs and lists \
                  are taken apart. Correlations are over the n rows in which no feature is NULL or NaN, features without \
                  any value set aside first. By 'caret', dropped_for may have gone itself. Order 'position' is the default \
                  because it needs no more than the query to be understood, and features added behind change nothing for \
                  those before. Ties go to the earlier feature. No rows give no rows.",
        example: "SELECT feature, kept FROM correlation_filter((SELECT age, marker, 2 * marker AS twice FROM patients), cutoff => 0.9)",
        source: "R caret::findCorrelation, stats::cor",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Setting(
            "cutoff",
            Setting::Number(|v| (0.0..=1.0).contains(&v), "a number from 0 to 1, such as 0.9"),
        ),
        Takes::Setting("method", Setting::Choice(&["pearson", "spearman", "caret"])),
        Takes::Setting("order_by", Setting::Choice(&["position", "variance", "p", "caret"])),
        Takes::Setting("exact", Setting::Truth),
        Takes::Optional("time", Role::Time),
        Takes::Optional("event", Role::Event),
        Takes::Terms,
        Takes::By,
        Takes::Rest,
    ],
    gives: Gives::Rows,
};

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let rows = table.rows();
    let method = options.text("method").unwrap_or("pearson");
    let order = match (method, options.text("order_by")) {
        ("caret", None | Some("caret")) => "caret",
        ("caret", Some(other)) => {
            return exec_err!("{NAME}: method 'caret' has an order of its own; order_by is '{other}'");
        }
        (_, order) => order.unwrap_or("position"),
    };
    let exact = options.truth("exact");
    if exact.is_some() && order != "caret" {
        return exec_err!("{NAME}: exact is for order_by 'caret'; order_by is '{order}'");
    }
    let correlation = match method {
        "spearman" => Correlation::Spearman,
        _ => Correlation::Pearson,
    };
    let cutoff = match options.number("cutoff") {
        Some(cutoff) => CorrelationCutoff::new(cutoff).map_err(failed(NAME))?,
        None => CorrelationCutoff::default(),
    };
    let features = table.take_features()?;
    let p_values = match order {
        "p" => univariate(&mut table, &features, options)?,
        _ => vec![],
    };
    if rows == 0 || features.is_empty() {
        return ScalarValue::try_from(&list_of(row_fields()));
    }
    let keep_by = match order {
        "variance" => KeepBy::Variance,
        "p" => KeepBy::PValue(&p_values),
        "caret" => KeepBy::Caret(match exact {
            Some(true) => CaretVariant::Exact,
            Some(false) => CaretVariant::Fast,
            None => CaretVariant::Automatic,
        }),
        _ => KeepBy::Position,
    };
    let found =
        radsql_survival::correlation_filter(&slices(&features), correlation, cutoff, keep_by).map_err(failed(NAME))?;
    to_value(&features, &found, rows)
}

/// P-values of Cox models of each feature alone, over the rows that have an outcome; NaN where there is none.
fn univariate(table: &mut Table, features: &[Named], options: &Options) -> Result<Vec<f64>> {
    for role in [Role::Time, Role::Event] {
        if options.names_of(role).next().is_none() {
            return exec_err!("{NAME}: order_by 'p' needs time and event; {} is missing", role.name());
        }
    }
    let mut outcome = table.take_outcome()?;
    if outcome.n() == 0 {
        return Ok(vec![f64::NAN; features.len()]);
    }
    let all = outcome.keep.iter().all(|k| *k);
    let values: Vec<Cow<[f64]>> = features
        .iter()
        .map(|f| match all {
            true => Cow::Borrowed(f.values.as_slice()),
            false => Cow::Owned(filter(&f.values, &outcome.keep)),
        })
        .collect();
    outcome.complete();
    let covariates: Vec<Covariate> = features
        .iter()
        .zip(&values)
        .map(|(f, values)| Covariate { name: &f.name, values })
        .collect();
    let fits = radsql_survival::univariate_cox(
        &outcome.follow_up()?,
        None,
        &covariates,
        &cox_options(NAME, options, false)?,
    )
    .map_err(failed(NAME))?;
    Ok(fits
        .iter()
        .map(|fit| fit.terms.first().map_or(f64::NAN, |t| t.p))
        .collect())
}

fn to_value(features: &[Named], found: &CorrelationFilter, rows: usize) -> Result<ScalarValue> {
    let verdicts = &found.columns;
    let name = |place: usize| features.get(place).map(|f| f.name.clone());
    let reason = |verdict: &ColumnVerdict| match verdict {
        ColumnVerdict::Kept => None,
        ColumnVerdict::Correlated { .. } => Some("correlated".to_string()),
        ColumnVerdict::Missing => Some("no values".to_string()),
        ColumnVerdict::Constant if found.rows < 2 => Some("fewer than two complete rows".to_string()),
        ColumnVerdict::Constant => Some("constant".to_string()),
    };
    let whole = |n: usize| Values::Int(vec![i64::try_from(n).ok(); features.len()]);
    one_list(
        row_fields(),
        vec![
            Values::Text(features.iter().map(|f| Some(f.name.clone())).collect()),
            Values::Bool(verdicts.iter().map(|v| Some(v.kept())).collect()),
            Values::Text(
                verdicts
                    .iter()
                    .map(|v| match v {
                        ColumnVerdict::Correlated { with, .. } => name(*with),
                        _ => None,
                    })
                    .collect(),
            ),
            Values::Float(
                verdicts
                    .iter()
                    .map(|v| match v {
                        ColumnVerdict::Correlated { correlation, .. } => *correlation,
                        _ => f64::NAN,
                    })
                    .collect(),
            ),
            Values::Text(verdicts.iter().map(reason).collect()),
            whole(found.rows),
            whole(rows - found.rows),
        ],
    )
}
