//! From a maximum of the likelihood to the numbers that are reported.

use super::newton::{COLLINEAR, Maximum, quadratic_form};
use super::{ChiSquareTest, Covariate, CoxFit, CoxOptions, CoxWarning, Term};
use crate::concordance::Concordance;
use crate::distributions::{chi_square_upper, normal_two_sided};
use crate::ldl::{Ldl, packed};

/// What a fit is made of.
pub(crate) struct Parts<'a> {
    pub(crate) n: usize,
    pub(crate) events: usize,
    pub(crate) covariates: &'a [Covariate<'a>],
    /// Whether each covariate is in the model that was maximised; the others are collinear.
    pub(crate) kept: &'a [bool],
    /// For each covariate, from a scaled coefficient to its own.
    pub(crate) scale: &'a [f64],
    pub(crate) means: &'a [f64],
    pub(crate) loglik_null: f64,
    pub(crate) score_statistic: f64,
    pub(crate) maximum: &'a Maximum,
    /// Variance of the scaled coefficients, row by row, and whether it is the robust one.
    pub(crate) variance: &'a [f64],
    pub(crate) robust: bool,
    pub(crate) concordance: Option<Concordance>,
    /// Warnings known before the search.
    pub(crate) warnings: Vec<CoxWarning>,
}

/// Puts a fit together.
pub(crate) fn summarise(parts: Parts<'_>, options: &CoxOptions) -> CoxFit {
    let maximum = parts.maximum;
    let count = parts.covariates.len();
    let places: Vec<usize> = (0..count).filter(|&place| parts.kept[place]).collect();
    let estimated = |column: usize| !maximum.factors.is_left_out(column);
    let mut terms: Vec<Term> = parts
        .covariates
        .iter()
        .map(|covariate| not_estimated(covariate.name))
        .collect();
    let mut variance = vec![0.0; count * count];
    for (row, &place) in places.iter().enumerate().filter(|(row, _)| estimated(*row)) {
        for (column, &other) in places.iter().enumerate() {
            // One factor at a time: their product may leave the range of numbers where the variance does not.
            variance[place * count + other] =
                parts.scale[place] * parts.variance[row * places.len() + column] * parts.scale[other];
        }
        let coef = maximum.coefficients[row] * parts.scale[place];
        let se = parts.variance[row * places.len() + row].sqrt() * parts.scale[place];
        // Before scaling back: a covariate of 1e-310 has a z, though its coefficient is beyond all numbers.
        let z = maximum.coefficients[row] / parts.variance[row * places.len() + row].sqrt();
        terms[place] = estimate(parts.covariates[place].name, coef, se, z, options.level.z());
    }
    let df = (0..places.len()).filter(|&column| estimated(column)).count();
    let test = |chi2: f64| ChiSquareTest {
        chi2,
        df,
        p: chi_square_upper(chi2, df),
    };
    let wald = if parts.robust {
        robust_wald(&parts, estimated)
    } else {
        quadratic_form(&maximum.information, &maximum.coefficients, estimated)
    };
    let warnings = warnings(&parts, &places, &terms, options);
    CoxFit {
        n: parts.n,
        events: parts.events,
        terms,
        variance,
        robust: parts.robust,
        loglik_null: parts.loglik_null,
        loglik: maximum.loglik,
        lr: test(2.0 * (maximum.loglik - parts.loglik_null)),
        wald: test(wald),
        score: test(parts.score_statistic),
        concordance: parts.concordance,
        means: parts.means.to_vec(),
        iterations: maximum.iterations,
        converged: maximum.settled && warnings.is_empty(),
        warnings,
    }
}

/// The coefficients in the metric of the inverse of their robust variance.
fn robust_wald(parts: &Parts<'_>, estimated: impl Fn(usize) -> bool) -> f64 {
    let coefficients = &parts.maximum.coefficients;
    let count = coefficients.len();
    let places: Vec<usize> = (0..count).filter(|&place| estimated(place)).collect();
    let mut matrix = Vec::with_capacity(packed(places.len(), 0));
    for (row, &place) in places.iter().enumerate() {
        matrix.extend(
            places[..=row]
                .iter()
                .map(|&other| parts.variance[place * count + other]),
        );
    }
    let reference: Vec<f64> = places
        .iter()
        .map(|&place| parts.variance[place * count + place])
        .collect();
    let mut ldl = Ldl::default();
    ldl.decompose(&matrix, &reference, COLLINEAR);
    let kept: Vec<f64> = places.iter().map(|&place| coefficients[place]).collect();
    let mut solution = kept.clone();
    ldl.solve(&mut solution);
    solution.iter().zip(&kept).map(|(a, b)| a * b).sum()
}

fn warnings(parts: &Parts<'_>, places: &[usize], terms: &[Term], options: &CoxOptions) -> Vec<CoxWarning> {
    let name = |place: usize| parts.covariates[place].name.to_owned();
    let mut warnings = parts.warnings.clone();
    let maximum = parts.maximum;
    if !maximum.settled {
        let moving = (0..places.len()).filter(|&column| maximum.moving[column]);
        warnings.push(CoxWarning::NotConverged {
            iterations: options.convergence.max_iterations,
            terms: moving.map(|column| name(places[column])).collect(),
        });
    }
    let suspect = |&column: &usize| {
        let unsettled = maximum.settled && maximum.moving[column];
        maximum.factors.is_left_out(column) || unsettled || !terms[places[column]].coef.is_finite()
    };
    let no_variance: Vec<String> = (0..places.len())
        .filter(|&column| !maximum.factors.is_left_out(column) && terms[places[column]].se.is_nan())
        .map(|column| name(places[column]))
        .collect();
    if !no_variance.is_empty() {
        warnings.push(CoxWarning::NoVariance { terms: no_variance });
    }
    let infinite: Vec<String> = (0..places.len())
        .filter(suspect)
        .map(|column| name(places[column]))
        .collect();
    if !infinite.is_empty() {
        warnings.push(CoxWarning::Infinite { terms: infinite });
    }
    warnings
}

fn estimate(name: &str, coef: f64, se: f64, z: f64, z_level: f64) -> Term {
    if se.is_nan() || se == 0.0 {
        return Term {
            coef,
            hr: coef.exp(),
            ..not_estimated(name)
        };
    }
    Term {
        name: name.to_owned(),
        coef,
        hr: coef.exp(),
        hr_lower: (coef - z_level * se).exp(),
        hr_upper: (coef + z_level * se).exp(),
        se,
        z,
        p: normal_two_sided(z),
    }
}

fn not_estimated(name: &str) -> Term {
    let nan = f64::NAN;
    Term {
        name: name.to_owned(),
        coef: nan,
        hr: nan,
        hr_lower: nan,
        hr_upper: nan,
        se: nan,
        z: nan,
        p: nan,
    }
}
