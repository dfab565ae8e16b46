//! Choice of the penalty by cross-validation.

use crate::interrupt;
use crate::progress;
use std::num::NonZeroUsize;

use super::folds::{FoldCount, Folds, assign_folds};
use super::likelihood::PartialLikelihood;
use super::options::ElasticNet;
use super::path::fit_path;
use super::vectors::add_scaled;
use super::{Given, PathPoint, PenalisedPath, Problem, interpolate};
use crate::concordance::Sweeps;
use crate::cox::Covariate;
use crate::distributions::ConfidenceLevel;
use crate::error::SurvivalError;
use crate::follow_up::{FollowUp, check_length};
use crate::risk_sets::RiskSets;

/// By what a fold is judged with coefficients that were fitted without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CvMeasure {
    /// The deviance of all rows less that of the rows without the fold, for each event in the fold (Verweij and Van
    /// Houwelingen 1993). glmnet's default. Small is good.
    #[default]
    Deviance,
    /// The deviance of the fold's rows alone, for each event in the fold (glmnet's `grouped = FALSE`). Needs 10 rows a
    /// fold on average, as in glmnet. Small is good.
    UngroupedDeviance,
    /// Harrell's concordance of the fold's rows, within strata (glmnet's `type.measure = "C"`). Large is good.
    Concordance,
}

/// How a cross-validation is done.
#[derive(Debug, Clone, Copy)]
pub struct CvOptions<'a> {
    /// The folds.
    pub folds: Folds<'a>,
    /// By what they are judged.
    pub measure: CvMeasure,
    /// Folds fitted at a time. The answer does not depend on it.
    pub threads: NonZeroUsize,
}

impl Default for CvOptions<'_> {
    /// Ten folds drawn from seed 0 without regard to events, deviance, one thread.
    fn default() -> Self {
        Self {
            folds: Folds::Drawn {
                folds: FoldCount::default(),
                seed: 0,
                by_event: false,
            },
            measure: CvMeasure::default(),
            threads: NonZeroUsize::MIN,
        }
    }
}

/// The measure at one penalty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CvPoint {
    /// The penalty.
    pub lambda: f64,
    /// Mean of the measure over the folds, weighted by their events (for the concordance by their rows; by the sums of
    /// weights if there are weights).
    pub mean: f64,
    /// Its standard error: the root of the weighted variance over folds, divided by the number of folds less 1.
    pub se: f64,
    /// Coefficients that are not 0 in the fit to all rows.
    pub nonzero: usize,
}

/// A path, judged by cross-validation.
#[derive(Debug, Clone, PartialEq)]
pub struct PenalisedCv {
    /// The fit to all rows.
    pub path: PenalisedPath,
    /// One point for each of the path.
    pub points: Vec<CvPoint>,
    /// The measure.
    pub measure: CvMeasure,
    /// The fold of each row, from 0.
    pub folds: Vec<u32>,
    /// Place of the penalty with the best mean, the largest one if several are equal.
    pub index_min: usize,
    /// Place of the largest penalty whose mean is within one standard error of the best.
    pub index_1se: usize,
}

impl PenalisedCv {
    /// The penalty with the best mean.
    pub fn lambda_min(&self) -> f64 {
        self.points[self.index_min].lambda
    }

    /// The largest penalty whose mean is within one standard error of the best.
    pub fn lambda_1se(&self) -> f64 {
        self.points[self.index_1se].lambda
    }
}

/// Fits the path to all rows and judges each penalty by cross-validation (R's `cv.glmnet(family = "cox")`).
///
/// Every fold is left out in turn; the rest gets a path of its own, with its own standardisation and penalties, and
/// coefficients at the penalties of the fit to all rows by interpolation. `strata` and what is an error are as in
/// [`super::penalised_cox`]; further errors: fewer than three folds; a fold without events, whose measure is not
/// defined; a fold that leaves no events or no varying covariate to fit; a fold without comparable pairs, for the
/// concordance.
///
/// Near-tied times are merged for the concordance, as R does, and not for the deviance.
pub fn penalised_cox_cv(
    follow_up: &FollowUp<'_>,
    strata: Option<&[u32]>,
    covariates: &[Covariate<'_>],
    options: &ElasticNet,
    cv: &CvOptions<'_>,
) -> Result<PenalisedCv, SurvivalError> {
    let covariates = covariates.iter().map(Given::from).collect();
    validate(follow_up, strata, covariates, options, cv)
}

/// As [`penalised_cox_cv`], of named covariates that are given away, see [`super::penalised_cox_owned`].
pub fn penalised_cox_cv_owned(
    follow_up: &FollowUp<'_>,
    strata: Option<&[u32]>,
    covariates: Vec<(String, Vec<f64>)>,
    options: &ElasticNet,
    cv: &CvOptions<'_>,
) -> Result<PenalisedCv, SurvivalError> {
    let covariates = covariates.into_iter().map(Given::from).collect();
    validate(follow_up, strata, covariates, options, cv)
}

fn validate(
    follow_up: &FollowUp<'_>,
    strata: Option<&[u32]>,
    covariates: Vec<Given<'_>>,
    options: &ElasticNet,
    cv: &CvOptions<'_>,
) -> Result<PenalisedCv, SurvivalError> {
    let problem = Problem::new(follow_up, strata, covariates, options)?;
    let (folds, labels) = find_folds(&problem, follow_up, cv.folds)?;
    let by_position: Vec<u32> = problem.order.iter().map(|&row| folds[row as usize]).collect();
    if cv.measure == CvMeasure::UngroupedDeviance && follow_up.rows() < 10 * labels.len() {
        return Err(SurvivalError::Parameter {
            parameter: "rows a fold",
            value: follow_up.rows() as f64 / labels.len() as f64,
            expected: "10 or more for the ungrouped deviance",
        });
    }
    let pairs = match cv.measure {
        CvMeasure::Concordance => Some(pairs_in_order(&problem, follow_up, strata)?),
        _ => None,
    };
    let path = problem.path(options, follow_up)?;
    let lambdas: Vec<f64> = path.points.iter().map(|point| point.lambda).collect();
    let fit = |fold: usize| {
        let task = Task {
            problem: &problem,
            pairs: pairs.as_ref(),
            measure: cv.measure,
            options,
            lambdas: &lambdas,
            label: labels[fold],
        };
        task.judge(
            &by_position
                .iter()
                .map(|of_row| *of_row as usize == fold)
                .collect::<Vec<bool>>(),
        )
    };
    let judged = in_threads(labels.len(), cv.threads.get(), &fit)?;
    let points: Vec<CvPoint> = path
        .points
        .iter()
        .enumerate()
        .map(|(place, point)| summarise(place, point, &judged))
        .collect();
    let (index_min, index_1se) = choose(&points, cv.measure);
    Ok(PenalisedCv {
        path,
        points,
        measure: cv.measure,
        folds,
        index_min,
        index_1se,
    })
}

/// The fold of each row and the label of each fold.
fn find_folds(
    problem: &Problem,
    follow_up: &FollowUp<'_>,
    folds: Folds<'_>,
) -> Result<(Vec<u32>, Vec<u32>), SurvivalError> {
    let rows = follow_up.rows();
    let given = match folds {
        Folds::Given(labels) => {
            check_length("fold", labels.len(), rows)?;
            labels.to_vec()
        }
        Folds::Drawn { folds, seed, by_event } => {
            let mut rank = vec![[0; 8]; rows];
            for (position, &row) in problem.order.iter().enumerate() {
                rank[row as usize] = (position as u64).to_le_bytes();
            }
            let event: Option<Vec<[u8; 1]>> =
                by_event.then(|| follow_up.event.iter().map(|event| [u8::from(*event)]).collect());
            assign_folds(&rank, event.as_deref(), folds, seed)?
        }
    };
    let mut labels = given.clone();
    labels.sort_unstable();
    labels.dedup();
    if labels.len() < 3 {
        return Err(SurvivalError::TooFewFolds { found: labels.len() });
    }
    let place = |label: &u32| labels.partition_point(|other| other < label) as u32;
    Ok((given.iter().map(place).collect(), labels))
}

/// Risk sets with near-tied times merged, and the problem's position of each of their rows.
fn pairs_in_order(
    problem: &Problem,
    follow_up: &FollowUp<'_>,
    strata: Option<&[u32]>,
) -> Result<(RiskSets, Vec<usize>), SurvivalError> {
    let sets = RiskSets::new(follow_up, strata)?;
    let mut position_of = vec![0; sets.rows()];
    for (position, &row) in problem.order.iter().enumerate() {
        position_of[row as usize] = position;
    }
    // Where rows are alike, the problem's order is finished and that of the risk sets is not.
    let mut positions: Vec<usize> = sets.order.iter().map(|&row| position_of[row as usize]).collect();
    for run in &sets.alike {
        positions[run.clone()].sort_unstable();
    }
    Ok((sets, positions))
}

/// A fold's measure at each penalty, and its weight among the folds.
#[derive(Debug)]
struct Judged {
    measure: Vec<f64>,
    weight: f64,
}

struct Task<'a> {
    problem: &'a Problem,
    pairs: Option<&'a (RiskSets, Vec<usize>)>,
    measure: CvMeasure,
    options: &'a ElasticNet,
    lambdas: &'a [f64],
    label: u32,
}

impl Task<'_> {
    /// Fits the rows outside the fold and judges them by those in it.
    fn judge(&self, inside: &[bool]) -> Result<Judged, SurvivalError> {
        let Problem {
            sets,
            likelihood,
            data,
            factor,
            terms,
            ..
        } = self.problem;
        let fail = |problem| {
            Err(SurvivalError::Fold {
                fold: self.label,
                problem,
            })
        };
        let weight_of = |which: &dyn Fn(usize) -> bool| -> f64 {
            (0..inside.len())
                .filter(|&position| which(position))
                .map(|position| sets.weight(position))
                .sum()
        };
        let events = weight_of(&|position| inside[position] && sets.event[position]);
        if events == 0.0 {
            return fail("has no events: its measure is not defined");
        }
        if !(0..inside.len()).any(|position| !inside[position] && sets.event[position]) {
            return fail("holds all events: there is nothing to fit without it");
        }
        let outside: Vec<bool> = inside.iter().map(|inside| !inside).collect();
        let training = PartialLikelihood::new(&sets.subset(&outside)?);
        let columns = data.subset(&outside, &training.weight, self.options.standardise)?;
        if columns.len() == 0 {
            return fail("holds all rows in which a covariate varies: there is nothing to fit without it");
        }
        let factor: Vec<f64> = columns.source.iter().map(|&source| factor[source]).collect();
        let path = match fit_path(&training, &columns, &factor, terms.len(), self.options) {
            Err(SurvivalError::FlatLikelihood) => return fail("leaves no risk set with more than its events to fit"),
            path => path?,
        };
        if path.points.is_empty() {
            return fail("leaves rows to which the fit at the first penalty does not converge");
        }
        let original = |(column, coef): (usize, f64)| (columns.source[column], coef * columns.scale[column]);
        let points: Vec<PathPoint> = path
            .points
            .into_iter()
            .map(|point| PathPoint {
                coefs: point.coefs.into_iter().map(original).collect(),
                ..point
            })
            .collect();
        let mut judge = match self.measure {
            CvMeasure::Deviance => Judge::Deviance(likelihood, &training, &outside),
            CvMeasure::UngroupedDeviance => Judge::Ungrouped(PartialLikelihood::new(&sets.subset(inside)?), inside),
            CvMeasure::Concordance => {
                let Some((pairs, positions)) = self.pairs else {
                    return fail("has no risk sets");
                };
                let keep: Vec<bool> = positions.iter().map(|&position| inside[position]).collect();
                let kept = positions.iter().copied().filter(|&position| inside[position]).collect();
                Judge::Concordance(Box::new((pairs.subset(&keep)?, kept, Sweeps::default())))
            }
        };
        let mut predictor = vec![0.0; data.rows()];
        let mut measure = Vec::with_capacity(self.lambdas.len());
        for &lambda in self.lambdas {
            predictor.fill(0.0);
            for (column, coef) in interpolate(&points, lambda) {
                add_scaled(&mut predictor, coef, data.column(column));
            }
            let value = judge.measure(&predictor);
            if value.is_nan() {
                return fail("has no comparable pairs: its concordance is not defined");
            }
            measure.push(match self.measure {
                CvMeasure::Concordance => value,
                _ => value / events,
            });
        }
        let weight = match self.measure {
            CvMeasure::Concordance => weight_of(&|position| inside[position]),
            _ => events,
        };
        Ok(Judged { measure, weight })
    }
}

/// What a fold is judged by. Deviances are those of weights that sum to the number of rows, as in glmnet.
enum Judge<'a> {
    Deviance(&'a PartialLikelihood, &'a PartialLikelihood, &'a [bool]),
    Ungrouped(PartialLikelihood, &'a [bool]),
    /// Risk sets of the fold, where each of their rows stands, and space.
    Concordance(Box<(RiskSets, Vec<usize>, Sweeps)>),
}

impl Judge<'_> {
    fn measure(&mut self, predictor: &[f64]) -> f64 {
        let deviance = |likelihood: &PartialLikelihood, predictor: &[f64]| {
            likelihood.rows() as f64 * likelihood.deviance(likelihood.loglik(predictor))
        };
        let kept = |keep: &[bool]| -> Vec<f64> {
            predictor
                .iter()
                .zip(keep)
                .filter(|(_, keep)| **keep)
                .map(|(value, _)| *value)
                .collect()
        };
        match self {
            Judge::Deviance(all, training, outside) => deviance(all, predictor) - deviance(training, &kept(outside)),
            Judge::Ungrouped(fold, inside) => deviance(fold, &kept(inside)),
            Judge::Concordance(fold) => {
                let (sets, positions, sweeps) = fold.as_mut();
                let mut score: Vec<f64> = positions.iter().map(|&position| predictor[position] + 0.0).collect();
                for run in &sets.alike {
                    score[run.clone()].sort_unstable_by(f64::total_cmp);
                }
                sweeps
                    .concordance_of_clusters(sets, &score, None, ConfidenceLevel::default())
                    .c
            }
        }
    }
}

/// Runs the tasks, `threads` at a time, and gives their answers in order, or the first task's error.
fn in_threads<T: Send>(
    tasks: usize,
    threads: usize,
    run: &(impl Fn(usize) -> Result<T, SurvivalError> + Sync),
) -> Result<Vec<T>, SurvivalError> {
    let threads = threads.min(tasks);
    if threads <= 1 {
        return (0..tasks).map(run).collect();
    }
    let shares: Vec<Vec<(usize, Result<T, SurvivalError>)>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                let (stop, steps) = (interrupt::current(), progress::current());
                scope.spawn(move || {
                    let mine = (worker..tasks).step_by(threads);
                    let work = || mine.map(|task| (task, run(task))).collect::<Vec<_>>();
                    interrupt::within(stop, || progress::within(steps, work))
                })
            })
            .collect();
        let join = |worker: std::thread::ScopedJoinHandle<'_, _>| match worker.join() {
            Ok(share) => share,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        workers.into_iter().map(join).collect()
    });
    let mut answers: Vec<(usize, Result<T, SurvivalError>)> = shares.into_iter().flatten().collect();
    answers.sort_by_key(|(task, _)| *task);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

fn summarise(place: usize, point: &PathPoint, judged: &[Judged]) -> CvPoint {
    let total: f64 = judged.iter().map(|fold| fold.weight).sum();
    let mean = judged
        .iter()
        .map(|fold| fold.weight / total * fold.measure[place])
        .sum::<f64>();
    let square = |fold: &Judged| (fold.measure[place] - mean) * (fold.measure[place] - mean);
    let variance: f64 = judged.iter().map(|fold| fold.weight / total * square(fold)).sum();
    CvPoint {
        lambda: point.lambda,
        mean,
        se: (variance / (judged.len() as f64 - 1.0)).sqrt(),
        nonzero: point.df(),
    }
}

/// Places of the best penalty and of the largest within one standard error of it.
fn choose(points: &[CvPoint], measure: CvMeasure) -> (usize, usize) {
    let sign = if measure == CvMeasure::Concordance { -1.0 } else { 1.0 };
    let mut min = 0;
    for (place, point) in points.iter().enumerate() {
        if sign * point.mean < sign * points[min].mean {
            min = place;
        }
    }
    let bound = sign * points[min].mean + points[min].se;
    let within = points.iter().position(|point| sign * point.mean <= bound);
    (min, within.unwrap_or(min))
}
