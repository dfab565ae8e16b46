//! The studies under `sql/reproduce` run as they are shipped, through the binary, and give what PyRadiomics, R and lifelines
//! give (`tests/golden/reproduce`, made by `examples/peer`).

mod common;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Relative difference allowed: the peer's optimiser and ours stop at different last digits.
const EXACT: f64 = 1e-6;
/// The same for what is fitted to deep features: two engines add 32-bit products in different orders (examples/peer).
const DEEP: f64 = 1e-5;

/// Golden file, and the statement that must give its rows.
const STS: [(&str, &str); 5] = [
    (
        "sts_univariate",
        "SELECT term, n, events, coef, hr, hr_lower, hr_upper, se, z, p, p_adjusted FROM univariate ORDER BY term",
    ),
    (
        "sts_candidates",
        "SELECT term, p, correlation FROM candidates ORDER BY term",
    ),
    (
        "sts_signature",
        "SELECT t['term'] AS term, t['coef'] AS coef, t['hr'] AS hr, t['hr_lower'] AS hr_lower, t['hr_upper'] AS hr_upper, \
         t['se'] AS se, t['z'] AS z, t['p'] AS p FROM (SELECT unnest(fit['terms']) AS t FROM signature)",
    ),
    (
        "sts_scored",
        "SELECT patient_id, rad_score, risk FROM scored ORDER BY patient_id",
    ),
    ("sts_summary", "SELECT * FROM summary ORDER BY end_point"),
];

#[test]
fn sts_gives_what_the_peers_give() {
    let Some(shared) = common::shared() else { return };
    let data = format!("data={}", shared.join("data/sts").display());
    let texts: Vec<&str> = STS.iter().map(|(_, sql)| *sql).collect();
    let run = |threads| run(&steps("sts"), &[&data], &texts, threads, None);
    let output = run(2);
    assert!(output == run(2), "two runs differ");
    assert!(output == run(5), "the result depends on the number of threads");
    compare(&STS, answers(&output), |_| EXACT);
}

// The study of liver metastases

/// A golden file for each table that a paper would print, and the statement that must give its rows.
const CRLM: [(&str, &str); 12] = [
    (
        "crlm_split",
        "SELECT cohort, patient_id, split FROM cohort ORDER BY ALL",
    ),
    (
        "crlm_lesions",
        "SELECT cohort, patient_id, region, voxels, volume_ml FROM lesions ORDER BY ALL",
    ),
    (
        "crlm_univariate",
        "SELECT * EXCLUDE (warning) FROM univariate ORDER BY ALL",
    ),
    ("crlm_candidates", "SELECT term FROM candidates ORDER BY ALL"),
    ("crlm_scored", "SELECT * FROM scored ORDER BY ALL"),
    ("crlm_hazard_ratios", "SELECT * FROM hazard_ratios ORDER BY ALL"),
    ("crlm_medians", "SELECT * FROM medians ORDER BY ALL"),
    ("crlm_log_rank_tests", "SELECT * FROM log_rank_tests ORDER BY ALL"),
    ("crlm_concordances", "SELECT * FROM concordances ORDER BY ALL"),
    ("crlm_areas", "SELECT * FROM areas ORDER BY ALL"),
    (
        "crlm_calibration",
        "SELECT split, n, observed, expected, oe, oe_lower, oe_upper, slope, slope_lower, slope_upper, gnd_p \
         FROM calibration_summary((SELECT os_months, dead, predicted_risk, split FROM risks), time => os_months, event => dead, predicted => predicted_risk, at => :horizon, bins => 4, by => split) ORDER BY ALL",
    ),
    ("crlm_abstract", "SELECT * FROM abstract ORDER BY ALL"),
];

/// Those that deep features enter.
const DEEP_TABLES: [&str; 5] = [
    "crlm_univariate",
    "crlm_scored",
    "crlm_hazard_ratios",
    "crlm_calibration",
    "crlm_abstract",
];

/// A coefficient that has just left 0 has fewer digits than the others: each is taken times its term's standard deviation, and
/// compared with the largest.
fn signature_is_the_peers(output: &str) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/reproduce/crlm_signature.csv");
    let (header, expected) = table(&fs::read_to_string(golden).expect("a golden file"));
    assert_eq!(header, ["term", "coef", "spread", "lambda"]);
    let printed = output
        .split("\n\n")
        .find(|t| t.starts_with("term,coef\n"))
        .expect("the signature is printed");
    let found: BTreeMap<String, f64> = table(printed)
        .1
        .iter()
        .map(|r| (r[0].clone(), number(&r[1]).expect("a number")))
        .collect();
    let value = |cell: &String| number(cell).expect("a number");
    let largest = expected
        .iter()
        .map(|row| (value(&row[1]) * value(&row[2])).abs())
        .fold(0.0, f64::max);
    assert_eq!(found.len(), expected.len());
    for row in &expected {
        let difference = (found[&row[0]] - value(&row[1])) * value(&row[2]);
        assert!(
            difference.abs() <= DEEP * largest,
            "{}: {} instead of {}",
            row[0],
            found[&row[0]],
            row[1]
        );
    }
}

/// The cohort that the goldens are made on.
const COHORT: [&str; 6] = ["--patients", "80", "--external", "32", "--seed", "1"];

fn cohort(form: &'static str) -> &'static Path {
    static NIFTI: OnceLock<PathBuf> = OnceLock::new();
    static DICOM: OnceLock<PathBuf> = OnceLock::new();
    let place = if form == "dicom" { &DICOM } else { &NIFTI };
    place.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reproduce").join(form);
        fs::create_dir_all(&folder).expect("a folder");
        let mut arguments = vec!["demo", "cohort"];
        arguments.extend(COHORT);
        if form == "dicom" {
            arguments.push("--dicom");
        }
        radsql(&arguments, &folder, None);
        folder.join("cohort")
    })
}

/// Runs the study on a cohort, then asks.
fn study(cohort: &Path, format: &str, questions: &[&str], threads: u32, cache: Option<&Path>) -> String {
    let data = format!("data={}", cohort.join("crlm").display());
    let external = format!("external={}", cohort.join("external").display());
    let format = format!("format={format}");
    run(&steps("crlm"), &[&data, &external, &format], questions, threads, cache)
}

#[test]
fn crlm_gives_what_the_peers_give_on_any_number_of_threads_and_from_dicom() {
    let texts: Vec<&str> = CRLM.iter().map(|(_, sql)| *sql).collect();
    let output = study(cohort("nifti"), "nifti", &texts, 2, None);
    compare(&CRLM, answers(&output), |table| {
        if DEEP_TABLES.contains(&table) { DEEP } else { EXACT }
    });
    signature_is_the_peers(&output);
    for threads in [1, 8] {
        let other = study(cohort("nifti"), "nifti", &texts, threads, None);
        assert!(
            output == other,
            "what is printed depends on the number of threads: {threads}"
        );
    }
    let dicom = study(cohort("dicom"), "dicom", &texts, 2, None);
    assert!(
        answers(&output) == answers(&dicom),
        "DICOM gives other numbers than NIfTI"
    );
}

/// The study on a database that stays, closed and opened in its middle: the same is printed, and the last table tells the scans.
#[test]
fn crlm_goes_on_in_a_database_that_was_closed() {
    let texts: Vec<&str> = CRLM.iter().map(|(_, sql)| *sql).collect();
    let in_memory = study(cohort("nifti"), "nifti", &texts, 2, None);
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("study.db");
    let (data, external) = (cohort("nifti").join("crlm"), cohort("nifti").join("external"));
    let sets = [
        format!("data={}", data.display()),
        format!("external={}", external.display()),
        // What the first half sets is the shell's, and is said again.
        "settings=wavelet".into(),
        "seed=42".into(),
        "folds=10".into(),
    ];
    let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
    let steps = steps("crlm");
    let (before, behind) = steps.split_at(7);
    let first = run_on(Some(&database), before, &sets, &[], 2, None);
    let second = run_on(Some(&database), behind, &sets, &texts, 2, None);
    // A blank line stands between tables.
    assert_eq!(format!("{first}\n{second}"), in_memory);

    let asked = "SELECT name, sha256 FROM provenance('scored') WHERE kind = 'file' ORDER BY name";
    let output = run_on(Some(&database), &[], &[], &[asked], 2, None);
    let (_, rows) = table(answers(&output));
    let told = |path: &Path| {
        let below = path.display().to_string();
        rows.iter().any(|row| row[0].ends_with(&below))
    };
    let mut scans = 0;
    for site in [&data, &external] {
        for file in walk(site)
            .iter()
            .filter(|f| f.display().to_string().ends_with(".nii.gz"))
        {
            let below = file.strip_prefix(site).expect("below");
            // The study asks for lesions; livers beside them are not read.
            let is_read = !below.ends_with("Liver.nii.gz");
            assert_eq!(told(below), is_read, "{} of {} files", below.display(), rows.len());
            scans += usize::from(is_read);
        }
    }
    assert!(scans > 200, "{scans}");
    for name in ["crlm_sheet", "external_sheet", "models: network"] {
        assert!(rows.iter().any(|row| row[0].contains(name)), "{name}");
    }
    // A hash as the system's own tool works it out.
    let one = walk(&data)
        .into_iter()
        .find(|f| f.ends_with("ct.nii.gz"))
        .expect("a scan");
    let sum = Command::new("sha256sum").arg(&one).output().expect("sha256sum");
    let sum = String::from_utf8_lossy(&sum.stdout).into_owned();
    let sum = sum.split_whitespace().next().expect("a hash");
    let below = one.strip_prefix(&data).expect("below").display().to_string();
    let row = rows.iter().find(|row| row[0].ends_with(&below)).expect("its row");
    assert_eq!(row[1], sum);
}

/// The report of the whole study in a browser: nothing in the console, every figure there, words that can be read.
#[test]
fn the_report_of_crlm_can_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("report.html");
    let data = cohort("nifti");
    let set = |name: &str, below: &str| format!("{name}={}", data.join(below).display());
    let steps: Vec<String> = steps("crlm").iter().map(|s| s.display().to_string()).collect();
    let (data, external, page_text) = (
        set("data", "crlm"),
        set("external", "external"),
        page.display().to_string(),
    );
    let mut arguments = vec!["run", "--set", &data, "--set", &external, "--report", &page_text];
    arguments.extend(steps.iter().map(String::as_str));
    radsql(&arguments, folder.path(), None);
    for (width, dark) in [(1200, false), (1200, true), (390, false)] {
        let Some(found) = common::browser::seen(&page, width, dark) else {
            return;
        };
        let number = |key: &str| found[key].as_i64().unwrap_or(-1);
        assert!(number("figures") >= 18 && number("tables") > 30, "{found}");
        for none in ["hidden", "unnamed", "broken", "unheaded", "resources"] {
            assert_eq!(number(none), 0, "{none} at {width}: {found}");
        }
        assert_eq!(
            found["low"],
            serde_json::json!([]),
            "words that are hard to read, dark {dark}"
        );
        assert!(number("wide") <= 0, "the page is wider than {width}: {found}");
    }
}

/// Other outcomes, clinical values and scans of patients that do not train change nothing that was chosen or fitted.
#[test]
fn crlm_learns_nothing_from_other_patients() {
    let learned = [
        "SELECT patient_id, split FROM cohort WHERE cohort = 'crlm' ORDER BY patient_id",
        "SELECT * FROM correlation ORDER BY feature",
        "SELECT * FROM univariate ORDER BY term",
        "SELECT * FROM signature",
        "SELECT * FROM cut",
    ];
    let cache = tempfile::tempdir().expect("a folder");
    let ask = |data: &Path| answers(&study(data, "nifti", &learned, 2, Some(cache.path()))).to_string();
    let before = ask(cohort("nifti"));

    let tested = patients_of("test", &before);
    assert_eq!(tested.len(), 24);
    let other = tempfile::tempdir().expect("a folder");
    shuffle_patients(cohort("nifti"), other.path(), &tested, true);
    assert_eq!(before, ask(other.path()), "the training changed with the test set");

    // The same done to training patients is seen.
    let third = tempfile::tempdir().expect("a folder");
    shuffle_patients(cohort("nifti"), third.path(), &patients_of("train", &before), false);
    assert_ne!(before, ask(third.path()));
}

/// The defaults of the study's variables are where the README's command writes.
#[test]
fn crlm_finds_the_demo_by_default() {
    let folder = tempfile::tempdir().expect("a folder");
    radsql(
        &["demo", "demo-cohort", "--patients", "3", "--external", "2"],
        folder.path(),
        None,
    );
    let steps: Vec<String> = steps("crlm").iter().take(4).map(|s| s.display().to_string()).collect();
    let mut arguments = vec!["run"];
    arguments.extend(steps.iter().map(String::as_str));
    assert!(radsql(&arguments, folder.path(), None).starts_with("cohort,patients,"));
}

// Running

/// Runs the command; what it prints on standard output.
fn radsql(arguments: &[&str], folder: &Path, cache: Option<&Path>) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_radsql"))
        .args(arguments)
        .current_dir(folder)
        .env("XDG_CACHE_HOME", cache.unwrap_or(Path::new("/dev/null")))
        .output()
        .expect("radsql runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "radsql {}: {errors}", arguments.join(" "));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The files of a study, in their order.
fn steps(study: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/reproduce").join(study);
    let entries = fs::read_dir(folder).expect("the study's folder");
    let mut files: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "sql"));
    files.sort();
    assert!(files.len() > 5, "{files:?}");
    files
}

/// What separates the study's own output from the answers to questions.
const MARKER: &str = "marker\nquestions\n\n";

/// Runs a study's files, then the questions; all that is printed.
fn run(steps: &[PathBuf], sets: &[&str], questions: &[&str], threads: u32, cache: Option<&Path>) -> String {
    run_on(None, steps, sets, questions, threads, cache)
}

/// The same on a database that stays.
fn run_on(
    database: Option<&Path>,
    steps: &[PathBuf],
    sets: &[&str],
    questions: &[&str],
    threads: u32,
    cache: Option<&Path>,
) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let first = write(
        "first.sql",
        &format!("SET datafusion.execution.target_partitions = {threads}; SET radsql.threads = {threads};"),
    );
    let last = write(
        "last.sql",
        &format!("SELECT 'questions' AS marker;\n{}", questions.join(";\n")),
    );
    let mut arguments = vec!["run".to_string(), first];
    arguments.extend(steps.iter().map(|s| s.display().to_string()));
    if !questions.is_empty() {
        arguments.push(last);
    }
    arguments.extend(["--format".into(), "csv".into()]);
    if let Some(database) = database {
        arguments.extend(["--db".into(), database.display().to_string()]);
    }
    for set in sets {
        arguments.extend(["--set".into(), (*set).into()]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    radsql(&arguments, folder.path(), cache)
}

/// The answers in what `run` gave.
fn answers(output: &str) -> &str {
    output.split_once(MARKER).expect("the questions are reached").1
}

fn table(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let cells = |r: &csv::StringRecord| r.iter().map(String::from).collect::<Vec<String>>();
    let header = cells(reader.headers().expect("a header"));
    let mut rows: Vec<_> = reader.records().map(|r| cells(&r.expect("a row"))).collect();
    sort(&mut rows);
    (header, rows)
}

/// The peer's rows stand in another order: rows are found by their texts, then by their numbers, of which those that tell rows
/// apart (a time, say) come before those that are estimated.
fn sort(rows: &mut [Vec<String>]) {
    let texts = |row: &[String]| {
        let texts = row.iter().filter(|c| number(c).is_none());
        texts.cloned().collect::<Vec<_>>()
    };
    let numbers = |row: &[String]| row.iter().filter_map(|c| number(c)).collect::<Vec<_>>();
    rows.sort_by(|a, b| {
        let (left, right) = (numbers(a), numbers(b));
        let by_numbers = left.iter().zip(&right).map(|(a, b)| a.total_cmp(b)).find(|o| o.is_ne());
        texts(a).cmp(&texts(b)).then(by_numbers.unwrap_or(Ordering::Equal))
    });
}

fn number(cell: &str) -> Option<f64> {
    cell.parse().ok()
}

/// Patients of one set in the answer that tells the split, which is the first.
fn patients_of(set: &str, answers: &str) -> Vec<String> {
    let split = answers.split("\n\n").next().expect("an answer");
    let rows = table(split).1.into_iter();
    rows.filter(|row| row[1] == set).map(|row| row[0].clone()).collect()
}

/// Compares answers with golden files, to a relative difference each.
fn compare(questions: &[(&str, &str)], answers: &str, tolerance: fn(&str) -> f64) {
    let found: Vec<&str> = answers.split("\n\n").collect();
    assert_eq!(found.len(), questions.len());
    let mut wrong = vec![];
    for ((name, _), found) in questions.iter().zip(found) {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/reproduce/{name}.csv"));
        let (columns, found) = table(found);
        let (header, mut expected) = table(&fs::read_to_string(golden).expect("a golden file"));
        // The peer may tell more, such as folds.
        let places: Vec<usize> = columns.iter().map(|c| column(&header, c)).collect();
        for row in &mut expected {
            *row = places.iter().map(|place| row[*place].clone()).collect();
        }
        sort(&mut expected);
        assert_eq!(found.len(), expected.len(), "{name}: rows");
        for (found, expected) in found.iter().zip(&expected) {
            for ((f, e), column) in found.iter().zip(expected).zip(&columns) {
                let same = match (number(f), number(e)) {
                    (Some(f), Some(e)) => is_near(f, e, column, tolerance(name)),
                    _ => f == e,
                };
                if !same {
                    wrong.push(format!("{name} {}: {column} is {f}, the peer says {e}", found[0]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Ratios and p-values are exponentials: far from 1 their exponents are compared.
fn is_near(found: f64, expected: f64, column: &str, tolerance: f64) -> bool {
    if found == expected {
        return true;
    }
    let exponential = ["hr", "hr_lower", "hr_upper", "p", "p_adjusted"].contains(&column);
    if exponential && found > 0.0 && expected > 0.0 {
        return (found.ln() - expected.ln()).abs() <= tolerance * expected.ln().abs().max(1.0);
    }
    (found - expected).abs() <= tolerance * expected.abs()
}

/// A copy of a cohort in which these patients have each other's scans and clinical values, and live other times; with
/// `external` those of the other hospital die at other times as well. Death stays theirs, for the split is stratified by it.
fn shuffle_patients(cohort: &Path, to: &Path, patients: &[String], external: bool) {
    let other: BTreeMap<&String, &String> = patients.iter().zip(patients.iter().cycle().skip(1)).collect();
    for site in ["crlm", "external", "models"] {
        for entry in walk(&cohort.join(site)) {
            let below = entry.strip_prefix(cohort).expect("below");
            let text = below.display().to_string();
            let name = text.split('/').nth(1).expect("a patient").to_string();
            let name_there = other.get(&name).map_or(name.clone(), |n| (*n).clone());
            let target = to.join(text.replacen(&name, &name_there, 1));
            fs::create_dir_all(target.parent().expect("a folder")).expect("a folder");
            fs::copy(&entry, target).expect("a copy");
        }
    }
    rewrite(&to.join("crlm/clinical.csv"), |id, rows, header| {
        let mut row = rows[id].clone();
        if let Some(other) = other.get(&id.to_string()) {
            row.clone_from(&rows[*other]);
            for kept in ["patient_id", "vital_status"] {
                let at = column(header, kept);
                row[at].clone_from(&rows[id][at]);
            }
            let months = column(header, "overall_survival_months");
            row[months] = (number(&row[months]).expect("months") * 1.7).to_string();
        }
        row
    });
    if external {
        rewrite(&to.join("external/clinical.csv"), |id, rows, header| {
            let mut row = rows[id].clone();
            let months = column(header, "overall_survival_months");
            row[months] = (number(&row[months]).expect("months") * 0.5 + 1.0).to_string();
            row
        });
    }
}

fn column(header: &[String], name: &str) -> usize {
    let place = header.iter().position(|c| c == name);
    place.unwrap_or_else(|| panic!("there is no column {name} among {header:?}"))
}

/// Writes a clinical table anew, row by row.
fn rewrite(file: &Path, row: impl Fn(&str, &BTreeMap<String, Vec<String>>, &[String]) -> Vec<String>) {
    let (header, rows) = table(&fs::read_to_string(file).expect("a table"));
    let rows: BTreeMap<String, Vec<String>> = rows.into_iter().map(|r| (r[0].clone(), r)).collect();
    let mut writer = csv::Writer::from_path(file).expect("a file");
    writer.write_record(&header).expect("written");
    for id in rows.keys() {
        writer.write_record(row(id, &rows, &header)).expect("written");
    }
    writer.flush().expect("written");
}

/// Every file below a folder.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}
