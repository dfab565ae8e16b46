//! The probability of not being censored, for inverse weights.

use crate::cox::{Covariate, CoxOptions, HazardAt};
use crate::error::SurvivalError;
use crate::follow_up::FollowUp;
use crate::risk_sets::RiskSets;
use crate::time_roc::Weighting;
use crate::time_roc::rows::Rows;

/// G for each row at any time.
#[derive(Debug, Clone)]
pub(crate) enum Censoring {
    /// One curve for all: its value after each distinct time.
    Marginal(Vec<f64>),
    /// exp(-H(t) risk): the baseline cumulative hazard after each distinct time, and each position's risk.
    Cox { hazard: Vec<f64>, risk: Vec<f64> },
}

impl Censoring {
    pub(crate) fn estimate(
        rows: &Rows,
        follow_up: &FollowUp<'_>,
        marker: &[f64],
        weighting: Weighting,
    ) -> Result<Self, SurvivalError> {
        match weighting {
            Weighting::Marginal => Ok(Self::Marginal(kaplan_meier(rows, |_| 1.0))),
            Weighting::Cox => Self::cox(rows, follow_up, marker),
        }
    }

    fn cox(rows: &Rows, follow_up: &FollowUp<'_>, marker: &[f64]) -> Result<Self, SurvivalError> {
        let censored: Vec<bool> = follow_up.event.iter().map(|event| !event).collect();
        let covariate = Covariate {
            name: "marker",
            values: marker,
        };
        let options = CoxOptions {
            concordance: false,
            ..CoxOptions::default()
        };
        let sets = RiskSets::new(&FollowUp::right_censored(follow_up.stop, &censored)?, None)?;
        let columns = [covariate];
        let model = sets.model(&columns, None, &options)?;
        let fit = model.fit();
        let centre = fit.centre();
        let risk = rows
            .order
            .iter()
            .map(|&row| Ok((fit.linear_predictor(&[marker[row as usize]])? - centre).exp()))
            .collect::<Result<Vec<f64>, SurvivalError>>()?;
        let steps = model.baseline()?.hazard(HazardAt::Means);
        let hazard = steps.iter().map(|step| step.hazard).collect();
        Ok(Self::Cox { hazard, risk })
    }

    /// 1/G of the row at a position just after the first `times` distinct times.
    pub(crate) fn weight(&self, times: usize, position: usize) -> f64 {
        let Some(last) = times.checked_sub(1) else { return 1.0 };
        match self {
            Self::Marginal(curve) => curve[last].recip(),
            Self::Cox { hazard, risk } => (hazard[last] * risk[position]).exp(),
        }
    }
}

/// The product-limit estimator of not being censored, with `count` rows at each position: after each distinct time. Rows
/// with the event leave before those that are censored at the same time.
pub(crate) fn kaplan_meier(rows: &Rows, count: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut at_risk: f64 = (0..rows.len()).map(&count).sum();
    let mut survival = 1.0;
    rows.groups()
        .map(|group| {
            let (mut events, mut censored) = (0.0, 0.0);
            for position in group {
                let slot = if rows.event[position] {
                    &mut events
                } else {
                    &mut censored
                };
                *slot += count(position);
            }
            at_risk -= events;
            if censored > 0.0 {
                survival *= 1.0 - censored / at_risk;
            }
            at_risk -= censored;
            survival
        })
        .collect()
}
