//! Input that is wrong, empty of information, or extreme.

use proptest::prelude::*;
use radsql_survival::{
    ConfidenceLevel, ConfidenceType, Convergence, Covariate, CoxFit, CoxOptions, CoxWarning, FollowUp, RiskSets,
    SurvivalError, Ties, Variance, cox, kaplan_meier, univariate_cox,
};

/// Ten rows with a time-related and an unrelated covariate.
const TIME: [f64; 10] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0];
const EVENT: [bool; 10] = [true, true, false, true, true, true, false, true, true, false];
const A: [f64; 10] = [3.0, 1.0, 2.5, 2.0, 0.5, 1.5, 2.2, 1.0, 0.3, 0.8];
const B: [f64; 10] = [0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0];

fn fit(time: &[f64], event: &[bool], strata: Option<&[u32]>, columns: &[&[f64]]) -> CoxFit {
    let follow_up = FollowUp::right_censored(time, event).expect("follow-up");
    let names = ["a", "b", "c", "d"];
    let covariates: Vec<Covariate<'_>> = columns
        .iter()
        .zip(names.iter().cycle())
        .map(|(values, name)| Covariate { name, values })
        .collect();
    cox(&follow_up, strata, &covariates, &CoxOptions::default()).expect("a fit")
}

fn near(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance * b.abs(), "{a:e} is not {b:e}");
}

#[test]
fn wrong_input_is_named() {
    let event = [true, false];
    let right = |time: &[f64]| match FollowUp::right_censored(time, &event) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    assert_eq!(right(&[1.0]), "`event` has 2 rows, expected 1 as in the times");
    assert_eq!(right(&[1.0, -3.0]), "`time` in row 1 is -3, expected 0 or more");
    assert_eq!(
        right(&[f64::NAN, 1.0]),
        "`time` in row 0 is NaN, expected a finite number"
    );
    assert_eq!(
        right(&[1.0, f64::INFINITY]),
        "`time` in row 1 is inf, expected a finite number"
    );
    assert!(matches!(FollowUp::right_censored(&[], &[]), Err(SurvivalError::NoRows)));
    let interval = FollowUp::intervals(&[0.0, 2.0], &[1.0, 2.0], &event).map(|_| ());
    assert_eq!(
        interval,
        Err(SurvivalError::Interval {
            row: 1,
            start: 2.0,
            stop: 2.0
        })
    );
    let short = FollowUp::intervals(&[0.0, 2.0], &[1.0, 2.0 + 1e-9], &event).expect("follow-up");
    assert!(matches!(
        RiskSets::new(&short, None),
        Err(SurvivalError::IntervalTooShort { row: 1, .. })
    ));
    let curve = kaplan_meier(&short, ConfidenceLevel::default(), ConfidenceType::Log);
    assert!(matches!(curve, Err(SurvivalError::IntervalTooShort { row: 1, .. })));

    let follow_up = FollowUp::right_censored(&[1.0, 2.0], &event).expect("follow-up");
    for weight in [0.0, -1.0] {
        let found = follow_up.with_weights(&[1.0, weight]).map(|_| ());
        assert_eq!(found, Err(SurvivalError::Weight { row: 1, value: weight }));
    }
    assert!(matches!(
        follow_up.with_weights(&[1.0, f64::NAN]),
        Err(SurvivalError::NotFinite { row: 1, .. })
    ));
    let ask = |values: &[f64]| {
        cox(
            &follow_up,
            None,
            &[Covariate { name: "x", values }],
            &CoxOptions::default(),
        )
    };
    assert!(matches!(
        ask(&[1.0]),
        Err(SurvivalError::Length {
            found: 1,
            expected: 2,
            ..
        })
    ));
    assert!(matches!(
        ask(&[1.0, f64::NAN]),
        Err(SurvivalError::NotFinite { row: 1, .. })
    ));
    assert!(matches!(
        cox(&follow_up, None, &[], &CoxOptions::default()),
        Err(SurvivalError::NoCovariates)
    ));
    let x = [Covariate {
        name: "x",
        values: &[1.0, f64::INFINITY],
    }];
    assert!(matches!(
        univariate_cox(&follow_up, None, &x, &CoxOptions::default()),
        Err(SurvivalError::NotFinite { .. })
    ));
    assert!(matches!(
        RiskSets::new(&follow_up, Some(&[1])),
        Err(SurvivalError::Length { .. })
    ));
    assert!(Convergence::new(0.0, 20).is_err() && Convergence::new(1e-9, 0).is_err());
    let curve = kaplan_meier(&follow_up, ConfidenceLevel::default(), ConfidenceType::Log).expect("a curve");
    assert!(matches!(curve.quantile(1.5), Err(SurvivalError::Parameter { .. })));
}

#[test]
fn no_events_and_one_row() {
    let none = fit(&TIME, &[false; 10], None, &[&A, &B]);
    assert!(
        none.terms
            .iter()
            .all(|term| term.coef.is_nan() && term.se.is_nan() && term.p.is_nan())
    );
    assert_eq!(
        (none.events, none.loglik, none.loglik_null, none.lr.df),
        (0, 0.0, 0.0, 0)
    );
    assert!(none.lr.p.is_nan() && !none.converged && none.variance.iter().all(|v| *v == 0.0));
    assert_eq!(none.warning().expect("a warning"), "no events: no coefficient for a, b");

    let one = fit(&[1.0], &[true], None, &[&[2.0]]);
    assert!(one.terms[0].coef.is_nan() && one.warning().is_some());
    // An event with nobody else at risk tells nothing, and so do events that are all tied over all rows.
    let last = fit(&[1.0, 2.0, 3.0], &[false, false, true], None, &[&[1.0, 5.0, 2.0]]);
    assert!(last.terms[0].coef.is_nan() && last.warning().is_some());
    let tied = fit(&[4.0; 3], &[true; 3], None, &[&[1.0, 5.0, 2.0]]);
    assert_eq!((tied.terms[0].coef.abs() < 1e-12, tied.converged), (true, true));
    let curve = FollowUp::right_censored(&[4.0; 3], &[true; 3]).expect("follow-up");
    let curve = kaplan_meier(&curve, ConfidenceLevel::default(), ConfidenceType::Log).expect("a curve");
    assert_eq!(
        (curve.steps.len(), curve.steps[0].survival, curve.steps[0].lower),
        (1, 0.0, None)
    );
    assert_eq!(curve.median().time, Some(4.0));
}

#[test]
fn columns_without_information() {
    let alone = fit(&TIME, &EVENT, None, &[&A]);
    // Constant, twice the first, and constant but for a row that is in no risk set with an event.
    let constant = [0.1; 10];
    let twice = A.map(|a| 2.0 * a + 1.0);
    let many = fit(&TIME, &EVENT, None, &[&A, &constant, &twice]);
    near(many.terms[0].coef, alone.terms[0].coef, 1e-13);
    near(many.terms[0].se, alone.terms[0].se, 1e-13);
    assert!(many.terms[1].coef.is_nan() && many.terms[2].coef.is_nan());
    assert_eq!((many.lr.df, many.variance[4], many.variance[8]), (1, 0.0, 0.0));
    assert_eq!(
        many.warnings,
        [
            CoxWarning::Constant {
                terms: vec!["b".to_owned()]
            },
            CoxWarning::Collinear {
                term: "c".to_owned(),
                of: vec!["a".to_owned()]
            }
        ]
    );
    assert_eq!(
        many.warning().expect("a warning"),
        "no coefficient for b: constant in every risk set; no coefficient for c: a combination of a"
    );
    near(many.score.chi2, alone.score.chi2, 1e-13);
    assert_eq!(
        many.linear_predictor(&[1.0, 7.0, 7.0]).expect("a score"),
        many.terms[0].coef
    );

    let mut early = [0.1; 10];
    early[0] = 1e6;
    let mut event = EVENT;
    event[0] = false;
    let unseen = fit(&TIME, &event, None, &[&early]);
    assert!(unseen.terms[0].coef.is_nan() && unseen.warning().is_some());
    // With another column, the far value does not spoil the scale.
    let mut outlier = A;
    outlier[0] = 1e12;
    let with = fit(&TIME, &event, None, &[&outlier]);
    let without = fit(&TIME[1..], &event[1..], None, &[&A[1..]]);
    near(with.terms[0].coef, without.terms[0].coef, 1e-13);

    // A covariate that is its stratum.
    let strata: Vec<u32> = B.iter().map(|b| *b as u32).collect();
    let stratified = fit(&TIME, &EVENT, Some(&strata), &[&A, &B]);
    assert!(stratified.terms[1].coef.is_nan() && stratified.terms[0].coef.is_finite());
}

#[test]
fn more_covariates_than_rows() {
    let columns: Vec<Vec<f64>> = (0..15)
        .map(|k| {
            A.iter()
                .enumerate()
                .map(|(i, a)| (a * f64::from(k + 1) + i as f64).sin())
                .collect()
        })
        .collect();
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let many = fit(&TIME, &EVENT, None, &columns);
    assert!(!many.converged && many.warning().is_some());
    assert!(many.terms.iter().filter(|term| term.coef.is_nan()).count() >= 5);
    assert!(many.terms.iter().all(|term| term.coef.is_nan() == term.se.is_nan()));
}

#[test]
fn any_scale_of_a_covariate() {
    let base = fit(&TIME, &EVENT, None, &[&A, &B]);
    for scale in [1e12, 1e-12, 1e150, 1e-150, 1e300, 1e-300] {
        let scaled = A.map(|a| a * scale);
        let found = fit(&TIME, &EVENT, None, &[&scaled, &B]);
        near(found.terms[0].coef * scale, base.terms[0].coef, 1e-12);
        near(found.terms[0].z, base.terms[0].z, 1e-12);
        near(found.terms[1].coef, base.terms[1].coef, 1e-12);
        near(found.terms[1].se, base.terms[1].se, 1e-12);
        assert!(found.converged);
    }
    // A large offset costs the digits that it takes from the values and no more.
    let moved = A.map(|a| a + 1e9);
    let found = fit(&TIME, &EVENT, None, &[&moved, &B]);
    near(found.terms[0].coef, base.terms[0].coef, 1e-6);
    // An outlier of 1e9 times the spread.
    let mut outlier = A;
    outlier[4] = 1e9;
    let found = fit(&TIME, &EVENT, None, &[&outlier]);
    assert!(found.terms[0].coef.is_finite() && found.terms[0].se > 0.0);
}

/// Perfect order: the likelihood rises for ever, predictors would overflow exp(), and the answer says so.
#[test]
fn perfect_order_is_told() {
    for n in [5, 50, 400] {
        let time: Vec<f64> = (0..n).map(f64::from).collect();
        let event = vec![true; n as usize];
        let x: Vec<f64> = (0..n).map(|i| f64::from(-i)).collect();
        for ties in [Ties::Efron, Ties::Breslow] {
            let follow_up = FollowUp::right_censored(&time, &event).expect("follow-up");
            let start = vec![0.0; n as usize];
            let time_after: Vec<f64> = time.iter().map(|time| time + 1.0).collect();
            let intervals = FollowUp::intervals(&start, &time_after, &event).expect("follow-up");
            for follow_up in [follow_up, intervals] {
                for variance in [Variance::Information, Variance::Robust] {
                    let options = CoxOptions {
                        ties,
                        variance,
                        ..CoxOptions::default()
                    };
                    let covariates = [Covariate { name: "x", values: &x }];
                    let found = cox(&follow_up, None, &covariates, &options).expect("a fit");
                    assert!(!found.converged && found.warning().is_some(), "{n}");
                    assert!(found.loglik.is_finite() && found.loglik > found.loglik_null);
                    assert_eq!(found.concordance.expect("a concordance").c, 1.0);
                }
            }
        }
    }
}

#[test]
fn strata_without_events_or_of_one_row() {
    let strata = [0, 0, 0, 0, 0, 0, 0, 0, 1, 2];
    let mut event = EVENT;
    event[8] = true;
    let all = fit(&TIME, &event, Some(&strata), &[&A]);
    let some = fit(&TIME[..8], &event[..8], None, &[&A[..8]]);
    near(all.terms[0].coef, some.terms[0].coef, 1e-13);
    near(all.loglik, some.loglik, 1e-13);
    assert_eq!((all.n, all.events), (10, some.events + 1));

    // Ties do not reach across strata.
    let time: Vec<f64> = TIME.iter().chain(&TIME).copied().collect();
    let event: Vec<bool> = EVENT.iter().chain(&EVENT).copied().collect();
    let a: Vec<f64> = A.iter().chain(&A).copied().collect();
    let strata: Vec<u32> = (0..20).map(|i| i / 10).collect();
    let twice = fit(&time, &event, Some(&strata), &[&a]);
    let once = fit(&TIME, &EVENT, None, &[&A]);
    near(twice.terms[0].coef, once.terms[0].coef, 1e-12);
    near(twice.loglik, 2.0 * once.loglik, 1e-13);
    near(twice.terms[0].se, once.terms[0].se / 2.0_f64.sqrt(), 1e-12);
}

/// Two rows at risk at one event, x = 1 and 0: the likelihood of the pair (events at 1 of x, then of 1 - x) is
/// e^b / (1 + e^b) and 1 / (1 + e^b), so that b = 0, the information 1/4 a pair, the log-likelihood -log 2 a pair.
#[test]
fn a_fit_worked_by_hand() {
    let time = [1.0, 2.0, 2.0, 1.0];
    let event = [true, false, false, true];
    let found = fit(&time, &event, Some(&[0, 0, 1, 1]), &[&[1.0, 0.0, 1.0, 0.0]]);
    assert!(found.terms[0].coef.abs() < 1e-15);
    near(found.terms[0].se, 2.0_f64.sqrt(), 1e-14);
    near(found.loglik, -2.0 * 2.0_f64.ln(), 1e-14);
    assert!(found.converged);
}

#[test]
fn a_search_cut_short_says_so() {
    let follow_up = FollowUp::right_censored(&TIME, &EVENT).expect("follow-up");
    let options = CoxOptions {
        convergence: Convergence::new(1e-9, 1).expect("a rule"),
        ..CoxOptions::default()
    };
    let found = cox(&follow_up, None, &[Covariate { name: "a", values: &A }], &options).expect("a fit");
    assert_eq!(
        found.warning().expect("a warning"),
        "not converged after 1 iterations: still moving: a"
    );
    assert!(!found.converged && found.terms[0].coef.is_finite());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    /// Whatever finite numbers come, there is an answer, and where a number is missing there is a warning.
    #[test]
    fn any_finite_numbers_have_an_answer(
        rows in prop::collection::vec(
            (0usize..8, 1usize..8, any::<bool>(), 0u32..3, prop::collection::vec(0usize..12, 5), 0usize..4),
            1..30,
        ),
        covariates in 1usize..6,
        efron in any::<bool>(),
        stratified in any::<bool>(),
        kind in 0u8..3,
    ) {
        const TIMES: [f64; 16] = [
            0.0, 5e-324, 1e-9, 0.5, 1.0, 1.0 + 1e-9, 2.0, 30.0, 31.0, 32.0, 33.0, 1e9, 1e100, 1e300, 1e308, f64::MAX,
        ];
        const VALUES: [f64; 12] = [0.0, 1.0, -1.0, 0.1, 5e-324, 1e-300, 1e-12, 3.0, 1e12, 1e300, f64::MAX, f64::MIN];
        const WEIGHTS: [f64; 4] = [1.0, 0.3, 1e-9, 1e9];
        let start: Vec<f64> = rows.iter().map(|row| TIMES[row.0]).collect();
        let stop: Vec<f64> = rows.iter().map(|row| TIMES[row.0 + row.1]).collect();
        let event: Vec<bool> = rows.iter().map(|row| row.2).collect();
        let strata: Vec<u32> = rows.iter().map(|row| row.3).collect();
        let weights: Vec<f64> = rows.iter().map(|row| WEIGHTS[row.5]).collect();
        let columns: Vec<Vec<f64>> =
            (0..covariates).map(|k| rows.iter().map(|row| VALUES[row.4[k]]).collect()).collect();
        let follow_up = match kind {
            0 => FollowUp::right_censored(&stop, &event),
            1 => FollowUp::intervals(&start, &stop, &event),
            _ => FollowUp::intervals(&start, &stop, &event).and_then(|rows| rows.with_weights(&weights)),
        }
        .expect("follow-up");
        let covariates: Vec<Covariate<'_>> = columns.iter().map(|values| Covariate { name: "x", values }).collect();
        let options = CoxOptions { ties: if efron { Ties::Efron } else { Ties::Breslow }, ..CoxOptions::default() };
        let strata = stratified.then_some(strata.as_slice());
        let fits = match cox(&follow_up, strata, &covariates, &options) {
            Ok(fit) => {
                let mut fits = univariate_cox(&follow_up, strata, &covariates, &options).expect("fits");
                fits.push(fit);
                fits
            }
            // Times that merge leave intervals without length.
            Err(error) => {
                prop_assert!(matches!(error, SurvivalError::IntervalTooShort { .. }), "{}", error);
                return Ok(());
            }
        };
        for fit in fits {
            let numbers = fit.terms.iter().all(|term| term.coef.is_finite() && !term.p.is_nan());
            prop_assert!(numbers || fit.warning().is_some(), "{fit:?}");
            prop_assert!(fit.loglik_null.is_finite() && fit.loglik.is_finite(), "{fit:?}");
            prop_assert!(fit.loglik >= fit.loglik_null - 1e-6 * fit.loglik_null.abs(), "{fit:?}");
            prop_assert!(fit.terms.iter().all(|term| (term.se.is_nan() || term.se >= 0.0) && (term.p.is_nan() || term.p <= 1.0)), "{fit:?}");
            prop_assert_eq!(fit.converged, fit.warning().is_none());
        }
        for kind in [ConfidenceType::Log, ConfidenceType::LogLog, ConfidenceType::Plain] {
            let curve = kaplan_meier(&follow_up, ConfidenceLevel::default(), kind).expect("a curve");
            let mut before = 1.0;
            for step in &curve.steps {
                prop_assert!((0.0..=before).contains(&step.survival) && step.n_risk > 0.0, "{step:?}");
                prop_assert!(step.lower.is_none_or(|lower| lower <= step.survival * (1.0 + 1e-12)), "{step:?}");
                prop_assert!(step.upper.is_none_or(|upper| upper >= step.survival * (1.0 - 1e-12)), "{step:?}");
                before = step.survival;
            }
        }
    }
}
