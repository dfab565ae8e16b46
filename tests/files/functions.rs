//! Promise 3 for our own functions: the list comes from the catalogue.

use super::common::{run, runtime};
use super::place::{DICOM, DICOM_FILE, IMAGE, MASK, MODEL, Place, SETTINGS, nrrd, refused, works};
use radsql_udfs::catalogue;
use radsql_udfs::doc::{Doc, Kind};
use std::os::unix::fs::symlink;

/// The file for an argument that means one.
fn file_for(function: &Doc, argument: &str, meaning: &str) -> Option<&'static str> {
    match argument {
        "image" => Some(IMAGE),
        "mask" => Some(MASK),
        "path" => Some(DICOM_FILE),
        "reference" => Some(IMAGE),
        "settings" => Some(SETTINGS),
        "model" if meaning.contains("file") => Some(MODEL),
        _ => {
            let words: Vec<&str> = meaning.split(|c: char| !c.is_alphanumeric()).collect();
            let suspicious = ["file", "files", "folder", "image", "DICOM"];
            let means_one = suspicious.iter().any(|word| words.contains(word));
            assert!(
                !means_one || argument == "include_phi",
                "{}: what file does the argument '{argument}' mean? ({meaning})",
                function.name
            );
            None
        }
    }
}

/// Functions with an argument that is a file, and those arguments.
fn functions_of_files() -> Vec<(Doc, Vec<(&'static str, &'static str)>)> {
    let of_files = |doc: Doc| {
        let files = doc.arguments.iter();
        let files: Vec<_> = files
            .filter_map(|(name, meaning)| Some((*name, file_for(&doc, name, meaning)?)))
            .collect();
        (!files.is_empty()).then_some((doc, files))
    };
    catalogue().into_iter().filter_map(of_files).collect()
}

fn call(doc: &Doc, values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|v| format!("'{v}'")).collect();
    let call = format!("{}({})", doc.name, values.join(", "));
    match doc.kind {
        Kind::Scalar => format!("SELECT {call} IS NULL"),
        Kind::Table => format!("SELECT count(*) FROM {call}"),
        other => panic!(
            "{}: no call of a function of the kind {other:?} is known here",
            doc.name
        ),
    }
}

#[test]
fn promise_03_no_function_reads_what_lies_outside() {
    runtime(2).block_on(async {
        let place = Place::new().await;
        let session = place.session(None);
        let functions = functions_of_files();
        for known in [
            "radiomics",
            "radiomics_diagnostics",
            "deep_features",
            "scan_info",
            "mask_info",
            "slice_plot",
        ] {
            assert!(functions.iter().any(|(doc, _)| doc.name == known), "{known}");
        }
        for (doc, files) in &functions {
            let inside: Vec<String> = files
                .iter()
                .map(|(_, file)| place.text(&format!("in/{file}")))
                .collect();
            let sql = call(doc, &inside);
            let rows = works(&session, &sql).await;
            assert!(rows[0] == "false" || doc.kind == Kind::Table, "{sql}: {rows:?}");
            for (at, (_, file)) in files.iter().enumerate() {
                for way in place.ways_out(file) {
                    let with = |path: &str| {
                        let mut values = inside.clone();
                        values[at] = path.into();
                        call(doc, &values)
                    };
                    refused(&session, &way, with).await;
                }
            }
        }
        // From a cell, where no planning sees the path.
        let way = place.text("in/link_out/ct.nii.gz");
        let of_cell = |path: &str| format!("SELECT scan_info(path) FROM (VALUES ('{path}')) AS t(path)");
        refused(&session, &way, of_cell).await;
        // A session that may read everything still does.
        let sql = format!("SELECT file_hash('{}')", place.text("out/ct.nii.gz"));
        assert_eq!(works(&radsql::Session::new().unwrap(), &sql).await.len(), 1);
    });
}

#[test]
fn promise_03_dicom_folders_end_where_links_lead_away() {
    runtime(2).block_on(async {
        let place = Place::new().await;
        let session = place.session(None);
        let files = |folder: &str| format!("SELECT count(*) FROM dicom_tags('{folder}#series=1.2.3')");
        for way in place.ways_out(DICOM) {
            refused(&session, &way, |path| format!("SELECT scan_info('{path}')")).await;
            refused(&session, &way, |path| format!("SELECT mask_info('{path}', '{path}')")).await;
            refused(&session, &way, |path| files(path)).await;
        }
        // A folder with nothing but links to slices outside is an empty one.
        let linked = place.path("in/linked");
        std::fs::create_dir(&linked).unwrap();
        symlink(place.path("out").join(DICOM), linked.join("folder")).unwrap();
        for entry in std::fs::read_dir(place.path("out").join(DICOM)).unwrap() {
            let entry = entry.unwrap();
            symlink(entry.path(), linked.join(entry.file_name())).unwrap();
        }
        let told = run(&session, &format!("SELECT scan_info('{}')", linked.display())).await;
        let told = told.unwrap_err();
        assert!(told.contains("holds no DICOM image series"), "{told}");
        assert!(told.contains("files seen: 0 not DICOM, 0 segmentations"), "{told}");
        // A link to slices inside is followed.
        let inside = place.path("in/linked_inside");
        std::fs::create_dir(&inside).unwrap();
        symlink(place.path("in").join(DICOM), inside.join("folder")).unwrap();
        works(&session, &format!("SELECT scan_info('{}')", inside.display())).await;
    });
}

#[test]
fn promise_21_names_inside_a_file_lead_nowhere_else() {
    runtime(2).block_on(async {
        let place = Place::new().await;
        let session = place.session(None);
        std::fs::write(place.path("out/voxels.raw"), [7; 8]).unwrap();
        std::fs::write(place.path("in/voxels.raw"), [7; 8]).unwrap();
        symlink(place.path("out/voxels.raw"), place.path("in/linked.raw")).unwrap();
        symlink(place.path("out/none.raw"), place.path("in/nowhere.raw")).unwrap();
        let header = place.path("in/a.nhdr");
        let ask = format!("SELECT scan_info('{}')['max']", header.display());
        let mut told = vec![];
        for name in [
            "../out/voxels.raw",
            "linked.raw",
            "nowhere.raw",
            "link_out/voxels.raw",
            "link_out/none.raw",
        ] {
            std::fs::write(&header, nrrd(name)).unwrap();
            told.push(run(&session, &ask).await.expect_err(name).replace(name, "NAME"));
        }
        told.dedup();
        assert_eq!(told.len(), 1, "{told:#?}");
        std::fs::write(&header, nrrd("voxels.raw")).unwrap();
        assert_eq!(works(&session, &ask).await, ["7.0"]);
        // The two files of a NIfTI pair.
        std::fs::write(place.path("in/pair.hdr"), pair_header()).unwrap();
        std::fs::write(place.path("out/pair.img"), [7; 8]).unwrap();
        symlink(place.path("out/pair.img"), place.path("in/pair.img")).unwrap();
        for name in ["in/pair.hdr", "in/pair.img"] {
            let told = run(&session, &format!("SELECT scan_info('{}')", place.text(name))).await;
            assert!(told.clone().is_err_and(|e| e.contains("lies outside")), "{told:?}");
        }
        std::fs::remove_file(place.path("in/pair.img")).unwrap();
        std::fs::write(place.path("in/pair.img"), [7; 8]).unwrap();
        works(&session, &format!("SELECT scan_info('{}')", place.text("in/pair.hdr"))).await;
        // The description beside a model.
        let model = place.text("in/tiny.onnx");
        std::fs::rename(place.path("in/tiny.json"), place.path("out/moved.json")).unwrap();
        symlink(place.path("out/moved.json"), place.path("in/tiny.json")).unwrap();
        let told = run(&session, &format!("CREATE MODEL m FROM '{model}'"))
            .await
            .unwrap_err();
        assert!(told.contains("lies outside"), "{told}");
    });
}

/// A NIfTI-1 header of two by two by two bytes, whose voxels lie in another file.
fn pair_header() -> Vec<u8> {
    let mut header = vec![0; 348];
    header[..4].copy_from_slice(&348_i32.to_le_bytes());
    for (at, size) in [3, 2, 2, 2, 1, 1, 1, 1_i16].into_iter().enumerate() {
        header[40 + 2 * at..42 + 2 * at].copy_from_slice(&size.to_le_bytes());
    }
    header[70..72].copy_from_slice(&2_i16.to_le_bytes());
    header[72..74].copy_from_slice(&8_i16.to_le_bytes());
    for at in 0..4 {
        header[76 + 4 * at..80 + 4 * at].copy_from_slice(&1_f32.to_le_bytes());
    }
    header[254..256].copy_from_slice(&1_i16.to_le_bytes());
    for row in 0..3 {
        let at = 280 + 16 * row + 4 * row;
        header[at..at + 4].copy_from_slice(&1_f32.to_le_bytes());
    }
    header[344..348].copy_from_slice(b"ni1\0");
    header
}
