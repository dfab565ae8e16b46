//! A column that comes in parts.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array, UInt32Array, new_empty_array};
use datafusion::arrow::compute::{concat, take};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::common::Result;
use std::sync::Arc;

/// The values of a column so far.
///
/// Numbers are put one behind the other as they come, so that they are held once; a missing one is NaN, as statistics take
/// it. Other values are kept in the parts that they came in.
#[derive(Debug)]
pub struct Gathered {
    data_type: DataType,
    numbers: Vec<f64>,
    parts: Vec<ArrayRef>,
}

impl Gathered {
    /// No value yet.
    pub fn new(data_type: DataType) -> Self {
        Self {
            data_type,
            numbers: vec![],
            parts: vec![],
        }
    }

    /// No value yet; about so many are expected. Columns that grow side by side leave holes in memory behind them.
    pub fn with_room(data_type: DataType, rows: usize) -> Self {
        /// Longer columns have memory of their own, which grows without holes.
        const MOST: usize = 1 << 22;
        let mut gathered = Self::new(data_type);
        if gathered.data_type == DataType::Float64 && rows <= MOST {
            // Where there is not so much room, the values themselves will tell.
            let _ = gathered.numbers.try_reserve_exact(rows);
        }
        gathered
    }

    /// Takes in values of the column's type. `own` says that no larger array stands behind them, which a few of its rows
    /// would keep.
    ///
    /// # Errors
    /// When Arrow cannot copy them.
    pub fn push(&mut self, values: &ArrayRef, own: bool) -> Result<()> {
        if let Some(numbers) = values.as_primitive_opt::<Float64Type>() {
            match numbers.nulls().filter(|nulls| nulls.null_count() > 0) {
                None => self.numbers.extend_from_slice(numbers.values()),
                Some(_) => self.numbers.extend(numbers.iter().map(|v| v.unwrap_or(f64::NAN))),
            }
        } else if own {
            self.parts.push(Arc::clone(values));
        } else {
            let all = UInt32Array::from_iter_values(0..u32::try_from(values.len()).unwrap_or(u32::MAX));
            self.parts.push(take(values, &all, None)?);
        }
        Ok(())
    }

    /// All values, in one piece. Nothing is left here, unless they are to be kept.
    ///
    /// # Errors
    /// When Arrow cannot join the parts.
    pub fn whole(&mut self, keep: bool) -> Result<ArrayRef> {
        if self.data_type == DataType::Float64 {
            let numbers = if keep {
                self.numbers.clone()
            } else {
                std::mem::take(&mut self.numbers)
            };
            return Ok(Arc::new(Float64Array::from(numbers)));
        }
        let whole = match &self.parts[..] {
            [] => new_empty_array(&self.data_type),
            [one] => Arc::clone(one),
            parts => concat(&parts.iter().map(AsRef::as_ref).collect::<Vec<&dyn Array>>())?,
        };
        self.parts.clear();
        if keep {
            self.parts.push(Arc::clone(&whole));
        }
        Ok(whole)
    }

    /// Bytes that are held.
    pub fn size(&self) -> usize {
        let parts = self.parts.iter().map(|p| p.get_array_memory_size());
        self.numbers.len() * size_of::<f64>() + parts.sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::StringArray;

    #[test]
    fn numbers_and_texts_come_back_in_one_piece() {
        let mut numbers = Gathered::new(DataType::Float64);
        for part in [vec![Some(1.0), None], vec![], vec![Some(3.0)]] {
            numbers
                .push(&(Arc::new(Float64Array::from(part)) as ArrayRef), false)
                .unwrap();
        }
        let mut texts = Gathered::new(DataType::Utf8);
        for part in [vec![Some("a"), None], vec![Some("b")]] {
            texts
                .push(&(Arc::new(StringArray::from(part)) as ArrayRef), false)
                .unwrap();
        }
        for keep in [true, true, false] {
            let whole = numbers.whole(keep).unwrap();
            let whole = whole.as_primitive::<Float64Type>();
            assert!(whole.value(0) == 1.0 && whole.value(1).is_nan() && whole.value(2) == 3.0);
            let whole = texts.whole(keep).unwrap();
            assert_eq!(
                whole.as_string::<i32>().iter().collect::<Vec<_>>(),
                [Some("a"), None, Some("b")]
            );
        }
        assert_eq!(
            (numbers.whole(false).unwrap().len(), texts.whole(false).unwrap().len()),
            (0, 0)
        );
    }
}
