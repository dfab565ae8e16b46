//! What the README says.

use std::fmt::Write;

use crate::outcome::effect;
use crate::site::Profile;
use crate::{CohortOptions, DEFINITION, clinical, latents, outcome};

/// The options in one line, which name the cohort's bytes.
pub(crate) fn options_line(options: &CohortOptions, profile: &Profile) -> String {
    format!(
        "{} patients, seed {}, site {}, definition {DEFINITION}",
        options.patients, options.seed, profile.name
    )
}

/// The README's text.
pub(crate) fn text(options: &CohortOptions, profile: &Profile) -> String {
    let [least, greatest] = effect::FOLLOW_UP;
    let mut text = format!(
        r"# A synthetic cohort

Every patient in this folder is made up by a program; no scan, no date and no number comes from a person. It is here to try
software on. Nothing about disease, treatment or the worth of any feature can be concluded from it.

Written by `radsql demo` of radsql {version}: {options}.
The same options give the same files. Licence: CC0 1.0, public domain, no rights reserved.

## Files
- `scans/{prefix}NNNN/ct.nii.gz`: upper abdomen in Hounsfield units, 16-bit, in the style of a portal venous CT.
- `scans/{prefix}NNNN/mask.nii.gz`: 1 the main metastasis, 2 the liver without metastases, 3 all other metastases.
- `clinical.csv`: one row a patient, below. An empty cell is missing.

## What drives survival
The hazard of death is that of a Weibull distribution of shape {shape} and scale {scale} months, times exp(s), where

    s = {heterogeneity} z + {log_volume} ln(V / {reference_ml} ml) + {risk_score} (score - {reference_score}) + e

- z: how heterogeneous the main metastasis is, a standard normal variable; its texture in the scan has a standard
  deviation of {hu} HU x exp({log} z) before the scanner's blur and noise.
- V: the volume of the main metastasis, label 1.
- score: the clinical risk score (Fong 1999), which counts node_positive, synchronous_crlm, multiple_metastases,
  max_tumor_size over 5 cm and carcinoembryonic_antigen over 200 ng/ml. It counts also where the table misses a cell.
- e: frailty, normal with standard deviation {frailty}, which nothing in the folder explains.

Follow-up ends between {least} and {greatest} months, uniformly, and is independent of everything else. Relapse has the
same shape, {relapse_scale} of the scale and a hazard ratio of exp({relapse_share} s), and spares {cured} of the patients. Nothing
else has an effect: not age, not sex, not the texture's coarseness, not the outline's irregularity, not rim or
necrosis, not the scanner.
These effects are stronger than those published for real patients, so that a few dozen patients show them.

## Columns of clinical.csv
| column | meaning |
|---|---|
| patient_id | the name of the folder in `scans/` |
",
        version = env!("CARGO_PKG_VERSION"),
        options = options_line(options, profile),
        prefix = profile.prefix,
        shape = effect::SHAPE,
        scale = profile.survival_scale,
        heterogeneity = effect::HETEROGENEITY,
        log_volume = effect::LOG_VOLUME,
        reference_ml = effect::REFERENCE_ML,
        risk_score = effect::RISK_SCORE,
        reference_score = effect::REFERENCE_SCORE,
        frailty = effect::FRAILTY,
        hu = latents::HETEROGENEITY_HU,
        log = latents::HETEROGENEITY_LOG,
        relapse_scale = effect::RELAPSE_SCALE,
        relapse_share = effect::RELAPSE_SHARE,
        cured = effect::CURED,
    );
    for (name, meaning) in clinical::COLUMNS.iter().chain(&outcome::COLUMNS) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {name} | {meaning} |");
    }
    text
}
