//! Parameters of prepared statements: `$1`, `$name` or `?`. Their values are data and are never part of the text.

use crate::server::errors::Fault;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::{DataFusionError, ParamValues, ScalarValue};
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};
use std::sync::Arc;

/// What stands for a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// With its mark: `$1`.
    pub name: String,
    /// The type that its place asks for, where it asks for one.
    pub data_type: Option<DataType>,
}

/// Values of all parameters, in their order.
pub type Values = Vec<ScalarValue>;

/// The text with `$1`, `$2`, ... in the place of its first, second, ... `?`.
///
/// # Errors
/// When both kinds are in it.
pub fn number(text: &str) -> Result<String, Fault> {
    if !text.contains('?') {
        return Ok(text.to_owned());
    }
    let mut tokens: Vec<TokenWithSpan> = vec![];
    let read = Tokenizer::new(&DuckDbDialect {}, text)
        .with_unescape(false)
        .tokenize_with_location_into_buf(&mut tokens);
    if read.is_err() {
        // The parser tells what is wrong.
        return Ok(text.to_owned());
    }
    let marks = tokens.iter().filter_map(|t| match &t.token {
        Token::Placeholder(mark) => Some(mark.as_str()),
        Token::Question => Some("?"),
        _ => None,
    });
    let (unnamed, named): (Vec<&str>, Vec<&str>) = marks.partition(|mark| *mark == "?");
    if unnamed.is_empty() {
        return Ok(text.to_owned());
    }
    if let Some(named) = named.first() {
        return Err(Fault::Invalid(format!(
            "parameters are either all ? or all named as {named}; found both"
        )));
    }
    let mut at = 0;
    let mut out = String::with_capacity(text.len() + 16);
    for TokenWithSpan { token, .. } in tokens {
        match token {
            Token::Placeholder(_) | Token::Question => {
                at += 1;
                out.push_str(&format!("${at}"));
            }
            other => out.push_str(&other.to_string()),
        }
    }
    Ok(out)
}

/// The parameters of a statement: numbered ones by number, others by name.
///
/// # Errors
/// When their places ask for different types.
pub fn of(plan: &LogicalPlan) -> Result<Vec<Parameter>, DataFusionError> {
    let fields = plan.get_parameter_fields()?;
    let parameter = |(name, field): (String, Option<Arc<Field>>)| Parameter {
        name,
        data_type: field.map(|f| f.data_type().clone()).filter(|t| *t != DataType::Null),
    };
    let mut found: Vec<Parameter> = fields.into_iter().map(parameter).collect();
    let number = |p: &Parameter| p.name.trim_start_matches('$').parse::<u64>().unwrap_or(u64::MAX);
    found.sort_by(|a, b| number(a).cmp(&number(b)).then_with(|| a.name.cmp(&b.name)));
    Ok(found)
}

/// The parameters as drivers ask for them. One whose type nothing tells is text.
pub fn schema(parameters: &[Parameter]) -> SchemaRef {
    let field = |p: &Parameter| Field::new(&p.name, p.data_type.clone().unwrap_or(DataType::Utf8), true);
    crate::server::wire::schema(&Schema::new(parameters.iter().map(field).collect::<Vec<_>>()))
}

/// The rows of a batch.
///
/// # Errors
/// When a column cannot be read.
pub fn rows(batch: &RecordBatch) -> Result<Vec<Values>, Fault> {
    let cell = |row: usize| {
        batch
            .columns()
            .iter()
            .map(move |column| ScalarValue::try_from_array(column, row))
    };
    (0..batch.num_rows())
        .map(|row| cell(row).collect::<Result<Values, _>>())
        .collect::<Result<_, _>>()
        .map_err(|e| Fault::engine(e, ""))
}

/// # Errors
/// When there are too few or too many values.
pub fn check(parameters: &[Parameter], values: &Values) -> Result<(), Fault> {
    match (parameters.len(), values.len()) {
        (expected, found) if expected == found => Ok(()),
        (expected, found) => Err(count(expected, found)),
    }
}

/// Too few values, or too many.
pub fn count(expected: usize, found: usize) -> Fault {
    Fault::Invalid(format!(
        "the statement has {expected} parameters; {found} values were given"
    ))
}

/// Values of the types that their places ask for.
///
/// # Errors
/// Names the parameter whose value is of another type.
pub fn cast(parameters: &[Parameter], values: &Values) -> Result<ParamValues, Fault> {
    let cast = |(parameter, value): (&Parameter, &ScalarValue)| match &parameter.data_type {
        Some(expected) if *expected != value.data_type() => value.cast_to(expected).map_err(|_| {
            Fault::Invalid(format!(
                "the value of parameter {} is a {}, which is no {expected}",
                parameter.name,
                value.data_type()
            ))
        }),
        _ => Ok(value.clone()),
    };
    let values = parameters.iter().zip(values).map(cast).collect::<Result<Values, _>>()?;
    let numbered = parameters
        .iter()
        .enumerate()
        .all(|(i, p)| p.name == format!("${}", i + 1));
    if numbered {
        return Ok(ParamValues::from(values));
    }
    let names = parameters.iter().map(|p| p.name.trim_start_matches('$').to_owned());
    Ok(ParamValues::from(names.zip(values).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_numbered_outside_of_literals() {
        for (text, numbered) in [
            ("SELECT ?, '?', \"?\" -- ?\n, ?", "SELECT $1, '?', \"?\" -- ?\n, $2"),
            ("SELECT 'it''s', $$ ? $$, ?", "SELECT 'it''s', $$ ? $$, $1"),
            ("SELECT $1", "SELECT $1"),
            ("SELECT '?", "SELECT '?"),
            ("INSERT INTO t VALUES (?,?,?)", "INSERT INTO t VALUES ($1,$2,$3)"),
        ] {
            assert_eq!(number(text).unwrap(), numbered);
        }
        assert!(number("SELECT ?, $1").is_err());
    }
}
