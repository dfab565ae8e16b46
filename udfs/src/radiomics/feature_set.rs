//! `radsql_feature(features, name)`: one field of an extraction.
//!
//! The optimizer writes it in the place of `get_field`, which DataFusion pushes down into every use of the struct, so that
//! one extraction would become several.

use datafusion::arrow::array::BooleanArray;
use datafusion::arrow::array::{Array, AsArray, make_array};
use datafusion::arrow::compute::nullif;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use std::sync::Arc;

/// Name of the function.
pub const NAME: &str = "radsql_feature";

/// The function.
pub fn function() -> ScalarUDF {
    ScalarUDF::new_from_impl(Feature {
        signature: Signature::user_defined(Volatility::Immutable),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Feature {
    signature: Signature,
}

impl ScalarUDFImpl for Feature {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(NAME, DataType::Float64, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [features, ColumnarValue::Scalar(name)] = &args.args[..] else {
            return internal_err!("{NAME}: arguments");
        };
        let features = features.to_array(args.number_rows)?;
        let Some(Some(name)) = name.try_as_str() else {
            return internal_err!("{NAME}: no name");
        };
        let features = features.as_struct();
        let Some(column) = features.column_by_name(name) else {
            return internal_err!("{NAME}: no field {name}");
        };
        let column = match features.nulls() {
            Some(n) => nullif(column, &BooleanArray::new(!n.inner(), None))?,
            None => make_array(column.to_data()),
        };
        Ok(ColumnarValue::Array(column))
    }
}
