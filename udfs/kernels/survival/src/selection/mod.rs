//! Which columns of a wide table go on to a model.

mod caret;
mod correlation;
mod correlation_filter;
mod correlation_matrix;
mod variance_filter;

pub use correlation_filter::{
    CaretVariant, ColumnVerdict, Correlation, CorrelationCutoff, CorrelationFilter, KeepBy, correlation_filter,
};
pub use correlation_matrix::{CorrelationMatrix, correlation_matrix};
pub use variance_filter::{ColumnSpread, VarianceRule, variance_filter};
