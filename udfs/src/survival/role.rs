//! What the columns are for that a statistic takes.

use datafusion::arrow::datatypes::{DataType, Field};

/// What a column that a statistic takes is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A number: when the event came or observation ended.
    Time,
    /// BOOLEAN or 0/1: whether the event came.
    Event,
    /// A number: start of the interval (start, time].
    Start,
    /// A number above 0: case weight.
    Weights,
    /// A plain value: rows with one of them belong together.
    Strata,
    /// A plain value: rows with one of them are no independent observations.
    Cluster,
    /// A number: a score, marker or prediction.
    Score,
    /// A plain value: the group of a comparison.
    Group,
    /// A plain value that names the row.
    Id,
    /// A whole number: the fold of a cross-validation.
    Fold,
    /// BOOLEAN: whether the row is one to predict for, and not one to fit on.
    New,
    /// A list of names, in the first row: which covariates are meant.
    Terms,
    /// A number: what was estimated, such as a hazard ratio.
    Estimate,
    /// A number: lower limit of an interval.
    Lower,
    /// A number: upper limit of an interval.
    Upper,
    /// A number: a p-value.
    P,
    /// A number, the same in every row: the time that is asked about.
    At,
    /// Numbers, text, structs and lists of numbers; as many as there are.
    Covariates,
    /// As covariates, but truth values stay what they are.
    Variables,
}

impl Role {
    /// The name by which syntax and messages call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Event => "event",
            Self::Start => "start",
            Self::Weights => "weights",
            Self::Strata => "strata",
            Self::Cluster => "cluster",
            Self::Score => "score",
            Self::Group => "group",
            Self::Id => "id",
            Self::Fold => "fold",
            Self::New => "new",
            Self::Terms => "terms",
            Self::Estimate => "ratio",
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::P => "p",
            Self::At => "t",
            Self::Covariates => "x, ...",
            Self::Variables => "variables",
        }
    }

    /// The type that a column of type `t` is brought to, or what is expected instead.
    ///
    /// # Errors
    /// What would have been right, in words.
    pub fn coerce(self, t: &DataType) -> Result<DataType, &'static str> {
        match self {
            Self::Time
            | Self::Start
            | Self::Weights
            | Self::Score
            | Self::Fold
            | Self::Estimate
            | Self::Lower
            | Self::Upper
            | Self::P
            | Self::At => {
                if t.is_numeric() || t.is_null() {
                    Ok(DataType::Float64)
                } else {
                    Err("a number")
                }
            }
            Self::Event if *t == DataType::Boolean || t.is_null() => Ok(DataType::Boolean),
            Self::Event if t.is_signed_integer() => Ok(DataType::Int64),
            Self::Event if t.is_numeric() => Ok(DataType::Float64),
            Self::Event => Err("BOOLEAN or 0/1"),
            Self::New if *t == DataType::Boolean => Ok(DataType::Boolean),
            Self::New => Err("BOOLEAN"),
            // As it is written, digit for digit: it names a row.
            Self::Id if t.is_decimal() => Ok(DataType::Utf8),
            Self::Strata | Self::Cluster | Self::Group | Self::Id => plain(t),
            Self::Terms => match t {
                DataType::List(f) | DataType::LargeList(f) if f.data_type().is_string() => {
                    Ok(DataType::new_list(DataType::Utf8, true))
                }
                _ => Err("a list of names"),
            },
            Self::Covariates => covariate(t, &DataType::Float64),
            Self::Variables => covariate(t, &DataType::Boolean),
        }
    }
}

/// Types whose values tell rows apart: numbers keep their order, everything else is text.
fn plain(t: &DataType) -> Result<DataType, &'static str> {
    match t {
        t if t.is_nested() => Err("a plain value, such as text or a number"),
        DataType::Boolean => Ok(DataType::Boolean),
        t if t.is_integer() => Ok(DataType::Int64),
        t if t.is_numeric() => Ok(DataType::Float64),
        _ => Ok(DataType::Utf8),
    }
}

/// Truth values become `truth`.
fn covariate(t: &DataType, truth: &DataType) -> Result<DataType, &'static str> {
    let expected = "a number, BOOLEAN, text, or a struct or list of numbers";
    match t {
        DataType::Boolean => Ok(truth.clone()),
        DataType::Null => Ok(DataType::Float64),
        t if t.is_numeric() => Ok(DataType::Float64),
        t if t.is_string() => Ok(DataType::Utf8),
        DataType::Dictionary(_, v) if v.is_string() => Ok(DataType::Utf8),
        DataType::Struct(fields) => {
            let fields: Result<Vec<Field>, _> = fields
                .iter()
                .map(|f| covariate(f.data_type(), truth).map(|t| Field::new(f.name(), t, true)))
                .collect();
            Ok(DataType::Struct(fields?.into()))
        }
        DataType::List(f) | DataType::LargeList(f) | DataType::FixedSizeList(f, _) if f.data_type().is_numeric() => {
            Ok(t.clone())
        }
        _ => Err(expected),
    }
}
