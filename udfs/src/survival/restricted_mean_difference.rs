//! `restricted_mean_difference((query), ...)`: two groups compared.

use super::columns::Table;
use super::log_rank::Grouped;
use super::options::Options;
use super::relation::{CONF_LEVEL, Gives, Relation, Takes, says};
use super::restricted_mean::{SAYS_TAU, TAU};
use super::role::Role;
use super::statistic::Definition;
use super::{failed, level};
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, one_struct};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue, exec_err};
use radsql_survival::{ConfidenceType, kaplan_meier_by};

const NAME: &str = "restricted_mean_difference";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Group],
    output: || DataType::Struct(row_fields()),
    evaluate,
    doc: None,
};

/// Fields of the answer.
fn row_fields() -> Fields {
    fields([
        ("n", DataType::Int64),
        ("n_missing", DataType::Int64),
        ("reference", DataType::Utf8),
        ("compared", DataType::Utf8),
        ("tau", DataType::Float64),
        ("rmst_reference", DataType::Float64),
        ("rmst_compared", DataType::Float64),
        ("difference", DataType::Float64),
        ("difference_se", DataType::Float64),
        ("difference_lower", DataType::Float64),
        ("difference_upper", DataType::Float64),
        ("difference_p", DataType::Float64),
        ("ratio", DataType::Float64),
        ("ratio_lower", DataType::Float64),
        ("ratio_upper", DataType::Float64),
        ("ratio_p", DataType::Float64),
        ("extrapolated", DataType::Boolean),
    ])
}

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Compares the restricted mean survival time of two groups.",
        syntax: "restricted_mean_difference((query), time => column, event => column, by => column, tau => t \
                 [, start, weights, conf_level])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            (
                "by",
                "column: the group, two values; the first in their order is the reference",
            ),
            SAYS_TAU,
            says::START,
            says::WEIGHTS,
            says::CONF_LEVEL,
        ],
        returns: "One row: n, n_missing, reference, compared, tau, rmst_reference, \
                  rmst_compared, difference (compared less reference) with difference_se, difference_lower, difference_upper \
                  and difference_p, ratio (compared by reference) with ratio_lower, ratio_upper and ratio_p, its interval \
                  symmetric on the log scale. `extrapolated` tells that follow-up of a group ends before tau. Without events \
                  up to tau p is NULL. Other than two groups are an error; no rows at all give NULL.",
        example: "SELECT compared, difference, difference_p FROM restricted_mean_difference((SELECT os, dead, sex FROM patients), \
                  time => os, event => dead, by => sex, tau => 72)",
        source: "survRM2::rmst2; Uno et al. 2014",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Column("by", Role::Group),
        Takes::Optional("start", Role::Start),
        Takes::Optional("weights", Role::Weights),
        TAU,
        CONF_LEVEL,
    ],
    gives: Gives::Row(&[]),
};

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let Some(rows) = Grouped::of(&mut table)? else {
        return ScalarValue::try_from(&DataType::Struct(row_fields()));
    };
    let (tau, level) = (options.number("tau").unwrap_or(f64::NAN), level(NAME, options)?);
    let curves = kaplan_meier_by(
        &rows.outcome.follow_up()?,
        &rows.groups.codes,
        level,
        ConfidenceType::None,
    );
    let curves = curves.map_err(failed(NAME))?;
    let [(reference, first), (compared, second)] = &curves[..] else {
        return exec_err!("{NAME}: by must have two values to compare; found {}", curves.len());
    };
    let first = first.restricted_mean(tau, level).map_err(failed(NAME))?;
    let second = second.restricted_mean(tau, level).map_err(failed(NAME))?;
    let contrast = second.compare(&first, level).map_err(failed(NAME))?;
    let label = |code: &u32| Values::text(rows.label(*code));
    let (difference, ratio) = (contrast.difference, contrast.ratio);
    one_struct(
        row_fields(),
        vec![
            Values::int(rows.n),
            Values::int(rows.n_missing),
            label(reference),
            label(compared),
            Values::float(tau),
            Values::float(first.mean),
            Values::float(second.mean),
            Values::float(difference.estimate),
            Values::float(difference.se),
            Values::float(difference.lower),
            Values::float(difference.upper),
            Values::float(difference.p),
            Values::float(ratio.estimate),
            Values::float(ratio.lower),
            Values::float(ratio.upper),
            Values::float(ratio.p),
            Values::Bool(vec![Some(first.extrapolated || second.extrapolated)]),
        ],
    )
}
