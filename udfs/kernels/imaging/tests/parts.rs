//! Boxes read out of files are what reading the whole file and cutting gives.

mod common;

use common::{golden, unpack};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use radsql_imaging::{
    Limits, Problem, read_header, read_volume, read_volume_with_range, read_volume_with_range_with, read_volume_within,
    read_volume_within_with,
};
use radsql_volume::{Bounds, Range, Volume, VolumeError};
use serde_json::Value;
use std::io::Write;
use std::path::Path;

/// Boxes of a grid by numbers that may be anything.
fn bounds(size: [usize; 3], numbers: [u32; 6]) -> Bounds {
    let lower: [usize; 3] = std::array::from_fn(|d| numbers[d] as usize % size[d]);
    Bounds {
        lower,
        size: std::array::from_fn(|d| 1 + numbers[3 + d] as usize % (size[d] - lower[d])),
    }
}

/// Bits, so that NaN is equal to itself.
fn bits(volume: &Volume) -> String {
    format!("{:?} {}", volume.grid(), volume.content_hash())
}

fn range_bits(range: &Range) -> [u64; 2] {
    // -0 and 0 are one number.
    [range.minimum + 0.0, range.maximum + 0.0].map(|v| if v.is_nan() { u64::MAX } else { v.to_bits() })
}

/// Compares what reading in part gives with the whole.
fn check(path: &Path, whole: &Volume, bounds: &Bounds) {
    let expected = bits(&whole.crop(bounds).expect("a box"));
    let found = read_volume_within(path, bounds).expect("a box");
    assert_eq!(bits(&found), expected, "{bounds:?}");
    let (found, range) = read_volume_with_range(path, bounds).expect("a box");
    assert_eq!(bits(&found), expected, "{bounds:?} with range");
    assert_eq!(range_bits(&range), range_bits(&Range::of(whole)), "{bounds:?}");
}

#[test]
fn boxes_of_small_files_of_every_kind() {
    let cases: Vec<Value> = serde_json::from_str(&golden("cases.json")).expect("cases.json");
    let (mut seen, mut refused) = (0, 0);
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    for case in &cases {
        let (_folder, path) = unpack(case);
        match read_volume(&path) {
            Ok(whole) => {
                let size = whole.grid().size();
                check(&path, &whole, &Bounds::whole(whole.grid()));
                for _ in 0..12 {
                    check(&path, &whole, &bounds(size, std::array::from_fn(|_| next())));
                }
                seen += 1;
            }
            Err(whole) => {
                let Ok(header) = read_header(&path) else { continue };
                let everything = Bounds::whole(&header.grid);
                for found in [
                    read_volume_within(&path, &everything).err(),
                    read_volume_with_range(&path, &everything).err(),
                ] {
                    let found = found.unwrap_or_else(|| panic!("{}: reads in part", case["name"]));
                    assert_eq!(found.to_string(), whole.to_string(), "{}", case["name"]);
                }
                refused += 1;
            }
        }
    }
    assert!(seen > 400 && refused > 10, "{seen} read, {refused} refused");
}

/// How the bytes of a volume are packed.
#[derive(Debug, Clone, Copy)]
enum Packing {
    Raw,
    Fast,
    Best,
    Stored,
    /// Several gzip members, as pigz and bgzip write.
    Members,
}

const PACKINGS: [Packing; 5] = [
    Packing::Raw,
    Packing::Fast,
    Packing::Best,
    Packing::Stored,
    Packing::Members,
];

fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn nrrd(kind: &str, size: [usize; 3], big: bool, packing: Packing, bytes: &[u8]) -> Vec<u8> {
    let (encoding, body) = match packing {
        Packing::Raw => ("raw", bytes.to_vec()),
        Packing::Fast => ("gzip", gzip(bytes, 1)),
        Packing::Best => ("gzip", gzip(bytes, 9)),
        Packing::Stored => ("gzip", gzip(bytes, 0)),
        Packing::Members => (
            "gzip",
            bytes.chunks(1 + bytes.len() / 3).flat_map(|b| gzip(b, 6)).collect(),
        ),
    };
    let head = format!(
        "NRRD0004\ntype: {kind}\ndimension: 3\nspace: LPS\nsizes: {} {} {}\nspace directions: (1,0,0) (0,1,0) (0,0,2)\n\
         endian: {}\nencoding: {encoding}\nspace origin: (5,6,7)\n\n",
        size[0],
        size[1],
        size[2],
        if big { "big" } else { "little" }
    );
    [head.into_bytes(), body].concat()
}

/// Numbers that compress, but not too well.
fn noise(bytes: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    (0..bytes)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if state >> 28 < 5 { 0 } else { (state >> 26) as u8 }
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Large enough for several steps, in one piece and in several.
    #[test]
    fn boxes_of_larger_files(
        packing in prop::sample::select(PACKINGS.to_vec()),
        (kind, width) in prop::sample::select(vec![("uchar", 1usize), ("short", 2), ("uint", 4), ("float", 4), ("double", 8)]),
        big in any::<bool>(),
        size in [1usize..200, 1usize..90, 1usize..40],
        boxes in prop::collection::vec(prop::array::uniform6(any::<u32>()), 3),
        seed in any::<u32>(),
    ) {
        let bytes = noise(size.iter().product::<usize>() * width, seed);
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), nrrd(kind, size, big, packing, &bytes)).expect("a file");
        let whole = read_volume(file.path()).expect("a volume");
        for numbers in boxes {
            check(file.path(), &whole, &bounds(size, numbers));
        }
        check(file.path(), &whole, &Bounds { lower: [0; 3], size: [size[0], size[1], 1] });
    }
}

/// Beyond the size to which files are decompressed at once.
#[test]
fn boxes_of_a_large_file() {
    let size = [512, 300, 130];
    let bytes = noise(size.iter().product::<usize>() * 2, 3);
    let file = tempfile::NamedTempFile::new().expect("a file");
    for packing in [Packing::Raw, Packing::Fast, Packing::Stored] {
        std::fs::write(file.path(), nrrd("short", size, false, packing, &bytes)).expect("a file");
        let whole = read_volume(file.path()).expect("a volume");
        for (lower, size) in [
            ([100, 120, 60], [50, 60, 20]),
            ([0, 0, 110], [512, 300, 20]),
            ([511, 299, 129], [1, 1, 1]),
            ([0, 0, 0], [512, 7, 3]),
        ] {
            check(file.path(), &whole, &Bounds { lower, size });
        }
    }
}

#[test]
fn reading_ends_behind_the_box() {
    let size = [64, 64, 60];
    let bytes = noise(size.iter().product::<usize>() * 2, 9);
    let file = tempfile::NamedTempFile::new().expect("a file");
    let part = Bounds {
        lower: [10, 10, 10],
        size: [20, 20, 10],
    };
    let last = Bounds {
        lower: [10, 10, 50],
        ..part
    };
    for packing in [Packing::Fast, Packing::Stored, Packing::Members] {
        let whole = nrrd("short", size, false, packing, &bytes);
        std::fs::write(file.path(), &whole).expect("a file");
        let expected = bits(&read_volume_within(file.path(), &part).expect("a box"));
        // A box ends at a third, so that half of the file is enough for it.
        let mut damaged = whole.clone();
        let behind = damaged.len() - 4000;
        damaged[behind..behind + 2000].fill(0x55);
        for other in [&whole[..whole.len() / 2], &damaged] {
            std::fs::write(file.path(), other).expect("a file");
            let found = read_volume_within(file.path(), &part).expect("damage is behind the box");
            assert_eq!(bits(&found), expected, "{packing:?}");
            assert!(read_volume_within(file.path(), &last).is_err(), "{packing:?}");
            assert!(read_volume_with_range(file.path(), &part).is_err(), "{packing:?}");
        }
        let cut = [400, whole.len() / 20, whole.len() / 10];
        for end in cut {
            std::fs::write(file.path(), &whole[..end]).expect("a file");
            let found = read_volume_within(file.path(), &part)
                .expect_err("cut before the box")
                .problem;
            assert!(
                matches!(found, Problem::Truncated { .. } | Problem::Implausible { .. }),
                "{found}"
            );
        }
        // The checksum tells what the decompressor does not.
        let mut wrong = whole.clone();
        let at = wrong.len() - 8;
        wrong[at] ^= 1;
        std::fs::write(file.path(), &wrong).expect("a file");
        assert!(read_volume_within(file.path(), &part).is_ok());
        assert!(read_volume_within(file.path(), &last).is_err());
    }
    // A plain file is known to be too short.
    let whole = nrrd("short", size, false, Packing::Raw, &bytes);
    std::fs::write(file.path(), &whole[..whole.len() - 1]).expect("a file");
    assert!(matches!(
        read_volume_within(file.path(), &part).map_err(|e| e.problem),
        Err(Problem::Truncated { .. })
    ));
}

#[test]
fn boxes_that_are_none() {
    let size = [8, 8, 8];
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), nrrd("uchar", size, false, Packing::Raw, &[0; 512])).expect("a file");
    for (lower, size) in [
        ([0, 0, 0], [0, 1, 1]),
        ([0, 0, 0], [9, 8, 8]),
        ([8, 0, 0], [1, 1, 1]),
        ([usize::MAX, 0, 0], [2, 1, 1]),
    ] {
        let bounds = Bounds { lower, size };
        let found = read_volume_within(file.path(), &bounds).expect_err("no box").problem;
        assert!(matches!(found, Problem::Bounds(VolumeError::Outside { .. })), "{found}");
        assert!(read_volume_with_range(file.path(), &bounds).is_err());
    }
    // The limit counts for the box.
    let limits = Limits { voxel_bytes: 100 };
    let some = |n| Bounds {
        lower: [1; 3],
        size: [n; 3],
    };
    assert!(read_volume_within_with(file.path(), &some(4), &limits).is_ok());
    assert!(read_volume_with_range_with(file.path(), &some(4), &limits).is_ok());
    let found = read_volume_within_with(file.path(), &some(5), &limits).expect_err("too large");
    assert!(matches!(
        found.problem,
        Problem::TooLarge {
            needed: 125,
            limit: 100
        }
    ));
}
