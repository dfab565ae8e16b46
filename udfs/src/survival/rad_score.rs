//! `rad_score(model, features, ...)`.

use crate::doc::{Doc, Kind};
use crate::features::{flatten, numbers, texts};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array, StructArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, exec_err, internal_datafusion_err, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use std::collections::HashMap;
use std::sync::Arc;

const NAME: &str = "rad_score";

/// Its documentation.
pub const DOC: Doc = Doc {
    name: NAME,
    kind: Kind::Scalar,
    summary: "The linear predictor of a fitted model on this row: the Rad score.",
    syntax: "rad_score(model, features, ...)",
    arguments: &[
        (
            "model",
            "a fit of `cox` or `cox_lasso`, any struct with `terms LIST(STRUCT(term, coef, ...))`, or such a list",
        ),
        (
            "features, ...",
            "columns with the names of the model's terms: numbers, text, structs (all their fields) and lists",
        ),
    ],
    returns: "DOUBLE: the sum of coefficient times value over the model's terms, not centred. A term `column=value` is 1 where \
              the text column has that value. Columns that the model does not use are ignored; a term without a column is an \
              error; NULL or NaN in a used column gives NULL. A NULL coefficient counts as 0, as in R.",
    example: "SELECT rad_score({terms: [{term: 'a', coef: 2.0}, {term: 'b', coef: -1.0}]}, a, b) AS score\n\
              FROM (VALUES (1.0, 3.0), (2.0, 0.5)) AS t(a, b)",
    source: "R predict.coxph(type = \"lp\"), without its centring",
};

/// `rad_score` as users call it, and the form that carries the names of its columns as first argument.
pub fn functions() -> [ScalarUDF; 2] {
    [false, true].map(|bound| {
        let signature = Signature::user_defined(Volatility::Immutable);
        ScalarUDF::new_from_impl(RadScore {
            bound,
            signature,
            documentation: DOC.for_datafusion(),
        })
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct RadScore {
    bound: bool,
    signature: Signature,
    documentation: Documentation,
}

impl ScalarUDFImpl for RadScore {
    fn name(&self) -> &str {
        if self.bound { "radsql_rad_score" } else { NAME }
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

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let fields = &args.arg_fields[usize::from(self.bound).min(args.arg_fields.len())..];
        let Some((model, features)) = fields.split_first() else {
            return plan_err!("{NAME}: expected {NAME}(model, features, ...), found no argument");
        };
        if features.is_empty() {
            return plan_err!("{NAME}: expected {NAME}(model, features, ...), found no features");
        }
        if !is_model(model.data_type()) && !model.data_type().is_null() {
            return plan_err!(
                "{NAME}: argument 1 must be a fitted model, a struct with terms LIST(STRUCT(term, coef, ...)) or such a list; found {}",
                model.data_type()
            );
        }
        Ok(Arc::new(Field::new(self.name(), DataType::Float64, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let skip = usize::from(self.bound);
        let arrays = args
            .args
            .iter()
            .map(|a| a.to_array(args.number_rows))
            .collect::<Result<Vec<_>>>()?;
        let names: Vec<String> = if self.bound {
            let ColumnarValue::Scalar(list) = &args.args[0] else {
                return internal_err!("{NAME}: names are no literal");
            };
            let Some(Some(text)) = list.try_as_str() else {
                return internal_err!("{NAME}: names are no text");
            };
            serde_json::from_str(text).map_err(|_| internal_datafusion_err!("{NAME}: names"))?
        } else {
            args.arg_fields[1..].iter().map(|f| f.name().clone()).collect()
        };
        let model = &arrays[skip];
        if model.data_type().is_null() {
            return Ok(ColumnarValue::Array(Arc::new(Float64Array::new_null(args.number_rows))));
        }
        let mut leaves = vec![];
        for (name, array) in names.iter().zip(&arrays[skip + 1..]) {
            flatten(NAME, name, Arc::clone(array), &mut leaves)?;
        }
        Ok(ColumnarValue::Array(Arc::new(scores(model, &leaves)?)))
    }
}

fn is_model(t: &DataType) -> bool {
    match t {
        DataType::Struct(fields) => fields
            .find("terms")
            .is_some_and(|(_, terms)| are_terms(terms.data_type())),
        list => are_terms(list),
    }
}

fn are_terms(t: &DataType) -> bool {
    match t {
        DataType::List(item) => match item.data_type() {
            DataType::Struct(f) => f.find("term").is_some() && f.find("coef").is_some(),
            _ => false,
        },
        _ => false,
    }
}

/// Where the column of a name stands.
enum Place {
    Number(usize),
    Text(usize),
    /// Two columns have the name: an error, if the model has it too.
    Several,
}

/// A column as a term needs it.
enum Values {
    Number(Vec<f64>),
    Text(Vec<Option<String>>),
}

/// A term of a model: its column, the value that makes it 1 where the column is text, and its coefficient.
type Weighted = (usize, Option<String>, f64);

fn scores(model: &ArrayRef, leaves: &[(String, ArrayRef)]) -> Result<Float64Array> {
    let terms = match model.data_type() {
        DataType::Struct(_) => match model.as_struct().column_by_name("terms") {
            Some(terms) => terms,
            None => return internal_err!("{NAME}: no terms"),
        },
        _ => model,
    };
    let terms = terms.as_list::<i32>();
    let mut position: HashMap<&str, Place> = HashMap::new();
    for (i, (name, array)) in leaves.iter().enumerate() {
        let is_text = match array.data_type() {
            DataType::Dictionary(_, value) => value.is_string(),
            other => other.is_string(),
        };
        let place = if is_text { Place::Text(i) } else { Place::Number(i) };
        position
            .entry(name)
            .and_modify(|p| *p = Place::Several)
            .or_insert(place);
    }
    let mut columns: HashMap<usize, Values> = HashMap::new();
    let mut resolved: Option<(ArrayRef, Vec<Weighted>)> = None;
    let mut out = Vec::with_capacity(model.len());
    for row in 0..model.len() {
        if model.is_null(row) || terms.is_null(row) {
            out.push(None);
            continue;
        }
        let list = terms.value(row);
        // One model for all rows is the rule: its terms are looked up once.
        if resolved.as_ref().is_none_or(|(seen, _)| seen != &list) {
            let found = resolve(list.as_struct(), &position)?;
            for (leaf, level, _) in &found {
                if !columns.contains_key(leaf) {
                    let array = &leaves[*leaf].1;
                    let v = if level.is_some() {
                        Values::Text(texts(array)?)
                    } else {
                        Values::Number(numbers(array)?)
                    };
                    columns.insert(*leaf, v);
                }
            }
            resolved = Some((list, found));
        }
        let mut sum = 0.0;
        for (leaf, level, coef) in resolved.iter().flat_map(|(_, terms)| terms) {
            let value = match (columns.get(leaf), level) {
                (Some(Values::Number(v)), _) => v[row],
                (Some(Values::Text(v)), Some(level)) => match &v[row] {
                    Some(text) => f64::from(u8::from(text == level)),
                    None => f64::NAN,
                },
                _ => f64::NAN,
            };
            sum += coef * value;
        }
        out.push((!sum.is_nan()).then_some(sum));
    }
    Ok(Float64Array::from(out))
}

/// The terms of a model whose coefficient is known.
fn resolve(terms: &StructArray, position: &HashMap<&str, Place>) -> Result<Vec<Weighted>> {
    let (Some(names), Some(coefs)) = (terms.column_by_name("term"), terms.column_by_name("coef")) else {
        return internal_err!("{NAME}: no term or coef");
    };
    let names = texts(names)?;
    let coefs = numbers(coefs)?;
    let mut out = vec![];
    for (i, name) in names.into_iter().enumerate() {
        let Some(name) = name else {
            return exec_err!("{NAME}: a term of the model has no name");
        };
        if coefs[i].is_nan() {
            continue;
        }
        let (column, place, level) = match (position.get(name.as_str()), name.split_once('=')) {
            (Some(place), _) => (name.as_str(), Some(place), None),
            (None, Some((column, level))) => (column, position.get(column), Some(level.to_string())),
            (None, None) => (name.as_str(), None, None),
        };
        match (place, &level) {
            (Some(Place::Number(p)), None) | (Some(Place::Text(p)), Some(_)) => out.push((*p, level, coefs[i])),
            (Some(Place::Number(_) | Place::Text(_)), _) => {
                let (wanted, found) = if level.is_some() {
                    ("text", "a number")
                } else {
                    ("a number", "text")
                };
                return exec_err!("{NAME}: the model's term '{name}' needs {wanted}, and column '{column}' is {found}");
            }
            (Some(Place::Several), _) => {
                return exec_err!("{NAME}: two columns are named '{column}', a term of the model");
            }
            (None, _) => {
                return exec_err!("{NAME}: the model has the term '{name}', and no column of that name was given");
            }
        }
    }
    Ok(out)
}
