//! What the files behind a reference hold, as a hash.

use super::image::is_dicom;
use super::locate;
use crate::scan::Job;
use radsql_cache::{Cache, Key};
use radsql_imaging::{MaskOptions, Part, Reference, content_hash, files, identity};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Hash of the bytes of the files that a reference stands for, whatever they are called. Files that are just as they were
/// need no reading. `None` when they cannot be told by their content: then the error, if it is one, comes when they are read.
pub fn content(cache: &Cache, reference: &Reference, job: &Job) -> Option<Key> {
    let stored = stored_content(cache, reference, job)?;
    Some(match reference.part {
        Some(Part::Suv(_)) => Key::of("suv", &[stored.as_bytes()]),
        _ => stored,
    })
}

/// A hash of the files that a region is in, and of what tells it among others there.
pub fn region(cache: &Cache, mask: &str, options: &MaskOptions, job: &Job) -> Option<Key> {
    let mask = locate(mask, job.files()).ok()?;
    if mask.path.is_dir() {
        // Which of the folder's files has the region is known only when it is read.
        return None;
    }
    let part = match &mask.part {
        Some(Part::Label(label)) => label.to_string(),
        Some(other) => format!("{other:?}"),
        // A DICOM file means its only region, whatever number that has.
        None if options.label.is_none() && is_dicom(&mask) => "only".to_owned(),
        None => options.label.unwrap_or(1).to_string(),
    };
    let mask = content(cache, &mask, job)?;
    let channel = options.channel.to_string();
    Some(Key::of(
        "region",
        &[mask.as_bytes(), part.as_bytes(), channel.as_bytes()],
    ))
}

/// The files behind a reference: those of a series, a header and its voxels, or the file itself. `None` when a folder has no
/// such series.
pub fn files_behind(reference: &Reference, job: &Job) -> Option<Vec<PathBuf>> {
    if is_dicom(reference) {
        return DicomFiles::of(reference, job).map(|found| found.files());
    }
    let whole = Reference::whole(&reference.path);
    Some(files(&whole).unwrap_or_else(|_| vec![reference.path.clone()]))
}

fn stored_content(cache: &Cache, reference: &Reference, job: &Job) -> Option<Key> {
    let now = SystemTime::now();
    let state = |path: &Path| identity(path).filter(|i| i.is_settled(now)).map(|i| i.to_bytes());
    // Most scans are one file each, as its own header said when it was read.
    let alone = state(&reference.path).map(|state| Key::of("file", &[&state]));
    if let Some(known) = alone.and_then(|alone| cache.known_content(&alone)) {
        return Some(known);
    }
    let series = is_dicom(reference).then(|| DicomFiles::of(reference, job));
    let files: Vec<PathBuf> = match &series {
        Some(found) => found.as_ref()?.files(),
        None => files(reference).ok()?,
    };
    let together = match &files[..] {
        [one] if *one == reference.path => alone,
        _ => files
            .iter()
            .map(|f| state(f))
            .collect::<Option<Vec<_>>>()
            .map(|states| {
                let states: Vec<&[u8]> = states.iter().map(|s| &s[..]).collect();
                Key::of("files", &states)
            }),
    };
    if let Some(known) = together.and_then(|state| cache.known_content(&state)) {
        return Some(known);
    }
    let hash = match &series {
        Some(found) => found.as_ref()?.hash(job)?,
        None => content_hash(reference, job.cancelled()).ok()?.0,
    };
    let content = Key::from_bytes(hash);
    if let Some(state) = together {
        cache.learn_content(&state, &content);
    }
    Some(content)
}

/// The files of a DICOM reference: those of a series, or one with regions.
enum DicomFiles {
    Series(std::sync::Arc<radsql_dicom::Listing>, usize),
    Regions(PathBuf),
}

impl DicomFiles {
    fn of(reference: &Reference, job: &Job) -> Option<Self> {
        if reference.path.is_file() && !matches!(reference.part, Some(Part::Series(_) | Part::Suv(_))) {
            // One file is told by its bytes, whether it is an image or holds regions.
            return Some(Self::Regions(reference.path.clone()));
        }
        let listing = job.folder(&reference.path).ok()?;
        let at = match &reference.part {
            None if listing.series.len() == 1 => 0,
            Some(Part::Series(uid) | Part::Suv(uid)) => listing.series.iter().position(|s| s.uid() == uid)?,
            _ => return None,
        };
        Some(Self::Series(listing, at))
    }

    fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::Series(listing, at) => listing.series[*at].files().collect(),
            Self::Regions(path) => vec![path.clone()],
        }
    }

    fn hash(&self, job: &Job) -> Option<[u8; 32]> {
        let hash = match self {
            Self::Series(listing, at) => listing.series[*at].content_hash(job.cancelled()),
            Self::Regions(path) => radsql_dicom::file_hash(path, job.cancelled()),
        };
        Some(hash.ok()?.0)
    }
}
