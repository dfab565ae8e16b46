//! One setting and its value.

use super::error::ParameterError;
use serde_json::Value;

/// A key of a parameter file with its value.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a Value,
}

impl<'a> Entry<'a> {
    pub(super) fn wrong<T>(&self, expected: &str) -> Result<T, ParameterError> {
        Err(ParameterError::Value {
            key: self.key.to_owned(),
            expected: expected.to_owned(),
            found: self.value.to_string(),
        })
    }

    pub(super) fn number(&self) -> Result<f64, ParameterError> {
        match self.value.as_f64() {
            Some(v) if v.is_finite() => Ok(v),
            _ => self.wrong("a number"),
        }
    }

    pub(super) fn positive(&self) -> Result<f64, ParameterError> {
        match self.value.as_f64() {
            Some(v) if v.is_finite() && v > 0.0 => Ok(v),
            _ => self.wrong("a number above 0"),
        }
    }

    pub(super) fn whole(&self, from: usize, expected: &str) -> Result<usize, ParameterError> {
        // People write 32.0 as well as 32.
        match self.value.as_f64() {
            Some(v) if v >= from as f64 && v.fract() == 0.0 && v < 1e15 => Ok(v as usize),
            _ => self.wrong(expected),
        }
    }

    pub(super) fn truth(&self) -> Result<bool, ParameterError> {
        self.value.as_bool().map_or_else(|| self.wrong("true or false"), Ok)
    }

    pub(super) fn text(&self, expected: &str) -> Result<&'a str, ParameterError> {
        self.value.as_str().map_or_else(|| self.wrong(expected), Ok)
    }

    /// The members of a list; a value alone is a list of one.
    pub(super) fn list(&self) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        let members = match self.value {
            Value::Array(members) => members.as_slice(),
            alone => std::slice::from_ref(alone),
        };
        let key = self.key;
        members.iter().map(move |value| Entry { key, value })
    }
}

/// A number as Python's `str` writes it, which PyRadiomics puts into names: 1 stays `1`, 1.0 stays `1.0`.
pub(super) fn python_text(number: &Value) -> String {
    match number.as_f64() {
        Some(v) if number.is_f64() => format!("{v:?}"),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_as_python_writes_them() {
        for (value, text) in [
            (json!(1), "1"),
            (json!(1.0), "1.0"),
            (json!(0.5), "0.5"),
            (json!(2.25), "2.25"),
        ] {
            assert_eq!(python_text(&value), text);
        }
    }

    #[test]
    fn values_that_do_not_fit_are_named() {
        let value = json!("wide");
        let e = Entry {
            key: "binWidth",
            value: &value,
        };
        assert_eq!(
            e.number().unwrap_err().to_string(),
            "setting 'binWidth' must be a number; found \"wide\""
        );
    }
}
