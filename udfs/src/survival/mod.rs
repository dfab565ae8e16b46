//! Survival statistics in SQL.

pub mod columns;
pub mod concordance;
pub mod cox;
pub mod kaplan_meier;
pub mod log_rank;
pub mod median_survival;
pub mod options;
pub mod rad_score;
pub mod statistic;
pub mod train_test_split;
pub mod univariate_cox;

use columns::Observed;
use datafusion::common::{DataFusionError, Result, exec_datafusion_err};
use options::Options;
use radsql_survival::{ConfidenceLevel, CoxOptions, FollowUp, SurvivalError, Ties};
use statistic::Definition;
use std::collections::BTreeSet;

/// Every statistic that is an aggregate.
pub static STATISTICS: &[&Definition] = &[
    &concordance::DEFINITION,
    &cox::DEFINITION,
    &kaplan_meier::DEFINITION,
    &log_rank::DEFINITION,
    &median_survival::DEFINITION,
    &univariate_cox::DEFINITION,
];

fn failed(function: &'static str) -> impl Fn(SurvivalError) -> DataFusionError {
    move |e| exec_datafusion_err!("{function}: {e}")
}

fn follow_up<'a>(function: &'static str, o: &'a Observed) -> Result<FollowUp<'a>> {
    match &o.start {
        Some(start) => FollowUp::intervals(start, &o.time, &o.event),
        None => FollowUp::right_censored(&o.time, &o.event),
    }
    .map_err(failed(function))
}

fn level(function: &'static str, options: &Options) -> Result<ConfidenceLevel> {
    ConfidenceLevel::new(options.conf_level).map_err(failed(function))
}

fn cox_options(function: &'static str, options: &Options, concordance: bool) -> Result<CoxOptions> {
    let ties = match options.ties {
        crate::options::CoxTies::Efron => Ties::Efron,
        crate::options::CoxTies::Breslow => Ties::Breslow,
    };
    Ok(CoxOptions {
        ties,
        level: level(function, options)?,
        concordance,
        ..CoxOptions::default()
    })
}

/// Numbers for texts, by the order of the alphabet, so that they do not depend on the order of rows; and the texts.
fn codes(texts: &[String]) -> (Vec<u32>, Vec<&str>) {
    let levels: Vec<&str> = texts
        .iter()
        .map(String::as_str)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let code = |t: &String| {
        levels
            .binary_search(&t.as_str())
            .map_or(0, |i| u32::try_from(i).unwrap_or(u32::MAX))
    };
    (texts.iter().map(code).collect(), levels)
}

/// Codes of the strata of the kept rows; takes rows without a stratum out of `keep`.
fn strata(table: &columns::Table, options: &Options, keep: &mut [bool]) -> Result<Option<Vec<Option<String>>>> {
    let strata = table.strata(options)?;
    if let Some(strata) = &strata {
        keep.iter_mut().zip(strata).for_each(|(k, s)| *k &= s.is_some());
    }
    Ok(strata)
}

fn strata_codes(strata: Option<Vec<Option<String>>>, keep: &[bool]) -> Option<Vec<u32>> {
    let kept: Vec<String> = columns::filter(&strata?, keep).into_iter().flatten().collect();
    Some(codes(&kept).0)
}
