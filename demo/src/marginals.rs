//! Large cohorts without scans: shares and medians of the table against those of the real one, and what each site's
//! follow-up sees.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::patient::{Before, Measured, Patient, seed};
use crate::site::Site;
use crate::table;

const PATIENTS: u32 = 3000;

/// Columns of a table.
type Columns = BTreeMap<String, Vec<String>>;

/// Patients whose lesions are as large as they are meant to be.
fn patients(site: Site) -> Vec<Patient> {
    let make = |number| {
        let before = Before::draw(site, seed(site, 7, number));
        let mm = before.latents.diameter_mm();
        let measured = Measured {
            main_lesion: 1,
            voxels: 500,
            ml: std::f64::consts::PI / 6.0 * mm * mm * mm / 1000.0,
            lesions: before.background.findings().lesions,
            longest_mm: 1.15 * mm,
        };
        before.follow(measured, site.profile().patient_id(number))
    };
    (1..=PATIENTS).map(make).collect()
}

fn made(site: Site) -> Columns {
    let rows: Vec<[String; 27]> = patients(site).iter().map(table::row).collect();
    let column = |(at, (name, _)): (usize, (&str, &str))| {
        let cells = rows.iter().map(|row| row[at].clone()).collect();
        (name.to_owned(), cells)
    };
    table::COLUMNS.into_iter().enumerate().map(column).collect()
}

/// The collection's table, or `None`, said loudly, where it is missing.
fn real() -> Option<Columns> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let folder = std::env::var_os("RADSQL_SHARED").map_or_else(beside, PathBuf::from);
    let path = folder.join("data/crlm/clinical.csv");
    let Ok(mut reader) = csv::Reader::from_path(&path) else {
        eprintln!(
            "SKIPPED: no real clinical table at {} (set RADSQL_SHARED)",
            path.display()
        );
        return None;
    };
    let names: Vec<String> = reader.headers().expect("names").iter().map(str::to_owned).collect();
    assert_eq!(names, table::COLUMNS.map(|(name, _)| name), "names and their order");
    let mut columns = Columns::new();
    for row in reader.records() {
        for (name, cell) in names.iter().zip(row.expect("a row").iter()) {
            columns.entry(name.clone()).or_default().push(cell.to_owned());
        }
    }
    Some(columns)
}

/// Values that are known, in order.
fn known(cells: &[String]) -> Vec<f64> {
    let mut values: Vec<f64> = cells.iter().filter_map(|cell| cell.parse().ok()).collect();
    values.retain(|value| *value != -999.0);
    values.sort_by(f64::total_cmp);
    values
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn quantile(values: &[f64], share: f64) -> f64 {
    values[(share * (values.len() - 1) as f64).round() as usize]
}

/// The time at which the Kaplan-Meier curve falls to this share.
fn kaplan_meier(columns: &Columns, share: f64) -> f64 {
    let number = |name: &str| columns[name].iter().map(|cell| cell.parse::<f64>().expect("a number"));
    let mut seen: Vec<(f64, bool)> = number("overall_survival_months")
        .zip(number("vital_status").map(|dead| dead == 1.0))
        .collect();
    // Deaths before those who leave at the same time.
    seen.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    let mut alive = 1.0;
    for (at, (time, dead)) in seen.iter().enumerate() {
        if *dead {
            alive *= 1.0 - 1.0 / (seen.len() - at) as f64;
        }
        if alive <= share {
            return *time;
        }
    }
    f64::INFINITY
}

#[test]
fn the_primary_table_is_like_the_real_one() {
    let Some(real) = real() else { return };
    let made = made(Site::Primary);
    for (name, _) in table::COLUMNS {
        let (theirs, ours) = (&real[name], &made[name]);
        // Months are below; identifiers and remarks are no numbers.
        if name.contains("months") || name == "patient_id" || name == "relevant_notes" {
            continue;
        }
        let missing = |cells: &[String]| 1.0 - known(cells).len() as f64 / cells.len() as f64;
        assert!((missing(theirs) - missing(ours)).abs() < 0.03, "{name}: missing");
        let unknown = |cells: &[String]| cells.iter().find(|cell| cell.starts_with("-999")).cloned();
        assert_eq!(unknown(theirs), unknown(ours), "{name}: how a missing cell is written");

        let (theirs, ours) = (known(theirs), known(ours));
        let spread = (theirs.iter().map(|value| value * value).sum::<f64>() / theirs.len() as f64
            - mean(&theirs) * mean(&theirs))
        .sqrt();
        // Three standard errors of 197 patients.
        assert!(
            (mean(&theirs) - mean(&ours)).abs() < 0.22 * spread,
            "{name}: mean {} and {}",
            mean(&theirs),
            mean(&ours)
        );
        let whole = |values: &[f64]| values.iter().all(|value| value.fract() == 0.0);
        assert_eq!(whole(&theirs), whole(&ours), "{name}: whole numbers");
        assert!(ours[0] >= theirs[0] && quantile(&ours, 1.0) <= quantile(&theirs, 1.0) + 1e-9);
    }
    for share in [0.75, 0.5] {
        let (theirs, ours) = (kaplan_meier(&real, share), kaplan_meier(&made, share));
        assert!(
            (ours / theirs - 1.0).abs() < 0.2,
            "{share} alive: {theirs} and {ours} months"
        );
    }
    for (name, tolerance) in [
        ("overall_survival_months", 0.2),
        ("months_to_DFS_progression", 0.35),
        ("months_to_liver_DFS_progression", 0.25),
    ] {
        for share in [0.25, 0.5, 0.75] {
            let (theirs, ours) = (
                quantile(&known(&real[name]), share),
                quantile(&known(&made[name]), share),
            );
            assert!(
                (ours / theirs - 1.0).abs() < tolerance,
                "{name} at {share}: {theirs} and {ours}"
            );
        }
    }
    let longest = quantile(&known(&made["overall_survival_months"]), 1.0);
    assert!(longest <= 132.0, "{longest}");
}

#[test]
fn the_external_site_loses_patients_sooner_and_follows_them_for_less_time() {
    let (primary, external) = (made(Site::Primary), made(Site::External));
    let share = |columns: &Columns, name: &str| mean(&known(&columns[name]));
    assert!((0.5..0.6).contains(&share(&primary, "vital_status")));
    assert!((0.5..0.65).contains(&share(&external, "vital_status")));
    assert!((70.0..85.0).contains(&kaplan_meier(&primary, 0.5)));
    assert!((17.0..27.0).contains(&kaplan_meier(&external, 0.5)));
    for (columns, longest) in [(&primary, 132.0), (&external, 48.0)] {
        let months = known(&columns["overall_survival_months"]);
        assert!(months[0] >= 0.1 && quantile(&months, 1.0) <= longest);
    }
    assert!(share(&external, "age") > share(&primary, "age") + 2.0);
    assert!(share(&external, "chemo_before_liver_resection") > share(&primary, "chemo_before_liver_resection"));
    assert!(share(&external, "clinrisk_score") > share(&primary, "clinrisk_score"));
}

#[test]
fn cells_agree_with_one_another() {
    for site in Site::ALL {
        for patient in patients(site) {
            let row = table::row(&patient);
            let cells: BTreeMap<&str, &String> = table::COLUMNS.iter().map(|(name, _)| *name).zip(&row).collect();
            let number = |name: &str| cells[name].parse::<f64>().expect("a number");
            let id = &row[0];
            let [os, dfs, liver] = [
                "overall_survival_months",
                "months_to_DFS_progression",
                "months_to_liver_DFS_progression",
            ]
            .map(number);
            let [dead, relapse, in_liver] = [
                "vital_status",
                "progression_or_recurrence",
                "progression_or_recurrence_liveronly",
            ]
            .map(|name| number(name) == 1.0);
            assert!(0.0 < dfs && dfs <= liver && liver <= os, "{id}: {dfs}, {liver}, {os}");
            assert!(relapse || dfs == os, "{id}");
            assert!(in_liver || liver == os, "{id}");
            assert!(relapse || !in_liver, "{id}");
            assert_eq!(number("vital_status_DFS") == 1.0, dead || relapse, "{id}");
            assert_eq!(number("vital_status_liver_DFS") == 1.0, dead || in_liver, "{id}");
            match number("clinrisk_score") {
                -999.0 => assert_eq!(number("clinrisk_stratified"), -999.0, "{id}"),
                score => assert_eq!(number("clinrisk_stratified") == 1.0, score >= 3.0, "{id}"),
            }
            assert_eq!(number("NASH_yesno") == 1.0, number("NASH_score") > 0.0, "{id}");
            assert_eq!(number("NASH_greater_4") == 1.0, number("NASH_score") >= 4.0, "{id}");
            let [total, necrosis, fibrosis, mucin] = [
                "total_response_percent",
                "necrosis_percent",
                "fibrosis_percent",
                "mucin_percent",
            ]
            .map(number);
            if total == -999.0 {
                assert_eq!([necrosis, fibrosis, mucin], [-999.0; 3], "{id}");
                assert_eq!(cells["fibrosis_greater_40_percent"], "-999", "{id}");
            } else {
                assert!(
                    (total - necrosis - fibrosis - mucin).abs() < 1e-9 && total <= 1.0,
                    "{id}"
                );
                assert_eq!(number("fibrosis_greater_40_percent") == 1.0, fibrosis >= 0.4, "{id}");
            }
        }
    }
}
