//! `compare_concordance((query), ...)`: concordances of several scores on the same rows.

use super::columns::Table;
use super::concordance::{BOOTSTRAP, METHOD, TAU, concordance_options, resampling};
use super::failed;
use super::markers::Markers;
use super::options::Options;
use super::relation::{CONF_LEVEL, Gives, Relation, SEED, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue, exec_err};
use radsql_survival::{TimeWeight, bootstrap_concordance};

const NAME: &str = "compare_concordance";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Score],
    output: || list_of(row_fields()),
    evaluate,
    doc: None,
};

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Compares the concordances of two or more scores on the same rows.",
        syntax: "compare_concordance((query), time => column, event => column, scores => [column, ...] [, method => 'harrell', tau, \
                 bootstrap, seed, start, weights, strata, by, conf_level])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            (
                "scores",
                "list of columns: numbers; higher means an earlier event; rows that lack one are dropped",
            ),
            (
                "method",
                "weights of the event times: 'harrell' (none; without it), 'uno' (1/G^2), 'peto' (S), 'schemper' (S/G) or 'at_risk' (1/n)",
            ),
            ("tau", "events after this time count for nothing"),
            (
                "bootstrap",
                "replicates of a bootstrap, such as 1000, that gives se and the percentile interval of the difference (method 'harrell', \
                 no weights); z and p stay those of the jackknife",
            ),
            says::SEED,
            says::START,
            says::WEIGHTS,
            ("strata", "column or list of columns: pairs are formed within strata"),
            says::BY,
            says::CONF_LEVEL,
        ],
        returns: "A row a pair of scores: first, second, n, c_first, c_second, difference, se, lower, upper, z, p. The standard error is the \
                  infinitesimal jackknife's, with the covariance of the two.",
        example: "SELECT difference, p FROM compare_concordance((SELECT i * 37 % 101 + 1 AS os, i % 3 > 0 AS dead, i * 7 % 11 AS a, i * 5 % 13 AS b FROM (SELECT value AS i FROM range(1, 61))), time => os, event => dead, scores => [a, b])",
        source: "R survival::concordance(fit1, fit2)",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Columns("scores", Role::Score),
        METHOD,
        TAU,
        BOOTSTRAP,
        SEED,
        Takes::Optional("start", Role::Start),
        Takes::Optional("weights", Role::Weights),
        Takes::OptionalColumns("strata", Role::Strata),
        Takes::By,
        CONF_LEVEL,
    ],
    gives: Gives::Rows,
};

fn row_fields() -> Fields {
    fields([
        ("first", DataType::Utf8),
        ("second", DataType::Utf8),
        ("n", DataType::Int64),
        ("c_first", DataType::Float64),
        ("c_second", DataType::Float64),
        ("difference", DataType::Float64),
        ("se", DataType::Float64),
        ("lower", DataType::Float64),
        ("upper", DataType::Float64),
        ("z", DataType::Float64),
        ("p", DataType::Float64),
    ])
}

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let markers = Markers::of(&mut table)?;
    if markers.columns.len() < 2 {
        return exec_err!(
            "{NAME}: scores must be two or more columns; found {}",
            markers.columns.len()
        );
    }
    if markers.outcome.time.is_empty() {
        return ScalarValue::try_from(&list_of(row_fields()));
    }
    let follow_up = markers.outcome.follow_up()?;
    let scores = markers.values();
    let how = concordance_options(NAME, options)?;
    let mut found = radsql_survival::compare_concordance(&follow_up, markers.outcome.strata(), &scores, &how)
        .map_err(failed(NAME))?;
    if let Some(resampling) = resampling(NAME, options)? {
        if how.time_weight != TimeWeight::Harrell || how.ymax.is_some() {
            return exec_err!("{NAME}: bootstrap is there for method 'harrell' without tau alone");
        }
        let boot = bootstrap_concordance(&follow_up, markers.outcome.strata(), &scores, resampling, how.level)
            .map_err(failed(NAME))?;
        for (d, b) in found.differences.iter_mut().zip(&boot.differences) {
            let b = &b.difference;
            (d.se, d.lower, d.upper) = (b.se, b.percentile.lower, b.percentile.upper);
        }
    }
    let pairs = &found.differences;
    let c = |place: usize| found.scores.get(place).map_or(f64::NAN, |c| c.c);
    one_list(
        row_fields(),
        vec![
            Values::Text(pairs.iter().map(|d| markers.name(d.first)).collect()),
            Values::Text(pairs.iter().map(|d| markers.name(d.second)).collect()),
            Values::Int(
                pairs
                    .iter()
                    .map(|_| i64::try_from(markers.outcome.time.len()).ok())
                    .collect(),
            ),
            Values::Float(pairs.iter().map(|d| c(d.first)).collect()),
            Values::Float(pairs.iter().map(|d| c(d.second)).collect()),
            Values::Float(pairs.iter().map(|d| d.difference).collect()),
            Values::Float(pairs.iter().map(|d| d.se).collect()),
            Values::Float(pairs.iter().map(|d| d.lower).collect()),
            Values::Float(pairs.iter().map(|d| d.upper).collect()),
            Values::Float(pairs.iter().map(|d| d.z).collect()),
            Values::Float(pairs.iter().map(|d| d.p).collect()),
        ],
    )
}
