//! Survival estimators and tests on plain slices, as R's `survival` package defines them.
//!
//! A [`FollowUp`] holds times, events, and if need be intervals and weights, checked once. From it come
//! [`cox`] and [`univariate_cox`], [`kaplan_meier`], [`cumulative_hazard`], [`log_rank`] and [`concordance`].
//! [`adjust_p_values`] corrects for multiple tests, [`train_test_split`] divides a cohort, [`optimal_cutpoint`] a marker.
//!
//! Columns of a wide table are chosen by [`correlation_filter`], [`variance_filter`] and [`icc`], the agreement of repeated
//! measurements. [`table_one`] is the baseline table, and the tests that it needs stand by themselves.
//!
//! How well a marker tells who has the event: [`concordance_with`] and [`compare_concordance`] over all pairs,
//! [`time_roc`], [`compare_time_roc`] and [`conditional_roc`] by a given time, [`incident_auc`] at each event time;
//! [`bootstrap_concordance`] and [`bootstrap_time_roc`] resample.
//!
//! Predicted risks are judged by [`brier_score`], [`calibration`] and [`decision_curve`].
//!
//! Every answer is a function of the set of rows: rows are brought into one order before anything is summed, so that
//! the same rows in another order give the same bits.

mod adjust;
mod beta;
mod bootstrap;
mod codes;
mod comparison;
mod concordance;
mod confidence;
mod counts;
mod cox;
mod cumulative_hazard;
mod cutpoint;
mod distributions;
mod dots;
mod double_sum;
mod error;
mod fenwick;
mod follow_up;
mod icc;
mod incident;
mod interrupt;
mod kaplan_meier;
mod ldl;
mod log_rank;
mod pair_counts;
mod penalised;
mod prediction;
mod progress;
mod quantile;
mod radix;
mod ranks;
mod restricted_mean;
mod risk_sets;
mod rows;
mod sample;
mod selection;
mod split;
mod survival_at;
mod table_one;
mod time_order;
mod time_roc;
mod times;

pub use adjust::{Adjustment, adjust_p_values};
pub use beta::{f_quantile_upper, f_upper, t_two_sided};
pub use bootstrap::{
    BootstrapComparison, BootstrapDifference, BootstrapEstimate, BootstrapInterval, Resampling, TimeRocBootstrap,
    bootstrap_concordance, bootstrap_time_roc,
};
pub use comparison::{
    ContingencyTable, FTest, FisherLimit, RankSum, TTest, Variances, chi_square_test, fisher_exact, kruskal_wallis,
    one_way, rank_sum, standardized_difference_of_counts, standardized_difference_of_means, t_test,
};
pub use concordance::{
    Concordance, ConcordanceComparison, ConcordanceDifference, ConcordanceOptions, TimeWeight, compare_concordance,
    concordance, concordance_with,
};
pub use confidence::ConfidenceType;
pub use cox::{
    ChiSquareTest, Convergence, Covariate, CoxBaseline, CoxFit, CoxModel, CoxOptions, CoxWarning, HazardAt, HazardStep,
    Influence, PredictedStep, RowResiduals, SchoenfeldEvent, SchoenfeldResiduals, Term, TermGroup, Ties, TimeTransform,
    Variance, Zph, ZphTest, cox, univariate_cox,
};
pub use cumulative_hazard::{
    CumulativeHazard, CumulativeHazardStep, HazardConfidence, HazardOptions, HazardType, cumulative_hazard,
};
pub use cutpoint::{
    CutpointCorrection, CutpointGroup, CutpointRule, MinProportion, OptimalCutpoint, QuantileGroups, optimal_cutpoint,
};
pub use distributions::{ConfidenceLevel, chi_square_upper, normal_two_sided};
pub use error::SurvivalError;
pub use follow_up::FollowUp;
pub use icc::{Icc, IccForm, IccTable, icc, icc_of_features};
pub use incident::{HazardRatio, IncidentAuc, IncidentCurve, IncidentDiscrimination, incident_auc, incident_roc};
pub use interrupt::{Interrupted, interruptible};
pub use kaplan_meier::{KaplanMeier, SurvivalStep, kaplan_meier, kaplan_meier_by};
pub use log_rank::{
    LogRank, LogRankGroup, LogRankWeight, PairwiseLogRank, Rho, TrendTest, log_rank, pairwise_log_rank,
};
pub use penalised::{
    CvMeasure, CvOptions, CvPoint, ElasticNet, FoldCount, Folds, PathEnd, PathPoint, PenalisedCv, PenalisedPath,
    assign_folds, penalised_cox, penalised_cox_cv, penalised_cox_cv_owned, penalised_cox_owned,
};
pub use prediction::{
    Bins, BrierDifference, BrierScore, Calibration, CalibrationBin, DecisionCurve, NetBenefit, ObservedExpected,
    Prediction, Slope, brier_score, calibration, compare_brier_scores, decision_curve,
};
pub use progress::{Steps, watched};
pub use quantile::Quantile;
pub use restricted_mean::{Contrast, RestrictedMean, RestrictedMeanComparison};
pub use risk_sets::RiskSets;
pub use selection::{
    CaretVariant, ColumnSpread, ColumnVerdict, Correlation, CorrelationCutoff, CorrelationFilter, CorrelationMatrix,
    KeepBy, VarianceRule, correlation_filter, correlation_matrix, variance_filter,
};
pub use split::{TrainFraction, train_test_split};
pub use survival_at::SurvivalAt;
pub use table_one::{
    CategoricalTest, ContinuousTest, GroupTest, LevelCount, NumericSummary, TableOne, TableOneCell, TableOneGroup,
    TableOneOptions, TableOneRow, TableOneValues, TableOneVariable, TestKind, table_one,
};
pub use time_roc::{
    AucDifference, ConditionalRoc, ConditionalSurvival, RocPoint, Span, TiedTimes, TimeRoc, TimeRocOptions, Weighting,
    compare_time_roc, conditional_roc, time_roc, time_roc_curve,
};
