//! The clinical table: columns, order and codes of the Colorectal-Liver-Metastases collection's, so that a study of the one
//! reads the other.

use crate::patient::Patient;

/// Names and meanings of the columns.
pub(crate) const COLUMNS: [(&str, &str); 27] = [
    ("patient_id", "the name of the patient's folder"),
    ("age", "age at operation, years"),
    ("sex", "1 male, 2 female"),
    ("major_comorbidity", "major comorbidity, 0/1"),
    ("chemo_before_liver_resection", "chemotherapy before liver surgery, 0/1"),
    ("clinrisk_score", "clinical risk score (Fong 1999), 0 to 5"),
    ("clinrisk_stratified", "1 for a score of 3 and more, else 0"),
    ("extrahep_disease", "extrahepatic disease, 0/1"),
    ("steatosis_yesno", "steatosis, 0/1; the liver is less dense"),
    ("presence_sinusoidal_dilata", "hepatic sinusoidal dilatation, 0/1"),
    ("NASH_score", "score of non-alcoholic steatohepatitis"),
    ("NASH_yesno", "1 for a NASH score above 0, else 0"),
    ("NASH_greater_4", "1 for a NASH score of 4 and more, else 0"),
    (
        "total_response_percent",
        "share of the tumour that is necrosis, fibrosis or mucin, 0 to 1",
    ),
    ("necrosis_percent", "share that is necrosis, 0 to 1"),
    ("fibrosis_percent", "share that is fibrosis, 0 to 1"),
    (
        "fibrosis_greater_40_percent",
        "1 for a share of fibrosis of 0.4 and more, else 0",
    ),
    ("mucin_percent", "share that is mucin, 0 to 1"),
    (
        "overall_survival_months",
        "months from operation to death or end of follow-up",
    ),
    ("vital_status", "1 dead, 0 alive at the end of follow-up"),
    ("progression_or_recurrence", "1 relapse seen, 0 not"),
    (
        "months_to_DFS_progression",
        "months from operation to relapse, death or end of follow-up",
    ),
    (
        "vital_status_DFS",
        "1 relapse or death, 0 neither by the end of follow-up",
    ),
    (
        "progression_or_recurrence_liveronly",
        "1 relapse in the liver seen, 0 not",
    ),
    (
        "months_to_liver_DFS_progression",
        "months from operation to relapse in the liver, death or end of follow-up",
    ),
    (
        "vital_status_liver_DFS",
        "1 relapse in the liver or death, 0 neither by the end of follow-up",
    ),
    ("relevant_notes", "a remark; mostly empty"),
];

/// A value that is not known, in columns of whole numbers and in columns of decimals.
const UNKNOWN: [&str; 2] = ["-999", "-999.0"];

/// A patient's cells, in the order of [`COLUMNS`].
pub(crate) fn row(patient: &Patient) -> [String; 27] {
    let (clinical, outcome) = (&patient.clinical, &patient.outcome);
    let pathology = &clinical.pathology;
    let flag = |value: bool| u8::from(value).to_string();
    let known = |missing: bool, cell: String| if missing { UNKNOWN[0].to_owned() } else { cell };
    let score = clinical.risk_score;
    let months = |value: f64| format!("{value:.1}");
    let share = |twentieths: Option<u32>| {
        // Debug, because it writes 0.0 for 0 and no more decimals than are needed.
        twentieths.map_or_else(|| UNKNOWN[1].to_owned(), |part| format!("{:?}", f64::from(part) / 20.0))
    };
    let response = pathology.response;
    [
        patient.truth.patient_id.clone(),
        clinical.age.to_string(),
        if clinical.male { "1" } else { "2" }.to_owned(),
        flag(clinical.comorbidity),
        flag(clinical.chemo),
        known(clinical.score_missing, score.to_string()),
        known(clinical.score_missing, flag(score >= 3)),
        flag(clinical.extrahepatic),
        flag(pathology.steatosis),
        flag(pathology.sinusoidal_dilatation),
        pathology.nash_score.to_string(),
        flag(pathology.nash_score > 0),
        flag(pathology.nash_score >= 4),
        share(response.map(|response| response.total())),
        share(response.map(|response| response.necrosis)),
        share(response.map(|response| response.fibrosis)),
        known(
            response.is_none(),
            flag(response.is_some_and(|response| response.fibrosis >= 8)),
        ),
        share(response.map(|response| response.mucin)),
        months(outcome.os_months),
        flag(outcome.dead),
        flag(outcome.relapse),
        months(outcome.dfs_months),
        flag(outcome.relapse || outcome.dead),
        flag(outcome.liver_relapse),
        months(outcome.liver_months),
        flag(outcome.liver_relapse || outcome.dead),
        if clinical.remark {
            "A remark about this scan, as a table holds one now and then."
        } else {
            ""
        }
        .to_owned(),
    ]
}
