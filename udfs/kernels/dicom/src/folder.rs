//! A folder of DICOM files in any layout.

use crate::cache::{self, HeaderCache};
use crate::error::{DicomError, Problem};
use crate::header::{Content, SeriesTags, TagOptions, content};
use crate::identity::file_hash;
use crate::instances::Instances;
use crate::rtstruct::StructureSet;
use crate::seg::Segmentation;
use crate::series::Series;
use crate::texts::{FoundPaths, Paths};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// How a folder is listed.
#[derive(Debug, Clone)]
pub struct ListOptions {
    /// Threads that read headers; 0 counts as 1.
    pub threads: usize,
    /// Which tags are kept.
    pub tags: TagOptions,
    /// Which links are followed.
    pub links: Links,
}

impl Default for ListOptions {
    /// One thread a processor, no identifying tags.
    fn default() -> Self {
        Self {
            threads: std::thread::available_parallelism().map_or(1, Into::into),
            tags: TagOptions::default(),
            links: Links::default(),
        }
    }
}

/// Which links in a folder are followed: by default all. Others are as if they were not there.
#[derive(Clone, Default)]
pub struct Links(Option<Arc<FollowLink>>);

type FollowLink = dyn Fn(&Path) -> bool + Send + Sync;

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Links(some)" } else { "Links(all)" })
    }
}

impl Links {
    /// Those for whose path `follow` is true.
    pub fn only(follow: impl Fn(&Path) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(follow)))
    }

    /// Whether the link is followed.
    pub fn follows(&self, link: &Path) -> bool {
        self.0.as_ref().is_none_or(|follow| follow(link))
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

/// Lists a folder and those below it, or one file, reading no pixels. Links are followed unless [`ListOptions::links`] says
/// otherwise.
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
    list_with(folder, options, None, cancelled, progress)
}

/// Files that are looked up in a cache at once, at most.
const BATCH: usize = 512;

/// As [`list`], but files that a cache knows are not opened. The listing is the same with and without it.
///
/// Kept is what was understood of images, segmentations and structure sets, and which files are something else; files that
/// could not be understood are read anew. Where identifying tags are asked for the cache is left alone, so that it never
/// holds any.
///
/// # Errors
/// As [`list`].
pub fn list_with(
    folder: impl AsRef<Path>,
    options: &ListOptions,
    cache: Option<&dyn HeaderCache>,
    cancelled: &AtomicBool,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Listing, DicomError> {
    let folder = folder.as_ref();
    let paths = files(folder, &options.links, cancelled)?;
    let all = paths.len();
    let threads = options.threads.clamp(1, all.max(1));
    let batch = (all / (4 * threads)).clamp(1, BATCH);
    let reading = Reading {
        tags: options.tags,
        cache: cache.filter(|_| !options.tags.identifying),
        cancelled,
    };
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let found = Mutex::new(Found::default());
    let work = || {
        let mut mine = Found::default();
        loop {
            let first = next.fetch_add(batch, Ordering::Relaxed);
            if first >= all || cancelled.load(Ordering::Relaxed) {
                break;
            }
            let files = paths.from(first).take(batch).collect();
            let mut file = first as u32;
            reading.contents(files, |path, content| {
                mine.add(file, path, content);
                file += 1;
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, all);
            });
        }
        if let Ok(mut found) = found.lock() {
            found.join(mine);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    if cancelled.load(Ordering::Relaxed) {
        return Err(Problem::Cancelled.of(folder));
    }
    Ok(found.into_inner().unwrap_or_default().listing(folder, &paths))
}

/// How headers are read.
struct Reading<'a> {
    tags: TagOptions,
    cache: Option<&'a dyn HeaderCache>,
    cancelled: &'a AtomicBool,
}

impl Reading<'_> {
    /// Gives what each file is, from the cache or by reading it, until cancelled.
    fn contents(&self, files: Vec<PathBuf>, mut each: impl FnMut(PathBuf, Result<Content, Problem>)) {
        let keys: Vec<Option<[u8; 56]>> = match self.cache {
            Some(_) => files.iter().map(|path| cache::key(path)).collect(),
            None => vec![None; files.len()],
        };
        let asked: Vec<[u8; 56]> = keys.iter().copied().flatten().collect();
        let known = match self.cache {
            Some(cache) if !asked.is_empty() => cache.get(&asked),
            _ => Vec::new(),
        };
        let mut known = known.into_iter();
        let mut read = Vec::new();
        for (path, key) in files.into_iter().zip(keys) {
            if self.cancelled.load(Ordering::Relaxed) {
                break;
            }
            let kept = key.and_then(|key| cache::decode(&key, &known.next()??));
            let content = match kept {
                Some(content) => Ok(content),
                None => {
                    let content = content(&path, self.tags);
                    if let (Some(key), Ok(content)) = (key, &content) {
                        read.extend(cache::encode(&key, content).map(|value| (key, value)));
                    }
                    content
                }
            };
            each(path, content);
        }
        if let Some(cache) = self.cache
            && !read.is_empty()
        {
            cache.put(&read);
        }
    }
}

/// Lists one series of a folder.
///
/// # Errors
/// As [`list`], and [`Problem::Absent`].
pub fn find_series(folder: impl AsRef<Path>, uid: &str, cancelled: &AtomicBool) -> Result<Series, DicomError> {
    find_series_with(folder, uid, &ListOptions::default(), cancelled)
}

/// As [`find_series`], with options for the listing.
///
/// # Errors
/// As there.
pub fn find_series_with(
    folder: impl AsRef<Path>,
    uid: &str,
    options: &ListOptions,
    cancelled: &AtomicBool,
) -> Result<Series, DicomError> {
    let folder = folder.as_ref();
    let listing = list(folder, options, cancelled, &|_, _| {})?;
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

fn files(folder: &Path, links: &Links, cancelled: &AtomicBool) -> Result<Paths, DicomError> {
    let mut files = FoundPaths::default();
    let entries = walkdir::WalkDir::new(folder).follow_links(true).into_iter();
    for entry in entries.filter_entry(|entry| !entry.path_is_symlink() || links.follows(entry.path())) {
        if cancelled.load(Ordering::Relaxed) {
            return Err(Problem::Cancelled.of(folder));
        }
        match entry {
            Ok(entry) if entry.file_type().is_file() => files.push(entry.path()),
            Ok(_) => {}
            // A link to a folder above it, or to nothing, has no file of its own.
            Err(e) if e.loop_ancestor().is_some() => {}
            Err(e) if e.depth() > 0 && e.io_error().is_some_and(|e| e.kind() == std::io::ErrorKind::NotFound) => {}
            // Nor has one that is not followed, whatever it leads to.
            Err(e) if e.path().is_some_and(|path| path.is_symlink() && !links.follows(path)) => {}
            Err(e) => {
                let path = e.path().unwrap_or(folder).to_owned();
                return Err(Problem::Io(e.into()).of(&path));
            }
        }
    }
    Ok(files.sorted())
}

/// Of files of regions that have one UID and the same bytes the first stays. Files that were drawn anew under an old UID are
/// no copies, and all of them count.
fn drop_copies<T>(all: &mut Vec<T>, key: impl Fn(&T) -> (&str, &Path)) {
    let same = |a: &Path, b: &Path| {
        let length = |path: &Path| std::fs::metadata(path).ok().map(|about| about.len());
        let hash = |path: &Path| file_hash(path, &AtomicBool::new(false)).ok();
        length(a).is_some() && length(a) == length(b) && hash(a).is_some() && hash(a) == hash(b)
    };
    let mut kept: Vec<T> = Vec::with_capacity(all.len());
    for one in all.drain(..) {
        let (uid, path) = key(&one);
        // In the order of UIDs: those of the same one lie together.
        let before = kept.iter().rev().map(&key).take_while(|(other, _)| *other == uid);
        if !before.into_iter().any(|(_, other)| same(other, path)) {
            kept.push(one);
        }
    }
    *all = kept;
}

/// Images of one series.
struct Images {
    /// Tags of the instance with the least UID, so that the order of files does not matter.
    tags: Box<SeriesTags>,
    /// Its UID, and the number of its file.
    least: (Box<str>, u32),
    instances: Instances,
    /// Numbers of the instances' files, in the order of their paths.
    files: Vec<u32>,
}

impl Images {
    fn join(&mut self, other: Self) {
        if other.least < self.least {
            self.tags = other.tags;
            self.least = other.least;
        }
        self.instances.append(other.instances);
        self.files.extend(other.files);
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
    fn add(&mut self, file: u32, path: PathBuf, content: Result<Content, Problem>) {
        match content {
            Ok(Content::Image {
                series_uid,
                tags,
                instance,
            }) => {
                let least = (instance.sop_uid.clone(), file);
                let images = self.images.entry(series_uid).or_insert_with(|| Images {
                    tags: tags.clone(),
                    least: least.clone(),
                    instances: Instances::default(),
                    files: Vec::new(),
                });
                if least < images.least {
                    images.tags = tags;
                    images.least = least;
                }
                images.instances.push(*instance);
                images.files.push(file);
            }
            Ok(Content::Segmentation(mut one)) => {
                one.path = path;
                self.segmentations.push(*one);
            }
            Ok(Content::StructureSet(mut one)) => {
                one.path = path;
                self.structure_sets.push(*one);
            }
            Ok(Content::Other) => self.others += 1,
            Ok(Content::Foreign) => self.foreign += 1,
            Err(problem) => self.failures.push(problem.of(&path)),
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

    fn listing(mut self, folder: &Path, all: &Paths) -> Listing {
        let series = self.images.into_iter().map(|(uid, found)| {
            let (instances, files) = found.instances.sorted(found.files);
            let mut paths = Paths::default();
            for path in files.into_iter().filter_map(|file| all.get(file as usize)) {
                paths.push(&path);
            }
            paths.finish();
            Series {
                folder: folder.to_owned(),
                uid,
                tags: *found.tags,
                instances,
                paths,
            }
        });
        let series = series.collect();
        self.segmentations.sort_by(|a, b| a.key().cmp(&b.key()));
        drop_copies(&mut self.segmentations, |one| (one.sop_uid(), one.path()));
        self.structure_sets.sort_by(|a, b| a.key().cmp(&b.key()));
        drop_copies(&mut self.structure_sets, |one| (one.sop_uid(), one.path()));
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
