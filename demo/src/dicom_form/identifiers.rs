//! The unique identifiers of a patient's objects.

use crate::random::{PatientSeed, Purpose, Stream};

/// Of the program that writes the files.
pub(super) const IMPLEMENTATION: &str = "2.25.152829379162034837190438271640391";

/// Identifiers of the UUID's kind (2.25, ISO/IEC 9834-8), from the patient's own stream.
pub(super) struct Identifiers {
    pub(super) study: String,
    pub(super) frame_of_reference: String,
    pub(super) series: String,
    pub(super) segmentation_series: String,
    pub(super) segmentation: String,
    pub(super) dimensions: String,
    /// One a slice, in the series' order.
    pub(super) instances: Vec<String>,
}

impl Identifiers {
    pub(super) fn draw(slices: usize, seed: PatientSeed) -> Self {
        let mut stream = seed.stream(Purpose::Identifiers);
        let mut next = || identifier(&mut stream);
        Self {
            study: next(),
            frame_of_reference: next(),
            series: next(),
            segmentation_series: next(),
            segmentation: next(),
            dimensions: next(),
            instances: (0..slices).map(|_| next()).collect(),
        }
    }
}

/// A random UUID (version 4) as an identifier.
fn identifier(stream: &mut Stream) -> String {
    let bits = u128::from(stream.bits()) << 64 | u128::from(stream.bits());
    let version = bits & !(0xf << 76) | 0x4 << 76;
    let variant = version & !(0x3 << 62) | 0x2 << 62;
    format!("2.25.{variant}")
}
