//! Bins of histograms.

use crate::axis::range;
use crate::histogram::Breaks;

/// Bins of one width, the first edge a multiple of it.
pub(crate) struct Bins {
    first: f64,
    width: f64,
    pub(crate) number: usize,
    /// Whether a value on an edge counts below it.
    right: bool,
}

impl Bins {
    /// Freedman and Diaconis: 2 IQR / n^(1/3), made round.
    pub(crate) fn of(scores: &[f64]) -> Self {
        let mut sorted = scores.to_vec();
        sorted.sort_by(f64::total_cmp);
        let quantile = |q: f64| sorted[((sorted.len() - 1) as f64 * q).round() as usize];
        let (low, high) = range(sorted.iter().copied());
        let best = 2.0 * (quantile(0.75) - quantile(0.25)) / (sorted.len() as f64).cbrt();
        let span = high - low;
        let best = if best > 0.0 {
            best.clamp(span / 40.0, span / 5.0)
        } else {
            span / 10.0
        };
        let power = 10f64.powf(best.log10().floor());
        let distance = |w: &f64| (w / best).ln().abs();
        let round = [1.0, 2.0, 2.5, 5.0, 10.0].map(|lead| lead * power);
        let width = round
            .into_iter()
            .min_by(|a, b| distance(a).total_cmp(&distance(b)))
            .unwrap_or(best);
        let first = (low / width + 1e-9).floor() * width;
        let number = (((high - first) / width).floor() as usize + 1).clamp(1, 1000);
        Self {
            first,
            width,
            number,
            right: false,
        }
    }

    /// Those of R's `hist`: about as many as the rule says, with round edges around all values, of which there is one at least.
    pub(crate) fn pretty(values: &[f64], breaks: Breaks) -> Self {
        let (low, high) = values
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
        let wanted = match breaks {
            Breaks::Sturges => sturges(values.len()),
            Breaks::FreedmanDiaconis => freedman_diaconis(values).unwrap_or_else(|| sturges(values.len())),
        };
        let (width, from, to) = pretty(low, high, wanted);
        Self {
            first: from * width,
            width,
            number: ((to - from).round() as usize).clamp(1, 2000),
            right: true,
        }
    }

    pub(crate) fn edge(&self, i: usize) -> f64 {
        self.first + i as f64 * self.width
    }

    pub(crate) fn edges(&self) -> [f64; 2] {
        [self.edge(0), self.edge(self.number)]
    }

    /// Scores in each bin: from its lower edge to below its upper one, or above its lower edge to its upper one.
    pub(crate) fn count(&self, scores: &[f64]) -> Vec<usize> {
        let mut counts = vec![0; self.number];
        for score in scores {
            let place = (score - self.first) / self.width;
            let bin = if self.right {
                // R's fuzz: what is as good as on an edge counts below it.
                (place - 1e-7).ceil() - 1.0
            } else {
                (place + 1e-9).floor()
            };
            let bin = bin.max(0.0) as usize;
            counts[bin.min(self.number - 1)] += 1;
        }
        counts
    }
}

fn sturges(n: usize) -> f64 {
    ((n.max(1) as f64).log2() + 1.0).ceil()
}

/// R's `nclass.FD` where the IQR is not 0.
fn freedman_diaconis(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    // Of type 7, as R's own.
    let quantile = |q: f64| {
        let place = (sorted.len() - 1) as f64 * q;
        let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
        below + (above - below) * place.fract()
    };
    let width = 2.0 * (quantile(0.75) - quantile(0.25));
    let span = sorted[sorted.len() - 1] - sorted[0];
    (width > 0.0).then(|| (span / width * (sorted.len() as f64).cbrt()).ceil().clamp(1.0, 1000.0))
}

/// R's `pretty`: the unit, and the first and last edge in units of it. About `n` units of 1, 2 or 5 times a power of ten cover
/// the range.
fn pretty(low: f64, high: f64, n: f64) -> (f64, f64, f64) {
    /// How much more R likes larger units than smaller ones, and units of 5.
    const BIAS: f64 = 1.5;
    const BIAS_5: f64 = 0.5 + 1.5 * BIAS;
    const ROUNDING: f64 = 1e-10;
    let span = high - low;
    let largest = low.abs().max(high.abs());
    let narrow = if span == 0.0 && high == 0.0 {
        true
    } else {
        span < largest * (1.0 / (1.0 + BIAS)) * n.max(1.0) * f64::EPSILON * 3.0
    };
    let cell = if narrow {
        let cell = if span == 0.0 && high == 0.0 { 1.0 } else { largest };
        let cell = if cell > 10.0 { 9.0 + cell / 10.0 } else { cell };
        cell * 0.75
    } else {
        span / n.max(1.0)
    };
    // Beyond the smallest normal numbers no edge is round.
    let cell = cell.max(1e-290);
    let base = 10f64.powf(cell.log10().floor());
    let mut unit = base;
    if 2.0 * base - cell < BIAS * (cell - unit) {
        unit = 2.0 * base;
        if 5.0 * base - cell < BIAS_5 * (cell - unit) {
            unit = 5.0 * base;
            if 10.0 * base - cell < BIAS * (cell - unit) {
                unit = 10.0 * base;
            }
        }
    }
    let (mut from, mut to) = ((low / unit + ROUNDING).floor(), (high / unit - ROUNDING).ceil());
    if from * unit > low + ROUNDING * unit {
        from -= 1.0;
    }
    if to * unit < high - ROUNDING * unit {
        to += 1.0;
    }
    // One bin at least.
    if (0.5 + to - from).floor() < 1.0 {
        if low == 0.0 && from == 0.0 && high != 0.0 {
            to += 1.0;
        } else if (high == 0.0 && to == 0.0 && low != 0.0) || from >= 0.0 {
            from -= 1.0;
        } else {
            to += 1.0;
        }
    }
    (unit, from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_score_is_in_a_bin() {
        for scores in [
            vec![0.0],
            vec![3.0; 9],
            vec![-1e12, 1e12],
            (0..200).map(|i| f64::from(i) * 0.1).collect(),
        ] {
            let bins = Bins::of(&scores);
            assert_eq!(bins.count(&scores).iter().sum::<usize>(), scores.len());
            assert!(
                bins.edges()[0] <= scores[0] && (1..=60).contains(&bins.number),
                "{}",
                bins.number
            );
        }
        let bins = Bins {
            first: 0.0,
            width: 0.1,
            number: 4,
            right: false,
        };
        assert_eq!(bins.count(&[0.0, 0.1, 0.15, 0.3]), [1, 2, 0, 1]);
    }
}
