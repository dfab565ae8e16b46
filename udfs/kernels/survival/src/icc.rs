//! Intraclass correlation: how well repeated measurements of the same subjects agree.

use crate::beta::{f_quantile_upper, f_upper};
use crate::distributions::ConfidenceLevel;
use crate::error::SurvivalError;
use crate::follow_up::check_length;
use crate::rows::{check_not_infinite, complete_rows, sort_rows};

/// The six forms of Shrout and Fleiss (1979). Names in psych and pingouin: `ICC1` to `ICC3k`. In irr's `icc`: model
/// "oneway", or "twoway" with type "agreement" (2) or "consistency" (3), unit "single" or "average" (k).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IccForm {
    /// ICC(1,1): each subject is measured by other raters; reliability of one measurement.
    Icc1,
    /// ICC(2,1): the raters are a random sample; absolute agreement of one measurement. The usual choice for features of
    /// test and retest scans.
    Icc2,
    /// ICC(3,1): the raters are the only ones of interest; consistency of one measurement, differences between the means
    /// of raters left aside.
    Icc3,
    /// ICC(1,k): as ICC(1,1), of the mean over the raters.
    Icc1k,
    /// ICC(2,k): as ICC(2,1), of the mean over the raters.
    Icc2k,
    /// ICC(3,k): as ICC(3,1), of the mean over the raters (Cronbach's alpha).
    Icc3k,
}

/// One form of the intraclass correlation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Icc {
    /// Which form.
    pub form: IccForm,
    /// The correlation. Below 0 when subjects differ less than their measurements do; not cut off at 0.
    pub icc: f64,
    /// F statistic of the hypothesis that it is 0.
    pub f: f64,
    /// Degrees of freedom of the numerator.
    pub df1: f64,
    /// Degrees of freedom of the denominator.
    pub df2: f64,
    /// P-value, one-sided: the correlation is above 0.
    pub p: f64,
    /// Lower confidence limit.
    pub lower: f64,
    /// Upper confidence limit.
    pub upper: f64,
}

/// The answer of [`icc`].
#[derive(Debug, Clone, PartialEq)]
pub struct IccTable {
    /// Subjects with all measurements.
    pub subjects: usize,
    /// Raters, or scans.
    pub raters: usize,
    /// The forms in the order of [`IccForm`].
    pub forms: [Icc; 6],
}

impl IccTable {
    /// One of the forms.
    pub fn form(&self, form: IccForm) -> Icc {
        self.forms[form as usize]
    }
}

/// Agreement of `ratings`: one slice a rater (or scan), each with a value a subject, in the same order of subjects.
///
/// From the two-way analysis of variance, with limits after Shrout and Fleiss (1979) and McGraw and Wong (1996): as R's
/// `psych::ICC(lmer = FALSE)`. Subjects with a NaN are left out.
///
/// With fewer than two subjects, or one value for all subjects and raters, all numbers are NaN. When raters agree
/// entirely (to within rounding), `icc` is 1, `f` infinite, `p` 0, and both limits are 1. When the means of all subjects
/// are equal, `f` is 0 and the average forms (k) are minus infinite. Numbers of ICC(2,k) far below 0 have no meaning, as
/// in R: the variance they are divided by is estimated at 0 or below. Its limits then are minus infinite; psych gives
/// numbers above 1.
///
/// Errors: fewer than two raters, unequal lengths, infinite values.
pub fn icc(ratings: &[&[f64]], level: ConfidenceLevel) -> Result<IccTable, SurvivalError> {
    let raters = ratings.len();
    let first = match ratings {
        [first, _, ..] => first,
        _ => {
            return Err(SurvivalError::TooFew {
                what: "raters",
                found: raters,
                needed: 2,
            });
        }
    };
    for (place, rater) in ratings.iter().enumerate() {
        check_length(&format!("rater {place}"), rater.len(), first.len())?;
        check_not_infinite(&format!("rater {place}"), rater)?;
    }
    let mut rows = complete_rows(ratings, first.len());
    sort_rows(ratings, &mut rows);
    let forms = match MeanSquares::new(ratings, &rows) {
        Some(squares) => squares.forms(level),
        None => FORMS.map(|form| Icc {
            form,
            icc: f64::NAN,
            f: f64::NAN,
            df1: f64::NAN,
            df2: f64::NAN,
            p: f64::NAN,
            lower: f64::NAN,
            upper: f64::NAN,
        }),
    };
    Ok(IccTable {
        subjects: rows.len(),
        raters,
        forms,
    })
}

/// [`icc`] of many features: for each, one slice a rater.
pub fn icc_of_features(features: &[Vec<&[f64]>], level: ConfidenceLevel) -> Result<Vec<IccTable>, SurvivalError> {
    features.iter().map(|ratings| icc(ratings, level)).collect()
}

const FORMS: [IccForm; 6] = [
    IccForm::Icc1,
    IccForm::Icc2,
    IccForm::Icc3,
    IccForm::Icc1k,
    IccForm::Icc2k,
    IccForm::Icc3k,
];

/// Of the two-way analysis of variance.
struct MeanSquares {
    subjects: f64,
    raters: f64,
    between: f64,
    /// Within subjects, raters and error together.
    within: f64,
    of_raters: f64,
    error: f64,
}

impl MeanSquares {
    /// `None` when there is no variance to speak of.
    fn new(ratings: &[&[f64]], rows: &[usize]) -> Option<Self> {
        let (n, k) = (rows.len() as f64, ratings.len() as f64);
        let values = || ratings.iter().flat_map(|rater| rows.iter().map(|&row| rater[row]));
        let low = values().fold(f64::INFINITY, f64::min);
        let high = values().fold(f64::NEG_INFINITY, f64::max);
        if rows.len() < 2 || low >= high {
            return None;
        }
        // In units of the largest value, so that squares stay in range. A power of two changes no digit.
        let largest = low.abs().max(high.abs());
        let unit = f64::from_bits(largest.max(f64::MIN_POSITIVE).to_bits() & 0x7FF0_0000_0000_0000);
        let grand = values().map(|value| value / unit).sum::<f64>() / (n * k);
        let centred = |rater: usize, row: usize| ratings[rater][row] / unit - grand;
        let rater_means: Vec<f64> = (0..ratings.len())
            .map(|rater| rows.iter().map(|&row| centred(rater, row)).sum::<f64>() / n)
            .collect();
        let (mut between, mut error) = (0.0, 0.0);
        for &row in rows {
            let mean = (0..ratings.len()).map(|rater| centred(rater, row)).sum::<f64>() / k;
            between += k * mean * mean;
            for (rater, rater_mean) in rater_means.iter().enumerate() {
                let residual = centred(rater, row) - mean - rater_mean;
                error += residual * residual;
            }
        }
        let mut of_raters = rater_means.iter().map(|mean| n * mean * mean).sum::<f64>();
        // What rounding of the values themselves can make of nothing.
        let noise = 16.0 * f64::EPSILON * f64::EPSILON * n * k;
        for sum in [&mut between, &mut error, &mut of_raters] {
            if *sum <= noise {
                *sum = 0.0;
            }
        }
        Some(Self {
            subjects: n,
            raters: k,
            between: between / (n - 1.0),
            within: (of_raters + error) / (n * (k - 1.0)),
            of_raters: of_raters / (k - 1.0),
            error: error / ((n - 1.0) * (k - 1.0)),
        })
    }

    fn forms(&self, level: ConfidenceLevel) -> [Icc; 6] {
        let Self {
            subjects: n,
            raters: k,
            between,
            within,
            of_raters,
            error,
        } = *self;
        let tail = (1.0 - level.level()) / 2.0;
        let df1 = n - 1.0;
        let one_way = Ratio::new(between / within, df1, n * (k - 1.0), tail);
        let two_way = Ratio::new(between / error, df1, df1 * (k - 1.0), tail);
        // (F - 1) / (F + k - 1), and its limit for an infinite F.
        let single = |f: f64| {
            if f == f64::INFINITY {
                1.0
            } else {
                (f - 1.0) / (f + k - 1.0)
            }
        };
        let average = |f: f64| 1.0 - 1.0 / f;
        let of = |form, icc, ratio: &Ratio, lower, upper| Icc {
            form,
            icc,
            f: ratio.f,
            df1,
            df2: ratio.df2,
            p: f_upper(ratio.f, df1, ratio.df2),
            lower,
            upper,
        };
        let agreement = (between - error) / (between + (k - 1.0) * error + k * (of_raters - error) / n);
        let (lower, upper) = self.agreement_limits(agreement, tail);
        // A limit that one measurement cannot fall to has none for the mean of several.
        let average_of = |single: f64| {
            let divisor = 1.0 + single * (k - 1.0);
            if divisor <= 0.0 {
                f64::NEG_INFINITY
            } else {
                single * k / divisor
            }
        };
        [
            of(
                IccForm::Icc1,
                (between - within) / (between + (k - 1.0) * within),
                &one_way,
                single(one_way.lower),
                single(one_way.upper),
            ),
            of(IccForm::Icc2, agreement, &two_way, lower, upper),
            of(
                IccForm::Icc3,
                (between - error) / (between + (k - 1.0) * error),
                &two_way,
                single(two_way.lower),
                single(two_way.upper),
            ),
            of(
                IccForm::Icc1k,
                (between - within) / between,
                &one_way,
                average(one_way.lower),
                average(one_way.upper),
            ),
            of(
                IccForm::Icc2k,
                (between - error) / (between + (of_raters - error) / n),
                &two_way,
                average_of(lower),
                average_of(upper),
            ),
            of(
                IccForm::Icc3k,
                (between - error) / between,
                &two_way,
                average(two_way.lower),
                average(two_way.upper),
            ),
        ]
    }

    /// Limits of ICC(2,1), with Satterthwaite's degrees of freedom.
    fn agreement_limits(&self, icc: f64, tail: f64) -> (f64, f64) {
        let Self {
            subjects: n,
            raters: k,
            between,
            of_raters,
            error,
            ..
        } = *self;
        if error == 0.0 && of_raters == 0.0 {
            return if between > 0.0 {
                (1.0, 1.0)
            } else {
                (f64::NAN, f64::NAN)
            };
        }
        // Both squared terms of `df` times the square of the error, so that none is infinite when it is 0.
        let own = k * icc * of_raters;
        let others = (n * (1.0 + (k - 1.0) * icc) - k * icc) * error;
        let df = (k - 1.0) * (n - 1.0) * (own + others) * (own + others) / ((n - 1.0) * own * own + others * others);
        let upper_f = f_quantile_upper(tail, n - 1.0, df);
        let lower_f = f_quantile_upper(tail, df, n - 1.0);
        let rest = k * of_raters + (k * n - k - n) * error;
        (
            n * (between - upper_f * error) / (upper_f * rest + n * between),
            n * (lower_f * between - error) / (rest + n * lower_f * between),
        )
    }
}

/// An F statistic and the limits of what it estimates.
struct Ratio {
    f: f64,
    df2: f64,
    lower: f64,
    upper: f64,
}

impl Ratio {
    fn new(f: f64, df1: f64, df2: f64, tail: f64) -> Self {
        Self {
            f,
            df2,
            lower: f / f_quantile_upper(tail, df1, df2),
            upper: f * f_quantile_upper(tail, df2, df1),
        }
    }
}
