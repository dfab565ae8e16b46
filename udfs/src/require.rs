//! `require(condition, message)`.

use crate::doc::{Doc, Kind};
use crate::options::RadsqlOptions;
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// Its documentation.
pub static DOC: Doc = Doc {
    name: "require",
    kind: Kind::Scalar,
    summary: "Stops the query with a message where a condition does not hold: a study's check of its own assumptions.",
    syntax: "require(condition, message)",
    arguments: &[
        ("condition", "BOOLEAN; NULL does not hold"),
        ("message", "text: what is wrong, for the reader of the error"),
    ],
    returns: "BOOLEAN: true for each row, if it holds in all; an error with the message of the first row in which it does not.",
    example: "SELECT require(count(*) > 0, 'there is no patient') AS found FROM patients",
    source: "",
};

/// The function.
pub fn function() -> ScalarUDF {
    ScalarUDF::from(Require {
        // Volatile: it is there for what it does, and is not worked out when a statement is planned.
        signature: Signature::any(2, Volatility::Volatile),
        documentation: DOC.for_datafusion(),
    })
}

#[derive(Debug)]
struct Require {
    signature: Signature,
    documentation: Documentation,
}

impl PartialEq for Require {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Require {}

impl std::hash::Hash for Require {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        DOC.name.hash(state);
    }
}

impl ScalarUDFImpl for Require {
    fn name(&self) -> &str {
        DOC.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [DataType::Boolean | DataType::Null, message] if message.is_string() || message.is_null() => {
                Ok(DataType::Boolean)
            }
            [DataType::Boolean | DataType::Null, other] => {
                plan_err!("{}: argument 2 (message) must be text; found {other}", DOC.name)
            }
            [other, ..] => plan_err!("{}: argument 1 (condition) must be BOOLEAN; found {other}", DOC.name),
            [] => plan_err!("{}: expected {}, found 0 arguments", DOC.name, DOC.syntax),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let condition = cast(&arrays[0], &DataType::Boolean)?;
        let message = cast(&arrays[1], &DataType::Utf8)?;
        let (holds, messages) = (condition.as_boolean(), message.as_string::<i32>());
        let first = (0..holds.len()).find(|row| !(holds.is_valid(*row) && holds.value(*row)));
        // Errors of a server hold no cell's value, and a message that is a column is one.
        let is_cell = matches!(args.args[1], ColumnarValue::Array(_));
        let first = match RadsqlOptions::of(&args.config_options).record_failures && is_cell {
            true if first.is_some() => return exec_err!("{}: the condition does not hold", DOC.name),
            _ => first,
        };
        match first {
            Some(row) if messages.is_valid(row) => exec_err!("{}", messages.value(row)),
            Some(_) => exec_err!("{}: the condition does not hold", DOC.name),
            None => Ok(ColumnarValue::Array(condition)),
        }
    }
}
