//! What the README says.

use std::fmt::Write;

use crate::outcome::effect;
use crate::random::PURPOSES;
use crate::site::{Profile, Site};
use crate::{CohortOptions, DEFINITION, Form, latents, table};

/// The options in one line, which name the cohort's bytes.
pub(crate) fn options_line(options: &CohortOptions) -> String {
    let form = match options.form {
        Form::Nifti => "NIfTI",
        Form::Dicom => "DICOM",
    };
    format!(
        "{} + {} patients, seed {}, {form}, definition {DEFINITION}",
        options.patients, options.external, options.seed
    )
}

/// The README's text.
pub(crate) fn text(options: &CohortOptions) -> String {
    let mut text = format!(
        r"# A synthetic cohort

Every patient in this folder is made up by a program; no scan, no date and no number comes from a person. It is here to try
software on. Nothing about disease, treatment or the worth of any feature can be concluded from it.

Written by `radsql demo` of radsql {version}: {options}
(patients of the primary and of the external site). The same options give the same files. Licence: CC0 1.0, public
domain, no rights reserved.

## Files
The layout is that of the collection Colorectal-Liver-Metastases of The Cancer Imaging Archive, the clinical table has that
collection's columns and codes. `crlm/` is the primary site, `external/` another hospital, where a signature can be tried.
{files}
- `crlm/clinical.csv`, `external/clinical.csv`: one row a patient, below.
- `models/`, where there is one, was put there by `radsql demo` for functions that need a network.

The regions are `Liver`, which is the whole liver with the metastases in it, and the metastases `Tumor_1`, `Tumor_2`, ...
The main one is the largest by its number of voxels. Its number is random.

## What drives survival
The hazard of death is that of a Weibull distribution of shape {shape} and the site's scale, times exp(s), where

    s = {heterogeneity} z + {log_volume} ln(V / {reference_ml} ml) + {risk_score} (score - {reference_score}) + e

- z: how heterogeneous the main metastasis is, a standard normal variable; its texture in the scan has a standard
  deviation of {hu} HU x exp({log} z) before the scanner's blur and noise.
- V: the volume of the main metastasis.
- score: the clinical risk score (Fong 1999): a point each for a node-positive primary, metastases within a year of it, more
  than one metastasis, one over 5 cm (in the scan) and a carcinoembryonic antigen over 200 ng/ml. It counts also where the
  table misses it.
- e: frailty, normal with standard deviation {frailty}, which nothing in the folder explains.

Follow-up ends independently of everything else. Relapse comes at {relapse} x exp({relapse_sd} n) of the time to death, n standard
normal, or never: patients who live long are spared, with a probability that rises to {cured} as the time to death goes from
{cured_from} to {cured_to} of the site's scale. Of the relapses {liver}, in shares, are in the liver from the first and later.
Nothing else has an effect: not age, not sex, not the pathologist's findings, not the texture's coarseness, not the outline's
irregularity, not rim or necrosis, not the scanner.
These effects are stronger than those published for real patients, so that a cohort of this size shows them.

## The sites
| | primary | external |
|---|---|---|
",
        version = env!("CARGO_PKG_VERSION"),
        options = options_line(options),
        files = files(options.form),
        shape = effect::SHAPE,
        heterogeneity = effect::HETEROGENEITY,
        log_volume = effect::LOG_VOLUME,
        reference_ml = effect::REFERENCE_ML,
        risk_score = effect::RISK_SCORE,
        reference_score = effect::REFERENCE_SCORE,
        frailty = effect::FRAILTY,
        hu = latents::HETEROGENEITY_HU,
        log = latents::HETEROGENEITY_LOG,
        relapse = effect::RELAPSE_MEDIAN,
        relapse_sd = effect::RELAPSE_LOG_SD,
        cured = effect::CURED,
        cured_from = effect::CURED_BETWEEN[0],
        cured_to = effect::CURED_BETWEEN[1],
        liver = range(effect::LIVER),
    );
    let [primary, external] = Site::ALL.map(|site| parameters(site.profile()));
    // Writing to a String cannot fail.
    for ((name, one), (_, other)) in primary.iter().zip(&external) {
        let _ = writeln!(text, "| {name} | {one} | {other} |");
    }
    let _ = write!(
        text,
        r"
A slice spacing is one of those named, each as likely. The lesions of both sites are made alike.

## Seeds
Every number comes from a ChaCha8 stream of its own. Its key is four little-endian words of 64 bits: the seed
({seed}), the site ({one} primary, {two} external), the patient's number as in the identifier, the definition
({DEFINITION}). Its stream number is the purpose: {purposes}.
So no patient depends on another, and more patients leave the first ones as they are.

## Columns of clinical.csv
-999 is a value that is not known; the clinical risk score and the response to treatment have such.

| column | meaning |
|---|---|
",
        seed = options.seed,
        one = Site::Primary.profile().stream,
        two = Site::External.profile().stream,
        purposes = PURPOSES
            .iter()
            .map(|(purpose, name)| format!("{} {name}", *purpose as u64))
            .collect::<Vec<_>>()
            .join(", "),
    );
    for (name, meaning) in table::COLUMNS {
        let _ = writeln!(text, "| {name} | {meaning} |");
    }
    text
}

fn files(form: Form) -> &'static str {
    match form {
        Form::Nifti => {
            r"- `crlm/CRLM-DEMO-NNNN/ct.nii.gz`: upper abdomen in Hounsfield units, 16-bit, in the style of a portal venous CT.
- `crlm/CRLM-DEMO-NNNN/seg/REGION.nii.gz`: a mask of 0 and 1 for each region.
- `external/EXT-DEMO-NNNN/`: the same."
        }
        Form::Dicom => {
            r"- `crlm/CRLM-DEMO-NNNN/STUDY/101.000000-.../1-NN.dcm`: upper abdomen in the style of a portal venous CT, a slice a file.
- `crlm/CRLM-DEMO-NNNN/STUDY/100.000000-Segmentation-.../1-1.dcm`: its segmentation (SEG), a segment for each region.
- `external/EXT-DEMO-NNNN/`: the same."
        }
    }
}

/// What is particular to a site, named.
fn parameters(profile: &Profile) -> Vec<(&'static str, String)> {
    let (scanner, mix, follow) = (&profile.scanner, &profile.mix, &profile.outcome);
    let spacings: Vec<String> = scanner.slice_spacings.iter().map(f64::to_string).collect();
    let (lost, within) = follow.lost;
    vec![
        ("scanner", scanner.model.to_owned()),
        ("kernel", scanner.kernel.to_owned()),
        ("slice spacing, mm", spacings.join(", ")),
        ("blur within the slice, SD in voxels", scanner.blur.to_string()),
        ("noise, SD in HU, uniform", range(scanner.noise_hu)),
        (
            "smoothing of the noise, SD in voxels",
            scanner.noise_correlation.to_string(),
        ),
        ("age, mean and SD", format!("{}, {}", mix.age[0], mix.age[1])),
        ("male", mix.male.to_string()),
        ("major comorbidity", mix.comorbidity.to_string()),
        ("chemotherapy before", mix.chemo.to_string()),
        ("node-positive primary", mix.node_positive.to_string()),
        ("metastases within a year", mix.synchronous.to_string()),
        ("extrahepatic disease", mix.extrahepatic.to_string()),
        (
            "more than one metastasis, then each further one up to 6",
            format!("{}, {}", mix.multiple[0], mix.multiple[1]),
        ),
        ("clinical risk score not known", mix.score_missing.to_string()),
        ("scale of survival, months", follow.survival_scale.to_string()),
        (
            "lost to follow-up, and within these months, uniform",
            format!("{lost}, {}", range(within)),
        ),
        ("end of follow-up of the others, months, uniform", range(follow.end)),
    ]
}

fn range([low, high]: [f64; 2]) -> String {
    format!("{low} and {high}")
}
