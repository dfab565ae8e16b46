//! Relations that residuals, baseline hazards and exact fits keep whatever the data, and what they say of degenerate data.

use proptest::prelude::*;
use radsql_survival::{
    ConfidenceLevel, ConfidenceType, Convergence, Covariate, CoxModel, CoxOptions, FollowUp, HazardAt, Influence,
    RiskSets, SurvivalError, TermGroup, Ties, TimeTransform, Variance,
};

#[derive(Debug, Clone, Copy)]
struct Row {
    start: f64,
    stop: f64,
    event: bool,
    x: [f64; 2],
    stratum: u32,
    cluster: u32,
    weight: f64,
}

fn rows(len: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Row>> {
    let row = (
        0u8..4,
        1u8..6,
        prop::bool::weighted(0.6),
        -3i8..4,
        -20i8..20,
        0u32..2,
        0u32..5,
        1u8..4,
    )
        .prop_map(|(start, length, event, a, b, stratum, cluster, weight)| Row {
            start: f64::from(start),
            stop: f64::from(start + length),
            event,
            x: [f64::from(a), f64::from(b) / 7.0],
            stratum,
            cluster: 3 * cluster + 1,
            weight: f64::from(weight),
        });
    prop::collection::vec(row, len)
}

/// The columns of some rows.
struct Data {
    start: Vec<f64>,
    stop: Vec<f64>,
    event: Vec<bool>,
    x: [Vec<f64>; 2],
    strata: Vec<u32>,
    clusters: Vec<u32>,
    weights: Vec<f64>,
}

impl Data {
    fn new(rows: &[Row]) -> Self {
        let number = |value: fn(&Row) -> f64| rows.iter().map(value).collect::<Vec<f64>>();
        Self {
            start: number(|row| row.start),
            stop: number(|row| row.stop),
            event: rows.iter().map(|row| row.event).collect(),
            x: [number(|row| row.x[0]), number(|row| row.x[1])],
            strata: rows.iter().map(|row| row.stratum).collect(),
            clusters: rows.iter().map(|row| row.cluster).collect(),
            weights: number(|row| row.weight),
        }
    }

    fn sets(&self, intervals: bool, weighted: bool, stratified: bool) -> RiskSets {
        let mut follow_up = if intervals {
            FollowUp::intervals(&self.start, &self.stop, &self.event)
        } else {
            FollowUp::right_censored(&self.stop, &self.event)
        }
        .expect("follow-up");
        if weighted {
            follow_up = follow_up.with_weights(&self.weights).expect("weights");
        }
        RiskSets::new(&follow_up, stratified.then_some(&self.strata)).expect("risk sets")
    }

    fn covariates(&self) -> [Covariate<'_>; 2] {
        let [a, b] = &self.x;
        [Covariate { name: "a", values: a }, Covariate { name: "b", values: b }]
    }
}

fn options(ties: Ties) -> CoxOptions {
    CoxOptions {
        ties,
        variance: Variance::Information,
        ..CoxOptions::default()
    }
}

/// Whether a fit is an honest maximum, away from infinite coefficients.
fn settled(model: &CoxModel<'_>) -> bool {
    let fit = model.fit();
    fit.converged && fit.terms.iter().all(|term| term.coef.abs() < 5.0)
}

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs()))
}

/// The exact log-likelihood by its definition: every way to choose the events among the rows at risk.
fn exact_by_definition(rows: &[Row], intervals: bool, stratified: bool, coefficients: [f64; 2]) -> f64 {
    let stratum = |row: &Row| if stratified { row.stratum } else { 0 };
    let predictor = |row: &Row| row.x[0] * coefficients[0] + row.x[1] * coefficients[1];
    let mut done: Vec<(u32, f64)> = Vec::new();
    let mut loglik = 0.0;
    for event in rows.iter().filter(|row| row.event) {
        let moment = (stratum(event), event.stop);
        if done.contains(&moment) {
            continue;
        }
        done.push(moment);
        let at_risk = rows
            .iter()
            .filter(|row| stratum(row) == moment.0 && row.stop >= moment.1 && (!intervals || row.start < moment.1));
        let at_risk: Vec<&Row> = at_risk.collect();
        let is_event = |row: &&&Row| row.event && row.stop == moment.1;
        let count = at_risk.iter().filter(is_event).count();
        loglik += at_risk.iter().filter(is_event).map(|row| predictor(row)).sum::<f64>();
        let mut total = 0.0;
        for choice in (0u32..1 << at_risk.len()).filter(|choice| choice.count_ones() as usize == count) {
            let chosen = at_risk.iter().enumerate().filter(|(place, _)| choice >> place & 1 == 1);
            total += chosen.map(|(_, row)| predictor(row)).sum::<f64>().exp();
        }
        loglik -= total.ln();
    }
    loglik
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(120) })]

    #[test]
    fn exact_fits_maximise_the_likelihood_by_definition(
        rows in rows(3..12),
        intervals in any::<bool>(),
        stratified in any::<bool>(),
    ) {
        let data = Data::new(&rows);
        let sets = data.sets(intervals, false, stratified);
        let model = sets.model(&data.covariates(), None, &options(Ties::Exact)).expect("a model");
        let fit = model.fit();
        let null = exact_by_definition(&rows, intervals, stratified, [0.0, 0.0]);
        prop_assert!(near(fit.loglik_null, null, 1e-11), "{} {null}", fit.loglik_null);
        if !settled(&model) {
            return Ok(());
        }
        let at = [fit.terms[0].coef, fit.terms[1].coef];
        let found = exact_by_definition(&rows, intervals, stratified, at);
        prop_assert!(near(fit.loglik, found, 1e-10), "{} {found}", fit.loglik);
        for (place, term) in fit.terms.iter().enumerate() {
            for side in [-0.1, 0.1] {
                let mut moved = at;
                moved[place] += side * term.se;
                let lower = exact_by_definition(&rows, intervals, stratified, moved);
                prop_assert!(lower < fit.loglik + 1e-12 * fit.loglik.abs());
            }
        }
    }

    /// Expected and observed events agree, and the score is 0, over all rows and weights.
    #[test]
    fn residuals_add_up_to_nothing(
        rows in rows(6..40),
        intervals in any::<bool>(),
        weighted in any::<bool>(),
        stratified in any::<bool>(),
        breslow in any::<bool>(),
    ) {
        let data = Data::new(&rows);
        let sets = data.sets(intervals, weighted, stratified);
        let ties = if breslow { Ties::Breslow } else { Ties::Efron };
        let model = sets.model(&data.covariates(), None, &options(ties)).expect("a model");
        if !settled(&model) {
            return Ok(());
        }
        let weight = |row: usize| if weighted { data.weights[row] } else { 1.0 };
        let residuals = model.residuals().expect("residuals");
        let sum: f64 = residuals.martingale.iter().enumerate().map(|(row, value)| weight(row) * value).sum();
        prop_assert!(sum.abs() < 1e-9, "{sum}");
        for (martingale, deviance) in residuals.martingale.iter().zip(&residuals.deviance) {
            prop_assert!(martingale * deviance >= 0.0 && !deviance.is_nan());
        }
        let scores = model.score_residuals().expect("score residuals");
        for place in 0..2 {
            let sum: f64 = (0..rows.len()).map(|row| weight(row) * scores[row * 2 + place]).sum();
            prop_assert!(sum.abs() < 1e-6, "{sum}");
        }
        // The sum of squares of dfbeta is the robust variance.
        let dfbeta = model.dfbeta(Influence::Coefficient).expect("dfbeta");
        let robust = CoxOptions { variance: Variance::Robust, ..options(ties) };
        let fit = sets.fit(&data.covariates(), &robust).expect("a fit");
        let own: Vec<u32> = (0..rows.len() as u32).rev().collect();
        let clustered = sets.model(&data.covariates(), Some(&own), &robust).expect("a model");
        for place in 0..2 {
            let sum: f64 = (0..rows.len()).map(|row| dfbeta[row * 2 + place].powi(2)).sum();
            prop_assert!(near(sum, fit.variance[3 * place], 1e-9));
            prop_assert!(near(clustered.fit().variance[3 * place], fit.variance[3 * place], 1e-9));
        }
    }

    #[test]
    fn order_of_rows_changes_no_bit(
        rows in rows(3..30),
        seed in any::<u64>(),
        intervals in any::<bool>(),
        stratified in any::<bool>(),
        ties in 0u8..3,
    ) {
        let ties = [Ties::Efron, Ties::Breslow, Ties::Exact][usize::from(ties)];
        let mut places: Vec<usize> = (0..rows.len()).collect();
        let mut state = seed | 1;
        for i in (1..places.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            places.swap(i, (state >> 33) as usize % (i + 1));
        }
        let shuffled: Vec<Row> = places.iter().map(|&place| rows[place]).collect();
        let (a, b) = (Data::new(&rows), Data::new(&shuffled));
        let (sets_a, sets_b) = (a.sets(intervals, false, stratified), b.sets(intervals, false, stratified));
        let options = CoxOptions { ties, ..CoxOptions::default() };
        let clusters = |data: &Data| (ties != Ties::Exact).then(|| data.clusters.clone());
        // Other codes for the same clusters.
        let renamed = clusters(&b).map(|codes| codes.iter().map(|code| 99 - code).collect::<Vec<u32>>());
        let model_a = sets_a.model(&a.covariates(), clusters(&a).as_deref(), &options).expect("a model");
        let model_b = sets_b.model(&b.covariates(), renamed.as_deref(), &options).expect("a model");
        let bits = |numbers: &[f64]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<u64>>();
        prop_assert_eq!(bits(&model_a.fit().variance), bits(&model_b.fit().variance));
        prop_assert_eq!(model_a.fit().concordance.map(|c| c.se.to_bits()), model_b.fit().concordance.map(|c| c.se.to_bits()));
        let (of_a, of_b) = (model_a.residuals().expect("residuals"), model_b.residuals().expect("residuals"));
        let moved: Vec<f64> = places.iter().map(|&place| of_a.martingale[place]).collect();
        prop_assert_eq!(bits(&moved), bits(&of_b.martingale));
        let hazards = |model: &CoxModel<'_>| {
            let steps = model.baseline().expect("a baseline").hazard(HazardAt::Means);
            steps.iter().map(|step| step.hazard.to_bits()).collect::<Vec<u64>>()
        };
        prop_assert_eq!(hazards(&model_a), hazards(&model_b));
        let zph = |model: &CoxModel<'_>| {
            let zph = model.zph(TimeTransform::KaplanMeier, None).expect("tests");
            (zph.global.chi2.to_bits(), zph.terms[0].test.chi2.to_bits())
        };
        prop_assert_eq!(zph(&model_a), zph(&model_b));
    }

    #[test]
    fn weights_are_rows_repeated(rows in rows(6..25), intervals in any::<bool>()) {
        let repeated: Vec<Row> = rows.iter().flat_map(|row| std::iter::repeat_n(*row, row.weight as usize)).collect();
        let (a, b) = (Data::new(&rows), Data::new(&repeated));
        let (sets_a, sets_b) = (a.sets(intervals, true, true), b.sets(intervals, false, true));
        let model_a = sets_a.model(&a.covariates(), None, &options(Ties::Breslow)).expect("a model");
        let model_b = sets_b.model(&b.covariates(), None, &options(Ties::Breslow)).expect("a model");
        if !(settled(&model_a) && settled(&model_b)) {
            return Ok(());
        }
        let level = ConfidenceLevel::default();
        for stratum in model_a.baseline().expect("a baseline").strata() {
            let curve = |model: &CoxModel<'_>| {
                model.baseline().expect("a baseline").curve(&[0.5, -1.0], stratum, level, ConfidenceType::Log).expect("a curve")
            };
            let (of_a, of_b) = (curve(&model_a), curve(&model_b));
            prop_assert_eq!(of_a.len(), of_b.len());
            for (a, b) in of_a.iter().zip(&of_b) {
                prop_assert_eq!((a.time, a.n_risk, a.n_event, a.n_censor), (b.time, b.n_risk, b.n_event, b.n_censor));
                prop_assert!(near(a.survival, b.survival, 1e-8) && near(a.se_cumulative_hazard, b.se_cumulative_hazard, 1e-7));
            }
        }
    }
}

const TIME: [f64; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
const X: [f64; 6] = [0.5, 1.5, 0.7, 0.2, 0.9, 0.1];

fn sets(event: &[bool; 6], strata: Option<&[u32]>) -> RiskSets {
    RiskSets::new(&FollowUp::right_censored(&TIME, event).expect("follow-up"), strata).expect("risk sets")
}

fn model<'a>(sets: &'a RiskSets, columns: &[&[f64]]) -> CoxModel<'a> {
    let covariates: Vec<Covariate<'_>> = columns.iter().map(|values| Covariate { name: "x", values }).collect();
    sets.model(&covariates, None, &CoxOptions::default()).expect("a model")
}

#[test]
fn without_events_nothing_is_expected() {
    let sets = sets(&[false; 6], None);
    let model = model(&sets, &[&X]);
    let residuals = model.residuals().expect("residuals");
    assert!(
        residuals
            .martingale
            .iter()
            .chain(&residuals.deviance)
            .all(|value| *value == 0.0)
    );
    assert!(
        model
            .score_residuals()
            .expect("scores")
            .iter()
            .all(|value| value.is_nan())
    );
    assert!(
        model
            .dfbeta(Influence::StandardError)
            .expect("dfbetas")
            .iter()
            .all(|value| value.is_nan())
    );
    assert!(model.schoenfeld().expect("residuals").events.is_empty());
    let baseline = model.baseline().expect("a baseline");
    assert!(baseline.hazard(HazardAt::Zero).iter().all(|step| step.hazard == 0.0));
    let curve = baseline
        .curve(&[1.0], 0, ConfidenceLevel::default(), ConfidenceType::LogLog)
        .expect("a curve");
    assert!(
        curve
            .iter()
            .all(|step| step.survival == 1.0 && step.se == 0.0 && step.lower.is_nan())
    );
    let zph = model.zph(TimeTransform::Rank, None).expect("tests");
    assert!(zph.global.chi2.is_nan() && zph.global.df == 0 && zph.transformed.is_empty());
}

/// A model of nothing but a constant predicts exp(-the Nelson-Aalen estimate): 1/6 + 1/4 + 1/2 here.
#[test]
fn a_constant_column_leaves_the_baseline() {
    let sets = sets(&[true, false, true, false, true, false], None);
    let model = model(&sets, &[&[2.0; 6]]);
    let baseline = model.baseline().expect("a baseline");
    let steps = baseline
        .curve_at(
            &[7.0],
            0,
            &[0.5, 5.0, 5.5, 6.0, 6.5],
            ConfidenceLevel::default(),
            ConfidenceType::Log,
        )
        .expect("steps");
    assert_eq!((steps[0].survival, steps[0].se), (1.0, 0.0));
    let expected = (-(1.0_f64 / 6.0 + 0.25 + 0.5)).exp();
    for step in &steps[1..4] {
        assert!((step.survival - expected).abs() < 1e-15, "{step:?}");
    }
    assert!(steps[4].survival.is_nan() && steps[4].cumulative_hazard.is_nan());
    assert!(
        model
            .score_residuals()
            .expect("scores")
            .iter()
            .all(|value| value.is_nan())
    );
    let together = baseline
        .survival_at(&[&[7.0, f64::NAN]], None, &[5.5, 6.5])
        .expect("survival");
    assert!((together[0] - expected).abs() < 1e-15 && together[1].is_nan());
}

#[test]
fn missing_values_and_wrong_questions() {
    let event = [true, true, false, true, true, false];
    let sets = sets(&event, Some(&[4, 4, 4, 2, 2, 2]));
    let model = model(&sets, &[&X]);
    let baseline = model.baseline().expect("a baseline");
    assert_eq!(baseline.strata().collect::<Vec<u32>>(), [2, 4]);
    let level = ConfidenceLevel::default();
    let unknown = baseline.curve(&[1.0], 3, level, ConfidenceType::Log);
    assert_eq!(unknown, Err(SurvivalError::UnknownStratum { stratum: 3 }));
    assert!(matches!(
        baseline.curve(&[1.0, 2.0], 2, level, ConfidenceType::Log),
        Err(SurvivalError::Length {
            found: 2,
            expected: 1,
            ..
        })
    ));
    assert!(baseline.survival_at(&[], None, &[1.0]).is_err());
    assert!(baseline.survival_at(&[&[1.0, 2.0]], Some(&[2]), &[1.0]).is_err());
    let curve = baseline
        .curve(&[f64::NAN], 2, level, ConfidenceType::Log)
        .expect("a curve");
    assert!(curve.len() == 3 && curve.iter().all(|step| step.survival.is_nan() && step.lower.is_nan()));
    // The second stratum ends at 3, the first at 6.
    let survival = baseline
        .survival_at(&[&[1.0, 1.0, f64::NAN]], Some(&[2, 4, 2]), &[4.0])
        .expect("survival");
    assert!(survival[0] < 1.0 && survival[1].is_nan() && survival[2].is_nan());
    let group = TermGroup {
        name: "g".to_owned(),
        columns: vec![1],
    };
    assert!(matches!(
        model.zph(TimeTransform::Log, Some(&[group])),
        Err(SurvivalError::Parameter {
            parameter: "groups",
            ..
        })
    ));
    assert!(matches!(
        sets.model(
            &[Covariate { name: "x", values: &X }],
            Some(&[1]),
            &CoxOptions::default()
        ),
        Err(SurvivalError::Length { .. })
    ));
}

#[test]
fn times_that_no_transform_tells_apart() {
    let time = [0.0, 0.0, 1.0, 2.0];
    let event = [true, true, false, false];
    let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
    let sets = RiskSets::new(&follow_up, None).expect("risk sets");
    let model = model(&sets, &[&[0.5, 1.5, 0.7, 0.9]]);
    let rank = model.zph(TimeTransform::Rank, None).expect("tests");
    assert!(rank.global.chi2.is_nan() && rank.terms[0].test.df == 0);
    let log = model.zph(TimeTransform::Log, None).expect("tests");
    assert!(log.global.chi2.is_nan() && log.transformed[0] == f64::NEG_INFINITY);
}

#[test]
fn exact_ties_know_neither_weights_nor_robust_errors() {
    let event = [true, true, false, true, true, false];
    let follow_up = FollowUp::right_censored(&TIME, &event).expect("follow-up");
    let covariates = [Covariate { name: "x", values: &X }];
    let exact = CoxOptions {
        ties: Ties::Exact,
        ..CoxOptions::default()
    };
    let weights = [1.0, 2.0, 1.0, 1.0, 1.0, 1.0];
    let weighted = follow_up.with_weights(&weights).expect("weights");
    let error = radsql_survival::cox(&weighted, None, &covariates, &exact).expect_err("an error");
    assert_eq!(error.to_string(), "cox with exact ties is not defined for weights");
    let sets = RiskSets::new(&follow_up, None).expect("risk sets");
    assert!(sets.model(&covariates, Some(&[0, 0, 1, 1, 2, 2]), &exact).is_err());
    let robust = CoxOptions {
        variance: Variance::Robust,
        ..exact
    };
    assert!(sets.fit(&covariates, &robust).is_err());
    // Without ties, exact is what Breslow says; weights of 1 are none.
    let ones = follow_up.with_weights(&[1.0; 6]).expect("weights");
    let found = radsql_survival::cox(&ones, None, &covariates, &exact).expect("a fit");
    let breslow = CoxOptions {
        ties: Ties::Breslow,
        ..CoxOptions::default()
    };
    let expected = radsql_survival::cox(&follow_up, None, &covariates, &breslow).expect("a fit");
    assert!((found.terms[0].coef - expected.terms[0].coef).abs() < 1e-12);
    // All rows at risk have the event: nothing can be told.
    let tied = FollowUp::right_censored(&[4.0; 3], &[true; 3]).expect("follow-up");
    let all = radsql_survival::cox(
        &tied,
        None,
        &[Covariate {
            name: "x",
            values: &X[..3],
        }],
        &exact,
    )
    .expect("a fit");
    assert!(all.terms[0].coef.is_nan() && all.loglik.abs() < 1e-12);
    assert_eq!(
        all.warning().expect("a warning"),
        "no coefficient for x: constant in every risk set"
    );
}

/// Hundreds of tied events among thousands of rows: sums of products beyond all numbers.
#[test]
fn many_exact_ties_stay_in_range() {
    let time: Vec<f64> = (0..3000).map(|row| f64::from(row % 4 + 1)).collect();
    let event: Vec<bool> = (0..3000).map(|row| row % 3 != 0).collect();
    let x: Vec<f64> = (0..3000)
        .map(|row| f64::from(row * 7 % 11) - f64::from(row % 4))
        .collect();
    let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
    let covariates = [Covariate { name: "x", values: &x }];
    let fit = |ties: Ties| {
        let options = CoxOptions {
            ties,
            convergence: Convergence::default(),
            ..CoxOptions::default()
        };
        radsql_survival::cox(&follow_up, None, &covariates, &options).expect("a fit")
    };
    let (exact, breslow) = (fit(Ties::Exact), fit(Ties::Breslow));
    assert!(exact.converged && exact.loglik.is_finite());
    // With so many ties Breslow's method draws the coefficient towards 0.
    assert!(exact.terms[0].coef.abs() > breslow.terms[0].coef.abs());
}

#[test]
fn collinear_columns_name_what_they_are_made_of() {
    let event = [true, true, false, true, true, false];
    let sets = sets(&event, None);
    let y = [1.0, 0.0, 0.3, 0.4, 2.0, 0.1];
    let sum: Vec<f64> = X.iter().zip(&y).map(|(x, y)| x - 3.0 * y).collect();
    let unrelated = [0.3, 0.1, 0.9, 0.8, 0.2, 0.4];
    let covariates: Vec<Covariate<'_>> = [
        ("x", &X[..]),
        ("u", &unrelated),
        ("y", &y),
        ("s", &sum),
        ("t", &sum),
        ("one", &[1.0; 6]),
    ]
    .into_iter()
    .map(|(name, values)| Covariate { name, values })
    .collect();
    let fit = sets.fit(&covariates, &CoxOptions::default()).expect("a fit");
    let warning = fit.warning().expect("a warning");
    let expected = "no coefficient for one: constant in every risk set; no coefficient for s: a combination of x, y; \
                    no coefficient for t: a combination of x, y";
    assert!(warning.starts_with(expected), "{warning}");
}
