//! `EXPLAIN ANALYZE` of queries that extract features, through the real binary.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const TABLE: &str = "CREATE EXTERNAL TABLE s STORED AS NIFTI LOCATION 'demo/crlm/' \
                     OPTIONS (image '{patient_id}/ct.nii.gz', mask '{patient_id}/seg/Tumor_1.nii.gz');\n";

const STAGES: [&str; 4] = ["reading", "filtering", "computing", "waiting_for_memory"];

fn radsql(dir: &Path, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_radsql"))
        .args(args)
        .current_dir(dir)
        .env("XDG_CACHE_HOME", dir.join("cache"))
        .output()
        .expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    assert!(output.status.success(), "{args:?}: {}", text(output.stderr));
    text(output.stdout)
}

fn cohort() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    radsql(dir.path(), &["demo", "demo", "--patients", "3", "--external", "0"]);
    dir
}

/// The metrics of each node that works on scans, in the plan's order.
fn analyze(dir: &Path, query: &str) -> Vec<BTreeMap<String, String>> {
    let began = Instant::now();
    let plan = radsql(dir, &["-c", &format!("{TABLE} EXPLAIN ANALYZE {query}")]);
    let wall = began.elapsed();
    let nodes: Vec<BTreeMap<String, String>> = plan
        .lines()
        .filter_map(|line| line.trim().strip_prefix("ScanWorkExec, metrics=["))
        .map(|metrics| {
            let metrics = metrics.split(']').next().unwrap_or_default();
            let pairs = metrics.split(", ").map(|m| m.split_once('=').expect("a metric"));
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        })
        .collect();
    assert!(!nodes.is_empty(), "{plan}");
    let times = nodes
        .iter()
        .flatten()
        .filter(|(name, _)| STAGES.iter().any(|s| name.ends_with(s)));
    let sum: Duration = times.map(|(_, time)| duration(time)).sum();
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u32;
    assert!(
        sum <= wall * threads,
        "{sum:?} in {wall:?} of {threads} threads: {plan}"
    );
    nodes
}

fn duration(text: &str) -> Duration {
    // Units by their ends: "ms" before "s".
    let units = [("ns", 1e-9), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0)];
    let (number, unit) = units
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))
        .unwrap_or_else(|| panic!("'{text}' is no time"));
    Duration::from_secs_f64(number.parse::<f64>().expect("a number") * unit)
}

/// Scans, scans read, features computed, features from the cache.
fn counts(node: &BTreeMap<String, String>, function: &str) -> [u64; 4] {
    ["scans", "scans_read", "features_computed", "features_from_cache"].map(|what| {
        let name = format!("{function}_{what}");
        let value = node.get(&name).unwrap_or_else(|| panic!("no {name} in {node:?}"));
        value.parse().unwrap_or_else(|_| panic!("{name} is {value}"))
    })
}

fn seconds(node: &BTreeMap<String, String>, function: &str, stage: &str) -> f64 {
    let name = format!("{function}_{stage}");
    duration(node.get(&name).unwrap_or_else(|| panic!("no {name} in {node:?}"))).as_secs_f64()
}

const TWO: &str = "SELECT radiomics(image, mask)['original_shape_Sphericity'] AS a, \
                   radiomics(image, mask)['original_glcm_Contrast'] AS b FROM s";

#[test]
fn scans_features_and_seconds_with_a_cold_and_a_warm_cache() {
    let dir = cohort();
    let cold = analyze(dir.path(), TWO);
    assert_eq!(cold.len(), 1);
    assert_eq!(counts(&cold[0], "radiomics"), [3, 3, 6, 0]);
    for stage in ["reading", "computing"] {
        assert!(seconds(&cold[0], "radiomics", stage) > 0.0, "{stage}: {cold:?}");
    }
    let warm = analyze(dir.path(), TWO);
    assert_eq!(counts(&warm[0], "radiomics"), [3, 0, 0, 6], "nothing was read");
    assert!(seconds(&warm[0], "radiomics", "reading") > 0.0, "the cache was asked");
    assert!(seconds(&warm[0], "radiomics", "computing") < 1e-8, "DataFusion's least");
    // One feature is new.
    let part = TWO.replace("original_glcm_Contrast", "original_firstorder_Mean");
    assert_eq!(counts(&analyze(dir.path(), &part)[0], "radiomics"), [3, 3, 3, 3]);
    // Filters take time of their own.
    let wavelet = "SELECT radiomics(image, mask, 'wavelet')['wavelet-LLH_firstorder_Mean'] AS a FROM s";
    let filtered = analyze(dir.path(), wavelet);
    assert_eq!(counts(&filtered[0], "radiomics"), [3, 3, 3, 0]);
    assert!(seconds(&filtered[0], "radiomics", "filtering") > 0.0, "{filtered:?}");
}

#[test]
fn two_extractions_in_one_query_are_told_apart() {
    let dir = cohort();
    // Two nodes of the plan, each with its own scans.
    let union = "SELECT radiomics(image, mask)['original_firstorder_Mean'] AS a FROM s WHERE patient_id = 'CRLM-DEMO-0001' \
                 UNION ALL SELECT radiomics(image, mask, 'setting: {binWidth: 10}')['original_firstorder_Median'] AS a FROM s";
    let nodes = analyze(dir.path(), union);
    let found: Vec<_> = nodes.iter().map(|n| counts(n, "radiomics")).collect();
    assert_eq!(found, [[1, 1, 1, 0], [3, 3, 3, 0]]);
    // Two functions of one node.
    let both = "SELECT radiomics(image, mask)['original_firstorder_Mean'] AS a, \
                deep_features(image, mask, 'demo/models/resnet10.onnx')[1] AS b FROM s";
    let nodes = analyze(dir.path(), both);
    assert_eq!(nodes.len(), 1, "{nodes:?}");
    assert_eq!(counts(&nodes[0], "radiomics"), [3, 2, 2, 1]);
    let [scans, read, computed, cached] = counts(&nodes[0], "deep_features");
    assert_eq!((scans, read, cached), (3, 3, 0));
    assert!(computed > 0 && computed % 3 == 0, "the network's outputs: {computed}");
    for stage in ["reading", "filtering", "computing"] {
        assert!(seconds(&nodes[0], "deep_features", stage) > 0.0, "{stage}: {nodes:?}");
    }
    let again = analyze(dir.path(), both);
    assert_eq!(counts(&again[0], "radiomics"), [3, 0, 0, 3]);
    assert_eq!(counts(&again[0], "deep_features"), [3, 0, 0, computed]);
    // Below a filter and an aggregate.
    let grouped = "SELECT count(*) AS n, avg(radiomics(image, mask)['original_firstorder_Mean']) AS m FROM s \
                   WHERE mask_info(image, mask)['voxels'] > 1";
    let nodes = analyze(dir.path(), grouped);
    let of = |function: &str| {
        let nodes: Vec<_> = nodes
            .iter()
            .filter(|n| n.contains_key(&format!("{function}_scans")))
            .collect();
        assert_eq!(nodes.len(), 1, "{function}: {nodes:?}");
        counts(nodes[0], function)
    };
    assert_eq!(of("radiomics"), [3, 0, 0, 3]);
    assert_eq!(of("mask_info"), [3, 3, 0, 0]);
}

#[test]
fn plans_that_are_not_analyzed_have_no_such_node() {
    let dir = cohort();
    let plan = radsql(dir.path(), &["-c", &format!("{TABLE} EXPLAIN {TWO}")]);
    assert!(
        plan.contains("AsyncFuncExec") && !plan.contains("ScanWorkExec"),
        "{plan}"
    );
}
