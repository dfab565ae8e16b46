//! What every figure in SQL shares: its theme, its row, and the rows of the statistic that it draws.

use crate::survival::options::Options;
use crate::survival::relation::{Setting, Takes};
use crate::values::{Values, fields, one_struct};
use datafusion::arrow::array::{Array, AsArray, StructArray};
use datafusion::arrow::datatypes::{DataType, Fields, Float64Type, Int64Type};
use datafusion::common::{Result, ScalarValue, exec_datafusion_err, internal_datafusion_err};
use radsql_plots::{PlotError, Theme};

/// The argument `theme`.
pub const THEME: Takes = Takes::Setting("theme", Setting::Choice(&["light", "dark"]));

/// What that means.
pub const SAYS_THEME: (&str, &str) = ("theme", "'light' (without it), for paper, or 'dark'");

/// The theme that was asked for.
pub fn theme(options: &Options) -> Theme {
    match options.text("theme") {
        Some("dark") => Theme::Dark,
        _ => Theme::Light,
    }
}

/// The type of a figure's row.
pub fn output() -> DataType {
    DataType::Struct(row_fields())
}

fn row_fields() -> Fields {
    fields([("svg", DataType::Utf8)])
}

/// A figure as a row; NULL where there was nothing to draw.
///
/// # Errors
/// When the figure cannot be drawn.
pub fn row(function: &str, svg: Option<std::result::Result<String, PlotError>>) -> Result<ScalarValue> {
    let svg = svg.transpose().map_err(|e| exec_datafusion_err!("{function}: {e}"))?;
    one_struct(row_fields(), vec![Values::text(svg)])
}

/// The rows that a statistic answered with.
pub struct Answer {
    rows: StructArray,
}

impl Answer {
    /// Of a list of structs, or of one struct; `None` where there are no rows.
    pub fn of(value: &ScalarValue) -> Option<Self> {
        let rows = match value {
            ScalarValue::List(list) if !list.is_empty() && list.is_valid(0) => list.value(0).as_struct_opt()?.clone(),
            ScalarValue::Struct(one) if one.is_valid(0) => one.as_ref().clone(),
            _ => return None,
        };
        (!rows.is_empty()).then_some(Self { rows })
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The list of structs in a field of the only row.
    pub fn list(&self, name: &str) -> Option<Self> {
        let lists = self.rows.column_by_name(name)?.as_list_opt::<i32>()?;
        let rows = lists.value(0).as_struct_opt()?.clone();
        (!rows.is_empty()).then_some(Self { rows })
    }

    /// A field of numbers; NaN where it is NULL.
    ///
    /// # Errors
    /// When there is no such field.
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        let column = self.rows.column_by_name(name);
        if let Some(numbers) = column.and_then(|c| c.as_primitive_opt::<Float64Type>()) {
            return Ok(numbers.iter().map(|v| v.unwrap_or(f64::NAN)).collect());
        }
        let whole = column.and_then(|c| c.as_primitive_opt::<Int64Type>());
        let whole = whole.ok_or_else(|| absent(name))?;
        Ok(whole.iter().map(|v| v.map_or(f64::NAN, |v| v as f64)).collect())
    }

    /// A field of truth values; false where it is NULL.
    ///
    /// # Errors
    /// When there is no such field.
    pub fn truths(&self, name: &str) -> Result<Vec<bool>> {
        let column = self.rows.column_by_name(name).and_then(|c| c.as_boolean_opt());
        let truths = column.ok_or_else(|| absent(name))?;
        Ok(truths.iter().map(|v| v == Some(true)).collect())
    }

    /// A field of texts; empty where it is NULL.
    ///
    /// # Errors
    /// When there is no such field.
    pub fn texts(&self, name: &str) -> Result<Vec<String>> {
        let column = self.rows.column_by_name(name).and_then(|c| c.as_string_opt::<i32>());
        let texts = column.ok_or_else(|| absent(name))?;
        Ok(texts.iter().map(|v| v.unwrap_or_default().to_owned()).collect())
    }
}

fn absent(name: &str) -> datafusion::common::DataFusionError {
    internal_datafusion_err!("a figure's statistic has no field '{name}'")
}

/// A time as a legend or a label tells it: 36, not 36.0.
pub fn told(t: f64) -> String {
    format!("{t}")
}
