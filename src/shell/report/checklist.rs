//! What a run can answer of CLEAR and METRICS by itself.
//!
//! CLEAR: Kocak et al., Insights Imaging 2023;14:75, 58 items. METRICS: Kocak et al., Insights Imaging 2024;15:8, 30 items. The
//! items' words are shortened. An item has an answer only where the run shows it; what only authors know is left to them.

use super::evidence::{Evidence, steps_told};

/// An item of a checklist.
pub struct Item {
    /// Its number there.
    pub number: u8,
    /// What it asks for.
    pub asks: &'static str,
    /// What the run shows; `None` where only the authors know.
    pub answer: fn(&Evidence) -> Option<String>,
}

const fn item(number: u8, asks: &'static str, answer: fn(&Evidence) -> Option<String>) -> Item {
    Item { number, asks, answer }
}

fn authors(_: &Evidence) -> Option<String> {
    None
}

const LASSO: &[&str] = &["cox_lasso", "cox_lasso_model"];
const MODELS: &[&str] = &["cox", "cox_lasso", "cox_lasso_model"];
/// Functions that judge a score.
pub const MEASURES: &[&str] = &[
    "concordance",
    "time_roc",
    "log_rank",
    "brier_score",
    "calibration_summary",
    "decision_curve",
    "median_survival",
];

fn split(e: &Evidence) -> Option<String> {
    e.settings_of(&["train_test_split"], &["train", "seed", "stratify"])
}

fn scans(e: &Evidence) -> Option<String> {
    (!e.scans.is_empty()).then(|| e.scans.join("; "))
}

fn configuration(e: &Evidence, keys: &[&str]) -> Option<String> {
    let told = e.radiomics.iter().filter_map(|r| {
        let json: serde_json::Value = serde_json::from_str(r.configuration.as_deref()?).ok()?;
        let found = keys.iter().filter_map(|key| Some(format!("{key} {}", json.get(*key)?)));
        let found: Vec<String> = found.collect();
        (!found.is_empty()).then(|| format!("'{}': {}", r.settings, found.join(", ")))
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// PyRadiomics does not name its own bins of 25 among the settings.
fn bins(e: &Evidence) -> Option<String> {
    configuration(e, &["binWidth", "binCount"])
        .or_else(|| (!e.radiomics.is_empty()).then(|| "bins of width 25, PyRadiomics' default".into()))
}

fn image_types(e: &Evidence) -> Option<String> {
    let told = e
        .radiomics
        .iter()
        .map(|r| format!("'{}': {}", r.settings, r.image_types.join(", ")));
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| told.join("; "))
}

fn software(e: &Evidence) -> Option<String> {
    let version = env!("CARGO_PKG_VERSION");
    let mut told = vec![];
    if !e.radiomics.is_empty() {
        told.push(format!(
            "radiomics of radsql {version}, which gives PyRadiomics 3.0.1's numbers"
        ));
    }
    if !e.models.is_empty() {
        let models: Vec<&str> = e.models.iter().map(|(name, _)| name.as_str()).collect();
        told.push(format!("deep_features with {}", models.join(", ")));
    }
    (!told.is_empty()).then(|| told.join("; "))
}

fn counts(e: &Evidence) -> Option<String> {
    let radiomics = e
        .radiomics
        .iter()
        .map(|r| format!("{} radiomics ('{}')", r.features, r.settings));
    let deep = e.models.iter().map(|(name, size)| format!("{size} deep ({name})"));
    let told: Vec<String> = radiomics.chain(deep).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

fn missing(e: &Evidence) -> Option<String> {
    let most = e.missing.iter().max_by_key(|(_, _, n)| *n);
    let rule = "fits leave out rows that miss a value";
    Some(match most {
        Some((step, _, n)) => format!("{rule}; at most {n} (step {step})"),
        None if e.has(MODELS) => format!("{rule}; no result says that one was"),
        None => return None,
    })
}

fn reduction(e: &Evidence) -> Option<String> {
    let told = [
        e.settings_of(&["variance_filter"], &["cutoff", "method"]),
        e.settings_of(&["correlation_filter"], &["cutoff", "method", "order_by"]),
        e.settings_of(&["univariate_cox"], &["ties"]),
        e.settings_of(LASSO, &["alpha", "lambda", "folds", "seed"]),
    ];
    let told: Vec<String> = told.into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join("; "))
}

fn scaling(e: &Evidence) -> Option<String> {
    let lasso = e.of(LASSO).next()?;
    Some(match lasso.1.argument("standardize") {
        Some("false") => "the penalised model does not standardise".into(),
        _ => "the penalised model standardises within, as glmnet".into(),
    })
}

fn testing(e: &Evidence) -> Option<String> {
    let mut told = vec![];
    if e.has(&["train_test_split"]) && !e.tests.is_empty() {
        told.push(format!("a test set of the split ({})", steps_told(&e.tests)));
    }
    if !e.external.is_empty() {
        told.push(format!("an external cohort ({})", steps_told(&e.external)));
    }
    (!told.is_empty()).then(|| told.join("; "))
}

fn uncertainty(e: &Evidence) -> Option<String> {
    const WITH: &[&str] = &["concordance", "time_roc", "cox", "kaplan_meier", "median_survival"];
    let level = e.of(WITH).find_map(|(_, call)| call.argument("conf_level"));
    let level = level.or_else(|| e.setting("radsql.conf_level"))?;
    e.told(WITH)
        .map(|functions| format!("confidence intervals of level {level}: {functions}"))
}

fn comparison(e: &Evidence) -> Option<String> {
    e.told(&["compare_concordance", "compare_time_roc", "compare_brier_scores"])
}

fn clinical(e: &Evidence) -> Option<String> {
    let several = e
        .of(&["time_roc", "compare_time_roc", "compare_concordance", "decision_curve"])
        .filter_map(|(step, call)| {
            let markers = ["marker", "scores", "predicted"]
                .iter()
                .find_map(|name| call.argument(name))?;
            markers
                .contains(',')
                .then(|| format!("{} of {markers} (step {step})", call.function))
        });
    let mut told: Vec<String> = several.collect();
    told.dedup();
    (!told.is_empty()).then(|| told.join("; "))
}

fn all_here(_: &Evidence) -> Option<String> {
    Some("every statement, setting and seed is on this page; `radsql run` repeats them".into())
}

fn calibration(e: &Evidence) -> Option<String> {
    e.told(&["calibration", "calibration_summary", "calibration_plot", "brier_score"])
}

/// CLEAR.
pub const CLEAR: &[Item] = &[
    item(1, "Relevant title, specifying the radiomic methodology", authors),
    item(2, "Structured summary with relevant information", authors),
    item(3, "Relevant keywords for radiomics", authors),
    item(4, "Scientific or clinical background", authors),
    item(5, "Rationale for using a radiomic approach", authors),
    item(6, "Study objective(s)", authors),
    item(7, "Adherence to guidelines or checklists", authors),
    item(8, "Ethical details", authors),
    item(9, "Sample size calculation", authors),
    item(10, "Study nature (e.g., retrospective, prospective)", authors),
    item(11, "Eligibility criteria", authors),
    item(12, "Flowchart for technical pipeline", |_| {
        Some("the steps of this page, in their order".into())
    }),
    item(13, "Data source (e.g., private, public)", authors),
    item(14, "Data overlap", authors),
    item(15, "Data split methodology", split),
    item(16, "Imaging protocol (acquisition and processing)", scans),
    item(17, "Definition of non-radiomic predictor variables", authors),
    item(18, "Definition of the reference standard (outcome variable)", authors),
    item(19, "Segmentation strategy", authors),
    item(20, "Details of operators performing segmentation", authors),
    item(21, "Image pre-processing details", |e| {
        configuration(
            e,
            &[
                "normalize",
                "normalizeScale",
                "resegmentRange",
                "preCrop",
                "padDistance",
            ],
        )
    }),
    item(22, "Resampling method and its parameters", |e| {
        configuration(e, &["resampledPixelSpacing", "interpolator"])
    }),
    item(23, "Discretization method and its parameters", bins),
    item(24, "Image types (e.g., original, filtered, transformed)", image_types),
    item(25, "Feature extraction method", software),
    item(26, "Feature classes", |e| {
        let told: Vec<String> = e
            .radiomics
            .iter()
            .map(|r| format!("'{}': {}", r.settings, r.classes.join(", ")))
            .collect();
        (!told.is_empty()).then(|| told.join("; "))
    }),
    item(27, "Number of features", counts),
    item(28, "Default configuration statement for remaining parameters", |e| {
        (!e.radiomics.is_empty()).then(|| "all others are PyRadiomics' defaults".into())
    }),
    item(29, "Handling of missing data", missing),
    item(30, "Details of class imbalance", authors),
    item(31, "Details of segmentation reliability analysis", |e| e.told(&["icc"])),
    item(
        32,
        "Feature scaling details (e.g., normalization, standardization)",
        scaling,
    ),
    item(33, "Dimension reduction details", reduction),
    item(34, "Algorithm details", |e| e.told(MODELS)),
    item(35, "Training and tuning details", |e| {
        e.settings_of(LASSO, &["alpha", "lambda", "folds", "seed", "stratify", "measure"])
    }),
    item(36, "Handling of confounders", authors),
    item(37, "Model selection strategy", |e| {
        e.settings_of(LASSO, &["lambda"])
            .map(|told| format!("{told}; without lambda the best of the cross-validation"))
    }),
    item(38, "Testing technique (e.g., internal, external)", testing),
    item(39, "Performance metrics and rationale for choosing", |e| {
        e.told(MEASURES)
    }),
    item(
        40,
        "Uncertainty evaluation and measures (e.g., confidence intervals)",
        uncertainty,
    ),
    item(
        41,
        "Statistical performance comparison (e.g., DeLong's test)",
        comparison,
    ),
    item(42, "Comparison with non-radiomic and combined methods", clinical),
    item(43, "Interpretability and explainability methods", authors),
    item(44, "Baseline demographic and clinical characteristics", |e| {
        e.told(&["table_one"])
    }),
    item(45, "Flowchart for eligibility criteria", authors),
    item(
        46,
        "Feature statistics (e.g., reproducibility, feature selection)",
        |e| e.told(&["univariate_cox", "correlation_filter", "icc"]),
    ),
    item(47, "Model performance evaluation", |e| e.told(MEASURES)),
    item(48, "Comparison with non-radiomic and combined approaches", |e| {
        comparison(e).or_else(|| clinical(e))
    }),
    item(49, "Overview of important findings", authors),
    item(50, "Previous works with differences from the current study", authors),
    item(51, "Practical implications", authors),
    item(52, "Strengths and limitations", authors),
    item(53, "Sharing images along with segmentation data", authors),
    item(54, "Sharing radiomic feature data", authors),
    item(55, "Sharing pre-processing scripts or settings", all_here),
    item(56, "Sharing source code for modeling", all_here),
    item(57, "Sharing final model files", authors),
    item(58, "Sharing a ready-to-use system", authors),
];

/// METRICS.
pub const METRICS: &[Item] = &[
    item(
        1,
        "Adherence to radiomics and machine learning-specific checklists or guidelines",
        authors,
    ),
    item(
        2,
        "Eligibility criteria that describe a representative study population",
        authors,
    ),
    item(3, "High-quality reference standard with a clear definition", authors),
    item(4, "Multi-center", |e| {
        (!e.external.is_empty()).then(|| {
            format!(
                "a second cohort is read ({}); whether it is of another centre is for the authors",
                steps_told(&e.external)
            )
        })
    }),
    item(5, "Clinical translatability of the imaging data source", authors),
    item(6, "Imaging protocol with acquisition parameters", scans),
    item(7, "Interval between imaging used and reference standard", authors),
    item(8, "Transparent description of segmentation methodology", authors),
    item(9, "Formal evaluation of fully automated segmentation", authors),
    item(
        10,
        "Test set segmentation masks produced by a single reader or automated tool",
        authors,
    ),
    item(
        11,
        "Appropriate use of image preprocessing techniques with transparent description",
        |e| {
            configuration(
                e,
                &[
                    "resampledPixelSpacing",
                    "interpolator",
                    "normalize",
                    "binWidth",
                    "binCount",
                ],
            )
        },
    ),
    item(12, "Use of standardized feature extraction software", software),
    item(13, "Transparent reporting of feature extraction parameters", |e| {
        (!e.radiomics.is_empty()).then(|| "listed under Settings".into())
    }),
    item(14, "Removal of non-robust features", |e| e.told(&["icc"])),
    item(15, "Removal of redundant features", |e| {
        e.settings_of(&["correlation_filter"], &["cutoff", "method"])
    }),
    item(16, "Appropriateness of dimensionality compared to data size", authors),
    item(
        17,
        "Robustness assessment of end-to-end deep learning pipelines",
        authors,
    ),
    item(18, "Proper data partitioning process", split),
    item(19, "Handling of confounding factors", authors),
    item(20, "Use of appropriate performance evaluation metrics for task", |e| {
        e.told(MEASURES)
    }),
    item(21, "Consideration of uncertainty", uncertainty),
    item(22, "Calibration assessment", calibration),
    item(23, "Use of uni-parametric imaging or proof of its inferiority", authors),
    item(
        24,
        "Comparison with a non-radiomic approach or proof of added clinical value",
        clinical,
    ),
    item(25, "Comparison with simple or classical statistical models", |e| {
        e.told(&["cox"])
    }),
    item(26, "Internal testing", |e| {
        (e.has(&["train_test_split"]) && !e.tests.is_empty())
            .then(|| format!("a test set of the split ({})", steps_told(&e.tests)))
    }),
    item(27, "External testing", |e| {
        (!e.external.is_empty()).then(|| format!("an external cohort ({})", steps_told(&e.external)))
    }),
    item(28, "Data availability", authors),
    item(29, "Code availability", all_here),
    item(30, "Model availability", authors),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_items_are_numbered_as_published() {
        for (list, n) in [(CLEAR, 58), (METRICS, 30)] {
            let numbers: Vec<u8> = list.iter().map(|i| i.number).collect();
            assert_eq!(numbers, (1..=n).collect::<Vec<u8>>());
        }
    }

    #[test]
    fn a_run_that_shows_nothing_answers_nothing_but_what_the_page_is() {
        let nothing = Evidence::default();
        let answered = |list: &[Item]| {
            list.iter()
                .filter(|i| (i.answer)(&nothing).is_some())
                .map(|i| i.number)
                .collect::<Vec<_>>()
        };
        assert_eq!(answered(CLEAR), [12, 55, 56]);
        assert_eq!(answered(METRICS), [29]);
    }
}
