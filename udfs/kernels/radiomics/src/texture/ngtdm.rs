//! Neighbouring grey tone difference matrix: how far voxels are from the mean of their neighbours.

use crate::cancel::Cancel;
use crate::error::RadiomicsError;

/// One grey level of the matrix.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Tone {
    /// The level.
    pub(super) level: f64,
    /// Voxels of the level.
    pub(super) voxels: f64,
    /// Sum over them of the distance from the mean level of their neighbours.
    pub(super) difference: f64,
}

/// The 5 features in the order of the catalogue. Every level has voxels.
pub(super) fn features(tones: &[Tone], cancel: Cancel) -> Result<[f64; 5], RadiomicsError> {
    let voxels: f64 = tones.iter().map(|t| t.voxels).sum();
    let p: Vec<f64> = tones.iter().map(|t| t.voxels / voxels).collect();
    let difference: f64 = tones.iter().map(|t| t.difference).sum();
    let weighted: f64 = tones.iter().zip(&p).map(|(t, p)| p * t.difference).sum();
    // Sums over pairs of levels are symmetric: each pair is visited once and counts twice.
    let [mut contrast, mut busyness, mut complexity, mut strength] = [0.0; 4];
    for (a, (ta, pa)) in tones.iter().zip(&p).enumerate() {
        cancel.check()?;
        for (tb, pb) in tones.iter().zip(&p).take(a) {
            let apart = ta.level - tb.level;
            contrast += pa * pb * (apart * apart);
            busyness += (ta.level * pa - tb.level * pb).abs();
            complexity += apart * (pa * ta.difference + pb * tb.difference) / (pa + pb);
            strength += (pa + pb) * (apart * apart);
        }
    }
    let levels = tones.len() as f64;
    let ratio = |a: f64, b: f64| if b == 0.0 { 0.0 } else { a / b };
    Ok([
        ratio(weighted, 2.0 * busyness),
        if weighted == 0.0 { 1e6 } else { 1.0 / weighted },
        2.0 * complexity / voxels,
        ratio(2.0 * contrast * difference / voxels, levels * (levels - 1.0)),
        ratio(2.0 * strength, difference),
    ])
}
