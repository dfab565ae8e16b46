//! `concordance(time, event, score)`.

use super::columns::{Table, retain};
use super::options::Options;
use super::relation::{CONF_LEVEL, Gives, Relation, SEED, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use super::{failed, level};
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, one_struct};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue, exec_err};
use radsql_survival::{ConcordanceOptions, Resampling, TimeWeight, bootstrap_concordance, concordance_with};

const NAME: &str = "concordance";

/// The aggregate.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Score],
    output: || DataType::Struct(row_fields()),
    evaluate,
    doc: Some(&DOC),
};

/// Its documentation.
pub static DOC: Doc = Doc {
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

/// Weights of the event times.
pub const METHOD: Takes = Takes::Setting(
    "method",
    Setting::Choice(&["harrell", "uno", "peto", "schemper", "at_risk"]),
);

/// The last time that counts.
pub const TAU: Takes = Takes::Setting("tau", Setting::Number(|v| v > 0.0 && v.is_finite(), "a number above 0"));

/// Replicates of a bootstrap.
pub const BOOTSTRAP: Takes = Takes::Setting("bootstrap", Setting::Whole);

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Concordance of a risk score: Harrell's, Uno's or with other weights in time.",
        syntax: "concordance((query), time => column, event => column, score => column [, method => 'harrell', tau, bootstrap, seed, start, \
                 weights, strata, by, conf_level])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            ("score", "column: a number; higher means an earlier event"),
            (
                "method",
                "weights of the event times: 'harrell' (none; without it), 'uno' (1/G^2), 'peto' (S), 'schemper' (S/G) or 'at_risk' (1/n)",
            ),
            ("tau", "events after this time count for nothing"),
            (
                "bootstrap",
                "replicates of a bootstrap, such as 1000, that gives se and the percentile interval (method 'harrell', no weights)",
            ),
            says::SEED,
            says::START,
            says::WEIGHTS,
            ("strata", "column or list of columns: pairs are formed within strata"),
            says::BY,
            says::CONF_LEVEL,
        ],
        returns: "One row (a group): n, n_missing, c, se, lower, upper, concordant, discordant, tied_x, tied_y.",
        example: "SELECT c, se FROM concordance((SELECT os, dead, marker FROM patients), time => os, event => dead, score => marker)",
        source: "R survival::concordance(reverse = TRUE, timewt, ymax); Uno et al. 2011; Efron 1979",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Column("score", Role::Score),
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
    gives: Gives::Row(&[]),
};

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let rows = table.rows();
    let mut outcome = table.take_outcome()?;
    let mut score = table.take_numbers(Role::Score)?.map(|c| c.values).unwrap_or_default();
    outcome.require(&score);
    let n = outcome.n();
    if n == 0 {
        return ScalarValue::try_from(&DataType::Struct(row_fields()));
    }
    outcome.complete();
    retain(&mut score, &outcome.keep);
    let follow_up = outcome.follow_up()?;
    let how = concordance_options(NAME, options)?;
    let mut c = concordance_with(&follow_up, outcome.strata(), &score, &how).map_err(failed(NAME))?;
    if let Some(resampling) = resampling(NAME, options)? {
        if how.time_weight != TimeWeight::Harrell || how.ymax.is_some() {
            return exec_err!("{NAME}: bootstrap is there for method 'harrell' without tau alone");
        }
        let found = bootstrap_concordance(&follow_up, outcome.strata(), &[&score], resampling, how.level);
        if let Some(estimate) = found.map_err(failed(NAME))?.scores.first() {
            (c.se, c.lower, c.upper) = (estimate.se, estimate.percentile.lower, estimate.percentile.upper);
        }
    }
    one_struct(
        row_fields(),
        vec![
            Values::int(n),
            Values::int(rows - n),
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

/// What a concordance is asked for.
///
/// # Errors
/// When the level is impossible.
pub fn concordance_options(function: &'static str, options: &Options) -> Result<ConcordanceOptions> {
    Ok(ConcordanceOptions {
        time_weight: match options.text("method") {
            Some("uno") => TimeWeight::Uno,
            Some("peto") => TimeWeight::Survival,
            Some("schemper") => TimeWeight::SurvivalOverCensoring,
            Some("at_risk") => TimeWeight::AtRisk,
            _ => TimeWeight::Harrell,
        },
        ymax: options.number("tau"),
        level: level(function, options)?,
    })
}

/// The bootstrap that is asked for; none without `bootstrap`.
///
/// # Errors
/// When the number of replicates is impossible.
pub fn resampling(function: &'static str, options: &Options) -> Result<Option<Resampling>> {
    let Some(replicates) = options.whole("bootstrap").filter(|n| *n > 0) else {
        return Ok(None);
    };
    let replicates = u32::try_from(replicates).unwrap_or(u32::MAX);
    Resampling::new(replicates, options.seed())
        .map(Some)
        .map_err(failed(function))
}
