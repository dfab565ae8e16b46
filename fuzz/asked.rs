//! What is asked of a file from outside: by the fuzz targets, and by the test that runs the kept corpus.
#![allow(dead_code)]

use radsql_dicom::{
    ListOptions, ReadOptions, SegmentOptions, TagOptions, list, read_roi, read_segment, read_segmentation,
    read_structure_set, tags,
};
use radsql_imaging::{Limits, Reference, read_header, read_mask_with, read_volume_with};
use radsql_volume::Grid;
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// Small limits: a file of some kilobytes has no business with more.
const LIMITS: Limits = Limits { voxel_bytes: 1 << 24 };
/// Regions of one file that are read.
const REGIONS: usize = 4;
static GO_ON: AtomicBool = AtomicBool::new(false);

/// Panics of decoders that are not ours are caught by the reader. libFuzzer would take them for crashes at the moment they
/// begin; those that are not caught still are. Where they begin is told.
pub fn quiet() {
    std::panic::set_hook(Box::new(|panic| match panic.location() {
        Some(at) => eprintln!("panic at {}:{}", at.file(), at.line()),
        None => eprintln!("panic"),
    }));
}

/// Writes the bytes to a file of this process's own and asks for it.
pub fn with_file(bytes: &[u8], ask: fn(&Path)) {
    let memory = Path::new("/dev/shm");
    let folder = match memory.is_dir() {
        true => memory.to_owned(),
        false => std::env::temp_dir(),
    };
    let path = folder.join(format!("radsql-fuzz-{}", std::process::id()));
    std::fs::write(&path, bytes).expect("a file of our own");
    ask(&path);
}

fn grid() -> Grid {
    let direction = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    Grid::new([13, 11, 6], [0.75, 1.5, 2.5], [0.0; 3], direction).expect("a grid")
}

/// DICOM images: listing, voxels, SUV, elements.
pub fn series(path: &Path) {
    let options = ListOptions {
        threads: 1,
        tags: TagOptions { identifying: true },
        ..ListOptions::default()
    };
    let Ok(listing) = list(path, &options, &GO_ON, &|_, _| {}) else {
        return;
    };
    for series in &listing.series {
        if let Ok(volume) = series.read(&ReadOptions::default(), &LIMITS, &GO_ON) {
            assert_eq!(Some(volume.grid()), series.grid().ok().as_ref());
            assert_eq!(Some(volume.voxels().voxel_type()), series.voxel_type().ok());
        }
        let _ = series.read(&ReadOptions { suv: true }, &LIMITS, &GO_ON);
        let _ = listing.regions_of(series);
    }
    let _ = tags(path, TagOptions { identifying: true });
}

/// DICOM segmentations, on their own grid and on another.
pub fn seg(path: &Path) {
    let Ok(seg) = read_segmentation(path) else {
        return series(path);
    };
    let options = SegmentOptions {
        limits: LIMITS,
        ..Default::default()
    };
    for segment in seg.segments().iter().take(REGIONS) {
        let selector = seg.selector(segment);
        if let Ok(mask) = read_segment(path, &selector, None, &options) {
            assert!(mask.voxels() > 0);
        }
        let _ = read_segment(path, &selector, Some(&grid()), &options);
    }
    let listing = list(path, &ListOptions::default(), &GO_ON, &|_, _| {});
    let _ = listing.map(|listing| listing.orphans().len());
}

/// DICOM structure sets.
pub fn rtstruct(path: &Path) {
    let Ok(set) = read_structure_set(path) else {
        return series(path);
    };
    for roi in set.rois().iter().take(REGIONS) {
        if let Ok(mask) = read_roi(path, &set.selector(roi), &grid()) {
            assert!(mask.voxels() > 0);
        }
    }
    let listing = list(path, &ListOptions::default(), &GO_ON, &|_, _| {});
    let _ = listing.map(|listing| listing.orphans().len());
}

/// NIfTI.
pub fn nifti(path: &Path) {
    file(path);
}

/// NRRD.
pub fn nrrd(path: &Path) {
    file(path);
}

fn file(path: &Path) {
    let header = read_header(path);
    if let Ok(volume) = read_volume_with(path, &LIMITS) {
        let header = header.expect("the header of what was read");
        assert_eq!(volume.grid(), &header.grid);
        assert_eq!(volume.voxels().voxel_type(), header.voxel_type);
    }
    let _ = read_mask_with(&Reference::whole(path), &LIMITS);
}
