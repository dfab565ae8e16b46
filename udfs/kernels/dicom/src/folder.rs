//! A folder of DICOM files in any layout.

use crate::error::{DicomError, Problem};
use crate::header::{Content, Instance, SeriesTags, TagOptions, content};
use crate::rtstruct::StructureSet;
use crate::seg::Segmentation;
use crate::series::Series;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How a folder is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListOptions {
    /// Threads that read headers; 0 counts as 1.
    pub threads: usize,
    /// Which tags are kept.
    pub tags: TagOptions,
}

impl Default for ListOptions {
    /// One thread a processor, no identifying tags.
    fn default() -> Self {
        Self {
            threads: std::thread::available_parallelism().map_or(1, Into::into),
            tags: TagOptions::default(),
        }
    }
}

/// What lies in a folder. The same files give the same listing, whatever their names and places.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Listing {
    /// Image series, in the order of their UIDs.
    pub series: Vec<Series>,
    /// Segmentations, in the order of their SOP Instance UIDs.
    pub segmentations: Vec<Segmentation>,
    /// RT structure sets, in the order of their SOP Instance UIDs.
    pub structure_sets: Vec<StructureSet>,
    /// DICOM files that could not be understood, in the order of their paths.
    pub failures: Vec<DicomError>,
    /// DICOM files that are neither images nor regions, DICOMDIR among them.
    pub others: usize,
    /// Files that are not DICOM.
    pub foreign: usize,
}

/// Lists a folder and those below it, or one file, reading no pixels. Links are followed.
///
/// Every file is opened, whatever its name; what does not begin as DICOM does is passed over. `progress` is given the number
/// of files done and of all files, from several threads.
///
/// # Errors
/// [`DicomError`] when the folder cannot be read, and [`Problem::Cancelled`] when `cancelled` becomes true. A single file that
/// cannot be understood is one of [`Listing::failures`].
pub fn list(
    folder: impl AsRef<Path>,
    options: &ListOptions,
    cancelled: &AtomicBool,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Listing, DicomError> {
    let folder = folder.as_ref();
    let files = files(folder, cancelled)?;
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let found = Mutex::new(Found::default());
    let work = || {
        let mut mine = Found::default();
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            if cancelled.load(Ordering::Relaxed) {
                break;
            }
            mine.add(path, content(path, options.tags));
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, files.len());
        }
        if let Ok(mut found) = found.lock() {
            found.join(mine);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..options.threads.clamp(1, files.len().max(1)) {
            scope.spawn(work);
        }
        work();
    });
    if cancelled.load(Ordering::Relaxed) {
        return Err(Problem::Cancelled.of(folder));
    }
    Ok(found.into_inner().unwrap_or_default().listing(folder))
}

/// Lists one series of a folder.
///
/// # Errors
/// As [`list`], and [`Problem::Absent`].
pub fn find_series(folder: impl AsRef<Path>, uid: &str, cancelled: &AtomicBool) -> Result<Series, DicomError> {
    let folder = folder.as_ref();
    let listing = list(folder, &ListOptions::default(), cancelled, &|_, _| {})?;
    let others = listing.series.len();
    listing.series.into_iter().find(|s| s.uid == uid).ok_or_else(|| {
        Problem::Absent {
            kind: "series",
            asked: uid.to_owned(),
            found: format!("; it has {others} other image series"),
        }
        .of(folder)
    })
}

fn files(folder: &Path, cancelled: &AtomicBool) -> Result<Vec<PathBuf>, DicomError> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder).follow_links(true) {
        if cancelled.load(Ordering::Relaxed) {
            return Err(Problem::Cancelled.of(folder));
        }
        match entry {
            Ok(entry) if entry.file_type().is_file() => files.push(entry.into_path()),
            Ok(_) => {}
            // A link to a folder above it, or to nothing, has no file of its own.
            Err(e) if e.loop_ancestor().is_some() => {}
            Err(e) if e.depth() > 0 && e.io_error().is_some_and(|e| e.kind() == std::io::ErrorKind::NotFound) => {}
            Err(e) => {
                let path = e.path().unwrap_or(folder).to_owned();
                return Err(Problem::Io(e.into()).of(&path));
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// Images of one series.
struct Images {
    /// Tags of the instance with the least UID, so that the order of files does not matter.
    tags: Box<SeriesTags>,
    least: Box<str>,
    instances: Vec<Instance>,
}

impl Images {
    fn join(&mut self, other: Self) {
        if other.least < self.least {
            self.tags = other.tags;
            self.least = other.least;
        }
        self.instances.extend(other.instances);
    }
}

#[derive(Default)]
struct Found {
    images: BTreeMap<String, Images>,
    segmentations: Vec<Segmentation>,
    structure_sets: Vec<StructureSet>,
    failures: Vec<DicomError>,
    others: usize,
    foreign: usize,
}

impl Found {
    fn add(&mut self, path: &Path, content: Result<Content, Problem>) {
        match content {
            Ok(Content::Image {
                series_uid,
                tags,
                instance,
            }) => self.add_images(
                series_uid,
                Images {
                    tags,
                    least: instance.sop_uid.clone(),
                    instances: vec![*instance],
                },
            ),
            Ok(Content::Segmentation(one)) => self.segmentations.push(*one),
            Ok(Content::StructureSet(one)) => self.structure_sets.push(*one),
            Ok(Content::Other) => self.others += 1,
            Err(Problem::NotDicom) => self.foreign += 1,
            Err(problem) => self.failures.push(problem.of(path)),
        }
    }

    fn add_images(&mut self, uid: String, images: Images) {
        match self.images.entry(uid) {
            Entry::Occupied(mut there) => there.get_mut().join(images),
            Entry::Vacant(free) => {
                free.insert(images);
            }
        }
    }

    fn join(&mut self, other: Self) {
        for (uid, images) in other.images {
            self.add_images(uid, images);
        }
        self.segmentations.extend(other.segmentations);
        self.structure_sets.extend(other.structure_sets);
        self.failures.extend(other.failures);
        self.others += other.others;
        self.foreign += other.foreign;
    }

    fn listing(mut self, folder: &Path) -> Listing {
        let series = self.images.into_iter().map(|(uid, mut found)| {
            let instances = &mut found.instances;
            instances.sort_by(|a, b| (&a.sop_uid, &a.path).cmp(&(&b.sop_uid, &b.path)));
            instances.dedup_by(|a, b| a.sop_uid == b.sop_uid);
            instances.shrink_to_fit();
            Series {
                folder: folder.to_owned(),
                uid,
                tags: *found.tags,
                instances: found.instances,
            }
        });
        let series = series.collect();
        self.segmentations.sort_by(|a, b| a.key().cmp(&b.key()));
        self.segmentations.dedup_by(|a, b| a.sop_uid() == b.sop_uid());
        self.structure_sets.sort_by(|a, b| a.key().cmp(&b.key()));
        self.structure_sets.dedup_by(|a, b| a.sop_uid() == b.sop_uid());
        self.failures.sort_by(|a, b| a.file.cmp(&b.file));
        Listing {
            series,
            segmentations: self.segmentations,
            structure_sets: self.structure_sets,
            failures: self.failures,
            others: self.others,
            foreign: self.foreign,
        }
    }
}
