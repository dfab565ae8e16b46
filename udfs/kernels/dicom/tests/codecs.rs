//! Every compressed transfer syntax against other people's decoders.

mod common;

use common::{GO_ON, golden, golden_json, numbers, sha256_of};
use radsql_dicom::{DicomError, ListOptions, Problem, ReadOptions, list};
use radsql_imaging::Limits;
use radsql_volume::{Volume, Voxels};

fn read(case: &str) -> Result<Volume, DicomError> {
    let folder = golden("codecs").join(case);
    let listing = list(folder, &ListOptions::default(), &GO_ON, &|_, _| {}).expect("a listing");
    assert!(listing.failures.is_empty(), "{case}: {:?}", listing.failures);
    listing.series[0].read(&ReadOptions::default(), &Limits::default(), &GO_ON)
}

#[test]
fn every_transfer_syntax_gives_the_voxels_of_other_decoders() {
    let expected = golden_json("codecs.json");
    let expected = expected.as_object().unwrap();
    for (case, expected) in expected {
        if let Some(uid) = expected.get("refused") {
            let refused = read(case).expect_err(case);
            assert!(matches!(refused.problem, Problem::Codec { .. }), "{refused}");
            assert!(refused.to_string().contains(uid.as_str().unwrap()), "{refused}");
            continue;
        }
        let volume = read(case).unwrap_or_else(|e| panic!("{case}: {e}"));
        if let Some(sha256) = expected.get("sha256") {
            assert_eq!(sha256_of(&volume), *sha256, "{case}");
            continue;
        }
        let found: Vec<f64> = match volume.voxels() {
            Voxels::U8(a) => a.iter().map(|v| f64::from(*v)).collect(),
            Voxels::U16(a) => a.iter().map(|v| f64::from(*v)).collect(),
            other => panic!("{case}: {}", other.voxel_type().name()),
        };
        let expected = numbers(&expected["voxels"]);
        assert_eq!(found.len(), expected.len(), "{case}");
        let off = found.iter().zip(&expected).map(|(f, e)| (f - e).abs());
        let most = off.fold(0.0, f64::max);
        // A decoder of JPEG may round its cosines otherwise by one grey level (ITU-T T.83); JPEG-LS is exact, near-lossless
        // too, and so is JPEG 2000 as OpenJPEG rounds it, whose translation this is.
        let allowed = if case.starts_with("jpeg_baseline") || case.starts_with("jpeg_extended") {
            1.0
        } else {
            0.0
        };
        assert!(most <= allowed, "{case}: {most}");
    }
    assert!(expected.len() > 20);
}
