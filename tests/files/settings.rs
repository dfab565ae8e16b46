//! What a session says of itself, what of others it does not see, and who may ask for identifying values.

use super::common::{run, runtime};
use super::place::{DICOM, DICOM_FILE, Place, works};
use radsql::{FilePolicy, Session, SessionBuilder};
use radsql_udfs::RadsqlOptions;

fn change(session: &Session, how: impl FnOnce(&mut RadsqlOptions)) {
    let state = session.context().state_ref();
    let mut state = state.write();
    let extensions = &mut state.config_mut().options_mut().extensions;
    how(extensions.get_mut::<RadsqlOptions>().expect("radsql's options"));
}

#[test]
fn promise_06_no_folder_of_the_server_is_shown() {
    runtime(2).block_on(async {
        let place = Place::new().await;
        let cache = place.text("cache");
        let build = |files| SessionBuilder {
            cache_dir: cache.clone(),
            files,
            memory_limit: Some(64 << 20),
            ..SessionBuilder::default()
        };
        let files = FilePolicy::within(&[place.path("in")], None).unwrap();
        let session = build(files).build().unwrap();
        // More than fits in memory: now there is a temporary folder.
        let sort = "SELECT count(*) FROM (SELECT value, repeat('x', 100) AS t FROM range(500000) ORDER BY t, value DESC) LIMIT 1";
        works(&session, "SET datafusion.execution.target_partitions = 1").await;
        let _ = run(&session, sort).await;
        let temporary = std::env::temp_dir().display().to_string();
        for sql in [
            "SHOW ALL",
            "SHOW radsql.cache_dir",
            "SHOW datafusion.runtime.temp_directory",
            "SELECT * FROM information_schema.df_settings",
            "SELECT value FROM information_schema.df_settings WHERE name LIKE '%dir%'",
            "SELECT x.value FROM information_schema.df_settings AS x",
        ] {
            for row in run(&session, sql).await.unwrap_or_default() {
                assert!(!row.contains(&cache) && !row.contains(&temporary), "{sql}: {row}");
                assert!(!row.contains("temp_directory|"), "{sql}: {row}");
            }
        }
        assert_eq!(works(&session, "SHOW radsql.cache_dir").await, ["radsql.cache_dir|(set)"]);
        works(&session, &format!("CREATE MODEL m FROM '{}'", place.text("in/tiny.onnx"))).await;
        assert_eq!(works(&session, "SELECT path FROM deep_models()").await, ["tiny.onnx"]);
        let open = build(FilePolicy::default()).build().unwrap();
        assert_eq!(works(&open, "SHOW radsql.cache_dir").await, [format!("radsql.cache_dir|{cache}")]);
    });
}

#[test]
fn promise_32_identifying_values_need_a_grant() {
    runtime(2).block_on(async {
        let place = Place::new().await;
        let session = place.session(None);
        let (file, folder) = (
            place.text(&format!("in/{DICOM_FILE}")),
            place.text(&format!("in/{DICOM}")),
        );
        let tags = format!("SELECT count(*) FROM dicom_tags('{file}', include_phi => true)");
        let create = |name: &str| {
            format!("CREATE EXTERNAL TABLE {name} STORED AS DICOM LOCATION '{folder}' OPTIONS (include_phi 'true')")
        };
        works(&session, &tags).await;
        works(&session, &create("t")).await;
        works(&session, "SELECT * FROM t").await;
        works(
            &session,
            &format!("CREATE VIEW v AS SELECT * FROM dicom_tags('{file}', true)"),
        )
        .await;
        change(&session, |options| options.identifying_allowed = false);
        for sql in [
            tags.as_str(),
            &create("u"),
            "SELECT * FROM t",
            "SELECT patient_name FROM t",
            "SELECT * FROM v",
        ] {
            let told = run(&session, sql).await.expect_err(sql);
            assert!(
                told.contains("include_phi is not granted to this user"),
                "{sql}\n{told}"
            );
        }
        works(&session, &format!("SELECT count(*) FROM dicom_tags('{file}')")).await;
        let plain = format!("CREATE EXTERNAL TABLE w STORED AS DICOM LOCATION '{folder}'");
        works(&session, &plain).await;
    });
}

#[test]
fn failures_are_shown_to_the_session_that_had_them() {
    runtime(2).block_on(async {
        let place = Place::new().await;
        let session = place.session(None);
        let become_session = |name: Option<&str>| change(&session, |options| options.session = name.map(Into::into));
        let bad = |name: &str| format!("SELECT scan_info('{}')", place.text(&format!("in/{name}.nii")));
        let failures = "SELECT image FROM scan_errors()";
        become_session(Some("ann"));
        run(&session, &bad("x")).await.expect_err("nothing there");
        assert!(works(&session, failures).await.is_empty());
        change(&session, |options| options.record_failures = true);
        run(&session, &bad("a")).await.expect_err("nothing there");
        assert_eq!(works(&session, failures).await, [place.text("in/a.nii")]);
        become_session(Some("ben"));
        assert!(works(&session, failures).await.is_empty());
        works(&session, "SET radsql.on_error = 'null'").await;
        works(&session, &bad("b")).await;
        assert_eq!(works(&session, failures).await, [place.text("in/b.nii")]);
        become_session(None);
        assert!(works(&session, failures).await.is_empty());
        // A folder with a file that nobody understands.
        std::fs::write(
            place.path("in/series/broken"),
            [&[0; 128][..], b"DICM\xff\xff"].concat(),
        )
        .unwrap();
        works(&session, "SET radsql.on_error = 'fail'").await;
        let folder = place.text(&format!("in/{DICOM}"));
        let create = format!("CREATE EXTERNAL TABLE t STORED AS DICOM LOCATION '{folder}'");
        works(&session, &create).await;
        run(&session, "SELECT * FROM t").await.expect_err("a broken file");
        assert_eq!(works(&session, "SELECT function FROM scan_errors()").await, ["scan"]);
    });
}
