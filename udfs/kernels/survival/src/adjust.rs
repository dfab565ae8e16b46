//! P-values adjusted for multiple testing, as R's `p.adjust` does.

/// A method of adjustment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Adjustment {
    /// Benjamini and Hochberg (1995): controls the false-discovery rate.
    BenjaminiHochberg,
    /// Benjamini and Yekutieli (2001): controls the false-discovery rate under any dependence of the tests.
    BenjaminiYekutieli,
    /// Holm (1979): controls the family-wise error rate.
    Holm,
    /// Hochberg (1988): controls the family-wise error rate of independent or positively dependent tests.
    Hochberg,
    /// Bonferroni: controls the family-wise error rate; never smaller than Holm's.
    Bonferroni,
}

/// Adjusts p-values, in the order given. NaN stays NaN and is not counted among the tests.
pub fn adjust_p_values(p_values: &[f64], method: Adjustment) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).filter(|&i| !p_values[i].is_nan()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let tests = order.len();
    let mut adjusted = vec![f64::NAN; p_values.len()];
    // From the largest p-value down; `factor` belongs to a rank counted from 1.
    let mut step_up = |factor: &dyn Fn(usize) -> f64| {
        let mut smallest = 1.0_f64;
        for (rank, &i) in order.iter().enumerate().rev() {
            smallest = smallest.min(p_values[i] * factor(rank + 1));
            adjusted[i] = smallest;
        }
    };
    match method {
        Adjustment::BenjaminiHochberg => step_up(&|rank| tests as f64 / rank as f64),
        Adjustment::BenjaminiYekutieli => {
            let harmonic: f64 = (1..=tests).map(|rank| 1.0 / rank as f64).sum();
            step_up(&|rank| harmonic * (tests as f64 / rank as f64));
        }
        Adjustment::Hochberg => step_up(&|rank| (tests + 1 - rank) as f64),
        Adjustment::Holm => {
            let mut largest = 0.0_f64;
            for (rank, &i) in order.iter().enumerate() {
                largest = largest.max(p_values[i] * (tests - rank) as f64);
                adjusted[i] = largest.min(1.0);
            }
        }
        Adjustment::Bonferroni => {
            for &i in &order {
                adjusted[i] = (p_values[i] * tests as f64).min(1.0);
            }
        }
    }
    adjusted
}
