//! One patient, from the seed to the scan and the outcome.

use crate::clinical::{Background, Clinical};
use crate::latents::Latents;
use crate::outcome::{Outcome, effect, log_hazard};
use crate::pathology::Pathology;
use crate::random::{PatientSeed, Purpose};
use crate::scan::{self, Scan};
use crate::site::Site;

/// What no table of the cohort holds: how a patient was made.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PatientTruth {
    /// The identifier, as in the table and the patient's folder.
    pub patient_id: String,
    /// The hospital.
    pub site: Site,
    /// The hidden variables of the main lesion.
    pub latents: Latents,
    /// The main lesion's name among the regions: `Tumor_2` for 2. It is the largest.
    pub main_lesion: usize,
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

/// The key of a patient's random numbers, `number` counted from 1.
pub(crate) fn seed(site: Site, seed: u64, number: u32) -> PatientSeed {
    PatientSeed {
        seed,
        site: site.profile().stream,
        patient: u64::from(number),
    }
}

/// Makes a patient.
pub(crate) fn make(site: Site, seed: PatientSeed, patient_id: String) -> (Patient, Scan) {
    let profile = site.profile();
    let latents = Latents::draw(&mut seed.stream(Purpose::Latents));
    let pathology = Pathology::draw(&mut seed.stream(Purpose::Pathology));
    let background = Background::draw(&profile.mix, pathology, &mut seed.stream(Purpose::Clinical));
    let scan = scan::make(&profile.scanner, seed, &latents, background.findings());
    let clinical = background.with_scan(&profile.mix, &scan, &mut seed.stream(Purpose::Missing));

    let mut stream = seed.stream(Purpose::Survival);
    let frailty = effect::FRAILTY * stream.normal();
    let lesion_ml = scan.main_voxels as f64 * scan.grid.voxel_ml();
    let log_hazard = log_hazard(&latents, lesion_ml, clinical.risk_score, frailty);
    let outcome = Outcome::draw(&profile.outcome, log_hazard, &mut stream);
    let truth = PatientTruth {
        patient_id,
        site,
        latents,
        main_lesion: scan.main_lesion,
        lesion_voxels: scan.main_voxels,
        lesion_ml,
        lesions: scan.lesions,
        risk_score: clinical.risk_score,
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
