//! The hidden variables of a patient's main lesion.

use crate::lesion::Appearance;
use crate::random::Stream;

/// The texture's standard deviation in Hounsfield units in a lesion of heterogeneity 0, and how its logarithm grows with it.
pub(crate) const HETEROGENEITY_HU: f64 = 12.0;
pub(crate) const HETEROGENEITY_LOG: f64 = 0.45;

/// What the main lesion was made from: independent standard normal numbers, and what they mean in the scan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latents {
    /// Size: the intended diameter is 32 mm x exp(0.36 size), at least 22 and at most 80 mm.
    pub size: f64,
    /// Texture: its standard deviation within the lesion is 12 HU x exp(0.45 heterogeneity).
    pub heterogeneity: f64,
    /// Coarseness: the texture is white noise smoothed with a Gaussian of 2.8 mm x exp(0.25 coarseness).
    pub coarseness: f64,
    /// Outline: the radius varies by 9 % x exp(0.4 irregularity), at most 22 %.
    pub irregularity: f64,
    /// Rim: it is denser by 9 HU x exp(0.4 rim).
    pub rim: f64,
    /// Necrosis: the core is less dense by 10 HU x exp(0.4 necrosis).
    pub necrosis: f64,
}

impl Latents {
    pub(crate) fn draw(stream: &mut Stream) -> Self {
        Self {
            size: stream.normal(),
            heterogeneity: stream.normal(),
            coarseness: stream.normal(),
            irregularity: stream.normal(),
            rim: stream.normal(),
            necrosis: stream.normal(),
        }
    }

    /// The intended diameter of the main lesion in millimetres.
    pub fn diameter_mm(&self) -> f64 {
        (32.0 * libm::exp(0.36 * self.size)).clamp(22.0, 80.0)
    }

    /// The standard deviation of the texture within the lesion in Hounsfield units, before the scanner's blur and noise.
    pub fn heterogeneity_hu(&self) -> f64 {
        HETEROGENEITY_HU * libm::exp(HETEROGENEITY_LOG * self.heterogeneity)
    }

    /// The texture's smoothing in millimetres.
    pub fn coarseness_mm(&self) -> f64 {
        2.8 * libm::exp(0.25 * self.coarseness)
    }

    pub(crate) fn appearance(&self, liver_hu: f64, stream: &mut Stream) -> Appearance {
        Appearance {
            hu: (liver_hu - stream.between(32.0, 50.0)).max(50.0),
            heterogeneity: self.heterogeneity_hu(),
            correlation: self.coarseness_mm(),
            irregularity: (0.09 * libm::exp(0.4 * self.irregularity)).min(0.22),
            rim: 9.0 * libm::exp(0.4 * self.rim),
            necrosis: 10.0 * libm::exp(0.4 * self.necrosis),
            core: stream.between(0.35, 0.6),
        }
    }
}
