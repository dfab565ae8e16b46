//! `pairwise_log_rank((query), ...)`.

use super::columns::Table;
use super::failed;
use super::log_rank::{Grouped, SAYS_STRATA, SAYS_WEIGHTING, WEIGHTING, weight};
use super::options::Options;
use super::relation::{Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use radsql_survival::{Adjustment, PairwiseLogRank};

const NAME: &str = "pairwise_log_rank";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Group],
    output: || list_of(row_fields()),
    evaluate,
    doc: None,
};

/// Fields of one pair.
fn row_fields() -> Fields {
    fields([
        ("group_1", DataType::Utf8),
        ("group_2", DataType::Utf8),
        ("chi2", DataType::Float64),
        ("df", DataType::Int64),
        ("p", DataType::Float64),
        ("p_adjusted", DataType::Float64),
    ])
}

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Tests for each pair of groups whether they have the same survival.",
        syntax: "pairwise_log_rank((query), time => column, event => column, by => column [, strata, rho, gamma, weighting, adjust])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            ("by", "column: the group; at least two groups"),
            SAYS_STRATA,
            SAYS_WEIGHTING[0],
            SAYS_WEIGHTING[1],
            SAYS_WEIGHTING[2],
            (
                "adjust",
                "how p_adjusted corrects p for all pairs: 'BH' (Benjamini and Hochberg; without it), 'BY', 'holm', \
                 'hochberg', 'bonferroni' or 'none'",
            ),
        ],
        returns: "A row a pair, in the order of the groups: group_1, group_2, chi2, df, p, p_adjusted. Each test is that of the \
                  rows of the two groups alone. A pair without events has chi2 0 and p NULL, and is not counted among the \
                  tests. One group is an error; no row at all gives no row.",
        example: "SELECT group_1, group_2, p FROM pairwise_log_rank((SELECT os, dead, sex FROM patients), time => os, event => dead, by => sex)",
        source: "R survival::survdiff, stats::p.adjust; survminer::pairwise_survdiff",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Column("by", Role::Group),
        Takes::OptionalColumns("strata", Role::Strata),
        WEIGHTING[0],
        WEIGHTING[1],
        WEIGHTING[2],
        Takes::Setting(
            "adjust",
            Setting::Choice(&["BH", "BY", "holm", "hochberg", "bonferroni", "none"]),
        ),
    ],
    gives: Gives::Rows,
};

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let Some(rows) = Grouped::of(&mut table)? else {
        return ScalarValue::try_from(&list_of(row_fields()));
    };
    let adjustment = match options.text("adjust") {
        Some("BY") => Some(Adjustment::BenjaminiYekutieli),
        Some("holm") => Some(Adjustment::Holm),
        Some("hochberg") => Some(Adjustment::Hochberg),
        Some("bonferroni") => Some(Adjustment::Bonferroni),
        Some("none") => None,
        _ => Some(Adjustment::BenjaminiHochberg),
    };
    let pairs = radsql_survival::pairwise_log_rank(
        &rows.outcome.follow_up()?,
        &rows.groups.codes,
        rows.outcome.strata(),
        weight(NAME, options)?,
        adjustment,
    )
    .map_err(failed(NAME))?;
    let text = |f: fn(&PairwiseLogRank) -> u32| Values::Text(pairs.iter().map(|p| rows.label(f(p))).collect());
    let number = |f: fn(&PairwiseLogRank) -> f64| Values::Float(pairs.iter().map(f).collect());
    one_list(
        row_fields(),
        vec![
            text(|p| p.first),
            text(|p| p.second),
            number(|p| p.test.chi2),
            Values::Int(pairs.iter().map(|p| i64::try_from(p.test.df).ok()).collect()),
            number(|p| p.test.p),
            number(|p| p.p_adjusted),
        ],
    )
}
