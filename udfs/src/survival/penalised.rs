//! What the functions of penalised Cox models share: arguments, rows, cross-validation.

use super::codes::Codes;
use super::columns::{Outcome, Table, require, retain};
use super::covariates::Term;
use super::failed;
use super::options::Options;
use super::relation::{SEED, Setting, Takes, joined, says};
use super::role::Role;
use datafusion::common::{Result, exec_err};
use radsql_survival::{
    CvMeasure, CvOptions, CvPoint, ElasticNet, FoldCount, Folds, PenalisedPath, assign_folds, penalised_cox_cv_owned,
};
use std::num::NonZeroUsize;

/// What a penalised fit takes.
pub const TAKES: &[Takes] = &joined::<{ COMMON.len() + 1 }>(&[LAMBDA], COMMON);

/// The penalty.
const LAMBDA: Takes = Takes::Setting(
    "lambda",
    Setting::NumberOr(|v| v >= 0.0 && v.is_finite(), &["min", "1se"]),
);

/// What a fit takes, and a figure of all penalties.
pub const COMMON: &[Takes] = &[
    Takes::Column("time", Role::Time),
    Takes::Column("event", Role::Event),
    Takes::Optional("fold", Role::Fold),
    Takes::Optional("id", Role::Cluster),
    Takes::Optional("weights", Role::Weights),
    Takes::OptionalColumns("strata", Role::Strata),
    Takes::Terms,
    Takes::Setting(
        "alpha",
        Setting::Number(|v| (0.0..=1.0).contains(&v), "a number from 0 (ridge) to 1 (lasso)"),
    ),
    Takes::Setting("folds", Setting::Whole),
    SEED,
    Takes::Setting("stratify", Setting::Truth),
    Takes::Setting("measure", Setting::Choice(&["deviance", "ungrouped", "concordance"])),
    Takes::Setting("standardize", Setting::Truth),
    Takes::Setting("nlambda", Setting::Whole),
    Takes::Setting(
        "lambda_min_ratio",
        Setting::Number(|v| v > 0.0 && v < 1.0, "a number between 0 and 1"),
    ),
    Takes::Rest,
];

/// What that means.
pub const ARGUMENTS: &[(&str, &str)] = &[
    says::QUERY,
    says::TIME,
    says::EVENT,
    says::TERMS,
    (
        "lambda",
        "the penalty: 'min' (without it: the best of the cross-validation), '1se' (the largest within one standard error of \
         the best), or a number, at which the model is fitted exactly",
    ),
    (
        "alpha",
        "mixture of the penalty: 1 is the lasso (without it), 0 ridge, between them the elastic net",
    ),
    (
        "folds",
        "number of folds of the cross-validation, 3 or more; 10 without it",
    ),
    says::SEED,
    ("fold", "column: the fold of each row, instead of drawing folds"),
    (
        "id",
        "column: the patient; rows of one are kept in one fold, and the folds depend on ids and seed alone",
    ),
    (
        "stratify",
        "true to divide events evenly among the folds; false without it, as glmnet",
    ),
    (
        "measure",
        "by what a fold is judged: 'deviance' (grouped, glmnet's; without it), 'ungrouped' or 'concordance'",
    ),
    (
        "standardize",
        "false to penalise coefficients as they are; true without it, as glmnet",
    ),
    ("nlambda", "penalties of the path; 100 without it"),
    (
        "lambda_min_ratio",
        "smallest penalty as a part of the largest; without it 0.01 with fewer rows than covariates, else 0.0001",
    ),
    says::WEIGHTS,
    says::STRATA,
];

/// The complete rows of a penalised fit.
pub struct Cohort {
    /// Rows that were given, complete or not.
    pub rows: usize,
    /// Follow-up.
    pub outcome: Outcome,
    /// Covariates.
    terms: Vec<Term>,
    fold: Option<Vec<f64>>,
    id: Option<Codes>,
}

impl Cohort {
    /// The complete rows of a table; `None` where there are none.
    ///
    /// # Errors
    /// When a column is not what it must be.
    pub fn of(mut table: Table, _: &Options) -> Result<Option<Self>> {
        let rows = table.rows();
        let function = table.function();
        let mut fold = table.take_numbers(Role::Fold)?.map(|c| c.values);
        let mut outcome = table.take_outcome()?;
        if let Some(fold) = &fold {
            require(&mut outcome.keep, fold);
        }
        let covariates = table.take_covariates(&mut outcome.keep, true)?;
        if outcome.n() == 0 {
            return Ok(None);
        }
        outcome.complete();
        if let Some(fold) = &mut fold {
            retain(fold, &outcome.keep);
            if let Some(v) = fold.iter().find(|v| v.fract() != 0.0 || !(0.0..=1e9).contains(*v)) {
                return exec_err!("{function}: fold must be whole numbers, 0 or more; found {v}");
            }
        }
        let terms = covariates.complete(&outcome.keep);
        if terms.is_empty() {
            return exec_err!("{function}: every covariate is text with one value; there is nothing to fit");
        }
        Ok(Some(Self {
            rows,
            fold,
            id: outcome.cluster.take(),
            outcome,
            terms,
        }))
    }
}

impl Cohort {
    /// Gives the covariates away, with their names.
    pub fn take_covariates(&mut self) -> Vec<(String, Vec<f64>)> {
        let terms = std::mem::take(&mut self.terms).into_iter();
        terms.map(|term| (term.name, term.values)).collect()
    }
}

/// The penalty that the options ask for.
///
/// # Errors
/// When a number is out of its range.
pub fn net(function: &'static str, options: &Options) -> Result<ElasticNet> {
    let net = ElasticNet::new(options.number("alpha").unwrap_or(1.0)).map_err(failed(function))?;
    let count = options
        .whole("nlambda")
        .map_or(100, |n| usize::try_from(n).unwrap_or(usize::MAX));
    let net = net
        .with_path(count, options.number("lambda_min_ratio"))
        .map_err(failed(function))?;
    Ok(match options.truth("standardize") {
        Some(false) => net.without_standardising(),
        _ => net,
    })
}

/// The penalty, where it was given as a number.
pub fn number_of_penalty(options: &Options) -> Option<f64> {
    options.number("lambda")
}

/// What a cross-validation said.
pub struct Judged {
    /// A point for each penalty.
    pub points: Vec<CvPoint>,
    /// The best penalty, and its place.
    pub lambda_min: f64,
    /// Its place.
    pub index_min: usize,
    /// The largest penalty within one standard error of the best.
    pub lambda_1se: f64,
    /// Its place.
    pub index_1se: usize,
    /// How many folds there were.
    pub folds: usize,
    /// The measure's name.
    pub measure: &'static str,
}

/// A path, and the place in it that was chosen.
pub struct Model {
    /// The path.
    pub path: PenalisedPath,
    /// The place of the chosen penalty.
    pub place: usize,
    /// What chose it.
    pub cv: Option<Judged>,
    /// Whether the folds were given, and not drawn.
    pub given_folds: bool,
}

impl Model {
    /// A path that was fitted at one penalty.
    pub fn unvalidated(path: PenalisedPath, lambda: f64) -> Self {
        let place = path.points.iter().position(|p| p.lambda == lambda).unwrap_or(0);
        Self {
            path,
            place,
            cv: None,
            given_folds: false,
        }
    }
}

/// Fits the path and judges it.
///
/// # Errors
/// When the kernel refuses, with the function's name.
pub fn validated(function: &'static str, cohort: &mut Cohort, options: &Options) -> Result<Model> {
    let covariates = cohort.take_covariates();
    let net = net(function, options)?;
    let count = options.whole("folds").unwrap_or(10);
    let Ok(count) = u32::try_from(count) else {
        return exec_err!("{function}: folds is {count}, expected a number of rows at most");
    };
    let count = FoldCount::new(count).map_err(failed(function))?;
    let (seed, by_event) = (options.seed(), options.truth("stratify").unwrap_or(false));
    let labels: Option<Vec<u32>> = match (&cohort.fold, &cohort.id) {
        (Some(fold), _) => Some(fold.iter().map(|v| *v as u32).collect()),
        (None, Some(id)) => {
            let ids: Vec<&str> = id.codes.iter().map(|c| id.level(*c).unwrap_or_default()).collect();
            let events: Option<Vec<&str>> = by_event.then(|| {
                cohort
                    .outcome
                    .event
                    .iter()
                    .map(|e| if *e { "1" } else { "0" })
                    .collect()
            });
            Some(assign_folds(&ids, events.as_deref(), count, seed).map_err(failed(function))?)
        }
        (None, None) => None,
    };
    let folds = match &labels {
        Some(labels) => Folds::Given(labels),
        None => Folds::Drawn {
            folds: count,
            seed,
            by_event,
        },
    };
    let (measure, name) = match options.text("measure") {
        Some("ungrouped") => (CvMeasure::UngroupedDeviance, "ungrouped"),
        Some("concordance") => (CvMeasure::Concordance, "concordance"),
        _ => (CvMeasure::Deviance, "deviance"),
    };
    let threads = options.whole("threads").and_then(|n| usize::try_from(n).ok());
    let how = CvOptions {
        folds,
        measure,
        threads: threads.and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN),
    };
    let cv = penalised_cox_cv_owned(
        &cohort.outcome.follow_up()?,
        cohort.outcome.strata(),
        covariates,
        &net,
        &how,
    )
    .map_err(failed(function))?;
    let judged = Judged {
        lambda_min: cv.lambda_min(),
        lambda_1se: cv.lambda_1se(),
        index_min: cv.index_min,
        index_1se: cv.index_1se,
        folds: cv.folds.iter().max().map_or(0, |last| *last as usize + 1),
        measure: name,
        points: cv.points,
    };
    let place = match options.text("lambda") {
        Some("1se") => judged.index_1se,
        _ => judged.index_min,
    };
    Ok(Model {
        path: cv.path,
        place,
        cv: Some(judged),
        given_folds: cohort.fold.is_some(),
    })
}
