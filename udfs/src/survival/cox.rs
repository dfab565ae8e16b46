//! `cox(time, event, x, ...)`.

use super::columns::{Outcome, Table};
use super::covariates::as_covariates;
use super::options::Options;
use super::relation::{Gives, Relation, Setting, Takes};
use super::role::Role;
use super::statistic::Definition;
use super::{cox_options, failed};
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list, one_struct};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use radsql_survival::{ChiSquareTest, Covariate, CoxFit, CoxOptions, CoxWarning, RiskSets, Term};

const NAME: &str = "cox";

/// The aggregate.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Covariates],
    output: || DataType::Struct(fit_fields()),
    evaluate,
    doc: Some(&DOC),
};

/// Its documentation.
pub static DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Aggregate,
    summary: "Fits a Cox proportional-hazards model.",
    syntax: "cox(time, event, x, ...)",
    arguments: &[
        (
            "time",
            "time of the event or of the end of observation; a number, 0 or more",
        ),
        ("event", "whether the event came: BOOLEAN or 0/1"),
        (
            "x, ...",
            "covariates: numbers, BOOLEAN as 0/1, text (an indicator `column=value` for each value but the first of the \
             alphabet), structs (all their fields) and lists (`name_0, name_1, ...`)",
        ),
    ],
    returns: "STRUCT(n, n_missing, events, terms LIST(STRUCT(term, coef, hr, hr_lower, hr_upper, se, z, p)), loglik_null, \
              loglik, lr, wald and score STRUCT(chi2, df, p), concordance, concordance_se, iterations, converged, \
              warning). Rows with NULL or NaN in a used column are dropped and counted in n_missing. Ties by \
              `radsql.cox_ties`, intervals by `radsql.conf_level`. A coefficient that cannot be estimated is NULL; \
              `warning` says why, and names columns that separate the events (an infinite coefficient).",
    example: "SELECT cox(time, event, x)['concordance'] AS c\n\
              FROM (VALUES (1, 1, 0.1), (2, 1, 0.9), (3, 0, 0.4), (4, 1, 0.3)) AS t(time, event, x)",
    source: "R survival::coxph; Cox 1972; Efron 1977",
};

fn term_fields() -> Fields {
    fields([
        ("term", DataType::Utf8),
        ("coef", DataType::Float64),
        ("hr", DataType::Float64),
        ("hr_lower", DataType::Float64),
        ("hr_upper", DataType::Float64),
        ("se", DataType::Float64),
        ("z", DataType::Float64),
        ("p", DataType::Float64),
    ])
}

fn test_fields() -> Fields {
    fields([
        ("chi2", DataType::Float64),
        ("df", DataType::Int64),
        ("p", DataType::Float64),
    ])
}

/// Fields of a fitted model.
pub fn fit_fields() -> Fields {
    fields([
        ("n", DataType::Int64),
        ("n_missing", DataType::Int64),
        ("events", DataType::Int64),
        ("terms", list_of(term_fields())),
        ("loglik_null", DataType::Float64),
        ("loglik", DataType::Float64),
        ("lr", DataType::Struct(test_fields())),
        ("wald", DataType::Struct(test_fields())),
        ("score", DataType::Struct(test_fields())),
        ("concordance", DataType::Float64),
        ("concordance_se", DataType::Float64),
        ("iterations", DataType::Int64),
        ("converged", DataType::Boolean),
        ("warning", DataType::Utf8),
    ])
}

/// Which ties there are.
pub const TIES: Takes = Takes::Setting("ties", Setting::Choice(&["efron", "breslow", "exact"]));

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Fits a Cox proportional-hazards model with every other column of the query as covariate.",
        syntax: "cox((query), time => column, event => column [, terms, start, weights, strata, clusters, ties, robust, conf_level])",
        arguments: super::cox_summary::ARGUMENTS,
        returns: "A row a term: term, coef, hr, hr_lower, hr_upper, se, z, p, warning. Text columns become indicators \
                  `column=value` against the first value of the alphabet, structs and lists are taken apart. `warning` is \
                  that of the whole fit, NULL when there is nothing to say. With weights that are not whole numbers or with clusters \
                  se, z, p and limits are robust, as in R; `robust` chooses.",
        example: "SELECT term, hr, p FROM cox((SELECT os, dead, age, sex FROM patients), time => os, event => dead)",
        source: "R survival::coxph",
    },
    statistic: &DEFINITION,
    takes: super::cox_summary::TAKES,
    gives: Gives::RowsOf("terms", &["warning"]),
};

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let rows = table.rows();
    let mut outcome = table.take_outcome()?;
    let covariates = table.take_covariates(&mut outcome.keep, true)?;
    let constant: Vec<CoxWarning> = match &covariates.constant_text[..] {
        [] => vec![],
        names => vec![CoxWarning::Constant { terms: names.to_vec() }],
    };
    outcome.complete();
    let missing = rows - outcome.n();
    let terms = covariates.complete(&outcome.keep);
    let mut fit = if missing == rows {
        no_rows(terms.iter().map(|t| t.name.clone()).collect())
    } else if terms.is_empty() {
        CoxFit {
            n: rows - missing,
            events: outcome.events(),
            ..no_rows(vec![])
        }
    } else {
        let settings = cox_options(NAME, options, true)?;
        fit_to(NAME, &outcome, &as_covariates(&terms), &settings)?
    };
    fit.warnings.extend(constant);
    to_value(&fit, missing)
}

/// The fit to complete rows.
pub(super) fn fit_to(
    function: &'static str,
    outcome: &Outcome,
    covariates: &[Covariate],
    settings: &CoxOptions,
) -> Result<CoxFit> {
    let follow_up = outcome.follow_up()?;
    let fit = match outcome.cluster() {
        None => radsql_survival::cox(&follow_up, outcome.strata(), covariates, settings),
        clusters => RiskSets::new(&follow_up, outcome.strata())
            .and_then(|sets| Ok(sets.model(covariates, clusters, settings)?.into_fit())),
    };
    fit.map_err(failed(function))
}

/// The answer where there is nothing to fit.
fn no_rows(names: Vec<String>) -> CoxFit {
    let nan = f64::NAN;
    let test = ChiSquareTest {
        chi2: nan,
        df: 0,
        p: nan,
    };
    let term = |name| Term {
        name,
        coef: nan,
        hr: nan,
        hr_lower: nan,
        hr_upper: nan,
        se: nan,
        z: nan,
        p: nan,
    };
    let warnings = if names.is_empty() {
        vec![]
    } else {
        vec![CoxWarning::NoRows]
    };
    let k = names.len();
    CoxFit {
        n: 0,
        events: 0,
        terms: names.into_iter().map(term).collect(),
        variance: vec![0.0; k * k],
        loglik_null: nan,
        loglik: nan,
        lr: test,
        wald: test,
        score: test,
        concordance: None,
        robust: false,
        means: vec![nan; k],
        iterations: 0,
        converged: false,
        warnings,
    }
}

fn to_value(fit: &CoxFit, missing: usize) -> Result<ScalarValue> {
    let column = |f: fn(&Term) -> f64| Values::Float(fit.terms.iter().map(f).collect());
    let terms = one_list(
        term_fields(),
        vec![
            Values::Text(fit.terms.iter().map(|t| Some(t.name.clone())).collect()),
            column(|t| t.coef),
            column(|t| t.hr),
            column(|t| t.hr_lower),
            column(|t| t.hr_upper),
            column(|t| t.se),
            column(|t| t.z),
            column(|t| t.p),
        ],
    )?;
    let test = |t: &ChiSquareTest| -> Result<Values> {
        let columns = vec![Values::float(t.chi2), Values::int(t.df), Values::float(t.p)];
        Ok(Values::Nested(one_struct(test_fields(), columns)?))
    };
    let c = fit.concordance;
    one_struct(
        fit_fields(),
        vec![
            Values::int(fit.n),
            Values::int(missing),
            Values::int(fit.events),
            Values::Nested(terms),
            Values::float(fit.loglik_null),
            Values::float(fit.loglik),
            test(&fit.lr)?,
            test(&fit.wald)?,
            test(&fit.score)?,
            Values::float(c.map_or(f64::NAN, |c| c.c)),
            Values::float(c.map_or(f64::NAN, |c| c.se)),
            Values::Int(vec![Some(i64::from(fit.iterations))]),
            Values::Bool(vec![Some(fit.converged)]),
            Values::text(fit.warning()),
        ],
    )
}
