//! `univariate_cox(time, event, x, ...)`.

use super::columns::{Outcome, Table, filter, present};
use super::covariates::{Term, as_covariate, as_covariates};
use super::cox::fit_to;
use super::options::Options;
use super::relation::{CONF_LEVEL, Gives, ROBUST, Relation, Setting, Takes, says};
use super::role::Role;
use super::statistic::Definition;
use super::{cox_options, failed};
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use radsql_survival::{Adjustment, Covariate, CoxFit, CoxOptions, adjust_p_values};

const NAME: &str = "univariate_cox";

/// The aggregate.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Covariates],
    output: || list_of(row_fields()),
    evaluate,
    doc: Some(&DOC),
};

/// Its documentation.
pub static DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Aggregate,
    summary: "Fits one Cox model for each covariate alone.",
    syntax: "univariate_cox(time, event, x, ...)",
    arguments: super::cox::DOC.arguments,
    returns: "LIST(STRUCT(term, n, n_missing, events, coef, hr, hr_lower, hr_upper, se, z, p, p_adjusted, warning)), one \
              for each term in the order of the arguments. `p_adjusted` corrects p for all terms by Benjamini and \
              Hochberg. Each fit drops the rows in which its own covariate is NULL or NaN. The indicators of a text column are \
              fitted together, each against the first value.",
    example: "SELECT univariate_cox(time, event, a, b)[1]['hr'] AS hr_of_a\n\
              FROM (VALUES (1, 1, 0.1, 3), (2, 1, 0.9, 5), (3, 0, 0.4, 1), (4, 1, 0.3, 2)) AS t(time, event, a, b)",
    source: "R survival::coxph, stats::p.adjust(method = \"BH\"); Benjamini and Hochberg 1995",
};

/// Fields of one term's fit.
pub fn row_fields() -> Fields {
    fields([
        ("term", DataType::Utf8),
        ("n", DataType::Int64),
        ("n_missing", DataType::Int64),
        ("events", DataType::Int64),
        ("coef", DataType::Float64),
        ("hr", DataType::Float64),
        ("hr_lower", DataType::Float64),
        ("hr_upper", DataType::Float64),
        ("se", DataType::Float64),
        ("z", DataType::Float64),
        ("p", DataType::Float64),
        ("p_adjusted", DataType::Float64),
        ("warning", DataType::Utf8),
    ])
}

/// The relation function.
pub static RELATION: Relation = Relation {
    doc: Doc {
        name: NAME,
        kind: Kind::Relation,
        summary: "Fits one Cox model for each other column of the query alone.",
        syntax: "univariate_cox((query), time => column, event => column [, terms, start, weights, strata, clusters, ties, robust, \
                 conf_level, adjust])",
        arguments: &[
            says::QUERY,
            says::TIME,
            says::EVENT,
            says::TERMS,
            says::START,
            says::WEIGHTS,
            says::STRATA,
            says::CLUSTER,
            says::TIES,
            says::ROBUST,
            says::CONF_LEVEL,
            (
                "adjust",
                "how p_adjusted corrects p for all terms: 'BH' (Benjamini and Hochberg; without it), 'BY' (Benjamini and \
                 Yekutieli), 'holm', 'hochberg', 'bonferroni', or 'none'",
            ),
        ],
        returns: "A row a term: term, n, n_missing, events, coef, hr, hr_lower, hr_upper, se, z, p, p_adjusted, warning.",
        example: "SELECT term, p, p_adjusted FROM univariate_cox((SELECT os, dead, age, marker FROM patients), time => os, event => dead)",
        source: "R survival::coxph, stats::p.adjust",
    },
    statistic: &DEFINITION,
    takes: &[
        Takes::Column("time", Role::Time),
        Takes::Column("event", Role::Event),
        Takes::Optional("start", Role::Start),
        Takes::Optional("weights", Role::Weights),
        Takes::OptionalColumns("strata", Role::Strata),
        Takes::OptionalColumns("clusters", Role::Cluster),
        Takes::Terms,
        super::cox::TIES,
        ROBUST,
        CONF_LEVEL,
        Takes::Setting(
            "adjust",
            Setting::Choice(&["BH", "BY", "holm", "hochberg", "bonferroni", "none"]),
        ),
        Takes::Rest,
    ],
    gives: Gives::Rows,
};

fn evaluate(mut table: Table, options: &Options) -> Result<ScalarValue> {
    let rows = table.rows();
    let mut outcome = table.take_outcome()?;
    let covariates = table.take_covariates(&mut outcome.keep, false)?;
    let fits = if outcome.n() > 0 && !covariates.terms.is_empty() {
        outcome.complete();
        fits(
            &outcome,
            &covariates.complete(&outcome.keep),
            &cox_options(NAME, options, false)?,
        )?
    } else {
        vec![]
    };
    let adjustment = match options.text("adjust") {
        Some("BY") => Some(Adjustment::BenjaminiYekutieli),
        Some("holm") => Some(Adjustment::Holm),
        Some("hochberg") => Some(Adjustment::Hochberg),
        Some("bonferroni") => Some(Adjustment::Bonferroni),
        Some("none") => None,
        _ => Some(Adjustment::BenjaminiHochberg),
    };
    to_value(&fits, rows, adjustment)
}

/// One model a covariate, in their order. All numbers are fitted from one set of risk sets; the indicators of a text
/// column belong into one model, or each would stand against all other values and not against the first.
fn fits(outcome: &Outcome, terms: &[Term], options: &CoxOptions) -> Result<Vec<CoxFit>> {
    let covariates: Vec<&[Term]> = terms.chunk_by(|a, b| a.covariate == b.covariate).collect();
    if outcome.cluster().is_some() {
        return covariates.iter().map(|c| together(outcome, c, options)).collect();
    }
    let alone: Vec<Covariate> = covariates
        .iter()
        .filter(|c| c.len() == 1)
        .flat_map(|c| c.iter())
        .map(as_covariate)
        .collect();
    let mut alone = radsql_survival::univariate_cox(&outcome.follow_up()?, outcome.strata(), &alone, options)
        .map_err(failed(NAME))?
        .into_iter();
    let one = |indicators: &&[Term]| match indicators {
        [_] => Ok(alone.next()),
        several => together(outcome, several, options).map(Some),
    };
    Ok(covariates
        .iter()
        .map(one)
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect())
}

/// One model of the terms of one covariate, which are missing in the same rows.
fn together(outcome: &Outcome, terms: &[Term], options: &CoxOptions) -> Result<CoxFit> {
    let there = terms.first().map(|t| present(&t.values)).unwrap_or_default();
    let rows = outcome.filtered(&there);
    let kept: Vec<Term> = terms
        .iter()
        .map(|t| Term {
            name: t.name.clone(),
            values: filter(&t.values, &there),
            covariate: t.covariate,
        })
        .collect();
    fit_to(NAME, &rows, &as_covariates(&kept), options)
}

fn to_value(fits: &[CoxFit], rows: usize, adjustment: Option<Adjustment>) -> Result<ScalarValue> {
    let lines: Vec<(&CoxFit, &radsql_survival::Term)> =
        fits.iter().flat_map(|f| f.terms.iter().map(move |t| (f, t))).collect();
    let p: Vec<f64> = lines.iter().map(|(_, t)| t.p).collect();
    let whole =
        |f: &dyn Fn(&CoxFit) -> usize| Values::Int(lines.iter().map(|(l, _)| i64::try_from(f(l)).ok()).collect());
    let number = |f: fn(&radsql_survival::Term) -> f64| Values::Float(lines.iter().map(|(_, t)| f(t)).collect());
    one_list(
        row_fields(),
        vec![
            Values::Text(lines.iter().map(|(_, t)| Some(t.name.clone())).collect()),
            whole(&|f| f.n),
            whole(&|f| rows - f.n),
            whole(&|f| f.events),
            number(|t| t.coef),
            number(|t| t.hr),
            number(|t| t.hr_lower),
            number(|t| t.hr_upper),
            number(|t| t.se),
            number(|t| t.z),
            number(|t| t.p),
            Values::Float(match adjustment {
                Some(adjustment) => adjust_p_values(&p, adjustment),
                None => p,
            }),
            Values::Text(lines.iter().map(|(f, _)| f.warning()).collect()),
        ],
    )
}
