//! `log_rank(time, event, group)`.

use super::columns::Table;
use super::failed;
use super::options::Options;
use super::relation::{Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list, one_struct};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use radsql_survival::Rho;

const NAME: &str = "log_rank";

/// The aggregate.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Group],
    output: || DataType::Struct(test_fields()),
    evaluate,
    doc: Some(&DOC),
};

/// Its documentation.
pub static DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Aggregate,
    summary: "Tests whether groups have the same survival.",
    syntax: "log_rank(time, event, group)",
    arguments: &[
        super::cox::DOC.arguments[0],
        super::cox::DOC.arguments[1],
        ("group", "the group: any plain value; at least two groups"),
    ],
    returns: "STRUCT(n, n_missing, chi2, df, p, groups LIST(STRUCT(group, n, observed, expected))). Without events chi2 is 0 and \
              p NULL. One group is an error; no row at all gives NULL.",
    example: "SELECT log_rank(time, event, arm)['p'] AS p\n\
              FROM (VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 0, 'a'), (4, 1, 'b')) AS t(time, event, arm)",
    source: "R survival::survdiff; Mantel 1966; Harrington and Fleming 1982",
};

fn group_fields() -> Fields {
    fields([
        ("group", DataType::Utf8),
        ("n", DataType::Int64),
        ("observed", DataType::Float64),
        ("expected", DataType::Float64),
    ])
}

/// Fields of the answer.
pub fn test_fields() -> Fields {
    fields([
        ("n", DataType::Int64),
        ("n_missing", DataType::Int64),
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
        summary: "Tests whether groups have the same survival.",
        syntax: "log_rank((query), time => column, event => column, by => column [, strata, rho])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            ("by", "column: the group; at least two groups"),
            ("strata", "column or list of columns: groups are compared within strata"),
            (
                "rho",
                "weight S(t-)^rho: 0 for the log-rank test (without it), 1 for Peto and Peto's",
            ),
        ],
        returns: "One row: n, n_missing, chi2, df, p, groups LIST(STRUCT(group, n, observed, expected)).",
        example: "SELECT chi2, p FROM log_rank((SELECT os, dead, sex FROM patients), time => os, event => dead, by => sex)",
        source: "R survival::survdiff",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Column("by", Role::Group),
        Takes::OptionalColumns("strata", Role::Strata),
        Takes::Setting("rho", Setting::Number(f64::is_finite, "a finite number")),
    ],
    gives: Gives::Row(&[]),
};

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let rows = table.rows();
    let mut outcome = table.take_outcome()?;
    let mut groups = table.take_codes(Role::Group)?.unwrap_or_default();
    groups.require(&mut outcome.keep);
    let n = outcome.n();
    if n == 0 {
        return ScalarValue::try_from(&DataType::Struct(test_fields()));
    }
    outcome.complete();
    groups.retain(&outcome.keep);
    let rho = Rho::new(options.number("rho").unwrap_or(0.0)).map_err(failed(NAME))?;
    let test =
        radsql_survival::log_rank(&outcome.follow_up()?, &groups.codes, outcome.strata(), rho).map_err(failed(NAME))?;
    let label = |code: u32| groups.level(code).map(String::from);
    let list = one_list(
        group_fields(),
        vec![
            Values::Text(test.groups.iter().map(|g| label(g.group)).collect()),
            Values::Int(test.groups.iter().map(|g| i64::try_from(g.n).ok()).collect()),
            Values::Float(test.groups.iter().map(|g| g.observed).collect()),
            Values::Float(test.groups.iter().map(|g| g.expected).collect()),
        ],
    )?;
    one_struct(
        test_fields(),
        vec![
            Values::int(n),
            Values::int(rows - n),
            Values::float(test.test.chi2),
            Values::int(test.test.df),
            Values::float(test.test.p),
            Values::Nested(list),
        ],
    )
}
