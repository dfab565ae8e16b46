//! The Brier score of predicted survival with inverse weights of not being censored (Graf et al. 1999; Gerds and
//! Schumacher 2006), as riskRegression's `Score` and pec define it.

use super::{Prediction, check_right_censored, check_time};
use crate::distributions::{ConfidenceLevel, normal_two_sided};
use crate::error::SurvivalError;
use crate::follow_up::FollowUp;
use crate::time_roc::TiedTimes;
use crate::time_roc::censoring::kaplan_meier;
use crate::time_roc::rows::Rows;

/// The error of a model's predictions for one time t, and that of the null model, which predicts the Kaplan-Meier
/// estimate for every row. All are NaN for a t beyond the last observed time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BrierScore {
    /// The time t.
    pub time: f64,
    /// Mean squared difference between the predicted risk and what happened: 0 is perfect.
    pub brier: f64,
    /// Its standard error, with the estimation of the censoring accounted for; NaN of one row.
    pub se: f64,
    /// brier - z se, at least 0.
    pub lower: f64,
    /// brier + z se, at most 1.
    pub upper: f64,
    /// The score of the null model.
    pub null: f64,
    /// Its standard error, its predictions taken as given.
    pub null_se: f64,
    /// The index of prediction accuracy, or scaled Brier score: 1 - brier / null. NaN when `null` is 0.
    pub ipa: f64,
    /// The integrated score from 0 to t: the mean of the step function that is 0 before the first time and each score from
    /// its time to the next (riskRegression's `IBS`; pec's `crps` when the times are all those observed). 0 at the first
    /// time, NaN at time 0.
    pub integrated: f64,
    /// The integrated score of the null model.
    pub integrated_null: f64,
}

/// The difference between two models' Brier scores for one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BrierDifference {
    /// The time.
    pub time: f64,
    /// The first model's score less the second's: below 0 when the first is better.
    pub difference: f64,
    /// Its standard error, of scores of the same rows.
    pub se: f64,
    /// difference - z se.
    pub lower: f64,
    /// difference + z se.
    pub upper: f64,
    /// Two-sided p-value of no difference; NaN when `se` is 0.
    pub p: f64,
}

/// Scores predictions for ascending times, one prediction for each: a row with the event by t adds (1 - risk)^2 / G(T-) of
/// its time T, a row observed beyond t adds risk^2 / G(t), a row censored by t nothing, where G is the Kaplan-Meier
/// estimate of not being censored, with events before censorings at one time. The sum is divided by all rows.
///
/// These are the scores, standard errors (`se.fit`, from the influence function with the Nelson-Aalen form for the
/// censoring), intervals, `IBS` and `IPA` of riskRegression's `Score(cens.model = "km")`, and pec's `AppErr`.
///
/// O(n log n) and O(n) for each time. Defined for right-censored follow-up without weights. Times that do not ascend or
/// another number of predictions than of times are errors, as is a prediction outside 0 to 1.
pub fn brier_score(
    follow_up: &FollowUp<'_>,
    times: &[f64],
    predictions: &[Prediction<'_>],
    level: ConfidenceLevel,
) -> Result<Vec<BrierScore>, SurvivalError> {
    let scorer = Scorer::new(follow_up, times, &[predictions])?;
    let mut integrated = Integral::default();
    let mut integrated_null = Integral::default();
    let scores = times.iter().zip(predictions).map(|(&time, prediction)| {
        let model = scorer.score(time, |row| prediction.risk(row), |row| prediction.survival(row));
        let survival = scorer.survival(time);
        let null = scorer.score(time, |_| 1.0 - survival, |_| survival);
        let (se, null_se) = (standard_error(&model.influence), standard_error(&null.influence));
        BrierScore {
            time,
            brier: model.brier,
            se,
            // NaN stays NaN.
            lower: (model.brier - level.z() * se).clamp(0.0, f64::INFINITY),
            upper: (model.brier + level.z() * se).clamp(f64::NEG_INFINITY, 1.0),
            null: null.brier,
            null_se,
            ipa: if null.brier == 0.0 {
                f64::NAN
            } else {
                1.0 - model.brier / null.brier
            },
            integrated: integrated.until(time, model.brier),
            integrated_null: integrated_null.until(time, null.brier),
        }
    });
    Ok(scores.collect())
}

/// Compares the Brier scores of two models on the same rows, time by time (the contrasts of riskRegression's `Score`).
/// Errors are those of [`brier_score`].
pub fn compare_brier_scores(
    follow_up: &FollowUp<'_>,
    times: &[f64],
    first: &[Prediction<'_>],
    second: &[Prediction<'_>],
    level: ConfidenceLevel,
) -> Result<Vec<BrierDifference>, SurvivalError> {
    let scorer = Scorer::new(follow_up, times, &[first, second])?;
    let differences = times
        .iter()
        .zip(first.iter().zip(second))
        .map(|(&time, (first, second))| {
            let score = |model: &Prediction<'_>| scorer.score(time, |row| model.risk(row), |row| model.survival(row));
            let (first, second) = (score(first), score(second));
            let influence: Vec<f64> = first
                .influence
                .iter()
                .zip(&second.influence)
                .map(|(a, b)| a - b)
                .collect();
            let (difference, se) = (first.brier - second.brier, standard_error(&influence));
            BrierDifference {
                time,
                difference,
                se,
                lower: difference - level.z() * se,
                upper: difference + level.z() * se,
                p: if se == 0.0 {
                    f64::NAN
                } else {
                    normal_two_sided(difference / se)
                },
            }
        });
    Ok(differences.collect())
}

/// Rows by time, with the curves of the event and of the censoring after each distinct time.
struct Scorer {
    rows: Rows,
    censoring: Vec<f64>,
    survival: Vec<f64>,
}

struct Score {
    brier: f64,
    /// Of each row on the score, by position.
    influence: Vec<f64>,
}

impl Scorer {
    fn new(follow_up: &FollowUp<'_>, times: &[f64], models: &[&[Prediction<'_>]]) -> Result<Self, SurvivalError> {
        check_right_censored("the Brier score", follow_up)?;
        for &time in times {
            check_time(time)?;
        }
        if let Some(pair) = times.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(SurvivalError::Parameter {
                parameter: "times",
                value: pair[1],
                expected: "ascending times",
            });
        }
        for predictions in models {
            if predictions.len() != times.len() {
                return Err(SurvivalError::Predictions {
                    found: predictions.len(),
                    times: times.len(),
                });
            }
            for prediction in *predictions {
                prediction.check(follow_up.rows())?;
            }
        }
        // Rows with one time are summed in the order of their predictions, not of their arrival.
        let columns: Vec<&[f64]> = models
            .iter()
            .flat_map(|model| model.iter().map(Prediction::values))
            .collect();
        let rows = Rows::new(follow_up, &columns, TiedTimes::Together);
        let mut survival = 1.0;
        let curve = rows.groups().map(|group| {
            let at_risk = (rows.len() - group.start) as f64;
            let events = group.filter(|&position| rows.event[position]).count() as f64;
            survival *= (at_risk - events) / at_risk;
            survival
        });
        Ok(Self {
            survival: curve.collect(),
            censoring: kaplan_meier(&rows, |_| 1.0),
            rows,
        })
    }

    fn survival(&self, time: f64) -> f64 {
        let times = self.rows.split(time).times;
        times.checked_sub(1).map_or(1.0, |last| self.survival[last])
    }

    fn score(&self, time: f64, risk: impl Fn(usize) -> f64, survival: impl Fn(usize) -> f64) -> Score {
        let rows = &self.rows;
        let split = rows.split(time);
        let all = rows.len() as f64;
        if split.times == rows.times.len()
            && rows
                .times
                .last()
                .is_some_and(|&last| split.before == rows.len() && last < time)
        {
            return Score {
                brier: f64::NAN,
                influence: vec![f64::NAN; rows.len()],
            };
        }
        let mut residuals = vec![0.0; rows.len()];
        let mut before = 1.0;
        for (group, &after) in rows.groups().zip(&self.censoring).take(split.times) {
            for position in group.filter(|&position| rows.event[position]) {
                residuals[position] = survival(rows.order[position] as usize).powi(2) / before;
            }
            before = after;
        }
        // What is summed over the rows beyond t varies with G(t) alone, as one case just after t would.
        let mut terms = residuals.clone();
        for (residual, &row) in residuals.iter_mut().zip(&rows.order).skip(split.after) {
            *residual = risk(row as usize).powi(2) / before;
        }
        if let Some(term) = terms.get_mut(split.after) {
            *term = residuals.iter().skip(split.after).sum();
        }
        let brier = residuals.iter().sum::<f64>() / all;
        let mut influence = residuals;
        for value in &mut influence {
            *value -= brier;
        }
        rows.censoring_influence(&terms, 1.0, &mut influence);
        Score { brier, influence }
    }
}

/// Standard deviation of the influences, over the root of their number.
fn standard_error(influence: &[f64]) -> f64 {
    let count = influence.len() as f64;
    let mean = influence.iter().sum::<f64>() / count;
    let squares: f64 = influence.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (count - 1.0)).sqrt() / count.sqrt()
}

/// Area below a step function from 0, by the time so far.
#[derive(Debug, Default)]
struct Integral {
    time: f64,
    value: f64,
    area: f64,
}

impl Integral {
    /// The mean up to `time`, from where on the function is `value`.
    fn until(&mut self, time: f64, value: f64) -> f64 {
        self.area += self.value * (time - self.time);
        self.time = time;
        self.value = value;
        self.area / time
    }
}
