//! Quantiles read off a survival curve, as R's `quantile(survfit)` defines them.

use crate::error::SurvivalError;
use crate::kaplan_meier::{KaplanMeier, SurvivalStep};

/// How near a curve has to be to a level to count as on it, R's `tolerance`.
const TOLERANCE: f64 = 1.490_116_119_384_765_6e-8;

/// A quantile of survival time. Each is `None` when its curve does not come down so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// The time by which the fraction has had the event.
    pub time: Option<f64>,
    /// Where the lower confidence limit of the curve comes down so far.
    pub lower: Option<f64>,
    /// Where the upper confidence limit of the curve comes down so far.
    pub upper: Option<f64>,
}

impl KaplanMeier {
    /// The time by which the fraction `probability` (in 0 to 1) has had the event, as R's `quantile(survfit)`: the first
    /// time at which the curve is at or below 1 - probability, or the middle of the stretch on which it equals it (to
    /// within 1.5e-8). The limits are read off the curve's limits in the same way (Brookmeyer and Crowley 1982). Where
    /// a limit rises again late in the curve, its first crossing counts, as in R's `print(survfit)`.
    pub fn quantile(&self, probability: f64) -> Result<Quantile, SurvivalError> {
        if (0.0..=1.0).contains(&probability) {
            return Ok(self.read_off(probability));
        }
        Err(SurvivalError::Parameter {
            parameter: "probability",
            value: probability,
            expected: "a number from 0 to 1",
        })
    }

    /// The median survival time, [`KaplanMeier::quantile`] of 0.5.
    pub fn median(&self) -> Quantile {
        self.read_off(0.5)
    }

    fn read_off(&self, probability: f64) -> Quantile {
        let read = |curve: fn(&SurvivalStep) -> Option<f64>| {
            // The curve's start, as R's survfit0 adds it.
            let first = self.steps.first().map_or(0.0, |step| step.time.min(0.0));
            let start = std::iter::once((first, Some(1.0)));
            let points = start.chain(self.steps.iter().map(|step| (step.time, curve(step))));
            crossing(points, 1.0 - probability)
        };
        Quantile {
            time: read(|step| Some(step.survival)),
            lower: read(|step| step.lower),
            upper: read(|step| step.upper),
        }
    }
}

/// Where a descending step function, defined at each point until the next, meets a level. Undefined points are skipped.
fn crossing(points: impl Iterator<Item = (f64, Option<f64>)>, level: f64) -> Option<f64> {
    if level >= 1.0 {
        // The start itself, not the middle of the stretch on which nobody has had the event.
        return points.map(|(time, _)| time).next();
    }
    let mut reached: Option<f64> = None;
    let mut last_time = 0.0;
    for (time, value) in points {
        last_time = time;
        let Some(value) = value else { continue };
        match reached {
            None if value < level - TOLERANCE => return Some(time),
            None if value <= level + TOLERANCE => reached = Some(time),
            Some(first) if value < level - TOLERANCE => return Some(f64::midpoint(first, time)),
            _ => {}
        }
    }
    // On the level to the end of follow-up.
    reached.map(|first| f64::midpoint(first, last_time))
}
