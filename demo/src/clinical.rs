//! What is known of a patient before and after the scan, and the clinical risk score made of it.

use crate::pathology::Pathology;
use crate::patient::Measured;
use crate::random::Stream;
use crate::scan::Findings;
use crate::site::Mix;

/// What is known at the operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clinical {
    pub(crate) age: u32,
    pub(crate) male: bool,
    pub(crate) comorbidity: bool,
    pub(crate) chemo: bool,
    pub(crate) extrahepatic: bool,
    pub(crate) pathology: Pathology,
    /// The clinical risk score, also where the table misses it.
    pub(crate) risk_score: u8,
    pub(crate) score_missing: bool,
    /// A rare remark.
    pub(crate) remark: bool,
}

/// What is drawn before the scan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Background {
    age: u32,
    male: bool,
    comorbidity: bool,
    chemo: bool,
    node_positive: bool,
    synchronous: bool,
    /// Carcinoembryonic antigen in ng/ml.
    antigen: f64,
    extrahepatic: bool,
    pathology: Pathology,
    lesions: usize,
}

impl Background {
    pub(crate) fn draw(mix: &Mix, pathology: Pathology, stream: &mut Stream) -> Self {
        let [mean, sd] = mix.age;
        let age = stream.normal_within(mean, sd, 30.0, 88.0).round() as u32;
        let male = stream.chance(mix.male);
        let comorbidity = stream.chance(mix.comorbidity);
        let chemo = stream.chance(mix.chemo);
        let node_positive = stream.chance(mix.node_positive);
        let synchronous = stream.chance(mix.synchronous);
        let antigen = (15.0 * libm::exp(1.5 * stream.normal())).clamp(0.5, 4000.0);
        let extrahepatic = stream.chance(mix.extrahepatic);
        let [multiple, more] = mix.multiple;
        let mut lesions = 1;
        if stream.chance(multiple) {
            lesions += 1;
            while lesions < 6 && stream.chance(more) {
                lesions += 1;
            }
        }
        Self {
            age,
            male,
            comorbidity,
            chemo,
            node_positive,
            synchronous,
            antigen,
            extrahepatic,
            pathology,
            lesions,
        }
    }

    pub(crate) fn findings(&self) -> Findings {
        Findings {
            steatosis: self.pathology.steatosis,
            lesions: self.lesions,
        }
    }

    /// With what the scan shows, and with cells missing at random.
    pub(crate) fn with_scan(self, mix: &Mix, scan: &Measured, missing: &mut Stream) -> Clinical {
        Clinical {
            age: self.age,
            male: self.male,
            comorbidity: self.comorbidity,
            chemo: self.chemo,
            extrahepatic: self.extrahepatic,
            pathology: self.pathology,
            risk_score: self.risk_score(scan),
            score_missing: missing.chance(mix.score_missing),
            remark: missing.chance(0.005),
        }
    }

    /// The clinical risk score of Fong et al. (Ann Surg 1999;230:309-318): a point each for a node-positive primary, a
    /// disease-free interval under 12 months (here: synchronous), more than one metastasis, one over 5 cm, and an antigen
    /// over 200 ng/ml.
    fn risk_score(&self, scan: &Measured) -> u8 {
        let points = [
            self.node_positive,
            self.synchronous,
            scan.lesions > 1,
            scan.longest_mm > 50.0,
            self.antigen > 200.0,
        ];
        points.into_iter().map(u8::from).sum()
    }
}
