//! The test of proportional hazards, as R's `cox.zph` (survival 3.0 and later) defines it.

use super::ChiSquareTest;
use super::evaluate::Evaluation;
use super::model::CoxModel;
use super::newton::COLLINEAR;
use crate::confidence::ConfidenceType;
use crate::distributions::{ConfidenceLevel, chi_square_upper};
use crate::error::SurvivalError;
use crate::follow_up::FollowUp;
use crate::kaplan_meier::kaplan_meier;
use crate::ldl::{Ldl, packed};
use crate::risk_sets::RiskSets;

/// The function of time that a coefficient is suspected to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TimeTransform {
    /// 1 - S(t-) with the Kaplan-Meier curve of all rows, not weighted, strata taken together. R's default, and ours.
    #[default]
    KaplanMeier,
    /// The rank of the time among the times of all rows, the mean rank where they are tied.
    Rank,
    /// The time itself.
    Identity,
    /// Its logarithm. With an event at time 0 there is none, and the tests are NaN.
    Log,
}

/// Columns that are tested together, such as the indicators of one factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermGroup {
    /// The name of the test.
    pub name: String,
    /// Places of the columns among the terms.
    pub columns: Vec<usize>,
}

/// The test of one term.
#[derive(Debug, Clone, PartialEq)]
pub struct ZphTest {
    /// The group's name, or the covariate's.
    pub name: String,
    /// The score test. NaN with 0 degrees of freedom where nothing can be tested: no coefficient was estimated, or all
    /// events fall on one time.
    pub test: ChiSquareTest,
}

/// The tests of proportional hazards of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Zph {
    /// One test a group.
    pub terms: Vec<ZphTest>,
    /// The test of all coefficients together.
    pub global: ChiSquareTest,
    /// The transformed time of each event, in the order of [`super::SchoenfeldResiduals`]: a plot of the scaled Schoenfeld
    /// residuals over it shows the coefficient as a function of time.
    pub transformed: Vec<f64>,
}

impl CoxModel<'_> {
    /// Tests whether coefficients follow the transformed time g(t): the score test of adding x times g(t) to the model, for
    /// each group of columns alone and for all together. Without `groups` every column is one.
    ///
    /// With exact ties, risk sets are taken as Breslow's, as in R. An error when a group names a column that there is not.
    pub fn zph(&self, transform: TimeTransform, groups: Option<&[TermGroup]>) -> Result<Zph, SurvivalError> {
        let terms = self.fit().terms.len();
        let each_alone: Vec<TermGroup>;
        let groups = if let Some(groups) = groups {
            groups
        } else {
            let terms = self.fit().terms.iter().enumerate();
            each_alone = terms
                .map(|(place, term)| TermGroup {
                    name: term.name.clone(),
                    columns: vec![place],
                })
                .collect();
            &each_alone
        };
        if let Some(&place) = groups
            .iter()
            .flat_map(|group| &group.columns)
            .find(|&&place| place >= terms)
        {
            return Err(SurvivalError::Parameter {
                parameter: "groups",
                value: place as f64,
                expected: "places of terms, counted from 0",
            });
        }
        let by_time = transformed_times(self.sets, transform)?;
        let events = self.events_in_order();
        let transformed: Vec<f64> = events
            .iter()
            .map(|event| by_time[self.sets.groups[event.group].time as usize])
            .collect();
        let mean = transformed.iter().sum::<f64>() / transformed.len() as f64;
        let test = ScoreTest::new(self, |group| by_time[self.sets.groups[group].time as usize] - mean);
        let of_design = |place: &usize| {
            let column = self.columns.iter().position(|column| column == place)?;
            (!self.fit().terms[*place].coef.is_nan()).then_some(column)
        };
        let one = |group: &TermGroup| ZphTest {
            name: group.name.clone(),
            test: test.of(&group.columns.iter().filter_map(of_design).collect::<Vec<usize>>()),
        };
        Ok(Zph {
            terms: groups.iter().map(one).collect(),
            global: test.of(&(0..terms).filter_map(|place| of_design(&place)).collect::<Vec<usize>>()),
            transformed,
        })
    }
}

/// The score of the coefficients of x g(t) at 0, and the information with those of x: sums over events of V, g V and g^2 V
/// with V the variance of the covariates at risk.
struct ScoreTest {
    score: Vec<f64>,
    information: Ldl,
    with_time: Vec<f64>,
    of_time: Vec<f64>,
}

impl ScoreTest {
    fn new(model: &CoxModel<'_>, time: impl Fn(usize) -> f64) -> Self {
        let design = model.design();
        let ties = model.ties.of_hazard();
        let mut evaluation = Evaluation::default();
        let mut score = vec![0.0; design.covariates];
        let mut at = |power: i32, score: Option<&mut Vec<f64>>| {
            let mut score = score;
            let factor = |group: usize| time(group).powi(power);
            evaluation.at_with(design, &model.coefficients, ties, &factor, &mut |event| {
                let Some(score) = score.as_deref_mut() else { return };
                let rows = design.sets.groups[event.group].rows.clone();
                for position in rows.filter(|&position| design.sets.event[position]) {
                    let by = time(event.group) * design.sets.weight(position);
                    for ((sum, value), mean) in score.iter_mut().zip(design.row(position)).zip(event.mean) {
                        *sum += by * (value - mean);
                    }
                }
            });
            (evaluation.information.clone(), evaluation.mean_squares.clone())
        };
        let (matrix, squares) = at(0, None);
        let (with_time, _) = at(1, None);
        let (of_time, _) = at(2, Some(&mut score));
        let mut information = Ldl::default();
        information.decompose(&matrix, &squares, COLLINEAR);
        Self {
            score,
            information,
            with_time,
            of_time,
        }
    }

    /// The test of these columns of the design: u' (C - B' A^-1 B)^-1 u.
    fn of(&self, columns: &[usize]) -> ChiSquareTest {
        let symmetric = |matrix: &[f64], a: usize, b: usize| matrix[packed(a.max(b), a.min(b))];
        let size = self.score.len();
        let mut left = Vec::with_capacity(packed(columns.len(), 0));
        for (place, &column) in columns.iter().enumerate() {
            let mut explained: Vec<f64> = (0..size).map(|row| symmetric(&self.with_time, row, column)).collect();
            self.information.solve(&mut explained);
            for &other in &columns[..=place] {
                let by_others: f64 = (0..size)
                    .map(|row| symmetric(&self.with_time, row, other) * explained[row])
                    .sum();
                left.push(symmetric(&self.of_time, column, other) - by_others);
            }
        }
        let reference: Vec<f64> = columns
            .iter()
            .map(|&column| symmetric(&self.of_time, column, column))
            .collect();
        let mut factors = Ldl::default();
        factors.decompose(&left, &reference, COLLINEAR);
        let mut solution: Vec<f64> = columns.iter().map(|&column| self.score[column]).collect();
        factors.solve(&mut solution);
        let df = factors.rank();
        let products = columns
            .iter()
            .zip(&solution)
            .map(|(&column, value)| self.score[column] * value);
        let chi2 = if df == 0 { f64::NAN } else { products.sum() };
        ChiSquareTest {
            chi2,
            df,
            p: chi_square_upper(chi2, df),
        }
    }
}

/// The transformed value of each distinct time.
fn transformed_times(sets: &RiskSets, transform: TimeTransform) -> Result<Vec<f64>, SurvivalError> {
    let distinct = sets.distinct_times();
    match transform {
        TimeTransform::Identity => Ok(distinct),
        TimeTransform::Log => Ok(distinct.into_iter().map(f64::ln).collect()),
        TimeTransform::Rank => {
            let mut rows = vec![0.0; distinct.len()];
            for group in &sets.groups {
                rows[group.time as usize] += group.rows.len() as f64;
            }
            let mut before = 0.0;
            for rank in &mut rows {
                let tied = *rank;
                *rank = before + f64::midpoint(tied, 1.0);
                before += tied;
            }
            Ok(rows)
        }
        TimeTransform::KaplanMeier => {
            let (start, stop) = sets.times_by_position();
            let follow_up = match start {
                Some(start) => FollowUp::intervals(start, stop, &sets.event),
                None => FollowUp::right_censored(stop, &sets.event),
            };
            let curve = kaplan_meier(&follow_up?, ConfidenceLevel::default(), ConfidenceType::Plain)?;
            let before = |time: &f64| {
                let earlier = curve.steps.partition_point(|step| step.time < *time);
                1.0 - earlier.checked_sub(1).map_or(1.0, |place| curve.steps[place].survival)
            };
            Ok(distinct.iter().map(before).collect())
        }
    }
}
