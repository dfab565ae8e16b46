//! `univariate_cox(time, event, x, ...)`.

use super::columns::{Column, Observed, Table, filter, present};
use super::options::Options;
use super::statistic::{Definition, Role};
use super::{cox_options, failed, follow_up, strata, strata_codes};
use crate::doc::{Doc, Kind};
use crate::values::{Values, fields, list_of, one_list};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Result, ScalarValue};
use radsql_survival::{Adjustment, Covariate, CoxFit, CoxOptions, Term, adjust_p_values};

const NAME: &str = "univariate_cox";

/// The aggregate.
pub static DEFINITION: Definition = Definition {
    name: NAME,
    roles: &[Role::Time, Role::Event, Role::Covariates],
    output: || list_of(row_fields()),
    evaluate,
    doc: || DOC.for_datafusion(),
};

/// Its documentation.
pub const DOC: Doc = Doc {
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

fn evaluate(table: &Table, options: &Options) -> Result<ScalarValue> {
    let mut keep = table.observed_rows(options)?;
    let strata = strata(table, options, &mut keep)?;
    let covariates = table.separate_covariates(table.covariate_positions(2, options), &keep)?;
    let rows = table.rows();
    let fits = if keep.contains(&true) && !covariates.terms.is_empty() {
        let observed = table.observed(&keep, options)?;
        let strata = strata_codes(strata, &keep);
        fits(
            &observed,
            strata.as_deref(),
            &covariates.complete(&keep),
            &cox_options(NAME, options, false)?,
        )?
    } else {
        vec![]
    };
    to_value(&fits, rows)
}

/// One model a covariate, in their order. All numbers are fitted from one set of risk sets; the indicators of a text
/// column belong into one model, or each would stand against all other values and not against the first.
fn fits(observed: &Observed, strata: Option<&[u32]>, terms: &[Column], options: &CoxOptions) -> Result<Vec<CoxFit>> {
    let follow_up = follow_up(NAME, observed)?;
    let covariates: Vec<&[Column]> = terms.chunk_by(|a, b| a.covariate == b.covariate).collect();
    let alone: Vec<Covariate> = covariates
        .iter()
        .filter(|c| c.len() == 1)
        .flat_map(|c| c.iter())
        .map(as_covariate)
        .collect();
    let mut alone = radsql_survival::univariate_cox(&follow_up, strata, &alone, options)
        .map_err(failed(NAME))?
        .into_iter();
    let one = |indicators: &&[Column]| match indicators {
        [_] => Ok(alone.next()),
        several => indicators_together(observed, strata, several, options).map(Some),
    };
    Ok(covariates
        .iter()
        .map(one)
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect())
}

fn as_covariate(c: &Column) -> Covariate<'_> {
    Covariate {
        name: &c.name,
        values: &c.values,
    }
}

fn indicators_together(
    observed: &Observed,
    strata: Option<&[u32]>,
    indicators: &[Column],
    options: &CoxOptions,
) -> Result<CoxFit> {
    // They are missing in the same rows.
    let there = indicators.first().map(|i| present(&i.values)).unwrap_or_default();
    let rows = Observed {
        start: observed.start.as_ref().map(|s| filter(s, &there)),
        time: filter(&observed.time, &there),
        event: filter(&observed.event, &there),
    };
    let strata = strata.map(|s| filter(s, &there));
    let kept: Vec<Column> = indicators
        .iter()
        .map(|i| Column {
            name: i.name.clone(),
            values: filter(&i.values, &there),
            covariate: i.covariate,
        })
        .collect();
    let covariates: Vec<Covariate> = kept.iter().map(as_covariate).collect();
    radsql_survival::cox(&follow_up(NAME, &rows)?, strata.as_deref(), &covariates, options).map_err(failed(NAME))
}

fn to_value(fits: &[CoxFit], rows: usize) -> Result<ScalarValue> {
    let lines: Vec<(&CoxFit, &Term)> = fits.iter().flat_map(|f| f.terms.iter().map(move |t| (f, t))).collect();
    let p: Vec<f64> = lines.iter().map(|(_, t)| t.p).collect();
    let whole =
        |f: &dyn Fn(&CoxFit) -> usize| Values::Int(lines.iter().map(|(l, _)| i64::try_from(f(l)).ok()).collect());
    let number = |f: fn(&Term) -> f64| Values::Float(lines.iter().map(|(_, t)| f(t)).collect());
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
            Values::Float(adjust_p_values(&p, Adjustment::BenjaminiHochberg)),
            Values::Text(lines.iter().map(|(f, _)| f.warning()).collect()),
        ],
    )
}
