//! Which columns of a wide table go on to a model.

mod caret;
mod correlation;
mod correlation_filter;
mod dots;

pub use correlation_filter::{
    CaretVariant, ColumnVerdict, Correlation, CorrelationCutoff, CorrelationFilter, KeepBy, correlation_filter,
};
