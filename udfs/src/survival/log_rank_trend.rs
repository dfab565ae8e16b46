//! `log_rank_trend((query), ...)`: the log-rank test for a trend over ordered groups.

use super::columns::Table;
use super::failed;
use super::log_rank::{Grouped, SAYS_STRATA, SAYS_WEIGHTING, WEIGHTING};
use super::options::Options;
use super::relation::{Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list, one_struct};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};

const NAME: &str = "log_rank_trend";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Group],
    output: || DataType::Struct(test_fields()),
    evaluate,
    doc: None,
};

fn group_fields() -> Fields {
    fields([
        ("group", DataType::Utf8),
        ("score", DataType::Float64),
        ("n", DataType::Int64),
        ("observed", DataType::Float64),
        ("expected", DataType::Float64),
    ])
}

/// Fields of the answer.
fn test_fields() -> Fields {
    fields([
        ("n", DataType::Int64),
        ("n_missing", DataType::Int64),
        ("statistic", DataType::Float64),
        ("variance", DataType::Float64),
        ("chi2", DataType::Float64),
        ("df", DataType::Int64),
        ("p", DataType::Float64),
        ("groups", list_of(group_fields())),
    ])
}

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Tests for a trend of survival over ordered groups.",
        syntax: "log_rank_trend((query), time => column, event => column, by => column [, scores, strata, rho, gamma, weighting])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            (
                "by",
                "column: the group; at least two, in the order of the values (numbers by size, text by the alphabet)",
            ),
            (
                "scores",
                "a list of numbers: one for each group in that order; 1, 2, 3, ... without it",
            ),
            SAYS_STRATA,
            SAYS_WEIGHTING[0],
            SAYS_WEIGHTING[1],
            SAYS_WEIGHTING[2],
        ],
        returns: "One row: n, n_missing, statistic, variance, chi2, df, p, groups LIST(STRUCT(group, score, n, observed, \
                  expected)). `statistic` is the sum over groups of score times observed less expected, above 0 when the \
                  hazard rises with the score. Without events, or with equal scores, chi2 and df are 0 and p NULL. One group \
                  is an error; no row at all gives NULL.",
        example: "SELECT chi2, p FROM log_rank_trend((SELECT os, dead, ntile(3) OVER (ORDER BY marker) AS third FROM patients), \
                  time => os, event => dead, by => third)",
        source: "Tarone 1975; survminer::surv_pvalue(test.for.trend = TRUE)",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Column("by", Role::Group),
        Takes::Setting("scores", Setting::Numbers(f64::is_finite, "a finite number")),
        Takes::OptionalColumns("strata", Role::Strata),
        WEIGHTING[0],
        WEIGHTING[1],
        WEIGHTING[2],
    ],
    gives: Gives::Row(&[]),
};

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let Some(rows) = Grouped::of(&mut table)? else {
        return ScalarValue::try_from(&DataType::Struct(test_fields()));
    };
    let test = rows.test(NAME, options)?;
    let scores = options
        .numbers("scores")
        .unwrap_or_else(|| (1..=test.groups.len()).map(|rank| rank as f64).collect());
    let trend = test.trend(&scores).map_err(failed(NAME))?;
    let list = one_list(
        group_fields(),
        vec![
            Values::Text(test.groups.iter().map(|g| rows.label(g.group)).collect()),
            Values::Float(scores),
            Values::Int(test.groups.iter().map(|g| i64::try_from(g.n).ok()).collect()),
            Values::Float(test.groups.iter().map(|g| g.observed).collect()),
            Values::Float(test.groups.iter().map(|g| g.expected).collect()),
        ],
    )?;
    one_struct(
        test_fields(),
        vec![
            Values::int(rows.n),
            Values::int(rows.n_missing),
            Values::float(trend.statistic),
            Values::float(trend.variance),
            Values::float(trend.test.chi2),
            Values::int(trend.test.df),
            Values::float(trend.test.p),
            Values::Nested(list),
        ],
    )
}
