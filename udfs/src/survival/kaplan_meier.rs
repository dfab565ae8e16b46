//! `kaplan_meier(time, event)`.

use super::columns::{Outcome, Table};
use super::options::Options;
use super::relation::{CONF_LEVEL, Gives, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use super::{failed, level};
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use radsql_survival::{ConfidenceType, KaplanMeier, SurvivalStep};

const NAME: &str = "kaplan_meier";

/// The aggregate.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event],
    output: || list_of(row_fields()),
    evaluate,
    doc: Some(&DOC),
};

/// Its documentation.
pub static DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Aggregate,
    summary: "Estimates the survival curve.",
    syntax: "kaplan_meier(time, event)",
    arguments: &[super::cox::DOC.arguments[0], super::cox::DOC.arguments[1]],
    returns: "LIST(STRUCT(time, n_risk, n_event, n_censor, survival, se, lower, upper, cumulative_hazard, \
              cumulative_hazard_se, risk_weight, event_weight, censor_weight)), one for each distinct time. `se` is \
              Greenwood's; the interval is symmetric on the log scale, at level `radsql.conf_level`; each is NULL where it \
              is not defined (survival 0). `cumulative_hazard` is Nelson and Aalen's. The last three are the weights of the \
              rows that n_risk, n_event and n_censor count; here each row has weight 1. NULL over no rows.",
    example: "SELECT kaplan_meier(time, event)[1]['survival'] AS s\n\
              FROM (VALUES (1, 1), (2, 0), (3, 1), (4, 0)) AS t(time, event)",
    source: "R survival::survfit; Kaplan and Meier 1958; Greenwood 1926",
};

/// Fields of one step of the curve.
pub fn row_fields() -> Fields {
    fields([
        ("time", DataType::Float64),
        ("n_risk", DataType::Int64),
        ("n_event", DataType::Int64),
        ("n_censor", DataType::Int64),
        ("survival", DataType::Float64),
        ("se", DataType::Float64),
        ("lower", DataType::Float64),
        ("upper", DataType::Float64),
        ("cumulative_hazard", DataType::Float64),
        ("cumulative_hazard_se", DataType::Float64),
        ("risk_weight", DataType::Float64),
        ("event_weight", DataType::Float64),
        ("censor_weight", DataType::Float64),
    ])
}

/// The scale of a survival curve's intervals, as every function of curves takes it.
pub const CONF_TYPE: Takes = Takes::Setting(
    "conf_type",
    Setting::Choice(&["log", "log-log", "plain", "logit", "arcsin", "none"]),
);

/// What that means.
pub const SAYS_CONF_TYPE: (&str, &str) = (
    "conf_type",
    "scale on which the intervals are symmetric: 'log' (without it), 'log-log', 'plain', 'logit', 'arcsin' or 'none'",
);

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Estimates survival curves.",
        syntax: "kaplan_meier((query), time => column, event => column [, start, weights, by, conf_level, conf_type])",
        arguments: ARGUMENTS,
        returns: "A row a distinct time (and group): the columns of `by`, time, n_risk, n_event, n_censor, survival, se, \
                  lower, upper, cumulative_hazard, cumulative_hazard_se, risk_weight, event_weight, censor_weight. n_risk, \
                  n_event and n_censor count rows, whatever they weigh; the sums of the weights of these rows are risk_weight, \
                  event_weight and censor_weight. A row of weight 2 counts as two rows.",
        example: "SELECT sex, time, survival FROM kaplan_meier((SELECT os, dead, sex FROM patients), time => os, event => dead, by => sex)",
        source: "R survival::survfit",
    },
    statistic: &DEFINITION,
    takes: TAKES,
    gives: Gives::Rows,
};

/// What functions of survival curves take.
pub const TAKES: &[Takes] = &[
    Takes::Column("time", Role::Time),
    Takes::Column("event", Role::Event),
    Takes::Optional("start", Role::Start),
    Takes::Optional("weights", Role::Weights),
    Takes::By,
    CONF_LEVEL,
    CONF_TYPE,
];

/// What that means.
pub const ARGUMENTS: &[(&str, &str)] = &[
    says::QUERY,
    says::TIME,
    says::EVENT,
    says::START,
    says::WEIGHTS,
    says::BY,
    says::CONF_LEVEL,
    SAYS_CONF_TYPE,
];

/// The setting `conf_type`; R's default without it.
pub(super) fn confidence_type(options: &Options) -> ConfidenceType {
    match options.text("conf_type") {
        Some("log-log") => ConfidenceType::LogLog,
        Some("plain") => ConfidenceType::Plain,
        Some("logit") => ConfidenceType::Logit,
        Some("arcsin") => ConfidenceType::ArcSine,
        Some("none") => ConfidenceType::None,
        _ => ConfidenceType::Log,
    }
}

/// The curve of a table's complete rows.
pub(super) struct Curve {
    /// The estimate; its numbers at risk, of events and of censored rows are sums of weights.
    pub(super) estimate: KaplanMeier,
    /// The curve without the weights, where there are any: it counts rows.
    unweighted: Option<KaplanMeier>,
}

impl Curve {
    /// `None` where there is no complete row.
    pub(super) fn of(function: &'static str, table: &mut Table, options: &Options) -> Result<Option<Self>> {
        let mut outcome = table.take_outcome()?;
        if outcome.n() == 0 {
            return Ok(None);
        }
        outcome.complete();
        let (level, conf_type) = (level(function, options)?, confidence_type(options));
        let curve = |outcome: &Outcome| {
            radsql_survival::kaplan_meier(&outcome.follow_up()?, level, conf_type).map_err(failed(function))
        };
        let estimate = curve(&outcome)?;
        let unweighted = match outcome.weights.take() {
            Some(_) => Some(curve(&outcome)?),
            None => None,
        };
        Ok(Some(Self { estimate, unweighted }))
    }

    /// The curve that counts rows; its times are those of the estimate.
    pub(super) fn rows(&self) -> &KaplanMeier {
        self.unweighted.as_ref().unwrap_or(&self.estimate)
    }
}

/// Numbers of rows, which are whole.
pub(super) fn whole<T>(steps: &[T], count: fn(&T) -> f64) -> Values {
    Values::Int(steps.iter().map(|step| Some(count(step) as i64)).collect())
}

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let Some(curve) = Curve::of(NAME, &mut table, options)? else {
        return ScalarValue::try_from(&list_of(row_fields()));
    };
    let rows = &curve.rows().steps;
    let number = |f: fn(&SurvivalStep) -> f64| Values::Float(curve.estimate.steps.iter().map(f).collect());
    one_list(
        row_fields(),
        vec![
            number(|s| s.time),
            whole(rows, |s| s.n_risk),
            whole(rows, |s| s.n_event),
            whole(rows, |s| s.n_censor),
            number(|s| s.survival),
            number(|s| s.se.unwrap_or(f64::NAN)),
            number(|s| s.lower.unwrap_or(f64::NAN)),
            number(|s| s.upper.unwrap_or(f64::NAN)),
            number(|s| s.hazard),
            number(|s| s.hazard_se),
            number(|s| s.n_risk),
            number(|s| s.n_event),
            number(|s| s.n_censor),
        ],
    )
}
