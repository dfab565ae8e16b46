//! Files that are cut, changed or made to harm: an error, never a panic, never voxels that were not there.

mod common;

use common::{GO_ON, golden};
use radsql_dicom::{
    ListOptions, Problem, ReadOptions, SegmentOptions, TagOptions, list, read_roi, read_segment, read_segmentation,
    read_structure_set, tags,
};
use radsql_imaging::Limits;
use radsql_volume::Grid;
use std::path::{Path, PathBuf};

/// Small limits: a file of some kilobytes has no business with more.
const LIMITS: Limits = Limits { voxel_bytes: 1 << 24 };

fn one_thread() -> ListOptions {
    ListOptions {
        threads: 1,
        ..Default::default()
    }
}

/// Everything that can be asked of a file; whether its voxels came out.
fn ask_everything(path: &Path) -> bool {
    let listing = list(path, &one_thread(), &GO_ON, &|_, _| {}).expect("readable");
    let mut read = false;
    for series in &listing.series {
        read |= series.read(&ReadOptions::default(), &LIMITS, &GO_ON).is_ok();
        let _ = series.read(&ReadOptions { suv: true }, &LIMITS, &GO_ON);
    }
    let grid = Grid::new(
        [13, 11, 6],
        [0.75, 1.5, 2.5],
        [0.0; 3],
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    )
    .expect("readable");
    let options = SegmentOptions {
        limits: LIMITS,
        ..Default::default()
    };
    if let Ok(seg) = read_segmentation(path) {
        for segment in seg.segments() {
            read |= read_segment(path, &seg.selector(segment), None, &options).is_ok();
            let _ = read_segment(path, &seg.selector(segment), Some(&grid), &options);
        }
    }
    if let Ok(set) = read_structure_set(path) {
        for roi in set.rois() {
            let _ = read_roi(path, &set.selector(roi), &grid);
        }
    }
    let _ = tags(path, TagOptions { identifying: true });
    read
}

/// One file of every kind.
fn files() -> Vec<PathBuf> {
    let cases = [
        "implicit",
        "big_endian",
        "deflated",
        "rle",
        "jpeg_2000",
        "jpeg_ls",
        "jpeg_lossless",
        "modality_lut",
        "enhanced_rle",
        "enhanced_fragments",
        "pet_start",
        "oblique",
    ];
    let first = |folder: PathBuf| {
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .expect("readable")
            .map(|e| e.expect("readable").path())
            .collect();
        files.sort();
        files.swap_remove(0)
    };
    let masks = ["binary", "fractional", "labelmap", "rtstruct"];
    let cases = cases.iter().map(|c| first(golden("cases").join(c)));
    cases
        .chain(masks.iter().map(|m| golden("masks").join(format!("{m}.dcm"))))
        .collect()
}

#[test]
fn a_file_that_is_cut_gives_no_voxels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut");
    for file in files() {
        let whole = std::fs::read(&file).unwrap();
        std::fs::write(&path, &whole).unwrap();
        let readable = ask_everything(&path);
        // The last bytes may be padding, or the end of the sequence of fragments.
        for length in (0..whole.len().saturating_sub(12)).step_by(197) {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(
                !ask_everything(&path),
                "{} cut to {length} of {}",
                file.display(),
                whole.len()
            );
        }
        assert!(readable || file.ends_with("rtstruct.dcm"), "{}", file.display());
    }
}

#[test]
fn a_file_that_is_changed_does_not_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed");
    // Numerical Recipes' generator: the same changes in every run.
    let mut state = 1u64;
    let mut random = |n: usize| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as usize % n.max(1)
    };
    for file in files() {
        let whole = std::fs::read(&file).unwrap();
        for _ in 0..60 {
            let mut bytes = whole.clone();
            for _ in 0..1 + random(4) {
                let at = 132 + random(bytes.len() - 132);
                bytes[at] = [0, 1, 0x7F, 0x80, 0xFF, random(256) as u8][random(6)];
            }
            std::fs::write(&path, &bytes).unwrap();
            ask_everything(&path);
        }
    }
}

/// A file in explicit VR, little endian, from the bytes of its data set.
fn explicit(dataset: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\0");
    bytes.extend(dataset);
    bytes
}

fn problem_of(dataset: &[u8]) -> Problem {
    let folder = tempfile::tempdir().expect("readable");
    let path = folder.path().join("made");
    std::fs::write(&path, explicit(dataset)).expect("readable");
    tags(&path, TagOptions::default()).expect_err("damaged").problem
}

#[test]
fn sequences_nested_ten_thousand_deep_are_refused() {
    let nested = b"\x08\x00\x15\x11SQ\0\0\xFF\xFF\xFF\xFF\xFE\xFF\x00\xE0\xFF\xFF\xFF\xFF".repeat(10_000);
    assert!(matches!(problem_of(&nested), Problem::Nesting { .. }));
}

#[test]
fn lengths_beyond_the_file_ask_for_no_memory() {
    let four_gigabytes = b"\x08\x00\x16\x00UN\0\0\xFE\xFF\xFF\xFF";
    assert!(matches!(problem_of(four_gigabytes), Problem::Truncated { .. }));
    let beyond_its_item = b"\x08\x00\x15\x11SQ\0\0\x12\0\0\0\xFE\xFF\x00\xE0\x0A\0\0\0\x08\x00\x16\x00UI\x40\x001.\
        \x10\x00\x10\x00PN\x02\x00a ";
    assert!(matches!(problem_of(beyond_its_item), Problem::Structure { .. }));
}

#[test]
fn rows_times_columns_is_checked_against_the_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large");
    let source = files().into_iter().next_back().unwrap().with_file_name("image/03");
    let mut bytes = std::fs::read(source).unwrap();
    for tag in [b"\x28\x00\x10\x00US", b"\x28\x00\x11\x00US"] {
        let at = bytes.windows(6).position(|w| w == tag).unwrap();
        bytes[at + 8..at + 10].copy_from_slice(&[0xFF, 0xFF]);
    }
    std::fs::write(&path, &bytes).unwrap();
    let listing = list(&path, &one_thread(), &GO_ON, &|_, _| {}).unwrap();
    let found = &listing.failures[0].problem;
    assert!(
        matches!(
            found,
            Problem::PixelBytes {
                expected: 8_589_672_450,
                ..
            }
        ),
        "{found}"
    );
}

#[test]
fn errors_and_listings_do_not_tell_who_it_is() {
    let identifying = ["MARKER^PATIENT", "20200102"];
    let safe = tags(golden("cases/oblique/03"), TagOptions::default()).unwrap();
    let all = tags(golden("cases/oblique/03"), TagOptions { identifying: true }).unwrap();
    assert_eq!(safe.len(), all.len());
    for marker in identifying {
        assert!(safe.iter().all(|r| r.value.as_deref() != Some(marker)), "{marker}");
        assert!(all.iter().any(|r| r.value.as_deref() == Some(marker)), "{marker}");
    }
    let name = safe.iter().find(|r| r.keyword == Some("PatientName")).unwrap();
    assert!(name.withheld && name.value.is_none() && name.vr == "PN" && name.tag == "(0010,0010)");
    let modality = safe.iter().find(|r| r.path == "Modality").unwrap();
    assert_eq!((modality.value.as_deref(), modality.withheld), (Some("CT"), false));

    let options = ListOptions {
        tags: TagOptions { identifying: true },
        ..one_thread()
    };
    let folder = golden("cases/oblique");
    let asked = list(&folder, &options, &GO_ON, &|_, _| {}).unwrap();
    assert!(
        asked.series[0]
            .tags()
            .identifying
            .contains(&("PatientName", "MARKER^PATIENT".to_owned()))
    );
    let unasked = list(&folder, &one_thread(), &GO_ON, &|_, _| {}).unwrap();
    let told = format!("{:?}", unasked.series[0]);
    assert!(identifying.iter().all(|marker| !told.contains(marker)));
}

#[test]
fn the_elements_of_a_sequence_stand_under_it() {
    let rows = tags(golden("masks/binary.dcm"), TagOptions::default()).unwrap();
    let label = rows
        .iter()
        .find(|r| r.path == "SegmentSequence[1].SegmentLabel")
        .unwrap();
    assert_eq!(
        (label.value.as_deref(), label.vr, label.tag.as_str()),
        (Some("Tumor_1"), "LO", "(0062,0005)")
    );
    let pixels = rows.last().unwrap();
    assert_eq!(pixels.keyword, Some("PixelData"));
    assert!(pixels.value.as_deref().is_some_and(|v| v.ends_with(" bytes")));
}

#[test]
fn zeros_in_front_of_something_are_looked_at_once() {
    let mut zeros = vec![0; 8 << 20];
    zeros.push(1);
    let start = std::time::Instant::now();
    problem_of(&zeros);
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

/// The file with only so many bytes of its single frame, in a fragment that is not cut.
fn with_cut_frame(file: &[u8], part: impl Fn(usize) -> usize) -> Vec<u8> {
    let pixels = file
        .windows(12)
        .rposition(|w| w == b"\xE0\x7F\x10\x00OB\0\0\xFF\xFF\xFF\xFF");
    // Behind the head the empty offset table, then the frame's fragment.
    let table = pixels.expect("encapsulated pixels") + 12;
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().expect("four bytes")) as usize;
    let fragment = table + 8 + number(table + 4);
    let length = part(number(fragment + 4)) & !1;
    let mut cut = file[..fragment + 8].to_vec();
    cut[fragment + 4..].copy_from_slice(&(length as u32).to_le_bytes());
    cut.extend(&file[fragment + 8..fragment + 8 + length]);
    cut.extend(b"\xFE\xFF\xDD\xE0\0\0\0\0");
    cut
}

#[test]
fn a_frame_that_is_cut_gives_no_voxels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut");
    let cases = [
        "cases/rle",
        "codecs/jpeg_baseline",
        "codecs/jpeg_lossless_1",
        "codecs/jpeg_ls_lossless",
        "codecs/jpeg_2000_lossless",
        "codecs/jpeg_2000_lossy",
        "codecs/htj2k_lossless",
    ];
    for case in cases {
        let file = std::fs::read(golden(case).join("03")).unwrap();
        std::fs::write(&path, with_cut_frame(&file, |length| length)).unwrap();
        assert!(ask_everything(&path), "{case}");
        for parts in 1..8 {
            std::fs::write(&path, with_cut_frame(&file, |length| length * parts / 8)).unwrap();
            assert!(!ask_everything(&path), "{case}, {parts} of 8 parts");
        }
    }
}

#[test]
fn half_a_number_does_not_lead_a_parser_astray() {
    // Two bytes as FD, which has eight, in front of what would be read as a length of 700 MB.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half");
    let half = b"\x28\x00\x11\x00FD\x02\x00\x08\x00\x28\x00\x30\x00DS\x08\x001.5\\0.75";
    std::fs::write(&path, explicit(half)).unwrap();
    match tags(&path, TagOptions::default()) {
        Ok(rows) => assert_eq!(rows.last().unwrap().value.as_deref(), Some("1.5\\0.75")),
        Err(e) => assert!(matches!(e.problem, Problem::Structure { .. }), "{e}"),
    }
}
