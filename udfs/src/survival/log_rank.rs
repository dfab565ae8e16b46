//! `log_rank(time, event, group)`.

use super::columns::{Table, filter};
use super::options::Options;
use super::statistic::{Definition, Role};
use super::{codes, failed, follow_up, strata, strata_codes};
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
    doc: || DOC.for_datafusion(),
};

/// Its documentation.
pub const DOC: Doc = Doc {
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

fn evaluate(table: &Table, options: &Options) -> Result<ScalarValue> {
    let mut keep = table.observed_rows(options)?;
    let groups = table.texts(2)?;
    keep.iter_mut().zip(&groups).for_each(|(k, g)| *k &= g.is_some());
    let strata = strata(table, options, &mut keep)?;
    let n = keep.iter().filter(|k| **k).count();
    if n == 0 {
        return ScalarValue::try_from(&DataType::Struct(test_fields()));
    }
    let observed = table.observed(&keep, options)?;
    let groups: Vec<String> = filter(&groups, &keep).into_iter().flatten().collect();
    let (group_codes, levels) = codes(&groups);
    let strata = strata_codes(strata, &keep);
    let rho = Rho::new(options.rho).map_err(failed(NAME))?;
    let follow_up = follow_up(NAME, &observed)?;
    let test = radsql_survival::log_rank(&follow_up, &group_codes, strata.as_deref(), rho).map_err(failed(NAME))?;
    let label = |code: u32| {
        usize::try_from(code)
            .ok()
            .and_then(|c| levels.get(c))
            .map(|s| (*s).to_string())
    };
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
            Values::int(table.rows() - n),
            Values::float(test.test.chi2),
            Values::int(test.test.df),
            Values::float(test.test.p),
            Values::Nested(list),
        ],
    )
}
