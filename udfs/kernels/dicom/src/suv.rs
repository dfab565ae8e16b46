//! PET as standardised uptake value by body weight.

use crate::attributes::{item, number, text};
use crate::dataset::Dataset;
use crate::error::{DicomError, Problem};
use crate::file::{Wanted, read};
use crate::series::Series;
use dicom_core::Tag;
use dicom_dictionary_std::tags;

/// The factor from Bq/ml to SUV: body weight in g over the dose that was left when the scan began, in Bq.
///
/// As QIBA's vendor-neutral pseudo-code has it: with Decay Correction `START` the dose is decayed from its administration to
/// the series' time, or to the earliest acquisition when the series' time is later than that (a derived series); with
/// `ADMIN` the pixels are corrected to the administration already.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Suv {
    factor: f64,
}

impl Suv {
    /// Reads what is needed from the headers of a series.
    pub fn of(series: &Series) -> Result<Self, DicomError> {
        let mut earliest = f64::INFINITY;
        let mut first = None;
        for path in series.files() {
            let file = read(&path, Wanted::Header).map_err(|p| p.of(&path))?;
            if let Some(time) = moment(file.object(), tags::ACQUISITION_DATE, tags::ACQUISITION_TIME) {
                earliest = earliest.min(time);
            }
            first = first.or(Some((path, file)));
        }
        let Some((path, file)) = first else {
            return Err(series.named(refuse("the series is empty")));
        };
        factor(file.object(), earliest)
            .map(|factor| Self { factor })
            .map_err(|p| p.of(&path))
    }

    /// What the values in Bq/ml are multiplied by.
    pub fn factor(&self) -> f64 {
        self.factor
    }
}

fn refuse(reason: &str) -> Problem {
    Problem::Suv {
        reason: reason.to_owned(),
    }
}

fn factor(object: Dataset<'_>, earliest: f64) -> Result<f64, Problem> {
    if text(object, tags::MODALITY).as_deref() != Some("PT") {
        return Err(refuse("it is not a PET image"));
    }
    match text(object, tags::UNITS).as_deref() {
        Some("BQML") => {}
        Some("GML") => {
            return match text(object, tags::SUV_TYPE).as_deref() {
                None | Some("BW") => Ok(1.0),
                Some(_) => Err(refuse("it is an SUV by something other than body weight already")),
            };
        }
        Some(other) => {
            return Err(Problem::Suv {
                reason: format!("its Units are {other}; expected is BQML"),
            });
        }
        None => return Err(refuse("it has no Units")),
    }
    let need = |found: Option<f64>, what: &str| {
        found.filter(|v| *v > 0.0).ok_or_else(|| Problem::Suv {
            reason: format!("it has no {what} above 0"),
        })
    };
    let weight = need(number(object, tags::PATIENT_WEIGHT, "PatientWeight")?, "PatientWeight")?;
    let radio = item(object, tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE)
        .ok_or_else(|| refuse("it has no RadiopharmaceuticalInformationSequence"))?;
    let dose = need(
        number(radio, tags::RADIONUCLIDE_TOTAL_DOSE, "RadionuclideTotalDose")?,
        "RadionuclideTotalDose",
    )?;
    let decayed = match text(object, tags::DECAY_CORRECTION).as_deref() {
        Some("ADMIN") => dose,
        Some("START") => {
            let half_life = need(
                number(radio, tags::RADIONUCLIDE_HALF_LIFE, "RadionuclideHalfLife")?,
                "RadionuclideHalfLife",
            )?;
            let series = moment(object, tags::SERIES_DATE, tags::SERIES_TIME);
            let start = match series {
                Some(series) if series <= earliest => series,
                _ if earliest.is_finite() => earliest,
                _ => return Err(refuse("it has no time of the series or of the acquisition")),
            };
            let given = administered(radio, start)
                .ok_or_else(|| refuse("it has no time at which the radiopharmaceutical was given"))?;
            if start < given || start - given > 20.0 * half_life {
                return Err(refuse(
                    "the scan does not begin within 20 half-lives after the radiopharmaceutical was given",
                ));
            }
            dose * (-(start - given) / half_life).exp2()
        }
        _ => return Err(refuse("its DecayCorrection is neither START nor ADMIN")),
    };
    Ok(weight * 1000.0 / decayed)
}

/// When the dose was given: the full moment, or the time on the day of the scan or the day before.
fn administered(radio: Dataset<'_>, scan: f64) -> Option<f64> {
    if let Some(full) = text(radio, tags::RADIOPHARMACEUTICAL_START_DATE_TIME)
        && let (Some(date), Some(time)) = (full.get(..8), full.get(8..))
        && let (Some(day), Some(second)) = (day(date), seconds(time.split(['+', '-', '&']).next()?))
    {
        return Some(day * 86400.0 + second);
    }
    let second = seconds(&text(radio, tags::RADIOPHARMACEUTICAL_START_TIME)?)?;
    let given = (scan / 86400.0).floor() * 86400.0 + second;
    Some(if given > scan { given - 86400.0 } else { given })
}

/// Seconds since some fixed day.
fn moment(object: Dataset<'_>, date: Tag, time: Tag) -> Option<f64> {
    Some(day(&text(object, date)?)? * 86400.0 + seconds(&text(object, time)?)?)
}

/// Days of a date YYYYMMDD since 0000-03-01.
fn day(date: &str) -> Option<f64> {
    let part = |range: std::ops::Range<usize>| date.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some((days + (153 * month + 2) / 5 + day - 1) as f64)
}

/// Seconds of a time HHMMSS.FFF, of which only the hours must be there.
fn seconds(time: &str) -> Option<f64> {
    let hours: f64 = time.get(..2)?.parse().ok()?;
    let minutes: f64 = match time.get(2..4) {
        Some(text) => text.parse().ok()?,
        None => 0.0,
    };
    let seconds: f64 = match time.get(4..) {
        Some(text) if !text.is_empty() => text.parse().ok()?,
        _ => 0.0,
    };
    let all = hours * 3600.0 + minutes * 60.0 + seconds;
    (0.0..86401.0).contains(&all).then_some(all)
}
