//! What headers take in memory: twice the file and 16 MB at most, however small and many its elements are; and a hundred
//! bytes a file in a folder of very many.
//!
//! Each is read by a process of its own, which tells the largest amount of memory that it held.

use radsql_dicom::{ListOptions, list, read_segmentation, read_structure_set};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;

/// Names the file or folder that [`one_file`] is to read.
const FILE: &str = "RADSQL_TEST_FILE";
const MORE: u64 = 16 << 20;
/// Files of the large folder.
const FILES: u64 = 20_000;

const SEG: &[u8] = b"1.2.840.10008.5.1.4.1.1.66.4";
const RTSTRUCT: &[u8] = b"1.2.840.10008.5.1.4.1.1.481.3\0";
const ENHANCED_CT: &[u8] = b"1.2.840.10008.5.1.4.1.1.2.1\0";
const UNDEFINED: u32 = u32::MAX;

/// An element in explicit VR, little endian.
fn element(tag: u32, vr: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(12 + value.len());
    bytes.extend(((tag >> 16) as u16).to_le_bytes());
    bytes.extend((tag as u16).to_le_bytes());
    bytes.extend(vr.as_bytes());
    if ["SQ", "OW"].contains(&vr) {
        bytes.extend([0, 0]);
        bytes.extend((value.len() as u32).to_le_bytes());
    } else {
        bytes.extend((value.len() as u16).to_le_bytes());
    }
    bytes.extend(value);
    bytes
}

/// The begin of an item.
fn item_of(length: u32) -> Vec<u8> {
    [&[0xFE, 0xFF, 0x00, 0xE0][..], &length.to_le_bytes()].concat()
}

fn item(elements: &[&[u8]]) -> Vec<u8> {
    let value = elements.concat();
    [item_of(value.len() as u32), value].concat()
}

fn sequence(tag: u32, item: &[u8]) -> Vec<u8> {
    element(tag, "SQ", item)
}

fn dicom(class: &[u8], elements: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM");
    bytes.extend(element(0x0002_0010, "UI", b"1.2.840.10008.1.2.1\0"));
    bytes.extend(element(0x0008_0016, "UI", class));
    bytes.extend(element(0x0008_0018, "UI", b"1.2.3\0"));
    bytes.extend(element(0x0020_000E, "UI", b"1.2.4\0"));
    bytes.extend(elements.concat());
    bytes
}

/// An image or a segmentation of frames of one pixel that have no more than their place.
fn frames(class: &[u8], count: usize) -> Vec<u8> {
    let number = |tag, n: u16| element(tag, "US", &n.to_le_bytes());
    let place = element(0x0020_0032, "DS", b"0\\0\\0 ");
    let frame = item(&[&sequence(0x0020_9113, &item(&[&place]))]);
    let directions = element(0x0020_0037, "DS", b"1\\0\\0\\0\\1\\0 ");
    let shared = item(&[
        &sequence(0x0020_9116, &item(&[&directions])),
        &sequence(0x0028_9110, &item(&[&element(0x0028_0030, "DS", b"1\\1 ")])),
    ]);
    let elements = [
        element(0x0028_0008, "IS", count.to_string().as_bytes()),
        number(0x0028_0010, 1),
        number(0x0028_0011, 1),
        number(0x0028_0100, 8),
        element(0x0062_0001, "CS", b"BINARY"),
        sequence(0x0062_0002, &item(&[&number(0x0062_0004, 1)])),
        sequence(0x5200_9229, &shared),
        sequence(0x5200_9230, &frame.repeat(count)),
        element(0x7FE0_0010, "OW", &vec![0; count]),
    ];
    dicom(class, &elements.each_ref().map(|e| &e[..]))
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    let segment = element(0x0062_000B, "US", &[1, 0]);
    let ended = [&item_of(UNDEFINED)[..], &[0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0]].concat();
    let inner = sequence(0x0062_000A, &item(&[&segment]));
    let name = element(0x0010_0010, "PN", b"");
    let contour = item(&[
        &element(0x3006_0042, "CS", b"CLOSED_PLANAR "),
        &element(0x3006_0046, "IS", b"1 "),
        &element(0x3006_0050, "DS", b"0\\0\\0 "),
    ]);
    let region = |number: &str| item(&[&element(0x3006_0022, "IS", number.as_bytes())]);
    let regions: Vec<u8> = (0..65536).flat_map(|n| region(&format!("{n:6}"))).collect();
    let contours = item(&[
        &element(0x3006_0084, "IS", b"1 "),
        &sequence(0x3006_0040, &contour.repeat(120_000)),
    ]);
    let labelled = |number: u16| item(&[&element(0x0062_0004, "US", &number.to_le_bytes())]);
    let segments: Vec<u8> = (0..400_000).flat_map(|n| labelled(n as u16)).collect();
    vec![
        (
            "empty items",
            dicom(SEG, &[&sequence(0x5200_9230, &ended.repeat(400_000))]),
        ),
        (
            "items of one element",
            dicom(SEG, &[&sequence(0x5200_9230, &item(&[&segment]).repeat(400_000))]),
        ),
        (
            "items in items",
            dicom(SEG, &[&sequence(0x5200_9230, &item(&[&inner]).repeat(200_000))]),
        ),
        (
            "items in turns",
            dicom(SEG, &[&sequence(0x5200_9230, &item(&[&segment])).repeat(200_000)]),
        ),
        ("one tag again and again", dicom(SEG, &[&name.repeat(1_000_000)])),
        (
            "three million elements",
            dicom(SEG, &[&element(0x0009_0010, "CS", b"").repeat(3_000_000)]),
        ),
        (
            "contours",
            dicom(
                RTSTRUCT,
                &[&sequence(0x3006_0020, &region("1 ")), &sequence(0x3006_0039, &contours)],
            ),
        ),
        ("regions", dicom(RTSTRUCT, &[&sequence(0x3006_0020, &regions)])),
        (
            "segments",
            dicom(
                SEG,
                &[
                    &element(0x0062_0001, "CS", b"BINARY"),
                    &sequence(0x0062_0002, &segments),
                ],
            ),
        ),
        ("frames", frames(ENHANCED_CT, 150_000)),
        ("frames of a segmentation", frames(SEG, 150_000)),
    ]
}

/// The largest amount of memory that this process held, in bytes.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

/// Is asked for by the test below.
#[test]
fn one_file() {
    let (Some(path), Some(before)) = (std::env::var_os(FILE), peak()) else {
        return;
    };
    let options = ListOptions {
        threads: 1,
        ..ListOptions::default()
    };
    let listing = list(&path, &options, &AtomicBool::new(false), &|_, _| {}).expect("a listing");
    if Path::new(&path).is_dir() {
        assert_eq!(listing.series[0].files().count() as u64, FILES);
    }
    drop(listing);
    let _ = read_segmentation(&path);
    let _ = read_structure_set(&path);
    println!("took {}", peak().expect("told before") - before);
}

#[test]
fn a_header_takes_twice_its_file_at_most() {
    if peak().is_none() {
        eprintln!("SKIPPED: this system does not tell how much memory a process held");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files() {
        let path = folder.path().join("file");
        std::fs::write(&path, &bytes).unwrap();
        let took = took(&path);
        let most = 2 * bytes.len() as u64 + MORE;
        println!("{name}: {took} of {most} bytes");
        assert!(took <= most, "{name}: {took} bytes for a file of {}", bytes.len());
    }
}

#[test]
fn a_file_of_a_large_folder_takes_a_hundred_bytes_at_most() {
    if peak().is_none() {
        eprintln!("SKIPPED: this system does not tell how much memory a process held");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for i in 0..FILES {
        let below = folder.path().join(format!("{:03}", i / 500));
        std::fs::create_dir_all(&below).unwrap();
        // Digits as they come, as in the identifiers of many programs.
        let digits = (i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        std::fs::write(
            below.join(format!("{digits:020}.dcm")),
            slice(&format!("1.2.826.0.{digits:020}"), i),
        )
        .unwrap();
    }
    let took = took(folder.path());
    let most = 100 * FILES + (2 << 20);
    println!("{took} of {most} bytes");
    assert!(took <= most, "{took} bytes for {FILES} files");
}

/// An image of one pixel.
fn slice(uid: &str, place: u64) -> Vec<u8> {
    let number = |tag, n: u16| element(tag, "US", &n.to_le_bytes());
    let even = |text: String| if text.len().is_multiple_of(2) { text } else { text + " " };
    let elements = [
        element(0x0008_0018, "UI", even(uid.to_owned()).as_bytes()),
        element(0x0020_0032, "DS", even(format!("-120.5\\-80.25\\{place}.5")).as_bytes()),
        element(0x0020_0037, "DS", b"1\\0\\0\\0\\1\\0 "),
        number(0x0028_0010, 1),
        number(0x0028_0011, 1),
        element(0x0028_0030, "DS", b"1\\1 "),
        number(0x0028_0100, 16),
        element(0x7FE0_0010, "OW", &[0, 0]),
    ];
    dicom(b"1.2.840.10008.5.1.4.1.1.2\0", &elements.each_ref().map(|e| &e[..]))
}

fn took(path: &Path) -> u64 {
    let mut this = Command::new(std::env::current_exe().expect("this test"));
    let asked = this.args(["--exact", "one_file", "--nocapture", "--test-threads=1"]);
    let told = asked.env(FILE, path).output().expect("it runs").stdout;
    let told = String::from_utf8_lossy(&told);
    let took = told
        .split("took ")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next());
    took.and_then(|took| took.parse().ok())
        .unwrap_or_else(|| panic!("{told}"))
}
