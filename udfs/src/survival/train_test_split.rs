//! The window function behind the relation function `train_test_split`.

use super::failed;
use crate::features::texts;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type, UInt64Type};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{LimitEffect, PartitionEvaluator, Signature, Volatility, WindowUDF, WindowUDFImpl};
use datafusion::physical_expr::PhysicalExpr;
use radsql_survival::TrainFraction;
use std::sync::Arc;

/// Name of the window function; users meet it as the relation function `train_test_split`.
pub const NAME: &str = "radsql_train_test_split";

/// `radsql_train_test_split(id, stratum, fraction, seed) OVER ()`: 'train' or 'test' for each row. `stratum` may be a
/// NULL literal for none.
pub fn window_function() -> WindowUDF {
    WindowUDF::new_from_impl(TrainTestSplit {
        signature: Signature::user_defined(Volatility::Immutable),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct TrainTestSplit {
    signature: Signature,
}

impl WindowUDFImpl for TrainTestSplit {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        if types.len() != 4 {
            return plan_err!("{NAME}: expected id, stratum, fraction, seed");
        }
        for t in &types[..2] {
            if t.is_nested() {
                return plan_err!("train_test_split: id and stratify must be plain columns; found {t}");
            }
        }
        let stratum = if types[1].is_null() {
            DataType::Null
        } else {
            DataType::Utf8
        };
        Ok(vec![DataType::Utf8, stratum, DataType::Float64, DataType::UInt64])
    }

    fn partition_evaluator(&self, _: PartitionEvaluatorArgs) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Evaluator))
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(args.name(), DataType::Utf8, false)))
    }

    fn limit_effect(&self, _: &[Arc<dyn PhysicalExpr>]) -> LimitEffect {
        LimitEffect::Unknown
    }
}

#[derive(Debug)]
struct Evaluator;

impl PartitionEvaluator for Evaluator {
    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        const FUNCTION: &str = "train_test_split";
        if rows == 0 {
            return Ok(Arc::new(StringArray::from(Vec::<String>::new())));
        }
        let Some(ids) = texts(&values[0])?.into_iter().collect::<Option<Vec<String>>>() else {
            return exec_err!("{FUNCTION}: id is NULL in a row; each row needs one");
        };
        // A missing stratum is a stratum of its own: no row is lost, and missing cells are spread as others are.
        let strata: Option<Vec<String>> = if values[1].data_type().is_null() {
            None
        } else {
            Some(
                texts(&values[1])?
                    .into_iter()
                    .map(|s| s.map_or_else(|| "-".into(), |s| format!("+{s}")))
                    .collect(),
            )
        };
        let fraction = values[2].as_primitive::<Float64Type>().value(0);
        let seed = values[3].as_primitive::<UInt64Type>().value(0);
        let fraction = TrainFraction::new(fraction).map_err(failed(FUNCTION))?;
        let train =
            radsql_survival::train_test_split(&ids, strata.as_deref(), fraction, seed).map_err(|e| match e {
                radsql_survival::SurvivalError::IdInTwoStrata { first, .. } => {
                    datafusion::common::exec_datafusion_err!(
                        "{FUNCTION}: id '{}' stands in two strata; all rows of an id must have one value in stratify",
                        ids[first]
                    )
                }
                other => failed(FUNCTION)(other),
            })?;
        Ok(Arc::new(
            train
                .into_iter()
                .map(|t| Some(if t { "train" } else { "test" }))
                .collect::<StringArray>(),
        ))
    }
}
