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
    let before = Before::draw(site, seed);
    let scan = scan::make(
        &site.profile().scanner,
        seed,
        &before.latents,
        before.background.findings(),
    );
    let measured = Measured {
        main_lesion: scan.main_lesion,
        voxels: scan.main_voxels,
        ml: scan.main_voxels as f64 * scan.grid.voxel_ml(),
        lesions: scan.lesions,
        longest_mm: scan.longest_mm,
    };
    (before.follow(measured, patient_id), scan)
}

/// A patient before the scan.
#[derive(Debug)]
pub(crate) struct Before {
    site: Site,
    seed: PatientSeed,
    pub(crate) latents: Latents,
    pub(crate) background: Background,
}

/// What the scan tells of the lesions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    /// Of the main lesion: its number, voxels and volume.
    pub(crate) main_lesion: usize,
    pub(crate) voxels: usize,
    pub(crate) ml: f64,
    pub(crate) lesions: usize,
    /// Longest diameter of any lesion within a slice.
    pub(crate) longest_mm: f64,
}

impl Before {
    pub(crate) fn draw(site: Site, seed: PatientSeed) -> Self {
        let pathology = Pathology::draw(&mut seed.stream(Purpose::Pathology));
        Self {
            site,
            seed,
            latents: Latents::draw(&mut seed.stream(Purpose::Latents)),
            background: Background::draw(&site.profile().mix, pathology, &mut seed.stream(Purpose::Clinical)),
        }
    }

    /// What becomes of the patient.
    pub(crate) fn follow(self, measured: Measured, patient_id: String) -> Patient {
        let Self {
            site,
            seed,
            latents,
            background,
        } = self;
        let profile = site.profile();
        let clinical = background.with_scan(&profile.mix, &measured, &mut seed.stream(Purpose::Missing));
        let mut stream = seed.stream(Purpose::Survival);
        let frailty = effect::FRAILTY * stream.normal();
        let log_hazard = log_hazard(&latents, measured.ml, clinical.risk_score, frailty);
        let outcome = Outcome::draw(&profile.outcome, log_hazard, &mut stream);
        let truth = PatientTruth {
            patient_id,
            site,
            latents,
            main_lesion: measured.main_lesion,
            lesion_voxels: measured.voxels,
            lesion_ml: measured.ml,
            lesions: measured.lesions,
            risk_score: clinical.risk_score,
            frailty,
            log_hazard,
            death_months: outcome.death,
            os_months: outcome.os_months,
            dead: outcome.dead,
        };
        Patient {
            truth,
            clinical,
            outcome,
        }
    }
}
