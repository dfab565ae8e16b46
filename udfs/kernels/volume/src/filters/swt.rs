//! One level of the stationary wavelet transform of a periodic volume, over a box of it.
//!
//! out\[p\] = sum over j of tap\[j\] x\[p + F/2 - j\] along x, then y, then z. The sums run in the order of PyWavelets' C code
//! (`downsampling_convolution_periodization`), in the type of the samples, so that they round alike.

use super::families::Pair;
use super::go_on;
use super::sampling::Real;
use crate::error::VolumeError;
use pulp::{Arch, NullaryFnOnce};
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

/// Outputs that are computed at a time: they stay in the nearest cache, and between two such blocks the work can be ended.
const BLOCK: usize = 1 << 11;

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

/// Loops over outputs that add a fixed number of taps to one or to both of them. Each tap has its row and its factors by name:
/// without arrays inside, the loops become vector instructions at every compiler setting.
macro_rules! add {
    ($one:ident, $both:ident: $($k:literal $row:ident $l:ident $h:ident),*) => {
        #[inline(always)]
        fn $one<T: Real>(samples: &[T], from: &[usize], taps: &[T], out: &mut [T]) {
            let len = out.len();
            $(let ($row, $l) = (&samples[from[$k]..][..len], taps[$k]);)*
            for i in 0..len {
                let mut a = out[i];
                $(a += $l * $row[i];)*
                out[i] = a;
            }
        }

        #[inline(always)]
        fn $both<T: Real>(samples: &[T], from: &[usize], taps: [&[T]; 2], lo: &mut [T], hi: &mut [T]) {
            let len = lo.len();
            let hi = &mut hi[..len];
            $(let ($row, $l, $h) = (&samples[from[$k]..][..len], taps[0][$k], taps[1][$k]);)*
            for i in 0..len {
                let (mut a, mut b) = (lo[i], hi[i]);
                $(
                    a += $l * $row[i];
                    b += $h * $row[i];
                )*
                lo[i] = a;
                hi[i] = b;
            }
        }
    };
}
add!(add_2, add_2_to_both: 0 r0 l0 h0, 1 r1 l1 h1);
add!(add_6, add_6_to_both: 0 r0 l0 h0, 1 r1 l1 h1, 2 r2 l2 h2, 3 r3 l3 h3, 4 r4 l4 h4, 5 r5 l5 h5);

#[inline(always)]
fn one<T: Real>(samples: &[T], mut from: &[usize], mut taps: &[T], out: &mut [T]) {
    out.fill(T::default());
    while from.len() >= 6 {
        add_6(samples, from, taps, out);
        (from, taps) = (&from[6..], &taps[6..]);
    }
    // The number of taps is even.
    while from.len() >= 2 {
        add_2(samples, from, taps, out);
        (from, taps) = (&from[2..], &taps[2..]);
    }
}

#[inline(always)]
fn both<T: Real>(samples: &[T], mut from: &[usize], mut taps: [&[T]; 2], lo: &mut [T], hi: &mut [T]) {
    lo.fill(T::default());
    hi.fill(T::default());
    while from.len() >= 6 {
        add_6_to_both(samples, from, taps, lo, hi);
        (from, taps) = (&from[6..], [&taps[0][6..], &taps[1][6..]]);
    }
    while from.len() >= 2 {
        add_2_to_both(samples, from, taps, lo, hi);
        (from, taps) = (&from[2..], [&taps[0][2..], &taps[1][2..]]);
    }
}

/// The sums of outputs beside each other.
fn sum<T: Real>(samples: &[T], sums: &Sums<T>, out: Outputs<'_, T>) {
    struct Work<'a, T>(&'a [T], &'a Sums<T>, Outputs<'a, T>);
    impl<T: Real> NullaryFnOnce for Work<'_, T> {
        type Output = ();
        #[inline(always)]
        fn call(self) {
            let Self(samples, sums, out) = self;
            match out {
                [Some(lo), Some(hi)] => both(samples, &sums.from, [&sums.lo, &sums.hi], lo, hi),
                [Some(lo), None] => one(samples, &sums.from, &sums.lo, lo),
                [None, Some(hi)] => one(samples, &sums.from, &sums.hi, hi),
                [None, None] => {}
            }
        }
    }
    Arch::new().dispatch(Work(samples, sums, out));
}

/// The part `at..at + len` of both outputs.
fn part<'a, T>(out: &'a mut Outputs<'_, T>, at: usize, len: usize) -> Outputs<'a, T> {
    let [lo, hi] = out;
    let cut = |o: &'a mut Option<&mut [T]>| o.as_deref_mut().map(|o| &mut o[at..at + len]);
    [cut(lo), cut(hi)]
}

/// [`sum`] in blocks, between which the work can be ended.
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
