//! P-values adjusted for multiple testing, as R's `p.adjust` does.

/// A method of adjustment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Adjustment {
    /// Benjamini and Hochberg (1995): controls the false-discovery rate.
    BenjaminiHochberg,
    /// Holm (1979): controls the family-wise error rate.
    Holm,
}

/// Adjusts p-values, in the order given. NaN stays NaN and is not counted among the tests.
pub fn adjust_p_values(p_values: &[f64], method: Adjustment) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).filter(|&i| !p_values[i].is_nan()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let tests = order.len();
    let mut adjusted = vec![f64::NAN; p_values.len()];
    match method {
        Adjustment::BenjaminiHochberg => {
            let mut smallest = 1.0_f64;
            for (rank, &i) in order.iter().enumerate().rev() {
                smallest = smallest.min(p_values[i] * (tests as f64 / (rank + 1) as f64));
                adjusted[i] = smallest;
            }
        }
        Adjustment::Holm => {
            let mut largest = 0.0_f64;
            for (rank, &i) in order.iter().enumerate() {
                largest = largest.max(p_values[i] * (tests - rank) as f64);
                adjusted[i] = largest.min(1.0);
            }
        }
    }
    adjusted
}
