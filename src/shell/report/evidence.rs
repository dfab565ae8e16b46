//! What a run shows about itself, for the checklists and the page's last part.

use super::{Shown, Step};
use crate::engine::inputs::calls::{Call, calls};
use crate::engine::inputs::{Input, texts};
use crate::engine::{Session, Variables};
use datafusion::common::Result;
use std::collections::BTreeSet;

/// What a run shows about itself.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Calls of functions, with the number of their step, from 1.
    pub calls: Vec<(usize, Call)>,
    /// Settings of radsql, all of them.
    pub settings: Vec<(String, String)>,
    /// Variables of the run.
    pub variables: Vec<(String, String)>,
    /// Features that were extracted: of each setting its name, and what it gives.
    pub radiomics: Vec<Radiomics>,
    /// Models of deep features: name and number of features.
    pub models: Vec<(String, String)>,
    /// Tables of scans in a sentence each.
    pub scans: Vec<String>,
    /// Scans that could not be read or measured.
    pub scan_errors: Vec<String>,
    /// Results that say that rows were left out: step, statement, how many.
    pub missing: Vec<(usize, usize, u64)>,
    /// Statements that look at the test set of a split.
    pub tests: BTreeSet<usize>,
    /// Statements that look at another cohort.
    pub external: BTreeSet<usize>,
}

/// What one setting of `radiomics` gives.
#[derive(Debug)]
pub struct Radiomics {
    /// The setting, as the statement has it.
    pub settings: String,
    /// Features.
    pub features: usize,
    /// Types of images.
    pub image_types: Vec<String>,
    /// Classes of features.
    pub classes: Vec<String>,
    /// Everything that PyRadiomics would say of the settings.
    pub configuration: Option<String>,
}

impl Evidence {
    /// Calls of any of these functions.
    pub fn of<'a>(&'a self, functions: &'a [&str]) -> impl Iterator<Item = &'a (usize, Call)> {
        self.calls
            .iter()
            .filter(|(_, c)| functions.contains(&c.function.as_str()))
    }

    /// Whether any of these functions was called.
    pub fn has(&self, functions: &[&str]) -> bool {
        self.of(functions).next().is_some()
    }

    /// The functions among these that were called and where: `concordance (step 10), time_roc (steps 10, 11)`.
    pub fn told(&self, functions: &[&str]) -> Option<String> {
        let mut all: Vec<String> = vec![];
        for function in functions {
            let steps: BTreeSet<usize> = self.of(&[function]).map(|(step, _)| *step).collect();
            if !steps.is_empty() {
                all.push(format!("{function} ({})", steps_told(&steps)));
            }
        }
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// Calls of a function with their settings: `correlation_filter(cutoff => 0.9) in step 5`.
    pub fn settings_of(&self, functions: &[&str], names: &[&str]) -> Option<String> {
        let mut all: Vec<String> = vec![];
        for (step, call) in self.of(functions) {
            let given: Vec<String> = names
                .iter()
                .filter_map(|name| Some(format!("{name} => {}", call.argument(name)?)))
                .collect();
            let told = format!("{}({}) in step {step}", call.function, given.join(", "));
            if !all.contains(&told) {
                all.push(told);
            }
        }
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// A setting's value.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// `step 3`, `steps 3, 5`.
pub fn steps_told(steps: &BTreeSet<usize>) -> String {
    let numbers: Vec<String> = steps.iter().map(usize::to_string).collect();
    format!("step{} {}", if steps.len() == 1 { "" } else { "s" }, numbers.join(", "))
}

/// Asks the session and the recorded statements.
///
/// # Errors
/// When the session cannot answer.
pub async fn gather(session: &Session, steps: &[Step], variables: &Variables, inputs: &[Input]) -> Result<Evidence> {
    let mut evidence = Evidence {
        variables: variables.iter().map(|(n, v)| (n.clone(), v.clone())).collect(),
        ..Evidence::default()
    };
    for (number, step) in (1..).zip(steps) {
        for (place, statement) in (1..).zip(&step.statements) {
            evidence
                .calls
                .extend(calls(&statement.sql).0.into_iter().map(|call| (number, call)));
            if let Some(result) = &statement.result {
                let missing = result.numbers("n_missing").max().unwrap_or(0);
                if missing > 0 {
                    evidence.missing.push((number, place, missing));
                }
                // A set is judged where a result names it: 'test' in a column of sets.
                let names = |set: &str| result.sets().any(|cell| cell == set);
                if names("test") || names("testing") {
                    evidence.tests.insert(number);
                }
                if names("external") {
                    evidence.external.insert(number);
                }
            }
        }
    }
    const SETTINGS: &str =
        "SELECT name, coalesce(value, '') FROM information_schema.df_settings WHERE name LIKE 'radsql.%' ORDER BY name";
    let (names, values) = (texts(session, SETTINGS, 0).await?, texts(session, SETTINGS, 1).await?);
    evidence.settings = names.into_iter().zip(values).collect();
    for (name, value) in &mut evidence.settings {
        // The folder is the machine's, and says nothing about the numbers.
        if name == "radsql.cache_dir" {
            *value = if value.is_empty() { "off" } else { "on" }.into();
        }
    }
    radiomics(session, &mut evidence, inputs).await?;
    if evidence.has(&["deep_features"]) {
        const MODELS: &str = "SELECT name, output_dim FROM deep_models() ORDER BY name";
        let (names, sizes) = (texts(session, MODELS, 0).await?, texts(session, MODELS, 1).await?);
        evidence.models = names.into_iter().zip(sizes).collect();
    }
    for input in inputs {
        if let Some(scans) = &input.scans {
            let sql = format!(
                "SELECT concat(round(min(sx), 3), ' to ', round(max(sx), 3), ' mm, slices every ', round(min(sz), 3), ' to ', round(max(sz), 3), ' mm') \
                 FROM {} WHERE sx IS NOT NULL",
                scans.table
            );
            let spacing = texts(session, &sql, 0).await?.pop().unwrap_or_default();
            evidence.scans.push(format!(
                "{}: {} images and {} masks ({}), pixels of {spacing}",
                scans.table, scans.images, scans.masks, scans.format
            ));
        }
    }
    // Judged means by a measure: a step that counts patients is none.
    let judged: BTreeSet<usize> = evidence.of(super::checklist::MEASURES).map(|(step, _)| *step).collect();
    evidence.tests.retain(|step| judged.contains(step));
    evidence.external.retain(|step| judged.contains(step));
    const ERRORS: &str = "SELECT message FROM scan_errors()";
    evidence.scan_errors = texts(session, ERRORS, 0).await?;
    Ok(evidence)
}

/// What each setting of `radiomics` gives, as the functions themselves say.
async fn radiomics(session: &Session, evidence: &mut Evidence, inputs: &[Input]) -> Result<()> {
    let of_session = evidence.setting("radsql.radiomics").unwrap_or("default").to_owned();
    let mut settings: Vec<String> = vec![];
    for (_, call) in evidence.of(&["radiomics"]) {
        let given = call.plain.get(2).unwrap_or(&of_session).clone();
        if !settings.contains(&given) {
            settings.push(given);
        }
    }
    for given in settings {
        let quoted = given.replace('\'', "''");
        let sql = format!("SELECT name, image_type, class FROM radiomics_features('{quoted}')");
        let distinct = |texts: Vec<String>| {
            let mut seen: Vec<String> = vec![];
            for text in texts {
                if !seen.contains(&text) {
                    seen.push(text);
                }
            }
            seen
        };
        let Ok(names) = texts(session, &sql, 0).await else {
            // Settings that are no literal, such as a column's.
            continue;
        };
        let table = inputs
            .iter()
            .find_map(|input| input.scans.as_ref().filter(|s| s.masks > 0));
        let configuration = match table {
            Some(scans) => {
                let sql = format!(
                    "SELECT radiomics_diagnostics(image, mask, '{quoted}')['diagnostics_Configuration_Settings'] FROM {} \
                     WHERE image IS NOT NULL AND mask IS NOT NULL LIMIT 1",
                    scans.table
                );
                texts(session, &sql, 0).await.ok().and_then(|mut found| found.pop())
            }
            None => None,
        };
        evidence.radiomics.push(Radiomics {
            features: names.len(),
            image_types: distinct(texts(session, &sql, 1).await?),
            classes: distinct(texts(session, &sql, 2).await?),
            settings: given,
            configuration,
        });
    }
    Ok(())
}

impl Shown {
    /// The cells of columns that tell sets or cohorts apart.
    fn sets(&self) -> impl Iterator<Item = &str> {
        let is_set = |c: &super::Column| ["split", "set", "cohort", "stratum"].contains(&c.name.as_str());
        let cells = self.rows.iter().flat_map(|row| row.iter().zip(&self.columns));
        cells
            .filter(move |(_, column)| is_set(column))
            .filter_map(|(cell, _)| cell.as_deref())
    }

    /// The whole numbers of a column.
    fn numbers(&self, name: &str) -> impl Iterator<Item = u64> {
        let place = self.columns.iter().position(|c| c.name == name);
        let cells = self.rows.iter().filter_map(move |row| row.get(place?)?.as_deref());
        cells.filter_map(|cell| cell.parse().ok())
    }
}
