//! `log_rank(time, event, group)`.

use super::codes::Codes;
use super::columns::{Outcome, Table};
use super::failed;
use super::options::Options;
use super::relation::{Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list, one_struct};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue, exec_err};
use radsql_survival::{LogRank, LogRankWeight, Rho};

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

/// The weight of events by their time, as every log-rank test takes it.
pub const WEIGHTING: [Takes; 3] = [
    Takes::Setting("rho", Setting::Number(f64::is_finite, "a finite number")),
    Takes::Setting(
        "gamma",
        Setting::Number(|v| v.is_finite() && v >= 0.0, "a number of 0 or more"),
    ),
    Takes::Setting(
        "weighting",
        Setting::Choice(&["fleming-harrington", "gehan", "tarone-ware"]),
    ),
];

/// What that means.
pub const SAYS_WEIGHTING: [(&str, &str); 3] = [
    (
        "rho",
        "weight S(t-)^rho: 0 for the log-rank test (without it), 1 for Peto and Peto's",
    ),
    (
        "gamma",
        "weight (1 - S(t-))^gamma beside that of rho, which stresses late events: 0 without it",
    ),
    (
        "weighting",
        "'fleming-harrington' (without it), the weights of rho and gamma, 'gehan', the rows at risk, or 'tarone-ware', \
         their root",
    ),
];

/// The strata of the tests.
pub const SAYS_STRATA: (&str, &str) = ("strata", "column or list of columns: groups are compared within strata");

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Tests whether groups have the same survival.",
        syntax: "log_rank((query), time => column, event => column, by => column [, strata, rho, gamma, weighting])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            ("by", "column: the group; at least two groups"),
            SAYS_STRATA,
            SAYS_WEIGHTING[0],
            SAYS_WEIGHTING[1],
            SAYS_WEIGHTING[2],
        ],
        returns: "One row: n, n_missing, chi2, df, p, groups LIST(STRUCT(group, n, observed, expected)). With weights of events, \
                  observed and expected are sums of these.",
        example: "SELECT chi2, p FROM log_rank((SELECT os, dead, sex FROM patients), time => os, event => dead, by => sex)",
        source: "R survival::survdiff; Fleming and Harrington 1991; Gehan 1965; Tarone and Ware 1977",
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
    ],
    gives: Gives::Row(&[]),
};

/// The settings rho, gamma and weighting.
pub(super) fn weight(function: &'static str, options: &Options) -> Result<LogRankWeight> {
    let (rho, gamma) = (options.number("rho"), options.number("gamma"));
    let weight = match options.text("weighting") {
        Some("gehan") => LogRankWeight::gehan(),
        Some("tarone-ware") => LogRankWeight::tarone_ware(),
        _ => {
            let rho = Rho::new(rho.unwrap_or(0.0)).map_err(failed(function))?;
            return LogRankWeight::fleming_harrington(rho, gamma.unwrap_or(0.0)).map_err(failed(function));
        }
    };
    match rho.or(gamma) {
        Some(_) => {
            exec_err!("{function}: rho and gamma are those of weighting 'fleming-harrington'; give one or the other")
        }
        None => Ok(weight),
    }
}

/// The complete rows of a table, and their groups.
pub(super) struct Grouped {
    pub(super) outcome: Outcome,
    pub(super) groups: Codes,
    pub(super) n: usize,
    pub(super) n_missing: usize,
}

impl Grouped {
    /// `None` where there is no complete row.
    pub(super) fn of(table: &mut Table) -> Result<Option<Self>> {
        let mut outcome = table.take_outcome()?;
        let mut groups = table.take_codes(Role::Group)?.unwrap_or_default();
        groups.require(&mut outcome.keep);
        let n = outcome.n();
        if n == 0 {
            return Ok(None);
        }
        outcome.complete();
        groups.retain(&outcome.keep);
        Ok(Some(Self {
            outcome,
            groups,
            n,
            n_missing: table.rows() - n,
        }))
    }

    /// The value of a group's code.
    pub(super) fn label(&self, code: u32) -> Option<String> {
        self.groups.level(code).map(String::from)
    }

    /// The test of all groups.
    pub(super) fn test(&self, function: &'static str, options: &Options) -> Result<LogRank> {
        let follow_up = self.outcome.follow_up()?;
        let weight = weight(function, options)?;
        radsql_survival::log_rank(&follow_up, &self.groups.codes, self.outcome.strata(), weight)
            .map_err(failed(function))
    }
}

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let Some(rows) = Grouped::of(&mut table)? else {
        return ScalarValue::try_from(&DataType::Struct(test_fields()));
    };
    let test = rows.test(NAME, options)?;
    let list = one_list(
        group_fields(),
        vec![
            Values::Text(test.groups.iter().map(|g| rows.label(g.group)).collect()),
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
            Values::float(test.test.chi2),
            Values::int(test.test.df),
            Values::float(test.test.p),
            Values::Nested(list),
        ],
    )
}
