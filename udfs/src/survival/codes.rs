//! Plain values as numbers.

use super::columns::retain;
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::{Result, exec_err};
use std::collections::HashMap;

/// A column of plain values: a code for each row, the codes in the order of the values (numbers by size, text by the
/// alphabet), so that they do not depend on the order of the rows.
#[derive(Debug, Clone, Default)]
pub struct Codes {
    /// The code of each row; [`Codes::NONE`] where the cell is NULL or NaN.
    pub codes: Vec<u32>,
    /// The value of each code as text.
    pub levels: Vec<String>,
}

impl Codes {
    /// The code of a missing value.
    pub const NONE: u32 = u32::MAX;

    /// Codes of a column.
    ///
    /// # Errors
    /// When the column's values are not plain.
    pub fn of(array: &ArrayRef) -> Result<Self> {
        match array.data_type() {
            DataType::Boolean => {
                let values = array.as_boolean();
                Ok(Self::ordered(values.iter().map(|v| v.map(u64::from)), |v| {
                    (v == 1).to_string()
                }))
            }
            DataType::Int64 => {
                let values = array.as_primitive::<Int64Type>();
                // Shifted so that negative numbers come first.
                let key = |v: i64| v.cast_unsigned() ^ (1 << 63);
                let back = |k: u64| (k ^ (1 << 63)).cast_signed().to_string();
                Ok(Self::ordered(values.iter().map(|v| v.map(key)), back))
            }
            t if t.is_floating() => {
                let values = cast(array, &DataType::Float64)?;
                let values = values.as_primitive::<Float64Type>();
                // 0 and -0 are one value; NaN is none.
                let present = values.iter().map(|v| v.filter(|v| !v.is_nan()).map(|v| order(v + 0.0)));
                Ok(Self::ordered(present, |k| number_text(unorder(k))))
            }
            t if t.is_nested() => exec_err!("expected plain values, found {t}"),
            _ => {
                let values = cast(array, &DataType::Utf8)?;
                let values = values.as_string::<i32>();
                let mut seen: HashMap<&str, u32> = HashMap::new();
                let mut codes = Vec::with_capacity(values.len());
                let mut last: Option<(&str, u32)> = None;
                for value in values {
                    codes.push(match (value, last) {
                        (None, _) => Self::NONE,
                        (Some(v), Some((known, code))) if v == known => code,
                        (Some(v), _) => {
                            let next = u32::try_from(seen.len()).unwrap_or(Self::NONE);
                            let code = *seen.entry(v).or_insert(next);
                            last = Some((v, code));
                            code
                        }
                    });
                }
                let mut levels: Vec<(&str, u32)> = seen.into_iter().collect();
                levels.sort_unstable();
                Ok(Self::renumbered(codes, &levels, |v| (*v).to_string()))
            }
        }
    }

    fn ordered(keys: impl Iterator<Item = Option<u64>>, text: impl Fn(u64) -> String) -> Self {
        let mut seen: HashMap<u64, u32> = HashMap::new();
        let mut codes = Vec::with_capacity(keys.size_hint().0);
        let mut last: Option<(u64, u32)> = None;
        for key in keys {
            codes.push(match (key, last) {
                (None, _) => Self::NONE,
                (Some(k), Some((known, code))) if k == known => code,
                (Some(k), _) => {
                    let next = u32::try_from(seen.len()).unwrap_or(Self::NONE);
                    let code = *seen.entry(k).or_insert(next);
                    last = Some((k, code));
                    code
                }
            });
        }
        let mut levels: Vec<(u64, u32)> = seen.into_iter().collect();
        levels.sort_unstable();
        Self::renumbered(codes, &levels, |k| text(*k))
    }

    /// `levels` are the values in their order with the codes that they had so far.
    fn renumbered<T>(mut codes: Vec<u32>, levels: &[(T, u32)], text: impl Fn(&T) -> String) -> Self {
        let mut rank = vec![Self::NONE; levels.len()];
        for ((_, code), place) in levels.iter().zip(0..) {
            if let Some(slot) = rank.get_mut(*code as usize) {
                *slot = place;
            }
        }
        for code in &mut codes {
            *code = rank.get(*code as usize).copied().unwrap_or(Self::NONE);
        }
        Self {
            codes,
            levels: levels.iter().map(|(value, _)| text(value)).collect(),
        }
    }

    /// Codes of the pairs of this column's values and another's; missing where either is.
    pub fn with(self, other: &Self) -> Self {
        let width = other.levels.len() as u64;
        let pairs = self.codes.iter().zip(&other.codes).map(|(&a, &b)| {
            let known = a != Self::NONE && b != Self::NONE;
            known.then(|| u64::from(a) * width + u64::from(b))
        });
        let level = |levels: &[String], code: u64| {
            let place = usize::try_from(code).ok();
            place.and_then(|p| levels.get(p)).cloned().unwrap_or_default()
        };
        let text = |pair: u64| {
            format!(
                "{}, {}",
                level(&self.levels, pair / width.max(1)),
                level(&other.levels, pair % width.max(1))
            )
        };
        Self::ordered(pairs, text)
    }

    /// The value of a code.
    pub fn level(&self, code: u32) -> Option<&str> {
        self.levels.get(code as usize).map(String::as_str)
    }

    /// Takes rows without a value out of `keep`.
    pub fn require(&self, keep: &mut [bool]) {
        keep.iter_mut()
            .zip(&self.codes)
            .for_each(|(k, c)| *k &= *c != Self::NONE);
    }

    /// Keeps the rows in `keep` alone. Levels stay as they are.
    pub fn retain(&mut self, keep: &[bool]) {
        retain(&mut self.codes, keep);
    }
}

/// Orders as the numbers do.
fn order(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn unorder(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

fn number_text(value: f64) -> String {
    // As Arrow writes it: 1.0, not 1.
    let text = format!("{value:?}");
    text.replace("inf", "Infinity")
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{BooleanArray, Float64Array, Int64Array, StringArray};
    use std::sync::Arc;

    fn codes(array: impl Array + 'static) -> (Vec<u32>, String) {
        let c = Codes::of(&(Arc::new(array) as ArrayRef)).unwrap();
        (c.codes, c.levels.join(" "))
    }

    #[test]
    fn numbers_are_ordered_by_size_and_text_by_the_alphabet() {
        const N: u32 = Codes::NONE;
        let ints = Int64Array::from(vec![Some(10), Some(-3), None, Some(9)]);
        assert_eq!(codes(ints), (vec![2, 0, N, 1], "-3 9 10".into()));
        let floats = Float64Array::from(vec![Some(0.0), Some(-0.0), Some(f64::NAN), Some(-2.5)]);
        assert_eq!(codes(floats), (vec![1, 1, N, 0], "-2.5 0.0".into()));
        let texts = StringArray::from(vec![Some("b"), Some("10"), None, Some("b"), Some("9")]);
        assert_eq!(codes(texts), (vec![2, 0, N, 2, 1], "10 9 b".into()));
        assert_eq!(
            codes(BooleanArray::from(vec![true, false])),
            (vec![1, 0], "false true".into())
        );
    }

    #[test]
    fn pairs_are_missing_where_either_is() {
        let a = Codes::of(&(Arc::new(Int64Array::from(vec![Some(1), Some(1), Some(2), None])) as ArrayRef)).unwrap();
        let b = Codes::of(&(Arc::new(StringArray::from(vec!["x", "y", "x", "y"])) as ArrayRef)).unwrap();
        let c = a.with(&b);
        assert_eq!(c.codes, vec![0, 1, 2, Codes::NONE]);
        assert_eq!(c.levels, ["1, x", "1, y", "2, x"]);
    }
}
