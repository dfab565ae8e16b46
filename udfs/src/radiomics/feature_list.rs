//! `feature_list(features, ...)`.

use crate::doc::{Doc, Kind};
use crate::features::{flatten, numbers};
use datafusion::arrow::array::{ArrayRef, Float64Builder, ListArray, StringBuilder, StructArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{Result, exec_err, internal_datafusion_err, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use std::sync::Arc;

const NAME: &str = "feature_list";

/// Its documentation.
pub const DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Scalar,
    summary: "Features in the long form: one struct a feature.",
    syntax: "feature_list(features, ...)",
    arguments: &[(
        "features, ...",
        "structs (all their fields), lists of numbers (`name_0, name_1, ...`) and plain numbers",
    )],
    returns: "LIST(STRUCT(feature, value)), for `unnest`. NULL values stay as NULL.",
    example: "SELECT unnest(feature_list({a: 1.0, b: 2.0}, 3.0)) AS f",
    source: "",
};

/// `feature_list` as users call it, and the form that carries the names of its columns as first argument.
pub fn functions() -> [ScalarUDF; 2] {
    [false, true].map(|bound| {
        let signature = Signature::user_defined(Volatility::Immutable);
        ScalarUDF::new_from_impl(FeatureList {
            bound,
            signature,
            documentation: DOC.for_datafusion(),
        })
    })
}

fn item_fields() -> Fields {
    vec![
        Field::new("feature", DataType::Utf8, false),
        Field::new("value", DataType::Float64, true),
    ]
    .into()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FeatureList {
    bound: bool,
    signature: Signature,
    documentation: Documentation,
}

impl ScalarUDFImpl for FeatureList {
    fn name(&self) -> &str {
        if self.bound { "radsql_feature_list" } else { NAME }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn documentation(&self) -> Option<&Documentation> {
        (!self.bound).then_some(&self.documentation)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        if types.len() <= usize::from(self.bound) {
            return plan_err!("{NAME}: expected {}, found no argument", DOC.syntax);
        }
        Ok(DataType::new_list(DataType::Struct(item_fields()), true))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let names: Vec<String> = if self.bound {
            let ColumnarValue::Scalar(list) = &args.args[0] else {
                return internal_err!("{NAME}: names are no literal");
            };
            serde_json::from_str(list.try_as_str().flatten().unwrap_or_default())
                .map_err(|_| internal_datafusion_err!("{NAME}: names"))?
        } else {
            args.arg_fields.iter().map(|f| f.name().clone()).collect()
        };
        let mut leaves: Vec<(String, ArrayRef)> = vec![];
        for (name, value) in names.iter().zip(&args.args[usize::from(self.bound)..]) {
            flatten(NAME, name, value.to_array(args.number_rows)?, &mut leaves)?;
        }
        let mut columns = Vec::with_capacity(leaves.len());
        for (name, array) in leaves {
            if array.data_type().is_string() {
                return exec_err!("{NAME}: '{name}' is text; features are numbers");
            }
            columns.push((name, numbers(&array)?));
        }
        let rows = args.number_rows;
        let (mut feature, mut value) = (
            StringBuilder::new(),
            Float64Builder::with_capacity(rows * columns.len()),
        );
        for row in 0..rows {
            for (name, values) in &columns {
                feature.append_value(name);
                value.append_option(values.get(row).copied().filter(|v| !v.is_nan()));
            }
        }
        let items = StructArray::try_new(
            item_fields(),
            vec![Arc::new(feature.finish()), Arc::new(value.finish())],
            None,
        )?;
        let field = Arc::new(Field::new_list_field(DataType::Struct(item_fields()), true));
        let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(columns.len(), rows));
        Ok(ColumnarValue::Array(Arc::new(ListArray::try_new(
            field,
            offsets,
            Arc::new(items),
            None,
        )?)))
    }
}
