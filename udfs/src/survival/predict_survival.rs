//! `predict_survival((query), ...)`: survival that a Cox model predicts for its own rows or for new ones.

use super::codes::Codes;
use super::columns::Table;
use super::covariates::Covariates;
use super::cox_model::{Ids, Training};
use super::kaplan_meier::{CONF_TYPE, SAYS_CONF_TYPE, confidence_type};
use super::level;
use super::options::Options;
use super::relation::{CONF_LEVEL, Gives, ROBUST, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue, exec_err};
use radsql_survival::PredictedStep;

const NAME: &str = "predict_survival";

/// The statistic.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Id, Role::Time, Role::Event, Role::Covariates],
    output: || list_of(row_fields()),
    evaluate,
    doc: None,
};

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Fits a Cox model and predicts survival at some times, for the rows of the query or for new ones.",
        syntax: "predict_survival((query), time => column, event => column, times => list [, id, new => (query), terms, start, \
                 weights, strata, clusters, ties, robust, conf_level, conf_type])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            (
                "times",
                "a number or a list of numbers, 0 or more: when survival is asked for",
            ),
            says::ID,
            (
                "new",
                "a query: the rows to predict for, with the same covariates (and strata); other columns are ignored. Without it \
                 the rows of the query itself",
            ),
            says::TERMS,
            says::START,
            says::WEIGHTS,
            says::STRATA,
            says::CLUSTER,
            says::TIES,
            says::ROBUST,
            says::CONF_LEVEL,
            SAYS_CONF_TYPE,
        ],
        returns: "A row a predicted row and time: the column of id where it is given, time, \
                  survival, se, lower, upper, cumulative_hazard. NULL for a row that lacks a covariate or its stratum, for times \
                  after the last of the (stratum's) fitted rows, and for limits that are not defined. A text value or a stratum of \
                  a new row that no fitted row has is an error. Outcomes of new rows are not used.",
        example: "SELECT patient_id, time, survival FROM predict_survival((SELECT os, dead, age FROM patients), time => os, event => dead,\n  \
                  new => (SELECT patient_id, age FROM patients WHERE age > 60), id => patient_id, times => 1)",
        source: "R survival::survfit.coxph",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Required(
            "times",
            Setting::Numbers(|v| v.is_finite() && v >= 0.0, "a number, 0 or more, or a list of such"),
        ),
        Takes::Optional("id", Role::Id),
        Takes::New,
        Takes::Terms,
        Takes::Optional("start", Role::Start),
        Takes::Optional("weights", Role::Weights),
        Takes::OptionalColumns("strata", Role::Strata),
        Takes::OptionalColumns("clusters", Role::Cluster),
        super::cox::TIES,
        ROBUST,
        CONF_LEVEL,
        CONF_TYPE,
        Takes::Rest,
    ],
    gives: Gives::Rows,
};

fn row_fields() -> Fields {
    fields([
        ("id", DataType::Utf8),
        ("time", DataType::Float64),
        ("survival", DataType::Float64),
        ("se", DataType::Float64),
        ("lower", DataType::Float64),
        ("upper", DataType::Float64),
        ("cumulative_hazard", DataType::Float64),
    ])
}

/// The rows to predict for.
struct Asked {
    /// Their places among all rows, in the order of the answer.
    rows: Vec<usize>,
    /// Of each term the values in these rows.
    values: Vec<Vec<f64>>,
    /// The strata of all rows.
    strata: Option<Codes>,
}

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let ids = Ids::take(&mut table)?;
    let new = table.take_new();
    let fitted = match &new {
        Some(new) => new.iter().map(|new| !new).collect(),
        None => vec![true; table.rows()],
    };
    let mut outcome = table.take_outcome_of(fitted)?;
    let covariates = table.take_covariates(&mut outcome.keep, true)?;
    let mut rows: Vec<usize> = (0..table.rows()).collect();
    if let Some(new) = &new {
        rows.retain(|row| new.get(*row) == Some(&true));
        check_values(&covariates, &rows)?;
    }
    rows.sort_by_key(|row| ids.rank(*row));
    let asked = Asked {
        values: values_of(&covariates, &rows),
        strata: outcome.strata.clone(),
        rows,
    };
    let training = Training::new(NAME, outcome, covariates);
    let times = options.numbers("times").unwrap_or_default();
    let steps = predict(&training, &asked, &times, options, new.is_some())?;
    let names = asked.rows.iter().flat_map(|row| times.iter().map(|_| ids.name(*row)));
    let number = |f: fn(&PredictedStep) -> f64| Values::Float(steps.iter().map(f).collect());
    let at = asked.rows.iter().flat_map(|_| times.iter().copied());
    one_list(
        row_fields(),
        vec![
            Values::Text(names.collect()),
            Values::Float(at.collect()),
            number(|s| s.survival),
            number(|s| s.se),
            number(|s| s.lower),
            number(|s| s.upper),
            number(|s| s.cumulative_hazard),
        ],
    )
}

/// A step for each row and time.
fn predict(
    training: &Training,
    asked: &Asked,
    times: &[f64],
    options: &Options,
    new: bool,
) -> Result<Vec<PredictedStep>> {
    let confidence_type = confidence_type(options);
    let level = level(NAME, options)?;
    let unknown = || times.iter().map(|_| UNKNOWN);
    if training.is_empty() {
        return Ok(asked.rows.iter().flat_map(|_| unknown()).collect());
    }
    let baseline = training.with_model(options, |model| model.baseline())?;
    let known: Vec<u32> = baseline.strata().collect();
    let mut steps = Vec::with_capacity(asked.rows.len() * times.len());
    for (place, row) in asked.rows.iter().enumerate() {
        let stratum = match &asked.strata {
            None => 0,
            Some(codes) => codes.codes.get(*row).copied().unwrap_or(Codes::NONE),
        };
        if stratum == Codes::NONE || known.binary_search(&stratum).is_err() {
            if new && let Some(value) = asked.strata.as_ref().and_then(|codes| codes.level(stratum)) {
                let names = options.names_of(Role::Strata).collect::<Vec<_>>().join(", ");
                return exec_err!("{NAME}: strata {names}: a row of new has '{value}', and no row of the fit has it");
            }
            steps.extend(unknown());
            continue;
        }
        let values: Vec<f64> = asked.values.iter().filter_map(|v| v.get(place).copied()).collect();
        let curve = baseline.curve_at(&values, stratum, times, level, confidence_type);
        steps.extend(curve.map_err(super::failed(NAME))?);
    }
    Ok(steps)
}

const UNKNOWN: PredictedStep = PredictedStep {
    time: f64::NAN,
    n_risk: f64::NAN,
    n_event: f64::NAN,
    n_censor: f64::NAN,
    cumulative_hazard: f64::NAN,
    se_cumulative_hazard: f64::NAN,
    survival: f64::NAN,
    se: f64::NAN,
    lower: f64::NAN,
    upper: f64::NAN,
};

/// Refuses text of new rows that no row of the fit has.
fn check_values(covariates: &Covariates, rows: &[usize]) -> Result<()> {
    for unseen in &covariates.unseen {
        let value = |row: &usize| unseen.codes.level(*unseen.codes.codes.get(*row)?);
        // The first of the alphabet, whatever the order of the rows.
        if let Some(value) = rows.iter().filter_map(value).min() {
            let column = &unseen.column;
            return exec_err!("{NAME}: '{column}': a row of new has '{value}', and no row of the fit has it");
        }
    }
    Ok(())
}

/// Of each term the values in these rows; NaN where its column has a value that no row of the fit has.
fn values_of(covariates: &Covariates, rows: &[usize]) -> Vec<Vec<f64>> {
    let values = |term: &super::covariates::Term| {
        let column = covariates.names.get(term.covariate);
        let unseen = covariates.unseen.iter().find(|u| Some(&u.column) == column);
        let value = |row: &usize| {
            let code = unseen.and_then(|u| u.codes.codes.get(*row));
            match code {
                Some(code) if *code != Codes::NONE => f64::NAN,
                _ => term.values.get(*row).copied().unwrap_or(f64::NAN),
            }
        };
        rows.iter().map(value).collect()
    };
    covariates.terms.iter().map(values).collect()
}
