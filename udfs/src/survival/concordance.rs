//! `concordance(time, event, score)`.

use super::columns::{Table, and, filter, present};
use super::options::Options;
use super::statistic::{Definition, Role};
use super::{failed, follow_up, level, strata, strata_codes};
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, one_struct};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};

const NAME: &str = "concordance";

/// The aggregate.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Score],
    output: || DataType::Struct(row_fields()),
    evaluate,
    doc: || DOC.for_datafusion(),
};

/// Its documentation.
pub const DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Aggregate,
    summary: "Harrell's concordance index of a risk score.",
    syntax: "concordance(time, event, score)",
    arguments: &[
        super::cox::DOC.arguments[0],
        super::cox::DOC.arguments[1],
        ("score", "a number; higher means an earlier event"),
    ],
    returns: "STRUCT(n, n_missing, c, se, lower, upper, concordant, discordant, tied_x, tied_y). `se` is the infinitesimal \
              jackknife's; the interval is c -/+ z se at level `radsql.conf_level`, not cut at 0 and 1. Without a comparable \
              pair c is NULL; without a row so is the whole answer.",
    example: "SELECT concordance(time, event, score)['c'] AS c\n\
              FROM (VALUES (1, 1, 0.9), (2, 1, 0.4), (3, 0, 0.5), (4, 1, 0.1)) AS t(time, event, score)",
    source: "R survival::concordance(reverse = TRUE); Harrell 1982; Therneau and Watson 2017",
};

/// Fields of the answer.
pub fn row_fields() -> Fields {
    fields([
        ("n", DataType::Int64),
        ("n_missing", DataType::Int64),
        ("c", DataType::Float64),
        ("se", DataType::Float64),
        ("lower", DataType::Float64),
        ("upper", DataType::Float64),
        ("concordant", DataType::Float64),
        ("discordant", DataType::Float64),
        ("tied_x", DataType::Float64),
        ("tied_y", DataType::Float64),
    ])
}

fn evaluate(table: &Table, options: &Options) -> Result<ScalarValue> {
    let mut keep = table.observed_rows(options)?;
    let score = table.numbers(2)?;
    and(&mut keep, &present(&score));
    let strata = strata(table, options, &mut keep)?;
    let n = keep.iter().filter(|k| **k).count();
    if n == 0 {
        return ScalarValue::try_from(&DataType::Struct(row_fields()));
    }
    let observed = table.observed(&keep, options)?;
    let strata = strata_codes(strata, &keep);
    let follow_up = follow_up(NAME, &observed)?;
    let level = level(NAME, options)?;
    let c = radsql_survival::concordance(&follow_up, strata.as_deref(), &filter(&score, &keep), level)
        .map_err(failed(NAME))?;
    one_struct(
        row_fields(),
        vec![
            Values::int(n),
            Values::int(table.rows() - n),
            Values::float(c.c),
            Values::float(c.se),
            Values::float(c.lower),
            Values::float(c.upper),
            Values::float(c.concordant),
            Values::float(c.discordant),
            Values::float(c.tied_x),
            Values::float(c.tied_y),
        ],
    )
}
