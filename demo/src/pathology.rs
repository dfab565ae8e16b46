//! What the pathologist saw: of the liver, and of the tumour after treatment. None of it drives survival.

use crate::random::Stream;

/// How often each NASH score is given, 0 and on.
const NASH: [f64; 7] = [0.645, 0.198, 0.081, 0.041, 0.01, 0.015, 0.01];
/// How often steatosis is found with a NASH score of 0, and above 0.
const STEATOSIS: [f64; 2] = [0.01, 0.955];
const SINUSOIDAL_DILATATION: f64 = 0.132;
/// How often the response is not stated.
const RESPONSE_MISSING: f64 = 0.015;
/// How often each twentieth of the tumour is necrotic, 0 and on.
const NECROSIS: [f64; 19] = [
    0.108, 0.057, 0.108, 0.072, 0.118, 0.021, 0.128, 0.016, 0.102, 0.005, 0.108, 0.0, 0.061, 0.0, 0.041, 0.005, 0.016,
    0.01, 0.024,
];
/// How often each twentieth of the tumour is fibrosis, 0 and on.
const FIBROSIS: [f64; 21] = [
    0.088, 0.155, 0.34, 0.077, 0.124, 0.02, 0.062, 0.01, 0.036, 0.0, 0.005, 0.005, 0.031, 0.0, 0.006, 0.0, 0.0, 0.005,
    0.021, 0.01, 0.005,
];
/// Share of tumours without mucin; in the others it takes a few to fifteen twentieths, few of them more likely.
const NO_MUCIN: f64 = 0.835;

/// The pathologist's report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pathology {
    pub(crate) steatosis: bool,
    pub(crate) sinusoidal_dilatation: bool,
    pub(crate) nash_score: u32,
    /// `None` where it is not stated.
    pub(crate) response: Option<Response>,
}

/// Twentieths of the tumour, 20 in all at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Response {
    pub(crate) necrosis: u32,
    pub(crate) fibrosis: u32,
    pub(crate) mucin: u32,
}

impl Pathology {
    pub(crate) fn draw(stream: &mut Stream) -> Self {
        let nash_score = stream.weighted(&NASH);
        let steatosis = stream.chance(STEATOSIS[usize::from(nash_score > 0)]);
        let sinusoidal_dilatation = stream.chance(SINUSOIDAL_DILATATION);
        let response = Response::draw(stream);
        let missing = stream.chance(RESPONSE_MISSING);
        Self {
            steatosis,
            sinusoidal_dilatation,
            nash_score,
            response: (!missing).then_some(response),
        }
    }
}

impl Response {
    fn draw(stream: &mut Stream) -> Self {
        let fibrosis = stream.weighted(&FIBROSIS);
        let necrosis = stream.weighted(&NECROSIS);
        let mucin = if stream.chance(NO_MUCIN) {
            0
        } else {
            let part = stream.uniform();
            1 + (15.0 * part * part) as u32
        };
        // The tumour is no more than whole: where there is much of one, there is less of the others.
        let necrosis = necrosis.min(20 - fibrosis);
        Self {
            necrosis,
            fibrosis,
            mucin: mucin.min(20 - fibrosis - necrosis),
        }
    }

    pub(crate) fn total(self) -> u32 {
        self.necrosis + self.fibrosis + self.mucin
    }
}
