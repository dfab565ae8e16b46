//! What every figure asks of its numbers before it draws.

use crate::error::PlotError;

/// Numbers beyond this are taken for mistakes: they would press everything else into one pixel.
const LARGEST: f64 = 1e12;

/// All finite and of a size that can be drawn.
pub(crate) fn finite(what: &str, values: &[f64]) -> Result<(), PlotError> {
    within(what, values, "a number between -1e12 and 1e12", |v| v.abs() <= LARGEST)
}

/// All 0 to 1.
pub(crate) fn probabilities(what: &str, values: &[f64]) -> Result<(), PlotError> {
    within(what, values, "a probability", |v| (-1e-9..=1.0 + 1e-9).contains(&v))
}

/// All pass.
pub(crate) fn within(
    what: &str,
    values: &[f64],
    expected: &'static str,
    good: impl Fn(f64) -> bool,
) -> Result<(), PlotError> {
    match values.iter().position(|v| !good(*v)) {
        None => Ok(()),
        Some(index) => Err(PlotError::Value {
            what: what.to_owned(),
            index,
            value: values[index],
            expected,
        }),
    }
}

/// Each at least the one before it.
pub(crate) fn ascending(what: &str, values: &[f64]) -> Result<(), PlotError> {
    match values.windows(2).position(|w| w[1] < w[0]) {
        None => Ok(()),
        Some(index) => Err(PlotError::Order {
            what: what.to_owned(),
            index: index + 1,
        }),
    }
}

/// So many values.
pub(crate) fn length(what: &str, found: usize, expected: usize) -> Result<(), PlotError> {
    if found == expected {
        return Ok(());
    }
    Err(PlotError::Length {
        what: what.to_owned(),
        found,
        expected,
    })
}

/// One at least, and not more than the limit.
pub(crate) fn number(what: &'static str, found: usize, limit: usize) -> Result<(), PlotError> {
    match found {
        0 => Err(PlotError::Empty { what }),
        found if found > limit => Err(PlotError::TooMany { what, found, limit }),
        _ => Ok(()),
    }
}
