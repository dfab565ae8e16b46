//! The clinical table's variables, with about the distributions of the resected patients of the Colorectal-Liver-Metastases
//! collection, and by the names of its data dictionary where it has them.

use crate::random::Stream;
use crate::scan::{Findings, Scan};

/// What is known at the operation. `None` is a missing cell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clinical {
    pub(crate) age: u32,
    pub(crate) male: bool,
    pub(crate) major_comorbidity: Option<bool>,
    pub(crate) chemo: bool,
    pub(crate) node_positive: bool,
    pub(crate) synchronous: bool,
    pub(crate) multiple: bool,
    pub(crate) bilobar: bool,
    /// Centimetres.
    pub(crate) max_tumor_size: f64,
    /// Carcinoembryonic antigen in ng/ml.
    pub(crate) antigen: f64,
    pub(crate) extrahepatic: bool,
    pub(crate) steatosis: bool,
    pub(crate) node_missing: bool,
    pub(crate) antigen_missing: bool,
}

/// What is drawn before the scan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Background {
    age: u32,
    male: bool,
    major_comorbidity: bool,
    chemo: bool,
    node_positive: bool,
    synchronous: bool,
    antigen: f64,
    extrahepatic: bool,
    pub(crate) findings: Findings,
}

impl Background {
    pub(crate) fn draw(stream: &mut Stream) -> Self {
        let age = stream.normal_within(59.7, 12.3, 30.0, 88.0).round() as u32;
        let male = stream.chance(0.59);
        let major_comorbidity = stream.chance(0.55);
        let chemo = stream.chance(0.62);
        let node_positive = stream.chance(0.62);
        let synchronous = stream.chance(0.55);
        let antigen = (15.0 * libm::exp(1.5 * stream.normal())).clamp(0.5, 4000.0);
        let extrahepatic = stream.chance(0.09);
        let steatosis = stream.chance(0.35);
        let mut lesions = 1;
        if stream.chance(0.5) {
            lesions += 1;
            while lesions < 6 && stream.chance(0.5) {
                lesions += 1;
            }
        }
        Self {
            age,
            male,
            major_comorbidity,
            chemo,
            node_positive,
            synchronous,
            antigen,
            extrahepatic,
            findings: Findings { steatosis, lesions },
        }
    }

    /// With what the scan shows, and with cells missing at random.
    pub(crate) fn with_scan(self, scan: &Scan, missing: &mut Stream) -> Clinical {
        let (comorbidity_missing, node_missing, antigen_missing) =
            (missing.chance(0.03), missing.chance(0.03), missing.chance(0.1));
        Clinical {
            age: self.age,
            male: self.male,
            major_comorbidity: (!comorbidity_missing).then_some(self.major_comorbidity),
            chemo: self.chemo,
            node_positive: self.node_positive,
            synchronous: self.synchronous,
            multiple: scan.lesions > 1,
            bilobar: scan.bilobar,
            max_tumor_size: (scan.longest_mm).round() / 10.0,
            antigen: (self.antigen * 10.0).round() / 10.0,
            extrahepatic: self.extrahepatic,
            steatosis: self.findings.steatosis,
            node_missing,
            antigen_missing,
        }
    }
}

impl Clinical {
    /// The clinical risk score of Fong et al. (Ann Surg 1999;230:309-318): a point each for a node-positive primary, a
    /// disease-free interval under 12 months (here: synchronous), more than one metastasis, one over 5 cm, and an antigen
    /// over 200 ng/ml. Known to the truth also where the table misses one of them.
    pub(crate) fn risk_score(&self) -> u8 {
        let points = [
            self.node_positive,
            self.synchronous,
            self.multiple,
            self.max_tumor_size > 5.0,
            self.antigen > 200.0,
        ];
        points.into_iter().map(u8::from).sum()
    }

    /// The table's cells, in the order of [`COLUMNS`] after the identifier.
    pub(crate) fn cells(&self) -> [String; 14] {
        let flag = |value: bool| u8::from(value).to_string();
        let known = |missing: bool, cell: String| if missing { String::new() } else { cell };
        let score = self.risk_score();
        let score_missing = self.node_missing || self.antigen_missing;
        [
            self.age.to_string(),
            if self.male { "1" } else { "2" }.to_owned(),
            self.major_comorbidity.map_or_else(String::new, flag),
            flag(self.chemo),
            known(self.node_missing, flag(self.node_positive)),
            flag(self.synchronous),
            flag(self.multiple),
            flag(self.bilobar),
            format!("{:.1}", self.max_tumor_size),
            known(self.antigen_missing, format!("{:.1}", self.antigen)),
            known(score_missing, score.to_string()),
            known(score_missing, flag(score >= 3)),
            flag(self.extrahepatic),
            flag(self.steatosis),
        ]
    }
}

/// Names and meanings of the columns between the identifier and the outcome.
pub(crate) const COLUMNS: [(&str, &str); 14] = [
    ("age", "age at operation, years"),
    ("sex", "1 male, 2 female"),
    ("major_comorbidity", "major comorbidity, 0/1"),
    ("chemo_before_liver_resection", "chemotherapy before liver surgery, 0/1"),
    ("node_positive", "node-positive primary, 0/1"),
    ("synchronous_crlm", "metastases within 12 months of the primary, 0/1"),
    (
        "multiple_metastases",
        "more than one metastasis, 0/1; those in the mask",
    ),
    ("bilobar_disease", "metastases in both lobes, 0/1; those in the mask"),
    (
        "max_tumor_size",
        "longest diameter within a slice, cm; measured on the mask",
    ),
    ("carcinoembryonic_antigen", "before the operation, ng/ml"),
    ("clinrisk_score", "clinical risk score (Fong 1999), 0 to 5"),
    ("clinrisk_stratified", "1 for a score of 3 and more, else 0"),
    ("extrahep_disease", "extrahepatic disease, 0/1"),
    ("steatosis_yesno", "steatosis, 0/1; the liver is less dense"),
];
