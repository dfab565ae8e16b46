/// What can be wrong with the input of an estimator or a test. Rows are counted from 0.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SurvivalError {
    /// There is no row at all.
    #[error("there are no rows: at least one is needed")]
    NoRows,
    /// Too few of something that is compared.
    #[error("there are {found} {what}, expected at least {needed}")]
    TooFew {
        /// Such as `raters`.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Two arguments that go row by row differ in length.
    #[error("`{argument}` has {found} rows, expected {expected} as in the times")]
    Length {
        /// The argument, as its function names it, or the covariate's name.
        argument: String,
        /// Rows found.
        found: usize,
        /// Rows expected.
        expected: usize,
    },
    /// A number is NaN or infinite. Rows with missing values are the caller's to leave out.
    #[error("`{argument}` in row {row} is {value}, expected a finite number")]
    NotFinite {
        /// The argument, as its function names it, or the covariate's name.
        argument: String,
        /// Row, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A follow-up time is below 0.
    #[error("`{argument}` in row {row} is {value}, expected 0 or more")]
    NegativeTime {
        /// `time`, `start` or `stop`.
        argument: &'static str,
        /// Row, from 0.
        row: usize,
        /// The time.
        value: f64,
    },
    /// An interval (start, stop] has no length.
    #[error("the interval in row {row} goes from {start} to {stop}, expected `stop` after `start`")]
    Interval {
        /// Row, from 0.
        row: usize,
        /// Its start.
        start: f64,
        /// Its stop.
        stop: f64,
    },
    /// An interval has a length below the tolerance within which times count as equal (R's `aeqSurv`).
    #[error(
        "the interval in row {row} goes from {start} to {stop}: these differ by less than the tolerance within which times count as equal"
    )]
    IntervalTooShort {
        /// Row, from 0.
        row: usize,
        /// Its start.
        start: f64,
        /// Its stop.
        stop: f64,
    },
    /// A case weight is 0 or below, or beyond all sense.
    #[error("`weights` in row {row} is {value}, expected a number above 0, from 1e-9 to 1e9")]
    Weight {
        /// Row, from 0.
        row: usize,
        /// The weight.
        value: f64,
    },
    /// A model was asked for without any covariate.
    #[error("there is no covariate: at least one is needed")]
    NoCovariates,
    /// More rows or covariates than the fit can address.
    #[error("{rows} rows with {covariates} covariates are too many for this machine's memory")]
    TooLarge {
        /// Rows.
        rows: usize,
        /// Covariates.
        covariates: usize,
    },
    /// The log-rank test found fewer than two groups.
    #[error("the rows form {found} group, expected at least two groups to compare")]
    OneGroup {
        /// Groups found.
        found: usize,
    },
    /// A prediction was asked for a stratum that the model was not fitted with.
    #[error("stratum {stratum} is not among those that the model was fitted with")]
    UnknownStratum {
        /// Its code.
        stratum: u32,
    },
    /// A trend test was given another number of scores than there are groups.
    #[error("there are {found} scores for {groups} groups, expected one for each group")]
    Scores {
        /// Scores found.
        found: usize,
        /// Groups found.
        groups: usize,
    },
    /// A number is no probability.
    #[error("`{argument}` in row {row} is {value}, expected a probability from 0 to 1")]
    Probability {
        /// The argument, as its function names it.
        argument: &'static str,
        /// Row, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// There is not one prediction for each time.
    #[error("there are predictions for {found} times, expected {times}")]
    Predictions {
        /// Times with predictions.
        found: usize,
        /// Times asked for.
        times: usize,
    },
    /// A kind of data that this function does not define.
    #[error("{function} is not defined for {what}")]
    Unsupported {
        /// The function.
        function: &'static str,
        /// What it was given.
        what: &'static str,
    },
    /// A parameter lies outside its range.
    #[error("`{parameter}` is {value}, expected {expected}")]
    Parameter {
        /// The parameter.
        parameter: &'static str,
        /// Its value.
        value: f64,
        /// What was expected.
        expected: &'static str,
    },
    /// One identifier occurs in two strata, so that it belongs to neither.
    #[error("rows {first} and {second} have the same id but different strata: an id must lie in one stratum")]
    IdInTwoStrata {
        /// The first row with this id.
        first: usize,
        /// A row with this id and another stratum.
        second: usize,
    },
    /// A model that cannot be defined without events was asked for.
    #[error("no row ends in the event: at least one is needed")]
    NoEvents,
    /// Every covariate that may have a coefficient is constant.
    #[error("every covariate is constant: at least one has to vary")]
    AllConstant,
    /// No risk set holds rows beside its events that differ from them, so that no coefficient changes the likelihood.
    #[error(
        "no covariate has any bearing on the events: no risk set holds rows beside its events that differ from them"
    )]
    FlatLikelihood,
    /// A covariate's squares are too large for numbers.
    #[error("`{covariate}` has values up to {value}, too large to be used without standardising")]
    TooWide {
        /// The covariate.
        covariate: String,
        /// Its largest value.
        value: f64,
    },
    /// Not even the first fit converged.
    #[error("the fit at the first penalty did not converge in {passes} passes")]
    NotConverged {
        /// Passes allowed.
        passes: u32,
    },
    /// Fewer than three folds.
    #[error("the rows form {found} folds, expected at least 3")]
    TooFewFolds {
        /// Folds found.
        found: usize,
    },
    /// A fold cannot be judged, or the rest not be fitted.
    #[error("fold {fold} {problem}")]
    Fold {
        /// The fold's label, or its number from 0 if it was drawn.
        fold: u32,
        /// What is wrong with it.
        problem: &'static str,
    },
}
