//! Interpolating B-splines: poles, weights and the filter that turns a line of samples into coefficients.

/// Lines filtered side by side: the recursion along a line waits for itself, eight of them fill the time.
pub(super) const LANES: usize = 8;

/// One sample of each of [`LANES`] lines.
pub(super) type Lanes = [f64; LANES];

/// Most weights of a point along one axis.
pub(super) const TAPS: usize = 6;

/// A B-spline of order 1 to 5.
#[derive(Debug, Clone)]
pub(super) struct Spline {
    order: usize,
    poles: Vec<f64>,
}

/// Which part of a whole line the samples given to [`Spline::filter`] are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section {
    /// Samples of the whole line.
    pub(super) whole: usize,
    /// First sample given.
    pub(super) from: usize,
    /// First coefficient wanted, and one past the last, counted as `from` is.
    pub(super) keep: (usize, usize),
    /// A bound of the samples' magnitude on the whole line, when the coefficients have to be proved those of the whole line.
    pub(super) bound: Option<f64>,
}

impl Spline {
    /// Poles after Unser, "B-spline signal processing II", 1993, table I, as ITK's `BSplineDecompositionImageFilter` writes them.
    pub(super) fn new(order: usize) -> Self {
        let sqrt = f64::sqrt;
        let poles = match order {
            2 => vec![sqrt(8.0) - 3.0],
            3 => vec![sqrt(3.0) - 2.0],
            4 => vec![
                sqrt(664.0 - sqrt(438976.0)) + sqrt(304.0) - 19.0,
                sqrt(664.0 + sqrt(438976.0)) - sqrt(304.0) - 19.0,
            ],
            5 => vec![
                sqrt(135.0 / 2.0 - sqrt(17745.0 / 4.0)) + sqrt(105.0 / 4.0) - 13.0 / 2.0,
                sqrt(135.0 / 2.0 + sqrt(17745.0 / 4.0)) - sqrt(105.0 / 4.0) - 13.0 / 2.0,
            ],
            _ => Vec::new(),
        };
        Self { order, poles }
    }

    /// Weights of a point along one axis.
    pub(super) fn taps(&self) -> usize {
        self.order + 1
    }

    /// Samples on either side that decide a coefficient, or None when whole lines have to be filtered: the two poles of
    /// orders 4 and 5 follow each other, so that what a cut line does to the first is not bounded here.
    pub(super) fn margin(&self) -> Option<usize> {
        match self.poles.len() {
            0 => Some(0),
            1 => Some(super::MARGIN),
            _ => None,
        }
    }

    /// First of the samples that a continuous index lies among. ITK (`DetermineRegionOfSupport`) rounds the index to float.
    pub(super) fn first(&self, x: f64) -> i64 {
        let half = if self.order % 2 == 1 { 0.0f32 } else { 0.5 };
        (x as f32 + half).floor() as i64 - (self.order / 2) as i64
    }

    /// Weights of the samples from `first` on for the continuous index `x`, in the order of operations of ITK's
    /// `BSplineInterpolateImageFunction::SetInterpolationWeights`.
    pub(super) fn weights(&self, x: f64, first: i64) -> [f64; TAPS] {
        let mut a = [0.0; TAPS];
        match self.order {
            3 => {
                let w = x - (first + 1) as f64;
                a[3] = (1.0 / 6.0) * w * w * w;
                a[0] = (1.0 / 6.0) + 0.5 * w * (w - 1.0) - a[3];
                a[2] = w + a[0] - 2.0 * a[3];
                a[1] = 1.0 - a[0] - a[2] - a[3];
            }
            2 => {
                let w = x - (first + 1) as f64;
                a[1] = 0.75 - w * w;
                a[2] = 0.5 * (w - a[1] + 1.0);
                a[0] = 1.0 - a[1] - a[2];
            }
            4 => {
                let w = x - (first + 2) as f64;
                let w2 = w * w;
                let t = (1.0 / 6.0) * w2;
                a[0] = 0.5 - w;
                a[0] *= a[0];
                a[0] = a[0] * ((1.0 / 24.0) * a[0]);
                let t0 = w * (t - 11.0 / 24.0);
                let t1 = 19.0 / 96.0 + w2 * (0.25 - t);
                a[1] = t1 + t0;
                a[3] = t1 - t0;
                a[4] = a[0] + t0 + 0.5 * w;
                a[2] = 1.0 - a[0] - a[1] - a[3] - a[4];
            }
            5 => {
                let mut w = x - (first + 2) as f64;
                let mut w2 = w * w;
                a[5] = (1.0 / 120.0) * w * w2 * w2;
                w2 -= w;
                let w4 = w2 * w2;
                w -= 0.5;
                let t = w2 * (w2 - 3.0);
                a[0] = (1.0 / 24.0) * (1.0 / 5.0 + w2 + w4) - a[5];
                let t0 = (1.0 / 24.0) * (w2 * (w2 - 5.0) + 46.0 / 5.0);
                let t1 = (-1.0 / 12.0) * w * (t + 4.0);
                a[2] = t0 + t1;
                a[3] = t0 - t1;
                let t0 = (1.0 / 16.0) * (9.0 / 5.0 - t);
                let t1 = (1.0 / 24.0) * w * (w4 - w2 - 5.0);
                a[1] = t0 + t1;
                a[4] = t0 - t1;
            }
            _ => {
                let w = x - first as f64;
                a[1] = w;
                a[0] = 1.0 - w;
            }
        }
        a
    }

    /// Turns the samples of eight lines into spline coefficients, with ITK's operations
    /// (`BSplineDecompositionImageFilter::DataToCoefficients1D`).
    ///
    /// Only the coefficients in `section.keep` are right. The answer is whether they are known to be those that the whole
    /// lines would give: from each cut end the recursion runs twice, from the least and the largest value that it could have
    /// there; it is monotone, also after rounding, so where both runs meet, any run is there.
    pub(super) fn filter(&self, line: &mut [Lanes], section: &Section) -> bool {
        if section.whole <= 1 || self.poles.is_empty() {
            return true;
        }
        let gain = self.poles.iter().fold(1.0, |c, z| c * (1.0 - z) * (1.0 - 1.0 / z));
        for sample in line.iter_mut() {
            for v in sample {
                *v *= gain;
            }
        }
        let bound = section.bound.map(|b| b * gain);
        self.poles
            .iter()
            .all(|&z| causal(line, z, section, bound) && anticausal(line, z, section, bound))
    }
}

/// Two runs this near are one: what is left of the difference is far below the last bit of any whole number.
const MEETING: f64 = 1e-25;

fn causal(line: &mut [Lanes], z: f64, section: &Section, bound: Option<f64>) -> bool {
    let keep = section.keep.0.saturating_sub(section.from);
    let mut next = 1;
    match bound {
        Some(bound) if section.from > 0 => {
            let mut high = [bound / (1.0 - z.abs()) * 1.001; LANES];
            let mut low = high.map(|h| -h);
            next = 0;
            loop {
                // The pole is negative: the larger value gives the smaller one.
                let Some(sample) = line.get_mut(next) else { return false };
                for i in 0..LANES {
                    let l = sample[i] + z * high[i];
                    high[i] = sample[i] + z * low[i];
                    low[i] = l;
                    sample[i] = l;
                }
                next += 1;
                if (0..LANES).all(|i| high[i] - low[i] <= MEETING) {
                    break;
                }
                if next > keep {
                    return false;
                }
            }
        }
        _ => {
            if !begin(line, z, section) && bound.is_some() {
                return false;
            }
        }
    }
    let Some(mut before) = next.checked_sub(1).and_then(|i| line.get(i)).copied() else {
        return false;
    };
    for sample in line.iter_mut().skip(next) {
        for i in 0..LANES {
            sample[i] += z * before[i];
        }
        before = *sample;
    }
    true
}

/// The first coefficient of the causal recursion at the true start of a line, mirrored there. False when the samples end
/// before those that it takes.
fn begin(line: &mut [Lanes], z: f64, section: &Section) -> bool {
    let length = line.len();
    // ITK's tolerance is 1e-10.
    let horizon = (1e-10f64.ln() / z.abs().ln()).ceil() as usize;
    let Some(first) = line.first().copied() else {
        return false;
    };
    let mut sum = first;
    let mut zn = z;
    let cut = section.from + length < section.whole;
    if horizon < section.whole && (horizon <= length || cut) {
        for sample in line.iter().take(horizon).skip(1) {
            for i in 0..LANES {
                sum[i] += zn * sample[i];
            }
            zn *= z;
        }
    } else {
        let inverse = 1.0 / z;
        let mut z2n = z.powf(length as f64 - 1.0);
        let last = line.last().copied().unwrap_or(first);
        for i in 0..LANES {
            sum[i] += z2n * last[i];
        }
        z2n = z2n * (z2n * inverse);
        for sample in line.iter().take(length - 1).skip(1) {
            for i in 0..LANES {
                sum[i] += (zn + z2n) * sample[i];
            }
            zn *= z;
            z2n *= inverse;
        }
        for s in &mut sum {
            *s /= 1.0 - zn * zn;
        }
    }
    if let Some(first) = line.first_mut() {
        *first = sum;
    }
    horizon <= length || !cut
}

fn anticausal(line: &mut [Lanes], z: f64, section: &Section, bound: Option<f64>) -> bool {
    let keep = section.keep.1.saturating_sub(section.from);
    let cut = section.from + line.len() < section.whole;
    let mut left = line.len();
    let mut after;
    match bound {
        Some(bound) if cut => {
            let mut high = [2.0 * bound / (1.0 - z.abs()); LANES];
            let mut low = high.map(|h| -h);
            loop {
                let Some(sample) = left.checked_sub(1).and_then(|i| line.get_mut(i)) else {
                    return false;
                };
                for i in 0..LANES {
                    let l = z * (high[i] - sample[i]);
                    high[i] = z * (low[i] - sample[i]);
                    low[i] = l;
                    sample[i] = l;
                }
                left -= 1;
                if (0..LANES).all(|i| high[i] - low[i] <= MEETING) {
                    break;
                }
                if left < keep {
                    return false;
                }
            }
            after = low;
        }
        _ => {
            let [.., before, last] = line else { return false };
            for i in 0..LANES {
                last[i] = (z / (z * z - 1.0)) * (z * before[i] + last[i]);
            }
            left -= 1;
            after = *last;
        }
    }
    for sample in line.iter_mut().take(left).rev() {
        for i in 0..LANES {
            sample[i] = z * (after[i] - sample[i]);
        }
        after = *sample;
    }
    true
}
