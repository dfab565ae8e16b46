//! What holds for every penalised fit, and what degenerate input gives.

use std::num::NonZeroUsize;

use proptest::prelude::*;
use radsql_survival::{
    Covariate, CvMeasure, CvOptions, ElasticNet, FoldCount, Folds, FollowUp, PathEnd, PenalisedPath, SurvivalError,
    assign_folds, penalised_cox, penalised_cox_cv,
};

#[derive(Debug, Clone)]
struct Data {
    time: Vec<f64>,
    event: Vec<bool>,
    weight: Vec<f64>,
    fold: Vec<u32>,
    columns: Vec<Vec<f64>>,
}

impl Data {
    fn follow_up(&self) -> FollowUp<'_> {
        FollowUp::right_censored(&self.time, &self.event)
            .and_then(|follow_up| follow_up.with_weights(&self.weight))
            .expect("follow-up")
    }

    fn covariates(&self) -> Vec<Covariate<'_>> {
        self.columns
            .iter()
            .map(|values| Covariate { name: "x", values })
            .collect()
    }

    fn path(&self, net: &ElasticNet) -> Result<PenalisedPath, SurvivalError> {
        penalised_cox(&self.follow_up(), None, &self.covariates(), net)
    }

    fn rows(&self, rows: &[usize]) -> Self {
        Self {
            time: rows.iter().map(|&row| self.time[row]).collect(),
            event: rows.iter().map(|&row| self.event[row]).collect(),
            weight: rows.iter().map(|&row| self.weight[row]).collect(),
            fold: rows.iter().map(|&row| self.fold[row]).collect(),
            columns: self
                .columns
                .iter()
                .map(|column| rows.iter().map(|&row| column[row]).collect())
                .collect(),
        }
    }

    /// The derivative of `loglik / n` by each coefficient, from its definition.
    fn score(&self, coefs: &[(usize, f64)]) -> Vec<f64> {
        let rows = self.time.len();
        let total: f64 = self.weight.iter().sum();
        let risk: Vec<f64> = (0..rows)
            .map(|row| {
                let predictor: f64 = coefs.iter().map(|&(place, coef)| coef * self.columns[place][row]).sum();
                self.weight[row] * predictor.exp()
            })
            .collect();
        let of_column = |column: &Vec<f64>| -> f64 {
            let of_event = |row: usize| {
                let at_risk = || (0..rows).filter(|&other| self.time[other] >= self.time[row]);
                let mean = at_risk().map(|other| risk[other] * column[other]).sum::<f64>()
                    / at_risk().map(|other| risk[other]).sum::<f64>();
                self.weight[row] * (column[row] - mean)
            };
            (0..rows).filter(|&row| self.event[row]).map(of_event).sum::<f64>() / total
        };
        self.columns.iter().map(of_column).collect()
    }

    fn deviations(&self) -> Vec<f64> {
        let total: f64 = self.weight.iter().sum();
        let mean = |values: &dyn Fn(usize) -> f64| {
            (0..self.time.len())
                .map(|row| self.weight[row] * values(row))
                .sum::<f64>()
                / total
        };
        self.columns
            .iter()
            .map(|column| {
                let centre = mean(&|row| column[row]);
                mean(&|row| (column[row] - centre) * (column[row] - centre)).sqrt()
            })
            .collect()
    }
}

/// 20 to 60 rows with tied times, 2 to 30 correlated columns.
fn data() -> impl Strategy<Value = Data> {
    (20_usize..60, 2_usize..30).prop_flat_map(|(rows, columns)| {
        let column = prop::collection::vec(-3_i32..=3, rows);
        (
            prop::collection::vec(1_u32..30, rows),
            prop::collection::vec(prop::bool::weighted(0.7), rows),
            prop::collection::vec(1_u32..4, rows),
            prop::collection::vec(column, columns),
        )
            .prop_map(move |(time, mut event, weight, columns)| {
                // Every fold has an event.
                event[..4].fill(true);
                let common: Vec<f64> = columns[0].iter().map(|value| f64::from(*value)).collect();
                let mixed = |column: &Vec<i32>| {
                    column
                        .iter()
                        .zip(&common)
                        .map(|(own, common)| f64::from(*own) + 0.37 * common)
                        .collect()
                };
                Data {
                    time: time.iter().map(|time| f64::from(*time)).collect(),
                    event,
                    weight: weight.iter().map(|weight| f64::from(*weight)).collect(),
                    fold: (0..rows as u32).map(|row| row % 4).collect(),
                    columns: columns.iter().map(mixed).collect(),
                }
            })
    })
}

fn net(alpha: f64) -> ElasticNet {
    ElasticNet::new(alpha)
        .and_then(|net| net.with_path(30, Some(0.05)))
        .expect("options")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// At the minimum the score of every coefficient that is not 0 balances the penalty, and no other exceeds it.
    #[test]
    fn optimality_conditions_hold(data in data(), alpha in prop::sample::select(vec![1.0, 0.5, 0.1, 0.0])) {
        let deviations = data.deviations();
        // Closer than the default, whose 1e-7 of the largest coefficient is as much as is allowed here.
        let close = net(alpha).with_precision(1e-9).expect("a precision");
        let Ok(path) = data.path(&close) else { return Ok(()) };
        for point in &path.points[1..] {
            let score = data.score(&point.coefs);
            let mut coef = vec![0.0; data.columns.len()];
            point.coefs.iter().for_each(|&(place, value)| coef[place] = value);
            for ((score, deviation), coef) in score.iter().zip(&deviations).zip(coef) {
                if *deviation < 1e-9 {
                    prop_assert_eq!(coef, 0.0);
                    continue;
                }
                let (score, coef) = (score / deviation, coef * deviation);
                let ridge = point.lambda * (1.0 - alpha) * coef;
                let lasso = point.lambda * alpha;
                let allowed = 2e-6 * point.lambda.max(0.05);
                if coef == 0.0 {
                    prop_assert!(score.abs() <= lasso + allowed, "{score} beyond {lasso}");
                } else {
                    prop_assert!((score - ridge - lasso * coef.signum()).abs() <= allowed,
                        "{score} is not {ridge} + {lasso} at {}", point.lambda);
                }
            }
        }
    }

    /// Another order of the rows, or another number of threads, gives the same bits.
    #[test]
    fn neither_order_nor_threads_matter(data in data(), seed in 0_u64..1000) {
        let mut rows: Vec<usize> = (0..data.time.len()).collect();
        rows.sort_by_key(|row| (*row as u64 + 1).wrapping_mul(seed.wrapping_mul(2).wrapping_add(0x9E37_79B9_7F4A_7C15)));
        let moved = data.rows(&rows);
        let drawn = Folds::Drawn { folds: FoldCount::new(4).expect("folds"), seed, by_event: true };
        for (folds, moved_folds) in [(Folds::Given(&data.fold), Folds::Given(&moved.fold)), (drawn, drawn)] {
            for measure in [CvMeasure::Deviance, CvMeasure::Concordance] {
                let cv = |data: &Data, folds, threads| {
                    let options = CvOptions { folds, measure, threads: NonZeroUsize::new(threads).expect("threads") };
                    penalised_cox_cv(&data.follow_up(), None, &data.covariates(), &net(0.9), &options)
                };
                let (one, other) = (cv(&data, folds, 1), cv(&moved, moved_folds, 3));
                match (one, other) {
                    (Ok(one), Ok(other)) => {
                        prop_assert_eq!(&one.path, &other.path);
                        prop_assert_eq!(&one.points, &other.points);
                    }
                    (one, other) => prop_assert_eq!(one.is_err(), other.is_err()),
                }
            }
        }
    }

    /// A row of weight 3 is three rows.
    #[test]
    fn weights_are_duplicates(data in data()) {
        let rows: Vec<usize> =
            (0..data.time.len()).flat_map(|row| std::iter::repeat_n(row, data.weight[row] as usize)).collect();
        let mut duplicated = data.rows(&rows);
        duplicated.weight.fill(1.0);
        let (Ok(one), Ok(other)) = (data.path(&net(1.0)), duplicated.path(&net(1.0))) else { return Ok(()) };
        prop_assert!((one.null_deviance - other.null_deviance).abs() < 1e-9 * one.null_deviance);
        for (one, other) in one.points.iter().zip(&other.points) {
            prop_assert!((one.lambda - other.lambda).abs() < 1e-12);
            prop_assert!((one.dev_ratio - other.dev_ratio).abs() < 1e-6);
        }
    }
}

/// So many columns in the model that the matrix of their curvatures would be larger than the data.
#[test]
fn optimality_conditions_hold_for_very_many_columns() {
    let mut bits = 1_u64;
    let mut number = || {
        bits = bits
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (bits >> 33) as f64 / f64::from(1_u32 << 31) - 0.5
    };
    let data = Data {
        time: (0..20).map(|row| f64::from(row * 7 % 20 + 1)).collect(),
        event: (0..20).map(|row| row % 3 != 2).collect(),
        weight: vec![1.0; 20],
        fold: vec![0; 20],
        columns: (0..700).map(|_| (0..20).map(|_| number()).collect()).collect(),
    };
    let deviations = data.deviations();
    for alpha in [0.0, 0.01] {
        let net = ElasticNet::new(alpha)
            .and_then(|net| net.with_lambdas(vec![30.0, 3.0, 1.0]))
            .expect("options");
        let path = data.path(&net).expect("a path");
        assert_eq!(path.end, PathEnd::Complete);
        for point in &path.points {
            let score = data.score(&point.coefs);
            for &(place, coef) in &point.coefs {
                let (score, coef) = (score[place] / deviations[place], coef * deviations[place]);
                let penalty = point.lambda * ((1.0 - alpha) * coef + alpha * coef.signum());
                assert!((score - penalty).abs() < 1e-6, "{score} is not {penalty}");
            }
        }
        assert!(path.points[2].df() > 512, "{}", path.points[2].df());
    }
}

fn small() -> Data {
    let columns = (0..3).map(|column: u32| (0..12_u32).map(|row| f64::from((row * 7 + column * 5) % 11)).collect());
    Data {
        time: (0..12).map(|row| f64::from(row * 5 % 12 + 1)).collect(),
        event: (0..12).map(|row| row % 4 != 3).collect(),
        weight: vec![1.0; 12],
        fold: (0..12).map(|row| row % 3).collect(),
        columns: columns.collect(),
    }
}

fn cv(data: &Data, folds: Folds<'_>, measure: CvMeasure) -> Result<radsql_survival::PenalisedCv, SurvivalError> {
    let options = CvOptions {
        folds,
        measure,
        ..CvOptions::default()
    };
    penalised_cox_cv(
        &data.follow_up(),
        None,
        &data.covariates(),
        &ElasticNet::lasso(),
        &options,
    )
}

#[test]
fn options_outside_their_range() {
    for alpha in [-0.1, 1.1, f64::NAN] {
        assert!(matches!(
            ElasticNet::new(alpha),
            Err(SurvivalError::Parameter { parameter: "alpha", .. })
        ));
    }
    let lasso = ElasticNet::lasso;
    assert!(lasso().with_path(0, None).is_err());
    assert!(lasso().with_path(10, Some(1.0)).is_err());
    assert!(lasso().with_path(10, Some(0.0)).is_err());
    assert!(lasso().with_lambdas(vec![]).is_err());
    assert!(lasso().with_lambdas(vec![0.1, -0.1]).is_err());
    assert!(lasso().with_lambdas(vec![0.1, f64::NAN]).is_err());
    assert!(lasso().with_precision(0.0).is_err());
    assert!(lasso().with_precision(f64::NAN).is_err());
    assert!(lasso().with_max_passes(0).is_err());
    assert!(lasso().with_penalty_factors(vec![0.0, 0.0, 0.0]).is_err());
    assert!(lasso().with_penalty_factors(vec![1.0, f64::NAN, 0.0]).is_err());
    assert!(FoldCount::new(2).is_err());
    let two = lasso().with_penalty_factors(vec![1.0, 1.0]).expect("factors");
    assert!(matches!(small().path(&two), Err(SurvivalError::Length { .. })));
}

#[test]
fn data_without_an_answer() {
    let lasso = ElasticNet::lasso();
    let mut censored = small();
    censored.event.fill(false);
    assert_eq!(censored.path(&lasso), Err(SurvivalError::NoEvents));

    let mut constant = small();
    constant.columns.iter_mut().for_each(|column| column.fill(3.0));
    assert_eq!(constant.path(&lasso), Err(SurvivalError::AllConstant));

    let mut missing = small();
    missing.columns[1][4] = f64::NAN;
    assert!(matches!(
        missing.path(&lasso),
        Err(SurvivalError::NotFinite { row: 4, .. })
    ));

    // The only event comes last: nobody is at risk with it.
    let mut last = small();
    last.event.fill(false);
    last.event[last.time.iter().position(|time| *time == 12.0).expect("the last")] = true;
    assert_eq!(last.path(&lasso), Err(SurvivalError::FlatLikelihood));

    let none: [f64; 0] = [];
    assert_eq!(
        FollowUp::right_censored(&none, &[]).map(|_| ()),
        Err(SurvivalError::NoRows)
    );
    let follow_up = FollowUp::right_censored(&[1.0], &[true]).expect("a row");
    let one = [Covariate {
        name: "x",
        values: &[2.0],
    }];
    assert_eq!(
        penalised_cox(&follow_up, None, &one, &lasso),
        Err(SurvivalError::AllConstant)
    );
    assert_eq!(
        penalised_cox(&follow_up, None, &[], &lasso),
        Err(SurvivalError::NoCovariates)
    );

    let interval = FollowUp::intervals(&[0.0, 0.0], &[1.0, 2.0], &[true, true]).expect("intervals");
    let two = [Covariate {
        name: "x",
        values: &[2.0, 1.0],
    }];
    assert!(matches!(
        penalised_cox(&interval, None, &two, &lasso),
        Err(SurvivalError::Unsupported { .. })
    ));
}

#[test]
fn values_of_every_magnitude() {
    let data = small();
    let usual = data.path(&ElasticNet::lasso()).expect("a path");
    for factor in [1e-300, 1e-150, 1e150, 1e300] {
        let mut scaled = data.clone();
        scaled.columns[0].iter_mut().for_each(|value| *value *= factor);
        let path = scaled.path(&ElasticNet::lasso()).expect("a path");
        assert_eq!(path.points.len(), usual.points.len());
        for (found, expected) in path.points.iter().zip(&usual.points) {
            assert!((found.dev_ratio - expected.dev_ratio).abs() < 1e-9);
            assert_eq!(found.df(), expected.df());
        }
    }
    let mut wide = data;
    wide.columns[0].iter_mut().for_each(|value| *value *= 1e300);
    let as_it_is = ElasticNet::lasso().without_standardising();
    assert!(matches!(wide.path(&as_it_is), Err(SurvivalError::TooWide { .. })));
}

#[test]
fn separation_and_no_penalty_end_the_path() {
    // The covariate puts the events in order: without a penalty its coefficient has no bound.
    let data = Data {
        time: (1..=10).map(f64::from).collect(),
        event: vec![true; 10],
        weight: vec![1.0; 10],
        fold: vec![0; 10],
        columns: vec![
            (1..=10).map(|row| -f64::from(row)).collect(),
            vec![1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 3.0],
        ],
    };
    let path = data.path(&ElasticNet::lasso()).expect("a path");
    assert_eq!(path.end, PathEnd::DevianceExplained);
    let net = ElasticNet::lasso().with_lambdas(vec![0.1, 0.0]).expect("penalties");
    let path = data.path(&net).expect("a path");
    assert!(
        path.points
            .iter()
            .all(|point| point.coefs.iter().all(|(_, coef)| coef.is_finite()))
    );
    let few = ElasticNet::lasso().with_max_passes(3).expect("passes");
    assert_eq!(small().path(&few).expect("a path").end, PathEnd::PassLimit);
}

#[test]
fn equal_columns_share_a_coefficient_or_one_has_it() {
    let mut data = small();
    data.columns[1] = data.columns[0].clone();
    let ridge = ElasticNet::new(0.0)
        .and_then(|net| net.with_lambdas(vec![0.1]))
        .expect("options");
    let path = data.path(&ridge).expect("a path");
    assert!((path.points[0].coefs[0].1 - path.points[0].coefs[1].1).abs() < 1e-8);
    let lasso = data.path(&ElasticNet::lasso()).expect("a path");
    assert_eq!(lasso.end, data.path(&ElasticNet::lasso()).expect("a path").end);
    assert!(
        lasso
            .points
            .iter()
            .all(|point| point.coefs.iter().all(|(_, coef)| coef.is_finite()))
    );
}

#[test]
fn folds_that_cannot_be_judged() {
    let data = small();
    assert!(cv(&data, Folds::Given(&data.fold), CvMeasure::Deviance).is_ok());
    let two: Vec<u32> = data.fold.iter().map(|fold| fold % 2).collect();
    assert_eq!(
        cv(&data, Folds::Given(&two), CvMeasure::Deviance).map(|_| ()),
        Err(SurvivalError::TooFewFolds { found: 2 })
    );
    assert!(matches!(
        cv(&data, Folds::Given(&two[1..]), CvMeasure::Deviance),
        Err(SurvivalError::Length { .. })
    ));
    // Rows 3, 7 and 11 are censored.
    let mut censored = data.fold.clone();
    for row in [3, 7, 11] {
        censored[row] = 70;
    }
    assert!(matches!(
        cv(&data, Folds::Given(&censored), CvMeasure::Deviance),
        Err(SurvivalError::Fold { fold: 70, .. })
    ));
    let mut all = vec![5; 12];
    (all[3], all[7]) = (6, 8);
    assert!(matches!(
        cv(&data, Folds::Given(&all), CvMeasure::Deviance),
        Err(SurvivalError::Fold { fold: 5, .. })
    ));
    assert!(matches!(
        cv(&data, Folds::Given(&data.fold), CvMeasure::UngroupedDeviance),
        Err(SurvivalError::Parameter {
            parameter: "rows a fold",
            ..
        })
    ));
    // An event alone in its fold forms no pair.
    let mut alone = data.fold.clone();
    alone[0] = 9;
    assert!(matches!(
        cv(&data, Folds::Given(&alone), CvMeasure::Concordance),
        Err(SurvivalError::Fold { fold: 9, .. })
    ));
}

#[test]
fn folds_are_even_and_follow_the_id() {
    let ids: Vec<String> = (0..103).map(|id| format!("patient {id}")).collect();
    let strata: Vec<[u8; 1]> = (0..103_u8).map(|id| [id % 3]).collect();
    let folds = FoldCount::new(10).expect("folds");
    let assigned = assign_folds(&ids, Some(&strata), folds, 7).expect("folds");
    let count =
        |keep: &dyn Fn(usize) -> bool, fold: u32| (0..103).filter(|&row| keep(row) && assigned[row] == fold).count();
    for fold in 0..10 {
        assert!((10..=11).contains(&count(&|_| true, fold)));
        for stratum in 0..3 {
            assert!((3..=4).contains(&count(&|row| strata[row][0] == stratum, fold)));
        }
    }
    // Rows of one id stay together, whatever the order.
    let doubled: Vec<&String> = ids.iter().rev().chain(&ids).collect();
    let strata: Vec<[u8; 1]> = strata.iter().rev().chain(&strata).copied().collect();
    let again = assign_folds(&doubled, Some(&strata), folds, 7).expect("folds");
    let expected: Vec<u32> = assigned.iter().rev().chain(&assigned).copied().collect();
    assert_eq!(again, expected);
    assert_ne!(
        assign_folds(&ids, None::<&[&str]>, folds, 8),
        assign_folds(&ids, None::<&[&str]>, folds, 7)
    );
    // Worked out with Python's hashlib.
    let known = assign_folds(&["a", "b", "c"], None::<&[&str]>, FoldCount::new(3).expect("folds"), 0);
    assert_eq!(known, Ok(vec![2, 0, 1]));
}
