//! Quantiles of numbers.

/// The quantile of ascending numbers, between neighbours by linear interpolation (R's `quantile`, type 7). NaN of none.
pub(crate) fn quantile_of_sorted(values: &[f64], probability: f64) -> f64 {
    let Some(last) = values.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = last as f64 * probability;
    let low = (place.floor() as usize).min(last);
    let high = (low + 1).min(last);
    let share = place - low as f64;
    if share <= 0.0 || values[low] == values[high] {
        return values[low];
    }
    (1.0 - share) * values[low] + share * values[high]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_interpolated() {
        let values = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(quantile_of_sorted(&values, 0.0), 1.0);
        assert_eq!(quantile_of_sorted(&values, 0.5), 3.0);
        assert_eq!(quantile_of_sorted(&values, 0.25), 1.75);
        assert_eq!(quantile_of_sorted(&values, 1.0), 8.0);
        assert_eq!(quantile_of_sorted(&[7.0], 0.3), 7.0);
        assert!(quantile_of_sorted(&[], 0.5).is_nan());
    }
}
