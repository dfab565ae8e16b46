//! Files that are cut, crafted or damaged: an error, never a panic, never zeros for voxels that are not there.

mod common;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use radsql_imaging::{Limits, Problem, read_header_from, read_volume, read_volume_from, read_volume_with};
use radsql_volume::Volume;
use std::io::Write;
use std::time::{Duration, Instant};

const SIZE: [i16; 3] = [40, 30, 20];

/// A NIfTI-1 file of int16 whose voxels do not compress well.
fn nifti(size: [i16; 3]) -> Vec<u8> {
    let mut file = vec![0u8; 352];
    file[0..4].copy_from_slice(&348i32.to_le_bytes());
    for (i, n) in [3, size[0], size[1], size[2], 1, 1, 1, 1].into_iter().enumerate() {
        file[40 + 2 * i..42 + 2 * i].copy_from_slice(&n.to_le_bytes());
    }
    file[70..72].copy_from_slice(&4i16.to_le_bytes());
    file[72..74].copy_from_slice(&16i16.to_le_bytes());
    for i in 0..8 {
        file[76 + 4 * i..80 + 4 * i].copy_from_slice(&1f32.to_le_bytes());
    }
    file[108..112].copy_from_slice(&352f32.to_le_bytes());
    file[252..254].copy_from_slice(&1i16.to_le_bytes());
    file[344..348].copy_from_slice(b"n+1\0");
    file.extend(voxels(size));
    file
}

fn voxels(size: [i16; 3]) -> Vec<u8> {
    let n: usize = size.iter().map(|&n| n as usize).product();
    let mut state = 1u32;
    (0..n)
        .flat_map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 20) as i16).to_le_bytes()
        })
        .collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn nrrd(encoding: &str) -> Vec<u8> {
    let [x, y, z] = SIZE;
    let head = format!(
        "NRRD0004\ntype: short\ndimension: 3\nspace: LPS\nsizes: {x} {y} {z}\nspace directions: (1,0,0) (0,1,0) (0,0,1)\n\
         endian: little\nencoding: {encoding}\nspace origin: (0,0,0)\n\n"
    );
    let body = if encoding == "gzip" {
        gzip(&voxels(SIZE))
    } else {
        voxels(SIZE)
    };
    [head.into_bytes(), body].concat()
}

fn read(bytes: &[u8]) -> Result<Volume, Problem> {
    read_volume_from(bytes, "a file", &Limits::default()).map_err(|e| e.problem)
}

/// Reads a file of these bytes by its path, where the length is known.
fn read_file(bytes: &[u8]) -> Result<Volume, Problem> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), bytes).expect("a file");
    read_volume(file.path()).map_err(|e| e.problem)
}

#[test]
fn a_cut_file_is_an_error_wherever_it_is_cut() {
    for (kind, whole) in [
        ("nii", nifti(SIZE)),
        ("nii.gz", gzip(&nifti(SIZE))),
        ("nrrd", nrrd("raw")),
        ("nrrd, gzip", nrrd("gzip")),
    ] {
        let complete = read(&whole).unwrap_or_else(|e| panic!("{kind}: {e}"));
        assert_eq!(complete.voxels().len(), 24_000, "{kind}");
        assert_eq!(read_file(&whole).expect("a volume"), complete);
        let ends = (0..400)
            .chain((0..whole.len()).step_by(1000))
            .chain(whole.len().saturating_sub(20)..whole.len());
        for end in ends {
            let found = read(&whole[..end]);
            assert!(found.is_err(), "{kind} cut at {end} of {} reads", whole.len());
            if end % 7 == 0 {
                assert!(
                    read_file(&whole[..end]).is_err(),
                    "{kind} cut at {end} of {} reads",
                    whole.len()
                );
            }
        }
    }
}

#[test]
fn a_cut_file_is_told_with_its_bytes() {
    let whole = nifti(SIZE);
    let half = &whole[..352 + 24_000];
    for found in [read(half), read_file(half), read(&gzip(half)), read_file(&gzip(half))] {
        match found {
            Err(Problem::Truncated { expected, found, .. }) => assert_eq!((expected, found), (48_000, 24_000)),
            other => panic!("{other:?}"),
        }
    }
    let file = tempfile::Builder::new().suffix(".nii").tempfile().expect("a file");
    std::fs::write(file.path(), half).expect("a file");
    let error = read_volume(file.path()).expect_err("an error").to_string();
    let expected = format!(
        "{} is cut short: 48000 bytes of voxels expected, 24000 found",
        file.path().display()
    );
    assert_eq!(error, expected);
}

#[test]
fn sizes_beyond_every_memory_are_refused_at_once() {
    let start = Instant::now();
    for size in [
        [32767, 32767, 32767],
        [32767, 32767, 1],
        [1, 32767, 32767],
        [32767, 2, 32767],
    ] {
        let mut file = nifti(SIZE);
        for (i, n) in size.into_iter().enumerate() {
            let n: i16 = n;
            file[42 + 2 * i..44 + 2 * i].copy_from_slice(&n.to_le_bytes());
        }
        for found in [read_file(&file), read(&gzip(&file)), read_file(&gzip(&file))] {
            assert!(
                matches!(
                    found,
                    Err(Problem::Truncated { .. } | Problem::Implausible { .. } | Problem::TooLarge { .. })
                ),
                "{size:?}: {found:?}"
            );
        }
    }
    // NIfTI-2 and NRRD have lengths of 64 bits: products beyond 2^31, 2^32, 2^63 and 2^64.
    for sizes in [
        "65536 32768 1",
        "65536 65536 1",
        "65536 65536 65536",
        "2147483648 2147483648 2",
        "4294967296 4294967296 1",
        "9223372036854775807 1 1",
        "9223372036854775807 9223372036854775807 9223372036854775807",
    ] {
        let text = String::from_utf8_lossy(&nrrd("raw")).replace("40 30 20", sizes);
        assert!(read(text.as_bytes()).is_err(), "{sizes}");
        assert!(read_file(text.as_bytes()).is_err(), "{sizes}");
    }
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_bomb_is_refused_by_the_limit_before_it_is_unpacked() {
    // 400 MB of zeros in 0.4 MB, and a header to match.
    let mut header = nifti([1, 1, 1]);
    header.truncate(352);
    for (i, n) in [1000i16, 1000, 200].into_iter().enumerate() {
        header[42 + 2 * i..44 + 2 * i].copy_from_slice(&n.to_le_bytes());
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&header).expect("memory");
    let zeros = vec![0u8; 1 << 20];
    for _ in 0..381 {
        encoder.write_all(&zeros).expect("memory");
    }
    encoder
        .write_all(&zeros[..400_000_000 - 381 * (1 << 20)])
        .expect("memory");
    let bomb = encoder.finish().expect("memory");
    assert!(bomb.len() < 4_000_000);
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), &bomb).expect("a file");
    let limits = Limits { voxel_bytes: 100 << 20 };
    match read_volume_with(file.path(), &limits).map_err(|e| e.problem) {
        Err(Problem::TooLarge { needed, limit }) => assert_eq!((needed, limit), (400_000_000, 100 << 20)),
        other => panic!("{other:?}"),
    }
    // A small image with a large rest behind it: the rest is left alone.
    let start = Instant::now();
    let mut small = GzEncoder::new(Vec::new(), Compression::fast());
    small.write_all(&nifti(SIZE)).expect("memory");
    for _ in 0..200 {
        small.write_all(&zeros).expect("memory");
    }
    let small = small.finish().expect("memory");
    assert_eq!(read(&small).expect("a volume").voxels().len(), 24_000);
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_header_without_end_is_refused() {
    let endless = [b"NRRD0004\n".to_vec(), vec![b'#'; 3 << 20]].concat();
    assert!(matches!(read(&endless), Err(Problem::HeaderTooLong { .. })));
    let lines = [b"NRRD0004\n".to_vec(), b"key:=value\n".repeat(200_000)].concat();
    assert!(matches!(read(&lines), Err(Problem::HeaderTooLong { .. })));
    // A gzip header may name its file: without end, too.
    let name = [&[0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 0][..], &vec![b'a'; 3 << 20]].concat();
    assert!(matches!(read(&name), Err(Problem::Gzip { .. })));
    assert!(read_header_from(&name[..], "a file").is_err());
}

#[test]
fn names_in_a_file_reach_nothing_outside_its_folder() {
    let outer = tempfile::tempdir().expect("a folder");
    let inner = outer.path().join("inner");
    std::fs::create_dir(&inner).expect("a folder");
    std::fs::write(outer.path().join("secret.raw"), voxels(SIZE)).expect("a file");
    std::fs::write(inner.join("open.raw"), voxels(SIZE)).expect("a file");
    #[cfg(unix)]
    std::os::unix::fs::symlink(outer.path().join("secret.raw"), inner.join("link.raw")).expect("a link");
    let absolute = outer.path().join("secret.raw");
    let text = String::from_utf8_lossy(&nrrd("raw"))
        .split_once("\n\n")
        .expect("a header")
        .0
        .to_owned();
    let header = inner.join("a.nhdr");
    let with = |name: &str| {
        std::fs::write(&header, format!("{text}\ndata file: {name}\n")).expect("a file");
        read_volume(&header).map_err(|e| e.problem)
    };
    assert!(with("open.raw").is_ok());
    assert!(with("./open.raw").is_ok());
    let mut names = vec![
        "../secret.raw",
        "./../secret.raw",
        "../inner/open.raw",
        "/etc/passwd",
        "open.raw\0",
    ];
    names.extend(absolute.to_str());
    if cfg!(unix) {
        names.push("link.raw");
    }
    for name in names {
        let found = with(name);
        assert!(matches!(found, Err(Problem::DataFileName { .. })), "{name}: {found:?}");
    }
    assert!(matches!(with("missing.raw"), Err(Problem::Io(_))));
    // From a reader there is no folder at all.
    let bytes = std::fs::read(&header).expect("a file");
    assert!(matches!(read(&bytes), Err(Problem::Detached)));
}

#[test]
fn what_is_no_image_is_named() {
    let mut dicom = vec![0u8; 200];
    dicom[128..132].copy_from_slice(b"DICM");
    for (bytes, says) in [
        (dicom, "it is a DICOM file"),
        (vec![], "it is empty"),
        (b"PK\x03\x04abcd".to_vec(), "it is a zip archive"),
        (b"patient_id,age\n".to_vec(), "it begins with the bytes 70 61 74 69"),
        (gzip(&gzip(&nifti(SIZE))), "it is compressed twice"),
        (gzip(&nrrd("raw")), "compressed as a whole"),
        (gzip(b"text"), "begins with the bytes"),
    ] {
        let error = read(&bytes).expect_err("no image").to_string();
        assert!(error.contains(says), "{error}");
    }
    let error = read_volume("no/such/file.nii").expect_err("no file").to_string();
    assert!(error.starts_with("no/such/file.nii cannot be read: "), "{error}");
    assert!(read_volume(".").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Bytes of a header thrown about: an answer at once, and never a volume of other bytes than there are.
    #[test]
    fn damaged_nifti_headers(
        changes in prop::collection::vec((0usize..348, any::<u8>()), 1..12),
        fields in prop::collection::vec((prop::sample::select(vec![40usize, 42, 44, 46, 48, 70, 108, 112, 252, 254, 344]), any::<u16>()), 0..3),
        compress in any::<bool>(),
    ) {
        let mut file = nifti([4, 3, 2]);
        for (at, value) in changes {
            file[at] = value;
        }
        for (at, value) in fields {
            file[at..at + 2].copy_from_slice(&value.to_le_bytes());
        }
        let bytes = if compress { gzip(&file) } else { file };
        let start = Instant::now();
        let header = read_header_from(&bytes[..], "a file");
        for volume in [read(&bytes), read_file(&bytes)].into_iter().flatten() {
            let stored = header.as_ref().expect("a header").stored_type.bytes() * volume.voxels().len();
            prop_assert!(stored <= 48);
        }
        prop_assert!(start.elapsed() < Duration::from_secs(5));
    }

    /// The same for NRRD, with lines dropped, doubled and rewritten.
    #[test]
    fn damaged_nrrd_headers(
        changes in prop::collection::vec((0usize..200, any::<u8>()), 0..8),
        lines in prop::collection::vec((0usize..12, prop::sample::select(vec![
            "", "sizes: 0 1 1", "sizes: -1 4 4", "sizes: 99999999999 99999999999 99999999", "dimension: 0", "dimension: 16",
            "dimension: 99999999999999999999", "byte skip: -1", "byte skip: 18446744073709551615", "line skip: 18446744073709551615",
            "encoding: gzip", "encoding: ascii", "encoding: hex", "type: double", "kinds: vector domain domain", "endian: big",
            "space origin: (nan,0,0)", "space origin: ((((", "space directions: none none none", "space directions: (1e308,1e308,1e308) (0,0,0) (1,1,1)",
            "data file: a", "spacings: inf nan -0", "space: ", ":", ":=", "\0", "centers: cell cell cell",
        ])), 0..4),
        compress in any::<bool>(),
    ) {
        let file = nrrd(if compress { "gzip" } else { "raw" });
        let split = file.windows(2).position(|w| w == b"\n\n").expect("a header");
        let mut head: Vec<Vec<u8>> = file[..split].split(|&b| b == b'\n').map(<[u8]>::to_vec).collect();
        for (at, line) in lines {
            let at = at % head.len();
            head[at] = line.into();
        }
        let mut bytes = head.join(&b'\n');
        let n = bytes.len();
        for (at, value) in changes {
            bytes[at % n] = value;
        }
        bytes.extend_from_slice(&file[split..]);
        let start = Instant::now();
        let (a, b) = (read(&bytes), read_file(&bytes));
        if let (Ok(a), Ok(b)) = (&a, &b) {
            prop_assert_eq!(a.content_hash(), b.content_hash());
            prop_assert!(a.voxels().len() <= 48_400);
        }
        prop_assert!(start.elapsed() < Duration::from_secs(5));
    }

    /// Damage within compressed data is found by its checksum.
    #[test]
    fn damaged_gzip_data(at in 10usize..2000, value in 1u8..) {
        let mut bytes = gzip(&nifti([10, 10, 10]));
        let at = at.min(bytes.len() - 1);
        bytes[at] ^= value;
        prop_assert!(read(&bytes).is_err(), "byte {} of {} changed by {}", at, bytes.len(), value);
    }
}
