//! Scans through SQL: bad input is said, with file and reason, and loses nothing; references keep their kind.

mod common;

use common::{run, runtime};
use radsql::Session;
use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;

/// A NIfTI-1 file of float voxels, made by hand: 12 x 10 x 6 voxels of 1 x 1 x 2 mm, 8 x 6 x 4 of them the region.
struct Nifti {
    size: [usize; 3],
    spacing: [f32; 3],
    origin: [f32; 3],
    /// A quarter turn about z, where set.
    turned: bool,
    voxels: Vec<f32>,
}

impl Nifti {
    fn new(value: impl Fn(usize, usize, usize) -> f32) -> Self {
        Self::of_size([12, 10, 6], value)
    }

    fn of_size(size: [usize; 3], value: impl Fn(usize, usize, usize) -> f32) -> Self {
        let mut voxels = vec![];
        for z in 0..size[2] {
            for y in 0..size[1] {
                voxels.extend((0..size[0]).map(|x| value(x, y, z)));
            }
        }
        Self {
            size,
            spacing: [1.0, 1.0, 2.0],
            origin: [0.0; 3],
            turned: false,
            voxels,
        }
    }

    fn image() -> Self {
        Self::new(|x, y, z| ((x * 37 + y * 101 + z * 59) % 211) as f32)
    }

    fn mask() -> Self {
        Self::new(|x, y, z| {
            f32::from(u8::from(
                (2..10).contains(&x) && (2..8).contains(&y) && (1..5).contains(&z),
            ))
        })
    }

    fn write(&self, path: &Path) {
        let mut header = [0u8; 352];
        let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &348i32.to_le_bytes());
        for (i, n) in [3, self.size[0], self.size[1], self.size[2], 1, 1, 1, 1]
            .into_iter()
            .enumerate()
        {
            put(40 + 2 * i, &i16::try_from(n).expect("a small size").to_le_bytes());
        }
        put(70, &16i16.to_le_bytes()); // float
        put(72, &32i16.to_le_bytes());
        for (i, s) in [1.0, self.spacing[0], self.spacing[1], self.spacing[2]]
            .into_iter()
            .enumerate()
        {
            put(76 + 4 * i, &s.to_le_bytes());
        }
        put(108, &352f32.to_le_bytes());
        put(112, &1f32.to_le_bytes());
        put(254, &1i16.to_le_bytes()); // sform
        let [sx, sy, sz] = self.spacing;
        let [ox, oy, oz] = self.origin;
        let rows = if self.turned {
            [[0.0, -sy, 0.0, ox], [sx, 0.0, 0.0, oy], [0.0, 0.0, sz, oz]]
        } else {
            [[sx, 0.0, 0.0, ox], [0.0, sy, 0.0, oy], [0.0, 0.0, sz, oz]]
        };
        for (i, v) in rows.into_iter().flatten().enumerate() {
            put(280 + 4 * i, &v.to_le_bytes());
        }
        put(344, b"n+1\0");
        let mut file = header.to_vec();
        file.extend(self.voxels.iter().flat_map(|v| v.to_le_bytes()));
        fs::write(path, file).expect("a file");
    }
}

/// Good and bad scans: `(name, image, mask, parts of the message)`. Two good ones stand first and last.
fn bad_scans(dir: &Path) -> Vec<(&'static str, String, String, Vec<&'static str>)> {
    let path = |name: &str| dir.join(name).display().to_string();
    let write = |name: &str, nifti: Nifti| {
        nifti.write(&dir.join(name));
        path(name)
    };
    let image = write("image.nii", Nifti::image());
    let mask = write("mask.nii", Nifti::mask());
    let smaller = write("smaller.nii", Nifti::of_size([12, 10, 5], |_, _, _| 1.0));
    let spaced = write(
        "spaced.nii",
        Nifti {
            spacing: [1.0, 1.0, 2.5],
            ..Nifti::mask()
        },
    );
    let moved = write(
        "moved.nii",
        Nifti {
            origin: [0.0, 3.0, 0.0],
            ..Nifti::mask()
        },
    );
    let turned = write(
        "turned.nii",
        Nifti {
            turned: true,
            ..Nifti::mask()
        },
    );
    let empty = write("empty.nii", Nifti::new(|_, _, _| 0.0));
    let two = write("two.nii", Nifti::new(|x, _, _| if x < 6 { 2.0 } else { 5.0 }));
    let voxel = write(
        "voxel.nii",
        Nifti::new(|x, y, z| f32::from(u8::from((x, y, z) == (5, 5, 3)))),
    );
    let nan = write(
        "nan.nii",
        Nifti::new(|x, y, z| {
            if (x, y, z) == (5, 5, 3) {
                f32::NAN
            } else {
                (x * y + z) as f32
            }
        }),
    );
    let mut short = fs::read(&image).expect("a file");
    short.truncate(1500);
    fs::write(dir.join("short.nii"), short).expect("a file");
    fs::write(dir.join("text.nii"), "patient;age\n").expect("a file");
    let cohort = common::cohort(1);
    let mut gzip = fs::read(cohort.path().join("crlm/CRLM-DEMO-0001/ct.nii.gz")).expect("a file");
    gzip.truncate(gzip.len() / 2);
    fs::write(dir.join("truncated.nii.gz"), gzip).expect("a file");
    vec![
        ("good", image.clone(), mask.clone(), vec![]),
        (
            "missing image",
            path("absent.nii"),
            mask.clone(),
            vec!["image", "absent.nii", "No such file"],
        ),
        (
            "missing mask",
            image.clone(),
            path("absent.nii"),
            vec!["mask", "absent.nii", "No such file"],
        ),
        (
            "truncated gzip",
            path("truncated.nii.gz"),
            mask.clone(),
            vec!["image", "truncated.nii.gz"],
        ),
        (
            "truncated file",
            path("short.nii"),
            mask.clone(),
            vec!["image", "short.nii"],
        ),
        ("no image", path("text.nii"), mask.clone(), vec!["image", "text.nii"]),
        (
            "another size",
            image.clone(),
            smaller,
            vec!["smaller.nii", "size", "6", "5"],
        ),
        (
            "another spacing",
            image.clone(),
            spaced,
            vec!["spaced.nii", "spacing", "(1, 1, 2.5) mm", "differs by 0.5 mm"],
        ),
        (
            "another origin",
            image.clone(),
            moved,
            vec![
                "moved.nii",
                "origin is (0, 0, 0) mm",
                "(0, -3, 0) mm",
                "differs by 3 mm",
            ],
        ),
        (
            "another direction",
            image.clone(),
            turned,
            vec!["turned.nii", "direction", "differs by"],
        ),
        ("empty mask", image.clone(), empty, vec!["mask", "empty.nii", "empty"]),
        (
            "absent label",
            image.clone(),
            format!("{two}#label=7"),
            vec!["two.nii", "label 7", "2", "5"],
        ),
        ("one voxel", image.clone(), voxel, vec!["voxel.nii", "only one voxel"]),
        ("NaN voxels", nan, mask.clone(), vec!["nan.nii", "NaN"]),
        ("good again", image, mask, vec![]),
    ]
}

#[test]
fn each_bad_scan_says_file_and_reason() {
    let dir = tempfile::tempdir().expect("a folder");
    let scans = bad_scans(dir.path());
    runtime(2).block_on(async {
        let session = Session::new().expect("a session");
        for (name, image, mask, parts) in &scans {
            let result = run(
                &session,
                &format!("SELECT radiomics('{image}', '{mask}')['original_glcm_Contrast'] > 0"),
            )
            .await;
            match (result, parts.is_empty()) {
                (Ok(rows), true) => assert_eq!(rows, ["true"], "{name}"),
                (Err(message), false) => {
                    eprintln!("{name}: {}", message.replace(&dir.path().display().to_string(), ""));
                    assert!(message.starts_with("radiomics: "), "{name}: {message}");
                    for part in parts {
                        assert!(message.contains(part), "{name}: '{part}' is not in: {message}");
                    }
                    assert!(
                        message.len() < 600 && !message.contains("Some(") && !message.contains('{'),
                        "{name}: {message}"
                    );
                }
                (other, _) => panic!("{name}: {other:?}"),
            }
        }
        // The process and the session live on.
        assert_eq!(run(&session, "SELECT 1").await, Ok(vec!["1".into()]));
        assert_eq!(session.context().runtime_env().memory_pool.reserved(), 0);
    });
}

#[test]
fn a_bad_scan_loses_no_other() {
    let dir = tempfile::tempdir().expect("a folder");
    let scans = bad_scans(dir.path());
    let rows: Vec<String> = scans
        .iter()
        .enumerate()
        .map(|(i, (name, image, mask, _))| format!("({i}, '{name}', '{image}', '{mask}')"))
        .collect();
    let table = format!(
        "CREATE TABLE scans AS SELECT * FROM (VALUES {}) AS t(i, name, image, mask)",
        rows.join(", ")
    );
    runtime(2).block_on(async {
        let session = Session::new().expect("a session");
        run(&session, &table).await.expect("a table");
        let query = "SELECT i, name, radiomics(image, mask)['original_glcm_Contrast'] AS c FROM scans ORDER BY i";
        let message = run(&session, query).await.expect_err("fails by default");
        assert!(
            message.contains("absent.nii"),
            "the first bad scan of the table: {message}"
        );
        assert!(
            run(&session, "SELECT * FROM scan_errors()")
                .await
                .expect("rows")
                .is_empty(),
            "a stopped query notes nothing"
        );

        run(&session, "SET radsql.on_error = 'null'").await.expect("a setting");
        let found = run(&session, query).await.expect("rows");
        assert_eq!(found.len(), scans.len());
        let good = run(
            &session,
            "SELECT radiomics(image, mask)['original_glcm_Contrast'] FROM scans WHERE i = 0",
        )
        .await;
        let good = good.expect("a row").remove(0);
        for (row, (name, _, _, parts)) in found.iter().zip(&scans) {
            let value = row.rsplit('|').next().expect("a cell");
            assert_eq!(value, if parts.is_empty() { good.as_str() } else { "NULL" }, "{name}");
        }
        // A whole struct is NULL then, not a struct of NULLs.
        let nulls = run(
            &session,
            "SELECT count(*) FROM scans WHERE radiomics(image, mask) IS NULL",
        )
        .await
        .expect("a row");
        assert_eq!(nulls, [(scans.len() - 2).to_string()]);

        let errors = "SELECT s.name, e.function, e.message, count(*) OVER () FROM scan_errors() AS e JOIN scans AS s \
                      USING (image, mask) WHERE e.when <= now() ORDER BY s.i, e.when";
        let errors = run(&session, errors).await.expect("rows");
        for (name, _, _, parts) in &scans {
            let own: Vec<&String> = errors.iter().filter(|e| e.starts_with(&format!("{name}|"))).collect();
            assert_eq!(
                own.len(),
                if parts.is_empty() { 0 } else { 2 },
                "{name}: two queries met it"
            );
            for e in own {
                assert!(e.contains("|radiomics|") && parts.iter().all(|p| e.contains(p)), "{e}");
            }
        }
    });
}

#[test]
fn scan_info_and_mask_info_note_theirs() {
    let dir = tempfile::tempdir().expect("a folder");
    let scans = bad_scans(dir.path());
    runtime(2).block_on(async {
        let session = Session::new().expect("a session");
        let (_, image, mask, _) = &scans[0];
        let absent = &scans[1].1;
        let e = run(&session, &format!("SELECT scan_info('{absent}')")).await.expect_err("fails");
        assert!(e.starts_with("scan_info: image: ") && e.contains("absent.nii"), "{e}");
        let e = run(&session, &format!("SELECT mask_info('{image}', '{absent}')")).await.expect_err("fails");
        assert!(e.starts_with("mask_info: mask: ") && e.contains("absent.nii"), "{e}");
        let moved = &scans[8].2;
        let e = run(&session, &format!("SELECT mask_info('{image}', '{moved}')")).await.expect_err("fails");
        assert!(e.contains("different grids") && e.contains("origin") && e.contains('3'), "{e}");
        run(&session, "SET radsql.on_error = 'null'").await.expect("a setting");
        let sql = format!("SELECT scan_info('{absent}') IS NULL, mask_info('{image}', '{moved}') IS NULL, mask_info('{image}', '{mask}')['voxels']");
        assert_eq!(run(&session, &sql).await, Ok(vec!["true|true|192".into()]));
        let functions = run(&session, "SELECT function FROM scan_errors() ORDER BY function").await;
        assert_eq!(functions, Ok(vec!["mask_info".into(), "scan_info".into()]));
    });
}

#[test]
fn settings_and_templates_that_fit_nothing_are_said() {
    let dir = tempfile::tempdir().expect("a folder");
    let scans = bad_scans(dir.path());
    let (_, image, mask, _) = &scans[0];
    fs::write(dir.path().join("params.yaml"), "setting:\n  binWith: 25\n").expect("a file");
    let params = dir.path().join("params.yaml").display().to_string();
    let dir = dir.path().display();
    let table = |options: &str| format!("CREATE EXTERNAL TABLE t STORED AS NIFTI LOCATION '{dir}' {options}");
    let wrong: Vec<(String, Vec<&str>)> = vec![
        (
            format!("SELECT radiomics('{image}', '{mask}', 'nowhere.yaml')"),
            vec!["parameter file 'nowhere.yaml' cannot be read"],
        ),
        (
            format!("SELECT radiomics('{image}', '{mask}', '{params}')"),
            vec!["params.yaml", "no setting 'binWith'"],
        ),
        (
            format!("SELECT radiomics('{image}', '{mask}', 'setting: [')"),
            vec!["neither YAML nor JSON"],
        ),
        (
            format!("SELECT radiomics('{image}', '{mask}')['original_glcm_Contrst']"),
            vec!["original_glcm_Contrst"],
        ),
        (
            table("OPTIONS (image '{patient_id}/ct.nii.gz')"),
            vec!["no file below", "fits the image template '{patient_id}/ct.nii.gz'"],
        ),
        (
            table("OPTIONS (image '{patient_id/ct.nii')"),
            vec!["{patient_id/ct.nii", "braces"],
        ),
        (
            table("OPTIONS (mask '{patient_id}.nii')"),
            vec!["mask needs option image"],
        ),
        (
            table("OPTIONS (images 'x.nii')"),
            vec!["no option 'images'", "image, mask"],
        ),
        (
            table("OPTIONS (image '../{x}.nii')"),
            vec!["'../{x}.nii'", "below the LOCATION"],
        ),
        (
            format!("CREATE EXTERNAL TABLE t STORED AS NRRD LOCATION '{dir}'"),
            vec!["no file below", ".nrrd or .nhdr"],
        ),
        (
            format!("CREATE EXTERNAL TABLE t STORED AS NIFTI LOCATION '{dir}/absent'"),
            vec!["absent' does not exist"],
        ),
        (
            format!("CREATE EXTERNAL TABLE t (a INT) STORED AS NIFTI LOCATION '{dir}'"),
            vec!["columns of its own"],
        ),
    ];
    runtime(2).block_on(async {
        let session = Session::new().expect("a session");
        for (sql, parts) in wrong {
            let message = run(&session, &sql).await.expect_err(&sql);
            for part in parts {
                assert!(message.contains(part), "'{part}' is not in: {message}");
            }
        }
    });
}

#[test]
fn references_keep_their_kind() {
    let cohort = common::cohort(2);
    runtime(2).block_on(async {
        let session = common::session_on(cohort.path()).await;
        let kind = |schema: &datafusion::common::DFSchema, name: &str| {
            let field = schema.field_with_unqualified_name(name).expect("a column");
            field
                .metadata()
                .get("ARROW:extension:name")
                .cloned()
                .unwrap_or_default()
        };
        run(&session, "CREATE VIEW v AS SELECT patient_id, image, mask FROM scans")
            .await
            .expect("a view");
        run(
            &session,
            "CREATE TABLE t AS SELECT patient_id, image, mask AS region FROM scans",
        )
        .await
        .expect("a table");
        for (sql, image, mask) in [
            ("SELECT * FROM scans", "image", "mask"),
            ("SELECT * FROM v", "image", "mask"),
            ("SELECT * FROM t", "image", "region"),
            (
                "WITH w AS (SELECT * FROM v) SELECT image AS i, mask AS m FROM w ORDER BY patient_id",
                "i",
                "m",
            ),
            (
                "SELECT a.image, b.region FROM v AS a JOIN t AS b USING (patient_id)",
                "image",
                "region",
            ),
            ("SELECT * FROM train_test_split(v, id => patient_id)", "image", "mask"),
            (
                "SELECT image, mask FROM v UNION ALL SELECT image, region FROM t",
                "image",
                "mask",
            ),
        ] {
            let frame = session.sql(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
            assert_eq!(kind(frame.schema(), image), "radsql.image", "{sql}");
            assert_eq!(kind(frame.schema(), mask), "radsql.mask", "{sql}");
            let batches = frame.collect().await.expect("rows");
            let of_batch = batches[0]
                .schema()
                .field_with_name(image)
                .expect("a column")
                .metadata()
                .get("ARROW:extension:name")
                .cloned();
            assert_eq!(of_batch.as_deref(), Some("radsql.image"), "{sql}, in its batches");
        }
        for (sql, message) in [
            (
                "SELECT radiomics(mask, image) FROM scans",
                "radiomics: argument 1 must be the image, and column 'mask' is a mask",
            ),
            (
                "SELECT radiomics(image, image) FROM v",
                "radiomics: argument 2 must be the mask, and column 'image' is an image",
            ),
            (
                "SELECT scan_info(region) FROM t",
                "scan_info: argument 1 must be the image, and column 'region' is a mask",
            ),
            (
                "SELECT mask_info(m, i) FROM (SELECT image AS i, mask AS m FROM v)",
                "mask_info: argument 1 must be the image",
            ),
        ] {
            let e = session.sql(sql).await.map(|_| ()).expect_err(sql);
            assert!(radsql::engine::message(&e).starts_with(message), "{sql}: {e}");
        }
        assert_eq!(session.work().features.load(Ordering::Relaxed), 0);
    });
}
