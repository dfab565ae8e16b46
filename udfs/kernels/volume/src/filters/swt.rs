//! One level of the stationary wavelet transform of a periodic volume, over a box of it.
//!
//! out\[p\] = sum over j of tap\[j\] x\[p + F/2 - j\] along x, then y, then z. The sums run in the order of PyWavelets' C code
//! (`downsampling_convolution_periodization`), in the type of the samples, so that they round alike.

use super::families::Pair;
use super::go_on;
use super::sampling::Real;
use crate::error::VolumeError;
use std::sync::atomic::AtomicBool;

/// What the transform gives along one axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Along {
    /// Samples of a period.
    pub period: usize,
    /// First position of the output; positions outside of 0..period are those of other periods.
    pub from: i64,
    /// Positions of the output.
    pub len: usize,
    /// Whether this axis is transformed.
    pub active: bool,
}

/// Outputs that are computed before the caller is asked again whether to go on.
const BLOCK: usize = 1 << 14;
/// Outputs that are summed side by side.
const LANES: usize = 16;

/// The sums of some outputs: where each tap's samples begin, and the taps, in the order of summation.
struct Sums<T> {
    from: Vec<usize>,
    lo: Vec<T>,
    hi: Vec<T>,
}

/// The sums along one axis: the usual ones, and those of outputs whose taps reach beyond the period's end, which PyWavelets
/// adds in another order: first the taps beyond the end from the last one down to tap 0, then the others upwards.
struct Orders<T> {
    usual: Sums<T>,
    beyond: Vec<Sums<T>>,
    along: Along,
}

impl<T: Real> Orders<T> {
    fn new(along: Along, taps: &Pair<T>, stride: usize) -> Self {
        let n = taps.lo.len();
        let sums = |order: &[usize]| Sums {
            from: order.iter().map(|j| (n - 1 - j) * stride).collect(),
            lo: order.iter().map(|&j| taps.lo[j]).collect(),
            hi: order.iter().map(|&j| taps.hi[j]).collect(),
        };
        let beyond = |last: usize| (0..=last).rev().chain(last + 1..n).collect::<Vec<_>>();
        Self {
            usual: sums(&(0..n).collect::<Vec<_>>()),
            beyond: (0..n / 2).map(|last| sums(&beyond(last))).collect(),
            along,
        }
    }

    /// The sums of the `i`-th output when they are not the usual ones.
    fn beyond(&self, i: usize) -> Option<&Sums<T>> {
        let period = self.along.period as i64;
        let position = (self.along.from + i as i64).rem_euclid(period);
        let last = position + self.beyond.len() as i64 - period;
        usize::try_from(last).ok().and_then(|last| self.beyond.get(last))
    }
}

/// Low-pass and high-pass outputs beside each other; either may be unwanted.
type Outputs<'a, T> = [Option<&'a mut [T]>; 2];

#[inline(always)]
fn both<T: Real>(samples: &[T], sums: &Sums<T>, lo: &mut [T], hi: &mut [T]) {
    let n = lo.len();
    let mut at = 0;
    while at < n {
        let width = LANES.min(n - at);
        if n >= LANES {
            // The last group overlaps the one before.
            at = at.min(n - LANES);
            let (mut a, mut b) = ([T::default(); LANES], [T::default(); LANES]);
            for ((&from, &l), &h) in sums.from.iter().zip(&sums.lo).zip(&sums.hi) {
                let row = &samples[from + at..from + at + LANES];
                for i in 0..LANES {
                    a[i] += l * row[i];
                    b[i] += h * row[i];
                }
            }
            lo[at..at + LANES].copy_from_slice(&a);
            hi[at..at + LANES].copy_from_slice(&b);
            at += LANES;
        } else {
            for i in at..at + width {
                let (mut a, mut b) = (T::default(), T::default());
                for ((&from, &l), &h) in sums.from.iter().zip(&sums.lo).zip(&sums.hi) {
                    a += l * samples[from + i];
                    b += h * samples[from + i];
                }
                (lo[i], hi[i]) = (a, b);
            }
            at += width;
        }
    }
}

#[inline(always)]
fn one<T: Real>(samples: &[T], from: &[usize], taps: &[T], out: &mut [T]) {
    out.fill(T::default());
    for (&from, &tap) in from.iter().zip(taps) {
        for (o, &v) in out.iter_mut().zip(&samples[from..]) {
            *o += tap * v;
        }
    }
}

#[inline(always)]
fn sum<T: Real>(samples: &[T], sums: &Sums<T>, out: Outputs<'_, T>) {
    match out {
        [Some(lo), Some(hi)] => both(samples, sums, lo, hi),
        [Some(lo), None] => one(samples, &sums.from, &sums.lo, lo),
        [None, Some(hi)] => one(samples, &sums.from, &sums.hi, hi),
        [None, None] => {}
    }
}

/// The part `at..at + len` of both outputs.
fn part<'a, T>(out: &'a mut Outputs<'_, T>, at: usize, len: usize) -> Outputs<'a, T> {
    let [lo, hi] = out;
    let cut = |o: &'a mut Option<&mut [T]>| o.as_deref_mut().map(|o| &mut o[at..at + len]);
    [cut(lo), cut(hi)]
}

/// [`sum`] in blocks, between which the work can be ended.
#[inline(always)]
fn sum_long<T: Real>(
    samples: &[T],
    sums: &Sums<T>,
    mut out: Outputs<'_, T>,
    cancel: &AtomicBool,
) -> Result<(), VolumeError> {
    let len = out.iter().flatten().map(|o| o.len()).max().unwrap_or(0);
    for at in (0..len).step_by(BLOCK) {
        go_on(cancel)?;
        sum(&samples[at..], sums, part(&mut out, at, BLOCK.min(len - at)));
    }
    Ok(())
}

/// The sub-bands `wanted` of a box: bit b stands for band b, whose letters (0 low, 1 high) for x, y, z are its bits 2, 1, 0.
/// An axis that is not transformed has no band with a 1. Bands that are not wanted stay empty.
///
/// `fetch(y, z, row)` fills a row of the input, counted from its first row. The input is larger than the output: along an
/// active axis with F taps by F/2 - 1 samples below and F/2 above.
#[inline(always)]
pub(super) fn transform<T: Real>(
    along: [Along; 3],
    taps: &Pair<T>,
    wanted: u8,
    fetch: &dyn Fn(usize, usize, &mut [T]),
    cancel: &AtomicBool,
) -> Result<[Vec<T>; 8], VolumeError> {
    let reach = taps.lo.len() - 1;
    let input = along.map(|a| a.len + if a.active { reach } else { 0 });
    let [nx, ny, nz] = along.map(|a| a.len);
    let plane = nx * ny;
    let bands = |mask: u8| wanted & mask != 0;
    let mut out: [Vec<T>; 8] = std::array::from_fn(|b| vec![T::default(); if bands(1 << b) { plane * nz } else { 0 }]);

    let x = Orders::new(along[0], taps, 1);
    let y = Orders::new(along[1], taps, nx);
    let z = Orders::new(along[2], taps, plane);
    let mut z_sums = Sums {
        from: Vec::new(),
        lo: Vec::new(),
        hi: Vec::new(),
    };

    // After x: two planes. After y: four, of which the last ones along z are kept, as many as z has taps.
    let slots = if along[2].active { reach + 1 } else { 1 };
    let mut line = vec![T::default(); input[0]];
    let mut after_x: [Vec<T>; 2] = std::array::from_fn(|_| vec![T::default(); nx * input[1]]);
    let mut after_y: [Vec<T>; 4] =
        std::array::from_fn(|c| vec![T::default(); if bands(3 << (2 * c)) { slots * plane } else { 0 }]);

    for at in 0..input[2] {
        for row in 0..input[1] {
            go_on(cancel)?;
            fetch(row, at, &mut line);
            let [lo, hi] = &mut after_x;
            let cut = row * nx..(row + 1) * nx;
            let mut pair = [
                bands(0x0f).then_some(&mut lo[cut.clone()]),
                bands(0xf0).then_some(&mut hi[cut]),
            ];
            if along[0].active {
                sum(&line, &x.usual, part(&mut pair, 0, nx));
                for i in 0..nx {
                    if let Some(sums) = x.beyond(i) {
                        sum(&line[i..], sums, part(&mut pair, i, 1));
                    }
                }
            } else if let [Some(lo), _] = &mut pair {
                lo.copy_from_slice(&line);
            }
        }

        let slot = (at % slots) * plane..(at % slots + 1) * plane;
        for (source, targets) in after_x.iter().zip(after_y.chunks_exact_mut(2)) {
            let [lo, hi] = targets else { continue };
            let mut pair = [lo.get_mut(slot.clone()), hi.get_mut(slot.clone())];
            if along[1].active {
                sum_long(source, &y.usual, part(&mut pair, 0, plane), cancel)?;
                for row in 0..ny {
                    if let Some(sums) = y.beyond(row) {
                        sum(&source[row * nx..], sums, part(&mut pair, row * nx, nx));
                    }
                }
            } else if let [Some(lo), _] = &mut pair {
                lo.copy_from_slice(source);
            }
        }

        let Some(from) = (at + 1).checked_sub(slots) else {
            continue;
        };
        let cut = from * plane..(from + 1) * plane;
        let sums = z.beyond(from).unwrap_or(&z.usual);
        z_sums.from.clear();
        // In the ring of planes, sample s of the input lies in slot s modulo the number of slots.
        z_sums
            .from
            .extend(sums.from.iter().map(|f| (f / plane + from) % slots * plane));
        z_sums.lo.clone_from(&sums.lo);
        z_sums.hi.clone_from(&sums.hi);
        for (source, targets) in after_y.iter().zip(out.chunks_exact_mut(2)) {
            let [lo, hi] = targets else { continue };
            let mut pair = [lo.get_mut(cut.clone()), hi.get_mut(cut.clone())];
            if along[2].active {
                sum_long(source, &z_sums, pair, cancel)?;
            } else if let [Some(lo), _] = &mut pair {
                lo.copy_from_slice(source);
            }
        }
    }
    Ok(out)
}
