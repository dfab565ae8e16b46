//! Random numbers that stay the same: on any platform, at any number of threads, with later versions of any crate.
//!
//! ChaCha with 8 rounds is a published algorithm (Bernstein 2008) whose stream `rand_chacha` promises to keep, and its key
//! and nonce name independent streams directly. The key is the cohort's seed, its site and the patient's number; the nonce
//! is the purpose. So no patient's numbers depend on another's, and no purpose's on how many another has drawn.
//! The distributions are written out here because those of `rand` and `rand_distr` may change their values between
//! versions, with `libm` because the system's logarithm and cosine differ in the last bit between platforms.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream is drawn for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Anatomy = 1,
    Vessels = 2,
    Latents = 3,
    Lesions = 4,
    Texture = 5,
    LesionTexture = 6,
    Noise = 7,
    Clinical = 8,
    Missing = 9,
    Survival = 10,
    Pathology = 11,
    Numbering = 12,
    Identifiers = 13,
}

/// The purposes by name.
pub(crate) const PURPOSES: [(Purpose, &str); 13] = [
    (Purpose::Anatomy, "anatomy and field of view"),
    (Purpose::Vessels, "vessels"),
    (Purpose::Latents, "hidden variables of the main lesion"),
    (Purpose::Lesions, "places and shapes of the lesions"),
    (Purpose::Texture, "texture of the organs"),
    (Purpose::LesionTexture, "texture of the lesions"),
    (Purpose::Noise, "noise"),
    (Purpose::Clinical, "clinical variables"),
    (Purpose::Missing, "missing cells"),
    (Purpose::Survival, "survival, relapse and follow-up"),
    (Purpose::Pathology, "pathology"),
    (Purpose::Numbering, "numbers of the lesions"),
    (Purpose::Identifiers, "identifiers of DICOM"),
];

/// The streams of one patient.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PatientSeed {
    pub(crate) seed: u64,
    pub(crate) site: u64,
    pub(crate) patient: u64,
}

impl PatientSeed {
    /// The stream of one purpose, from its beginning.
    pub(crate) fn stream(self, purpose: Purpose) -> Stream {
        let mut key = [0; 32];
        let words = [self.seed, self.site, self.patient, u64::from(crate::DEFINITION)];
        for (bytes, word) in key.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(purpose as u64);
        Stream { generator, spare: None }
    }
}

/// A stream of random numbers.
#[derive(Debug)]
pub(crate) struct Stream {
    generator: ChaCha8Rng,
    /// The second normal number of a pair.
    spare: Option<f64>,
}

impl Stream {
    /// Uniform on [0, 1), of 53 random bits.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform on [low, high).
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// True with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// The place of one of these weights, as likely as it is a part of their sum.
    pub(crate) fn weighted(&mut self, weights: &[f64]) -> u32 {
        let mut left = self.uniform() * weights.iter().sum::<f64>();
        for (place, weight) in (0..).zip(weights) {
            left -= weight;
            if left < 0.0 {
                return place;
            }
        }
        0
    }

    /// The numbers from 0 to below `count` in random order (Fisher and Yates).
    pub(crate) fn shuffled(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, (self.uniform() * (last + 1) as f64) as usize);
        }
        order
    }

    /// Standard exponential.
    pub(crate) fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.uniform())
    }

    /// Standard normal, by Box and Muller (1958).
    pub(crate) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (2.0 * self.exponential()).sqrt();
        let (sin, cos) = libm::sincos(2.0 * std::f64::consts::PI * self.uniform());
        self.spare = Some(radius * sin);
        radius * cos
    }

    /// Normal with this mean and standard deviation, drawn to the nearer limit when outside.
    pub(crate) fn normal_within(&mut self, mean: f64, sd: f64, low: f64, high: f64) -> f64 {
        (mean + sd * self.normal()).clamp(low, high)
    }

    /// A direction, uniform on the sphere.
    pub(crate) fn direction(&mut self) -> [f64; 3] {
        let z = self.between(-1.0, 1.0);
        let (sin, cos) = libm::sincos(2.0 * std::f64::consts::PI * self.uniform());
        let ring = (1.0 - z * z).max(0.0).sqrt();
        [ring * cos, ring * sin, z]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: PatientSeed = PatientSeed {
        seed: 7,
        site: 1,
        patient: 3,
    };

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut stream = SEED.stream(Purpose::Noise);
        let n = 200_000;
        let (mut sum, mut square, mut exponential, mut uniform) = (0.0, 0.0, 0.0, 0.0);
        for _ in 0..n {
            let value = stream.normal();
            sum += value;
            square += value * value;
            exponential += stream.exponential();
            uniform += stream.uniform();
        }
        let n = f64::from(n);
        assert!((sum / n).abs() < 0.01, "{}", sum / n);
        assert!((square / n - 1.0).abs() < 0.015, "{}", square / n);
        assert!((exponential / n - 1.0).abs() < 0.01);
        assert!((uniform / n - 0.5).abs() < 0.005);
    }

    #[test]
    fn streams_differ_by_each_part_of_their_name() {
        let first = |seed: PatientSeed, purpose| seed.stream(purpose).uniform();
        let reference = first(SEED, Purpose::Noise);
        assert_eq!(reference, first(SEED, Purpose::Noise));
        assert_ne!(reference, first(SEED, Purpose::Latents));
        assert_ne!(reference, first(PatientSeed { seed: 8, ..SEED }, Purpose::Noise));
        assert_ne!(reference, first(PatientSeed { site: 2, ..SEED }, Purpose::Noise));
        assert_ne!(reference, first(PatientSeed { patient: 4, ..SEED }, Purpose::Noise));
    }
}
