//! What every statistical aggregate shares: its names, its arguments, its accumulator.

use super::columns::Table;
use super::options::Options;
use super::role::Role;
use super::rows::Rows;
use crate::doc::Doc;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, ScalarValue, internal_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, Signature, Volatility};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A statistic: its arguments, its result, and the kernel's binding.
pub struct Definition {
    /// The SQL name.
    pub name: &'static str,
    /// Arguments of the aggregate in order; [`Role::Covariates`] takes the rest.
    pub roles: &'static [Role],
    /// Type of the result.
    pub output: fn() -> DataType,
    /// The statistic of the collected rows.
    pub evaluate: fn(Table, &Options) -> Result<ScalarValue>,
    /// The documentation of the aggregate; `None` where only relation functions ask for the statistic.
    pub doc: Option<&'static Doc>,
}

/// A statistic as an aggregate function.
///
/// The analyzer puts the options of a call into its function, so that settings of the session and the names of columns are
/// part of the plan, and the plan means the same whenever it runs.
pub struct Statistic {
    definition: &'static Definition,
    options: Option<Options>,
    signature: Signature,
    documentation: Option<Documentation>,
}

impl Statistic {
    /// The function that users call.
    pub fn public(definition: &'static Definition) -> AggregateUDF {
        Self::function(definition, None)
    }

    /// The function of one call, with its options.
    pub fn bound(definition: &'static Definition, options: Options) -> AggregateUDF {
        Self::function(definition, Some(options))
    }

    /// What it is the aggregate of, where that has no options yet.
    pub fn unbound(&self) -> Option<&'static Definition> {
        self.options.is_none().then_some(self.definition)
    }

    fn function(definition: &'static Definition, options: Option<Options>) -> AggregateUDF {
        AggregateUDF::new_from_impl(Self {
            definition,
            options,
            signature: Signature::user_defined(Volatility::Immutable),
            documentation: definition.doc.map(Doc::for_datafusion),
        })
    }

    /// The types that the arguments are brought to.
    fn coerced(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let (name, roles) = (self.definition.name, self.definition.roles);
        let open = roles.last() == Some(&Role::Covariates);
        if types.len() < roles.len() || (!open && types.len() > roles.len()) {
            let syntax = self.definition.doc.map_or(name, |d| d.syntax);
            return plan_err!("{name}: expected {syntax}, found {} arguments", types.len());
        }
        let mut coerced = Vec::with_capacity(types.len());
        for (i, t) in types.iter().enumerate() {
            let role = roles[i.min(roles.len() - 1)];
            match role.coerce(t) {
                Ok(t) => coerced.push(t),
                Err(expected) => {
                    let what = role.name().trim_end_matches(", ...");
                    return plan_err!("{name}: argument {} ({what}) must be {expected}; found {t}", i + 1);
                }
            }
        }
        Ok(coerced)
    }
}

impl std::fmt::Debug for Statistic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Statistic")
            .field("name", &self.definition.name)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Statistic {
    fn eq(&self, other: &Self) -> bool {
        self.definition.name == other.definition.name && self.options == other.options
    }
}

impl Eq for Statistic {}

impl Hash for Statistic {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.definition.name.hash(state);
    }
}

impl AggregateUDFImpl for Statistic {
    fn name(&self) -> &str {
        self.definition.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.documentation.as_ref()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.coerced(types)?;
        Ok((self.definition.output)())
    }

    /// What is wrong with the arguments is said by `return_type`: DataFusion wraps an error of this one in its own words.
    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(self.coerced(types).unwrap_or_else(|_| types.to_vec()))
    }

    /// Statistics do not depend on the order of rows, to the last bit.
    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let fields = args.expr_fields;
        let options = match &self.options {
            Some(options) => options.clone(),
            None => {
                let names = fields.iter().map(|f| f.name().clone()).collect();
                self.definition.positional(names)
            }
        };
        if options.names.len() != fields.len() || options.roles.len() != fields.len() {
            return internal_err!("{}: options of other arguments", self.definition.name);
        }
        Ok(Box::new(Rows::new(
            self.definition,
            row_fields(fields),
            options,
            args.is_distinct,
        )))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let fields = row_fields(args.input_fields);
        let item = Field::new_list_field(DataType::Struct(fields), true);
        Ok(vec![Arc::new(Field::new(
            format!("{}[rows]", args.name),
            DataType::List(Arc::new(item)),
            true,
        ))])
    }
}

/// Fields of the struct that holds one row, named by position: two columns may have one name.
fn row_fields(inputs: &[FieldRef]) -> Fields {
    inputs
        .iter()
        .enumerate()
        .map(|(i, f)| Field::new(format!("a{i}"), f.data_type().clone(), true))
        .collect()
}

impl Definition {
    /// The options of a call of the aggregate with arguments of these names, in order.
    pub fn positional(&self, names: Vec<String>) -> Options {
        let last = self.roles.len().saturating_sub(1);
        let roles = (0..names.len())
            .filter_map(|i| self.roles.get(i.min(last)).copied())
            .collect();
        let mut options = Options::default();
        (options.names, options.roles) = (names, roles);
        options
    }
}
