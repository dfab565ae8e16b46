use super::families_table::TABLE;
use crate::error::VolumeError;

/// A row of the table: the numbers that PyWavelets holds for one discrete wavelet.
pub(super) struct Filters {
    pub name: &'static str,
    /// Analysis low-pass taps.
    pub lo: &'static [f64],
    /// Analysis high-pass taps; none when they are the low-pass taps reversed, every other one negated.
    pub hi: Option<&'static [f64]>,
    /// Low-pass taps of the float32 transform; none when they are `lo` rounded.
    pub lo32: Option<&'static [f32]>,
}

/// The analysis filters of a discrete wavelet, as PyWavelets names them.
#[derive(Debug, Clone, PartialEq)]
pub struct Wavelet {
    name: &'static str,
    double: Pair<f64>,
    single: Pair<f32>,
}

/// Low-pass and high-pass taps of one length, which is even.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pair<T> {
    pub lo: Vec<T>,
    pub hi: Vec<T>,
}

impl Wavelet {
    /// The wavelet of a name that PyWavelets 1.8 lists as discrete: `haar`, `db1` to `db38`, `sym2` to `sym20`, `coif1` to
    /// `coif17`, `bior1.1` to `bior6.8`, `rbio1.1` to `rbio6.8`, `dmey`. Capital letters are the same name.
    ///
    /// # Errors
    /// [`VolumeError::Wavelet`] when there is no such wavelet; its message lists the families.
    pub fn named(name: &str) -> Result<Self, VolumeError> {
        let filters = TABLE
            .iter()
            .find(|f| f.name.eq_ignore_ascii_case(name))
            .ok_or_else(|| VolumeError::Wavelet { name: name.to_owned() })?;
        let lo = filters.lo.to_vec();
        let hi = filters.hi.map_or_else(|| flipped(&lo), <[f64]>::to_vec);
        let rounded = |taps: &[f64]| taps.iter().map(|&v| v as f32).collect::<Vec<_>>();
        let single = match filters.lo32 {
            Some(lo) => Pair {
                lo: lo.to_vec(),
                hi: flipped(lo),
            },
            None => Pair {
                lo: rounded(&lo),
                hi: rounded(&hi),
            },
        };
        Ok(Self {
            name: filters.name,
            double: Pair { lo, hi },
            single,
        })
    }

    /// Every name, in PyWavelets' order.
    pub fn all() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|f| f.name)
    }

    /// The name in PyWavelets' spelling.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Voxels below and above an output voxel that one level reads along one axis.
    pub fn reach(&self) -> (usize, usize) {
        let half = self.double.lo.len() / 2;
        (half.saturating_sub(1), half)
    }
}

/// Taps in the type that the transform computes in.
pub(super) trait Taps: Sized {
    fn taps(wavelet: &Wavelet) -> &Pair<Self>;
}

impl Taps for f64 {
    fn taps(wavelet: &Wavelet) -> &Pair<f64> {
        &wavelet.double
    }
}

impl Taps for f32 {
    fn taps(wavelet: &Wavelet) -> &Pair<f32> {
        &wavelet.single
    }
}

/// The high-pass taps of an orthogonal wavelet: the low-pass ones reversed, the first, third, ... negated.
fn flipped<T: Copy + std::ops::Neg<Output = T>>(lo: &[T]) -> Vec<T> {
    let signed = |(i, &v): (usize, &T)| if i % 2 == 0 { -v } else { v };
    lo.iter().rev().enumerate().map(signed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_is_there_and_every_filter_has_a_gain_of_sqrt_2() {
        assert_eq!(Wavelet::all().count(), 106);
        for name in Wavelet::all() {
            let w = Wavelet::named(name).unwrap();
            let (lo, hi): (f64, f64) = (w.double.lo.iter().sum(), w.double.hi.iter().sum());
            // The discrete Meyer wavelet is cut to a finite length.
            let leak = if name == "dmey" { 2e-3 } else { 1e-6 };
            assert!((lo - 2f64.sqrt()).abs() < 1e-6 && hi.abs() < leak, "{name}: {lo} {hi}");
            for (d, s) in [(&w.double.lo, &w.single.lo), (&w.double.hi, &w.single.hi)] {
                assert!(d.len() == s.len() && d.len().is_multiple_of(2));
                let close = |(d, s): (&f64, &f32)| (d - f64::from(*s)).abs() < 3e-7 * d.abs() + 1e-30;
                assert!(d.iter().zip(s).all(close), "{name}");
            }
        }
        assert_eq!(Wavelet::named("Coif1").unwrap().reach(), (2, 3));
    }

    #[test]
    fn an_unknown_name_is_told_the_families() {
        let message = Wavelet::named("gaus1").unwrap_err().to_string();
        assert!(message.contains("gaus1") && message.contains("coif1 to coif17") && message.contains("dmey"));
    }
}
