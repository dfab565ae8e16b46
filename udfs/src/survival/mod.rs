//! Survival statistics in SQL.

pub mod baseline_hazard;
pub mod brier_score;
pub mod calibration;
pub mod calibration_summary;
pub mod codes;
pub mod columns;
pub mod compare_concordance;
pub mod compare_time_roc;
pub mod concordance;
pub mod correlation_filter;
pub mod covariates;
pub mod cox;
pub mod cox_influence;
pub mod cox_lasso;
pub mod cox_lasso_cv;
pub mod cox_lasso_path;
pub mod cox_model;
pub mod cox_residuals;
pub mod cox_schoenfeld;
pub mod cox_summary;
pub mod cox_zph;
pub mod decision_curve;
pub mod feature_columns;
pub mod gathered;
pub mod icc;
pub mod incident_auc;
pub mod kaplan_meier;
pub mod log_rank;
pub mod log_rank_trend;
pub mod markers;
pub mod median_survival;
pub mod nelson_aalen;
pub mod optimal_cutpoint;
pub mod options;
pub mod pairwise_log_rank;
pub mod penalised;
pub mod predict_survival;
mod predictions;
pub mod rad_score;
pub mod relation;
pub mod restricted_mean;
pub mod restricted_mean_difference;
pub mod role;
pub mod rows;
pub mod statistic;
pub mod survival_at;
pub mod survival_quantiles;
pub mod table_one;
pub mod time_roc;
pub mod time_roc_curve;
pub mod train_test_split;
pub mod univariate_cox;
pub mod variance_filter;

use datafusion::common::{DataFusionError, Result, exec_datafusion_err};
use options::Options;
use radsql_survival::{ConfidenceLevel, CoxOptions, SurvivalError, Ties, Variance};
pub use radsql_survival::{interruptible, watched};
use relation::Relation;
use statistic::Definition;

/// Every statistic that is an aggregate function, too.
pub static STATISTICS: &[&Definition] = &[
    &concordance::DEFINITION,
    &cox::DEFINITION,
    &cox_lasso::DEFINITION,
    &crate::plots::forest_plot::DEFINITION,
    &crate::plots::km_plot::DEFINITION,
    &kaplan_meier::DEFINITION,
    &log_rank::DEFINITION,
    &median_survival::DEFINITION,
    &time_roc::AGGREGATE,
    &univariate_cox::DEFINITION,
];

/// Every relation function that asks for a statistic.
pub static RELATIONS: &[&Relation] = &[
    &baseline_hazard::RELATION,
    &brier_score::RELATION,
    &calibration::RELATION,
    &calibration_summary::RELATION,
    &compare_concordance::RELATION,
    &compare_time_roc::RELATION,
    &concordance::RELATION,
    &correlation_filter::RELATION,
    &cox::RELATION,
    &cox_influence::RELATION,
    &cox_lasso::MODEL_RELATION,
    &cox_lasso::RELATION,
    &cox_lasso_cv::RELATION,
    &cox_lasso_path::RELATION,
    &cox_residuals::RELATION,
    &cox_schoenfeld::RELATION,
    &cox_summary::RELATION,
    &cox_zph::RELATION,
    &decision_curve::RELATION,
    &icc::RELATION,
    &incident_auc::RELATION,
    &crate::plots::calibration_plot::RELATION,
    &crate::plots::correlation_plot::RELATION,
    &crate::plots::decision_curve_plot::RELATION,
    &crate::plots::forest_plot::RELATION,
    &crate::plots::km_plot::RELATION,
    &crate::plots::lasso_cv_plot::RELATION,
    &crate::plots::lasso_path_plot::RELATION,
    &crate::plots::score_plot::RELATION,
    &crate::plots::time_roc_plot::RELATION,
    &kaplan_meier::RELATION,
    &log_rank::RELATION,
    &log_rank_trend::RELATION,
    &median_survival::RELATION,
    &nelson_aalen::RELATION,
    &optimal_cutpoint::RELATION,
    &pairwise_log_rank::RELATION,
    &predict_survival::RELATION,
    &restricted_mean::RELATION,
    &restricted_mean_difference::RELATION,
    &survival_at::RELATION,
    &survival_quantiles::RELATION,
    &table_one::RELATION,
    &time_roc::RELATION,
    &time_roc_curve::RELATION,
    &univariate_cox::RELATION,
    &variance_filter::RELATION,
];

pub(crate) fn failed(function: &'static str) -> impl Fn(SurvivalError) -> DataFusionError {
    move |e| exec_datafusion_err!("{function}: {e}")
}

pub(crate) fn level(function: &'static str, options: &Options) -> Result<ConfidenceLevel> {
    ConfidenceLevel::new(options.conf_level()).map_err(failed(function))
}

fn cox_options(function: &'static str, options: &Options, concordance: bool) -> Result<CoxOptions> {
    let ties = match options.ties() {
        crate::options::CoxTies::Efron => Ties::Efron,
        crate::options::CoxTies::Breslow => Ties::Breslow,
        crate::options::CoxTies::Exact => Ties::Exact,
    };
    let variance = match options.truth("robust") {
        None => Variance::Automatic,
        Some(true) => Variance::Robust,
        Some(false) => Variance::Information,
    };
    Ok(CoxOptions {
        ties,
        variance,
        level: level(function, options)?,
        concordance,
        ..CoxOptions::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use relation::Takes;
    use std::collections::BTreeSet;

    #[test]
    fn what_a_relation_function_takes_is_what_it_documents() {
        for relation in RELATIONS {
            let documented: BTreeSet<&str> = relation.doc.arguments.iter().skip(1).map(|(name, _)| *name).collect();
            let taken: BTreeSet<&str> = relation.takes.iter().filter_map(|t| Takes::name(*t)).collect();
            assert_eq!(documented, taken, "{}", relation.doc.name);
            assert_eq!(
                relation.doc.arguments.first().map(|a| a.0),
                Some("query"),
                "{}",
                relation.doc.name
            );
        }
    }
}
