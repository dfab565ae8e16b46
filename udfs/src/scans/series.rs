//! The image series of a DICOM folder, with their regions, as references and columns.

use super::Geometry;
use super::image::seen;
use super::region::key;
use crate::options::RadsqlOptions;
use crate::scan::ScanRuntime;
use radsql_dicom::{DicomError, Listing, Region, Series, TagOptions, identifying_keywords};
use radsql_imaging::{Part, Reference};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// Text columns that say what a series is.
pub const STANDARD: [&str; 4] = ["patient_id", "study", "series", "modality"];
/// Text columns about the acquisition.
pub const ACQUISITION: [&str; 4] = ["kernel", "manufacturer", "contrast", "description"];
/// Number columns about the acquisition: mm and kV.
pub const NUMBERS: [&str; 2] = ["slice_thickness", "kvp"];

/// How a folder's series are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SeriesOptions {
    /// PET as standardised uptake values by body weight.
    pub suv: bool,
    /// Columns that may identify a person too.
    pub identifying: bool,
}

/// What a folder holds.
pub struct FoundFolder {
    /// Image series, by patient and study.
    pub series: Vec<FoundSeries>,
    /// Files that cannot be understood, and why.
    pub failures: Vec<(String, String)>,
    /// Name and reference of regions whose image is not there.
    pub orphans: Vec<(String, String)>,
    /// What was seen, for a folder without series.
    pub seen: String,
}

/// An image series.
pub struct FoundSeries {
    /// Reference to it.
    pub image: String,
    /// The folder that holds its files, or its one file.
    pub path: String,
    /// Columns of text that it has.
    pub texts: Vec<(String, String)>,
    /// Columns of numbers that it has.
    pub numbers: Vec<(&'static str, f64)>,
    /// Its geometry, or why it is no volume.
    pub geometry: Result<Geometry, String>,
    /// Name and reference of each region.
    pub regions: Vec<(String, String)>,
}

/// The columns that may identify a person: DICOM's keywords with small letters.
pub fn identifying_columns() -> Vec<String> {
    identifying_keywords().map(column).collect()
}

/// `PatientName` as `patient_name`.
fn column(keyword: &str) -> String {
    let mut name = String::new();
    for c in keyword.chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

/// Lists a folder.
///
/// # Errors
/// As [`radsql_dicom::list`]; a single file that cannot be understood is one of [`FoundFolder::failures`].
pub fn find_series(
    folder: &Path,
    how: SeriesOptions,
    runtime: &ScanRuntime,
    options: &RadsqlOptions,
    cancelled: &AtomicBool,
) -> Result<FoundFolder, DicomError> {
    let tags = TagOptions {
        identifying: how.identifying,
    };
    let listing = runtime.list_dicom(folder, tags, options, cancelled)?;
    let mut series: Vec<&Series> = listing.series.iter().collect();
    // As a person would look for them; the listing is in the order of UIDs.
    series.sort_by_key(|s| (&s.tags().patient_id, &s.tags().study_uid, s.uid()));
    let failures = listing.failures.iter();
    Ok(FoundFolder {
        series: series.iter().map(|s| found(s, &listing, how)).collect(),
        failures: failures.map(|e| (e.file.to_string(), e.to_string())).collect(),
        orphans: listing.orphans().iter().map(named).collect(),
        seen: seen(&listing),
    })
}

fn found(series: &Series, listing: &Listing, how: SeriesOptions) -> FoundSeries {
    let place = place(series);
    let path = place.display().to_string();
    let uid = series.uid().to_string();
    let part = match how.suv && series.tags().modality.as_deref() == Some("PT") {
        true => Part::Suv(uid),
        false => Part::Series(uid),
    };
    let image = Reference {
        path: place,
        part: Some(part),
    };
    FoundSeries {
        image: image.to_string(),
        path,
        texts: texts(series),
        numbers: numbers(series),
        geometry: series.grid().map(|g| Geometry::of(&g)).map_err(|e| e.to_string()),
        regions: listing.regions_of(series).iter().map(named).collect(),
    }
}

fn named(region: &Region<'_>) -> (String, String) {
    let reference = format!("{}#{}={}", region.path.display(), key(region.kind), region.selector);
    (region.name.clone(), reference)
}

/// The folder that holds a series' files and no more than it must, or the one file: from there it is found again.
fn place(series: &Series) -> PathBuf {
    let mut files = series.files();
    let Some(mut place) = files.next() else {
        return series.folder().to_owned();
    };
    for (i, file) in files.enumerate() {
        if i == 0 {
            place.pop();
        }
        while !file.starts_with(&place) && place.pop() {}
    }
    match place.as_os_str().is_empty() {
        true => Path::new(".").to_owned(),
        false => place,
    }
}

fn texts(series: &Series) -> Vec<(String, String)> {
    let tags = series.tags();
    let standard = [
        tags.patient_id.as_deref(),
        tags.study_uid.as_deref(),
        Some(series.uid()),
        tags.modality.as_deref(),
    ];
    let acquisition = [&tags.kernel, &tags.manufacturer, &tags.contrast, &tags.description].map(Option::as_deref);
    let known = STANDARD.iter().zip(standard).chain(ACQUISITION.iter().zip(acquisition));
    let known = known.filter_map(|(column, value)| Some(((*column).to_owned(), value?.to_owned())));
    let identifying = tags.identifying.iter().map(|(k, value)| (column(k), value.clone()));
    known.chain(identifying).collect()
}

fn numbers(series: &Series) -> Vec<(&'static str, f64)> {
    let tags = series.tags();
    let known = NUMBERS.into_iter().zip([tags.slice_thickness, tags.kvp]);
    known.filter_map(|(column, value)| Some((column, value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifying_columns_are_keywords_in_small_letters() {
        let columns = identifying_columns();
        assert_eq!(columns[..2], ["patient_name", "patient_birth_date"]);
    }
}
