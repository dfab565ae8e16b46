//! Relations that hold whatever the data.

use proptest::prelude::*;
use radsql_survival::{
    ConfidenceLevel, ConfidenceType, Covariate, CoxFit, CoxOptions, CoxWarning, FollowUp, Rho, RiskSets, SurvivalStep,
    Ties, Variance, concordance, cox, kaplan_meier, log_rank, univariate_cox,
};

/// A row: start, stop, event, two covariates, stratum, weight.
#[derive(Debug, Clone, Copy)]
struct Row {
    start: f64,
    stop: f64,
    event: bool,
    x: [f64; 2],
    stratum: u32,
    weight: f64,
}

/// Coarse times and covariates, so that ties of every kind occur.
fn rows(len: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Row>> {
    let row = (
        0u8..8,
        1u8..10,
        prop::bool::weighted(0.6),
        -4i8..5,
        -20i8..20,
        0u32..3,
        1u8..5,
    )
        .prop_map(|(start, length, event, a, b, stratum, weight)| Row {
            start: f64::from(start),
            stop: f64::from(start + length),
            event,
            x: [f64::from(a), f64::from(b) / 7.0],
            stratum,
            weight: f64::from(weight),
        });
    prop::collection::vec(row, len)
}

struct Columns {
    start: Vec<f64>,
    stop: Vec<f64>,
    event: Vec<bool>,
    x: [Vec<f64>; 2],
    strata: Vec<u32>,
    weights: Vec<f64>,
}

impl Columns {
    fn new(rows: &[Row]) -> Self {
        let number = |value: fn(&Row) -> f64| rows.iter().map(value).collect::<Vec<f64>>();
        Self {
            start: number(|row| row.start),
            stop: number(|row| row.stop),
            event: rows.iter().map(|row| row.event).collect(),
            x: [number(|row| row.x[0]), number(|row| row.x[1])],
            strata: rows.iter().map(|row| row.stratum).collect(),
            weights: number(|row| row.weight),
        }
    }

    fn intervals(&self) -> FollowUp<'_> {
        FollowUp::intervals(&self.start, &self.stop, &self.event).expect("follow-up")
    }

    fn right(&self) -> FollowUp<'_> {
        FollowUp::right_censored(&self.stop, &self.event).expect("follow-up")
    }

    fn covariates(&self) -> [Covariate<'_>; 2] {
        [
            Covariate {
                name: "a",
                values: &self.x[0],
            },
            Covariate {
                name: "b",
                values: &self.x[1],
            },
        ]
    }
}

fn options(ties: Ties) -> CoxOptions {
    CoxOptions {
        ties,
        ..CoxOptions::default()
    }
}

/// Every number of a fit, bit by bit.
fn bits(fit: &CoxFit) -> Vec<u64> {
    let mut numbers = vec![fit.loglik_null, fit.loglik, fit.lr.chi2, fit.wald.chi2, fit.score.chi2];
    numbers.extend(
        fit.terms
            .iter()
            .flat_map(|term| [term.coef, term.se, term.z, term.p, term.hr_lower]),
    );
    numbers.extend(fit.variance.iter().chain(&fit.means));
    if let Some(c) = fit.concordance {
        numbers.extend([c.c, c.se, c.concordant, c.discordant, c.tied_x, c.tied_y, c.tied_xy]);
    }
    numbers.into_iter().map(f64::to_bits).collect()
}

/// The log partial likelihood by its definition, a sum over events of sums over all rows.
fn loglik_by_definition(rows: &[Row], coefficients: [f64; 2], ties: Ties) -> f64 {
    let predictor = |row: &Row| row.x[0] * coefficients[0] + row.x[1] * coefficients[1];
    let mut loglik = 0.0;
    let mut done: Vec<(u32, f64)> = Vec::new();
    for event in rows.iter().filter(|row| row.event) {
        let time = event.stop;
        if done.contains(&(event.stratum, time)) {
            continue;
        }
        done.push((event.stratum, time));
        let of_stratum = || rows.iter().filter(|row| row.stratum == event.stratum);
        let dead: Vec<&Row> = of_stratum().filter(|row| row.event && row.stop == time).collect();
        let at_risk = || of_stratum().filter(|row| row.start < time && row.stop >= time);
        let highest = at_risk().map(predictor).fold(f64::NEG_INFINITY, f64::max);
        let risk = |row: &Row| row.weight * (predictor(row) - highest).exp();
        let others: f64 = at_risk().filter(|row| !(row.event && row.stop == time)).map(risk).sum();
        let own: f64 = dead.iter().map(|row| risk(row)).sum();
        let weight: f64 = dead.iter().map(|row| row.weight).sum();
        loglik += dead
            .iter()
            .map(|row| row.weight * (predictor(row) - highest))
            .sum::<f64>();
        let d = dead.len();
        for k in 1..=d {
            let part = if ties == Ties::Efron { k as f64 / d as f64 } else { 1.0 };
            loglik -= weight / d as f64 * (others + part * own).ln();
        }
    }
    loglik
}

fn settled(fit: &CoxFit) -> bool {
    fit.converged && fit.terms.iter().all(|term| term.coef.abs() < 8.0)
}

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn order_of_rows_changes_no_bit(rows in rows(1..50), seed in any::<u64>(), breslow in any::<bool>()) {
        let mut shuffled = rows.clone();
        let mut state = seed | 1;
        for i in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(i, (state >> 33) as usize % (i + 1));
        }
        // Weights and scores whose sums round.
        let uneven = |rows: &[Row]| rows.iter().map(|row| row.weight / 7.0 + 0.1).collect::<Vec<f64>>();
        let (a, b) = (Columns::new(&rows), Columns::new(&shuffled));
        let (weights_a, weights_b) = (uneven(&rows), uneven(&shuffled));
        let ties = if breslow { Ties::Breslow } else { Ties::Efron };
        let level = ConfidenceLevel::default();
        for (left, right) in [
            (a.right(), b.right()),
            (a.intervals(), b.intervals()),
            (a.right().with_weights(&weights_a).expect("weights"), b.right().with_weights(&weights_b).expect("weights")),
            (
                a.intervals().with_weights(&weights_a).expect("weights"),
                b.intervals().with_weights(&weights_b).expect("weights"),
            ),
        ] {
            for (strata_a, strata_b) in [(None, None), (Some(a.strata.as_slice()), Some(b.strata.as_slice()))] {
                for variance in [Variance::Automatic, Variance::Robust] {
                    let options = CoxOptions { variance, ..options(ties) };
                    let fit_a = cox(&left, strata_a, &a.covariates(), &options).expect("a fit");
                    let fit_b = cox(&right, strata_b, &b.covariates(), &options).expect("a fit");
                    prop_assert_eq!(bits(&fit_a), bits(&fit_b));
                    prop_assert_eq!(fit_a.warning(), fit_b.warning());
                }
                let one_a = univariate_cox(&left, strata_a, &a.covariates(), &options(ties)).expect("fits");
                let one_b = univariate_cox(&right, strata_b, &b.covariates(), &options(ties)).expect("fits");
                for (one_a, one_b) in one_a.iter().zip(&one_b) {
                    prop_assert_eq!(bits(one_a), bits(one_b));
                }
                let c_a = concordance(&left, strata_a, &a.x[1], level).expect("a concordance");
                let c_b = concordance(&right, strata_b, &b.x[1], level).expect("a concordance");
                prop_assert_eq!([c_a.c, c_a.se, c_a.tied_x].map(f64::to_bits), [c_b.c, c_b.se, c_b.tied_x].map(f64::to_bits));
            }
            let curve_a = kaplan_meier(&left, level, ConfidenceType::Log).expect("a curve");
            let curve_b = kaplan_meier(&right, level, ConfidenceType::Log).expect("a curve");
            prop_assert_eq!(curve_a, curve_b);
        }
        let half = Rho::new(0.5).expect("rho");
        let test_a = log_rank(&a.right(), &a.strata, None, half);
        let test_b = log_rank(&b.right(), &b.strata, None, half);
        if let (Ok(test_a), Ok(test_b)) = (test_a, test_b) {
            prop_assert_eq!(test_a.test.chi2.to_bits(), test_b.test.chi2.to_bits());
            prop_assert_eq!(test_a.variance, test_b.variance);
        }
    }

    /// Weights over 17 orders of magnitude and intervals: rows that leave may take all but a trace of the risk along.
    #[test]
    fn fits_maximise_the_likelihood_by_definition(
        rows in rows(4..40),
        wild in any::<bool>(),
        breslow in any::<bool>(),
        truncated in any::<bool>(),
    ) {
        let ties = if breslow { Ties::Breslow } else { Ties::Efron };
        let rows: Vec<Row> = rows
            .into_iter()
            .map(|row| Row {
                weight: if wild { [1e8, 1e-9, 1.0, 1e-5][row.weight as usize - 1] } else { row.weight },
                start: if truncated { row.start } else { 0.0 },
                ..row
            })
            .collect();
        let columns = Columns::new(&rows);
        let follow_up = if truncated { columns.intervals() } else { columns.right() };
        let follow_up = follow_up.with_weights(&columns.weights).expect("weights");
        let options = CoxOptions { variance: Variance::Information, ..options(ties) };
        let fit = cox(&follow_up, Some(&columns.strata), &columns.covariates(), &options).expect("a fit");
        let null = loglik_by_definition(&rows, [0.0, 0.0], ties);
        prop_assert!(near(fit.loglik_null, null, 1e-11), "{} {null}", fit.loglik_null);
        let coefficients = [fit.terms[0].coef, fit.terms[1].coef].map(|coef| if coef.is_nan() { 0.0 } else { coef });
        // A coefficient that may be infinite can be NaN in the answer though the likelihood has it.
        if fit.warnings.iter().all(|warning| matches!(warning, CoxWarning::Collinear { .. } | CoxWarning::Constant { .. })) {
            let found = loglik_by_definition(&rows, coefficients, ties);
            prop_assert!(near(fit.loglik, found, 1e-10), "{} {found}", fit.loglik);
        }
        // With wild weights, the rounding of the heavy rows' terms hides the light rows' hills.
        if settled(&fit) && !wild {
            // A tenth of a standard error away in any direction, the likelihood is lower by about 0.005.
            for (place, term) in fit.terms.iter().enumerate() {
                for side in [-0.1, 0.1] {
                    let mut moved = coefficients;
                    moved[place] += side * term.se;
                    let slack = 1e-12 * fit.loglik.abs();
                    let lower = loglik_by_definition(&rows, moved, ties);
                    prop_assert!(lower < fit.loglik + slack, "{lower:e} {fit:?}");
                }
            }
        }
    }

    #[test]
    fn one_covariate_alone_is_the_model_of_one(rows in rows(2..40)) {
        let columns = Columns::new(&rows);
        let sets = RiskSets::new(&columns.intervals(), Some(&columns.strata)).expect("risk sets");
        let many = sets.univariate(&columns.covariates(), &CoxOptions::default()).expect("fits");
        for (covariate, one) in columns.covariates().iter().zip(&many) {
            let alone = sets.fit(std::slice::from_ref(covariate), &CoxOptions::default()).expect("a fit");
            prop_assert_eq!(bits(&alone), bits(one));
        }
    }

    #[test]
    fn missing_values_drop_the_row_of_that_covariate(rows in rows(3..40), missing in prop::collection::vec(any::<bool>(), 40)) {
        let columns = Columns::new(&rows);
        let with_missing: Vec<f64> =
            columns.x[1].iter().zip(&missing).map(|(x, missing)| if *missing { f64::NAN } else { *x }).collect();
        let covariates = [Covariate { name: "b", values: &with_missing }];
        let fits = univariate_cox(&columns.intervals(), Some(&columns.strata), &covariates, &CoxOptions::default());
        let fit = &fits.expect("fits")[0];
        let kept: Vec<Row> = rows.iter().zip(&missing).filter(|(_, missing)| !**missing).map(|(row, _)| *row).collect();
        if kept.is_empty() {
            prop_assert_eq!(fit.n, 0);
            prop_assert!(fit.terms[0].coef.is_nan() && fit.warning().is_some());
            return Ok(());
        }
        let kept = Columns::new(&kept);
        let covariates = [kept.covariates()[1]];
        let expected = cox(&kept.intervals(), Some(&kept.strata), &covariates, &CoxOptions::default()).expect("a fit");
        prop_assert_eq!(bits(fit), bits(&expected));
    }

    #[test]
    fn time_scale_leaves_coefficients(rows in rows(8..60), exponent in -8i32..20, breslow in any::<bool>()) {
        let ties = if breslow { Ties::Breslow } else { Ties::Efron };
        let scale = 2.0_f64.powi(exponent);
        let scaled: Vec<Row> = rows.iter().map(|row| Row { start: row.start * scale, stop: row.stop * scale, ..*row }).collect();
        let (a, b) = (Columns::new(&rows), Columns::new(&scaled));
        let fit_a = cox(&a.intervals(), Some(&a.strata), &a.covariates(), &options(ties)).expect("a fit");
        let fit_b = cox(&b.intervals(), Some(&b.strata), &b.covariates(), &options(ties)).expect("a fit");
        prop_assert_eq!(bits(&fit_a), bits(&fit_b));
    }

    /// Days divided by 30 on one computer and written out with 15 digits on another are the same months.
    #[test]
    fn times_that_differ_by_rounding_are_tied(rows in rows(8..60), noise in prop::collection::vec(-2i8..3, 60)) {
        let rounded: Vec<Row> = rows
            .iter()
            .zip(&noise)
            .map(|(row, noise)| Row { stop: row.stop * (1.0 + f64::from(*noise) * 4e-16), ..*row })
            .collect();
        let (a, b) = (Columns::new(&rows), Columns::new(&rounded));
        let fit_a = cox(&a.intervals(), Some(&a.strata), &a.covariates(), &CoxOptions::default()).expect("a fit");
        let fit_b = cox(&b.intervals(), Some(&b.strata), &b.covariates(), &CoxOptions::default()).expect("a fit");
        prop_assert_eq!(fit_a.converged, fit_b.converged);
        prop_assert!(near(fit_a.loglik_null, fit_b.loglik_null, 1e-12));
        if settled(&fit_a) {
            prop_assert!(near(fit_a.terms[1].coef, fit_b.terms[1].coef, 1e-8));
        }
        let level = ConfidenceLevel::default();
        let curve_a = kaplan_meier(&a.right(), level, ConfidenceType::Log).expect("a curve");
        let curve_b = kaplan_meier(&b.right(), level, ConfidenceType::Log).expect("a curve");
        let counts = |steps: &[SurvivalStep]| steps.iter().map(|s| (s.n_risk, s.n_event, s.survival)).collect::<Vec<_>>();
        prop_assert_eq!(counts(&curve_a.steps), counts(&curve_b.steps));
        let c_a = concordance(&a.right(), None, &a.x[0], level).expect("a concordance");
        let c_b = concordance(&b.right(), None, &b.x[0], level).expect("a concordance");
        prop_assert_eq!((c_a.concordant, c_a.tied_y), (c_b.concordant, c_b.tied_y));
        if let (Ok(test_a), Ok(test_b)) = (
            log_rank(&a.right(), &a.strata, None, Rho::default()),
            log_rank(&b.right(), &b.strata, None, Rho::default()),
        ) {
            prop_assert_eq!(test_a.test.chi2, test_b.test.chi2);
        }
    }

    #[test]
    fn weights_are_rows_repeated(rows in rows(8..40)) {
        let repeated: Vec<Row> = rows.iter().flat_map(|row| std::iter::repeat_n(*row, row.weight as usize)).collect();
        let (a, b) = (Columns::new(&rows), Columns::new(&repeated));
        let weighted = a.intervals().with_weights(&a.weights).expect("weights");
        let fit_a = cox(&weighted, Some(&a.strata), &a.covariates(), &options(Ties::Breslow)).expect("a fit");
        let fit_b = cox(&b.intervals(), Some(&b.strata), &b.covariates(), &options(Ties::Breslow)).expect("a fit");
        prop_assert_eq!(fit_a.converged, fit_b.converged);
        if settled(&fit_a) {
            for (left, right) in fit_a.terms.iter().zip(&fit_b.terms) {
                prop_assert!(near(left.coef, right.coef, 1e-8) && near(left.se, right.se, 1e-8));
            }
            prop_assert!(near(fit_a.loglik, fit_b.loglik, 1e-10));
        }
        let level = ConfidenceLevel::default();
        let curve_a = kaplan_meier(&weighted, level, ConfidenceType::Plain).expect("a curve");
        let curve_b = kaplan_meier(&b.intervals(), level, ConfidenceType::Plain).expect("a curve");
        prop_assert_eq!(curve_a.steps, curve_b.steps);
        let c_a = concordance(&weighted, None, &a.x[0], level).expect("a concordance");
        let c_b = concordance(&b.intervals(), None, &b.x[0], level).expect("a concordance");
        // Rows repeated tie with themselves in time, which is not counted in c.
        prop_assert_eq!((c_a.concordant, c_a.discordant), (c_b.concordant, c_b.discordant));
    }

    #[test]
    fn shift_scale_and_sign_of_covariates(rows in rows(12..60), shift in -1e3f64..1e3, exponent in -40i32..40) {
        let scale = -(2.0_f64.powi(exponent));
        let moved: Vec<Row> =
            rows.iter().map(|row| Row { x: [row.x[0], (row.x[1] + shift) * scale], ..*row }).collect();
        let (a, b) = (Columns::new(&rows), Columns::new(&moved));
        let fit_a = cox(&a.right(), None, &a.covariates(), &CoxOptions::default()).expect("a fit");
        let fit_b = cox(&b.right(), None, &b.covariates(), &CoxOptions::default()).expect("a fit");
        prop_assert_eq!(fit_a.converged, fit_b.converged);
        if settled(&fit_a) {
            prop_assert!(near(fit_a.terms[0].coef, fit_b.terms[0].coef, 1e-7));
            prop_assert!(near(fit_a.terms[1].coef, fit_b.terms[1].coef * scale, 1e-7));
            prop_assert!(near(fit_a.terms[1].z, -fit_b.terms[1].z, 1e-7));
            prop_assert!(near(fit_a.lr.chi2, fit_b.lr.chi2, 1e-8));
        }
    }

    #[test]
    fn intervals_cut_in_two_change_nothing(rows in rows(8..40)) {
        let cut: Vec<Row> = rows
            .iter()
            .flat_map(|row| {
                let middle = f64::midpoint(row.start, row.stop);
                [Row { stop: middle, event: false, ..*row }, Row { start: middle, ..*row }]
            })
            .collect();
        let (a, b) = (Columns::new(&rows), Columns::new(&cut));
        for ties in [Ties::Efron, Ties::Breslow] {
            let fit_a = cox(&a.intervals(), Some(&a.strata), &a.covariates(), &options(ties)).expect("a fit");
            let fit_b = cox(&b.intervals(), Some(&b.strata), &b.covariates(), &options(ties)).expect("a fit");
            prop_assert_eq!(fit_a.converged, fit_b.converged);
            if settled(&fit_a) {
                prop_assert!(near(fit_a.terms[0].coef, fit_b.terms[0].coef, 1e-8));
                prop_assert!(near(fit_a.loglik, fit_b.loglik, 1e-10));
            }
        }
    }

    #[test]
    fn log_rank_is_the_score_test(rows in rows(8..60)) {
        // Without ties the score test of a two-valued covariate is the log-rank test.
        let rows: Vec<Row> = rows
            .iter()
            .enumerate()
            .map(|(place, row)| Row { stop: row.stop + place as f64 / 100.0, x: [f64::from(row.stratum % 2), 0.0], ..*row })
            .collect();
        let columns = Columns::new(&rows);
        let groups: Vec<u32> = rows.iter().map(|row| row.x[0] as u32).collect();
        let Ok(test) = log_rank(&columns.right(), &groups, None, Rho::default()) else { return Ok(()) };
        let fit = cox(&columns.right(), None, &columns.covariates()[..1], &CoxOptions::default()).expect("a fit");
        prop_assert_eq!(test.test.df, fit.score.df);
        prop_assert!(near(test.test.chi2, fit.score.chi2, 1e-9), "{} {}", test.test.chi2, fit.score.chi2);
    }
}
