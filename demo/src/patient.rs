//! One patient, from the seed to the scan and the outcome.

use crate::clinical::{Background, Clinical};
use crate::latents::Latents;
use crate::outcome::{Outcome, effect, log_hazard};
use crate::random::{PatientSeed, Purpose};
use crate::scan::{self, Scan};
use crate::site::Profile;

/// What no table of the cohort holds: how a patient was made.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PatientTruth {
    /// The identifier, as in the table and the scan's folder.
    pub patient_id: String,
    /// The hidden variables of the main lesion.
    pub latents: Latents,
    /// Voxels of the main lesion.
    pub lesion_voxels: usize,
    /// Volume of the main lesion in millilitres, measured on the mask.
    pub lesion_ml: f64,
    /// Metastases, the main one included.
    pub lesions: usize,
    /// The clinical risk score, also where the table misses it.
    pub risk_score: u8,
    /// The frailty: the part of the log hazard that nothing measured explains.
    pub frailty: f64,
    /// The logarithm of the hazard ratio to a patient whose terms are all 0.
    pub log_hazard: f64,
    /// Months to death, had follow-up not ended.
    pub death_months: f64,
    /// Months to death or end of follow-up, as in the table.
    pub os_months: f64,
    /// Whether the death was seen, as in the table.
    pub dead: bool,
}

/// A patient without the scan.
#[derive(Debug)]
pub(crate) struct Patient {
    pub(crate) truth: PatientTruth,
    pub(crate) clinical: Clinical,
    pub(crate) outcome: Outcome,
}

/// Makes a patient, `number` counted from 1.
pub(crate) fn make(profile: &Profile, seed: u64, number: u32) -> (Patient, Scan) {
    let seed = PatientSeed {
        seed,
        site: profile.stream,
        patient: u64::from(number),
    };
    let latents = Latents::draw(&mut seed.stream(Purpose::Latents));
    let background = Background::draw(&mut seed.stream(Purpose::Clinical));
    let scan = scan::make(profile, seed, &latents, background.findings);
    let clinical = background.with_scan(&scan, &mut seed.stream(Purpose::Missing));

    let mut stream = seed.stream(Purpose::Survival);
    let frailty = effect::FRAILTY * stream.normal();
    let lesion_ml = scan.main_voxels as f64 * scan.grid.voxel_ml();
    let risk_score = clinical.risk_score();
    let log_hazard = log_hazard(&latents, lesion_ml, risk_score, frailty);
    let outcome = Outcome::draw(profile, log_hazard, &mut stream);
    let truth = PatientTruth {
        patient_id: format!("{}{number:04}", profile.prefix),
        latents,
        lesion_voxels: scan.main_voxels,
        lesion_ml,
        lesions: scan.lesions,
        risk_score,
        frailty,
        log_hazard,
        death_months: outcome.death,
        os_months: outcome.os_months,
        dead: outcome.dead,
    };
    let patient = Patient {
        truth,
        clinical,
        outcome,
    };
    (patient, scan)
}
