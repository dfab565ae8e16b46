//! A survival curve read off at given times, as R's `summary(survfit, times =)` does.

use crate::error::SurvivalError;
use crate::kaplan_meier::KaplanMeier;

/// A survival curve at one time asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurvivalAt {
    /// The time asked for.
    pub time: f64,
    /// Rows at risk just before the curve's first time that is not earlier; 0 beyond the last.
    pub n_risk: f64,
    /// Events up to and at this time.
    pub n_event: f64,
    /// Rows censored up to and at this time.
    pub n_censor: f64,
    /// Probability of surviving beyond this time.
    pub survival: f64,
    /// Standard error of `survival`, as of the last step not later; 0 before the first.
    pub se: Option<f64>,
    /// Lower confidence limit; 1 before the first step.
    pub lower: Option<f64>,
    /// Upper confidence limit; 1 before the first step.
    pub upper: Option<f64>,
    /// Whether the time lies beyond the last time of the curve, whose value then stands for it.
    pub beyond: bool,
}

impl KaplanMeier {
    /// The curve at a time, as R's `summary(survfit, times =, extend = TRUE)`; a caller that wants R's `extend = FALSE`
    /// leaves out what is `beyond`. Times need not be those of the curve and can be below 0.
    ///
    /// NaN is an error. Many times at once are read off in one pass by [`KaplanMeier::at_times`].
    pub fn at(&self, time: f64) -> Result<SurvivalAt, SurvivalError> {
        let all = self.at_times(&[time])?;
        // One time was asked for.
        all.first().copied().ok_or(SurvivalError::NoRows)
    }

    /// The curve at times in any order, one answer for each in that order: [`KaplanMeier::at`].
    pub fn at_times(&self, times: &[f64]) -> Result<Vec<SurvivalAt>, SurvivalError> {
        if let Some((row, &value)) = times.iter().enumerate().find(|(_, time)| time.is_nan()) {
            return Err(SurvivalError::NotFinite {
                argument: "times".to_owned(),
                row,
                value,
            });
        }
        let mut order: Vec<usize> = (0..times.len()).collect();
        order.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
        let last = self.steps.last().map_or(0.0, |step| step.time);
        let start = SurvivalAt {
            time: 0.0,
            n_risk: 0.0,
            n_event: 0.0,
            n_censor: 0.0,
            survival: 1.0,
            se: Some(0.0),
            lower: Some(1.0),
            upper: Some(1.0),
            beyond: false,
        };
        let mut answers = vec![start; times.len()];
        let mut current = start;
        let mut taken = 0;
        for place in order {
            let time = times[place];
            for step in self.steps[taken..].iter().take_while(|step| step.time <= time) {
                taken += 1;
                current = SurvivalAt {
                    n_event: current.n_event + step.n_event,
                    n_censor: current.n_censor + step.n_censor,
                    survival: step.survival,
                    se: step.se,
                    lower: step.lower,
                    upper: step.upper,
                    ..current
                };
            }
            // A step at this very time is the first that is not earlier.
            let not_earlier = match taken.checked_sub(1).and_then(|last| self.steps.get(last)) {
                Some(step) if step.time == time => Some(step),
                _ => self.steps.get(taken),
            };
            answers[place] = SurvivalAt {
                time,
                n_risk: not_earlier.map_or(0.0, |step| step.n_risk),
                beyond: time > last,
                ..current
            };
        }
        Ok(answers)
    }
}
