//! Cells as text.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Float64Type, Schema};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::writer::{EncoderOptions, NullableEncoder, make_encoder};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use std::io;

/// Turns the cells of a column into text.
pub enum Cells<'a> {
    /// Structs and lists, as JSON.
    Nested {
        encoder: NullableEncoder<'a>,
        array: &'a ArrayRef,
    },
    /// Everything else.
    Plain {
        formatter: ArrayFormatter<'a>,
        array: &'a ArrayRef,
    },
}

/// What JSON is written with: NULL fields are there.
pub fn json_options() -> EncoderOptions {
    EncoderOptions::default().with_explicit_nulls(true)
}

/// The columns of a batch, ready to be read as text.
pub fn columns<'a>(
    batch: &'a RecordBatch,
    schema: &'a Schema,
    options: &'a EncoderOptions,
) -> io::Result<Vec<Cells<'a>>> {
    let columns = batch.columns().iter().zip(schema.fields());
    columns
        .map(|(array, field)| {
            if field.data_type().is_nested() {
                let encoder = make_encoder(field, array.as_ref(), options).map_err(invalid)?;
                return Ok(Cells::Nested { encoder, array });
            }
            let formatter = ArrayFormatter::try_new(array.as_ref(), &FormatOptions::default()).map_err(invalid)?;
            Ok(Cells::Plain { formatter, array })
        })
        .collect()
}

impl Cells<'_> {
    /// The text of a row; `None` for NULL.
    pub fn text(&mut self, row: usize) -> io::Result<Option<String>> {
        match self {
            Self::Nested { encoder, array } => {
                if array.is_null(row) {
                    return Ok(None);
                }
                let mut out = vec![];
                encoder.encode(row, &mut out);
                String::from_utf8(out)
                    .map(Some)
                    .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
            }
            Self::Plain { formatter, array } => {
                // A column of nothing but NULL has no mask that says so.
                let is_null = array.is_null(row) || *array.data_type() == DataType::Null;
                Ok((!is_null).then(|| formatter.value(row).to_string()))
            }
        }
    }

    /// The text of a row for people: a number of at most seven figures.
    pub fn short(&mut self, row: usize) -> io::Result<Option<String>> {
        if let Self::Plain { array, .. } = self
            && *array.data_type() == DataType::Float64
            && array.is_valid(row)
        {
            return Ok(Some(seven_figures(array.as_primitive::<Float64Type>().value(row))));
        }
        self.text(row)
    }
}

/// A number with the figures that people read: as R's `print` does, seven of them.
fn seven_figures(v: f64) -> String {
    let full = format!("{v}");
    if !v.is_finite() || (full.len() <= 9 && !full.contains('e')) {
        return full;
    }
    let scientific = format!("{v:.6e}");
    let exponent: i32 = scientific
        .split_once('e')
        .and_then(|(_, e)| e.parse().ok())
        .unwrap_or(0);
    if (-5..15).contains(&exponent) {
        let decimals = usize::try_from((6 - exponent).max(0)).unwrap_or(0);
        let text = format!("{v:.decimals$}");
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_string()
        } else {
            text
        }
    } else {
        scientific
    }
}

/// A text for a narrow place: a figure's text would fill pages.
pub fn without_figure(text: String) -> String {
    match text.starts_with("<svg") {
        true => format!("<svg ...> ({} characters)", text.chars().count()),
        false => text,
    }
}

/// Whether a column's cells stand at the right.
pub fn is_number(t: &DataType) -> bool {
    t.is_numeric()
}

/// An error of arrow's as one of output. A closed pipe stays known as one.
pub fn invalid(e: ArrowError) -> io::Error {
    match e {
        ArrowError::IoError(_, e) => e,
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people_have_seven_figures() {
        for (v, text) in [
            (0.1, "0.1"),
            (1.0, "1"),
            (0.333_333_333_333, "0.3333333"),
            (1_234.567_890_12, "1234.568"),
            (0.000_012_345_678_9, "0.00001234568"),
            (1.234_567_89e-12, "1.234568e-12"),
            (123_456_789.123, "123456789"),
            (f64::NAN, "NaN"),
            (-2.5, "-2.5"),
        ] {
            assert_eq!(seven_figures(v), text);
        }
    }
}
