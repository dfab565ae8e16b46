//! What every statistical aggregate shares: it collects the rows of a group and gives them to a kernel at the end.

use super::columns::Table;
use super::options::Options;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, StructArray, UInt32Array, new_empty_array};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::{concat, take};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, ScalarValue, exec_err, internal_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, Signature, Volatility};
use datafusion::physical_expr::expressions::Literal;
use std::hash::{Hash, Hasher};
use std::mem::size_of_val;
use std::sync::Arc;

/// What an argument of a statistic is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A number: when the event came or observation ended.
    Time,
    /// BOOLEAN or 0/1: whether the event came.
    Event,
    /// A number.
    Score,
    /// Any value that can stand for a group.
    Group,
    /// The rest: numbers, text, structs and lists of numbers; at least one.
    Covariates,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Event => "event",
            Self::Score => "score",
            Self::Group => "group",
            Self::Covariates => "x, ...",
        }
    }

    /// The type that an argument of type `t` is brought to, or what is expected instead.
    fn coerce(self, t: &DataType) -> std::result::Result<DataType, &'static str> {
        let number = |t: &DataType| t.is_numeric() || t.is_null();
        match self {
            Self::Time | Self::Score if number(t) => Ok(DataType::Float64),
            Self::Time | Self::Score => Err("a number"),
            Self::Event if *t == DataType::Boolean || t.is_null() => Ok(DataType::Boolean),
            Self::Event if t.is_numeric() => Ok(DataType::Float64),
            Self::Event => Err("BOOLEAN or 0/1"),
            Self::Group if t.is_nested() => Err("a plain value, such as text or a number"),
            Self::Group if t.is_floating() => Ok(DataType::Float64),
            Self::Group => Ok(DataType::Utf8),
            Self::Covariates => coerce_covariate(t),
        }
    }
}

fn coerce_covariate(t: &DataType) -> std::result::Result<DataType, &'static str> {
    let expected = "a number, BOOLEAN, text, or a struct or list of numbers";
    match t {
        DataType::Boolean | DataType::Null => Ok(DataType::Float64),
        t if t.is_numeric() => Ok(DataType::Float64),
        t if t.is_string() => Ok(DataType::Utf8),
        DataType::Dictionary(_, v) if v.is_string() => Ok(DataType::Utf8),
        DataType::Struct(fields) => {
            let fields: std::result::Result<Vec<Field>, _> = fields
                .iter()
                .map(|f| coerce_covariate(f.data_type()).map(|t| Field::new(f.name(), t, true)))
                .collect();
            Ok(DataType::Struct(fields?.into()))
        }
        DataType::List(f) | DataType::LargeList(f) | DataType::FixedSizeList(f, _) if f.data_type().is_numeric() => {
            Ok(t.clone())
        }
        _ => Err(expected),
    }
}

/// A statistic: its arguments, its result, and the kernel's binding.
pub struct Definition {
    /// The SQL name.
    pub name: &'static str,
    /// Arguments in order; [`Role::Covariates`] takes the rest.
    pub roles: &'static [Role],
    /// Type of the result.
    pub output: fn() -> DataType,
    /// The statistic of the collected rows.
    pub evaluate: fn(&Table, &Options) -> Result<ScalarValue>,
    /// The documentation.
    pub doc: fn() -> Documentation,
}

/// Prefix of the form that carries its options as first argument; the analyzer rule writes it.
const BOUND: &str = "radsql_";

/// A statistic as an aggregate function.
///
/// Users call `name(time, event, ...)`. The analyzer turns that into `radsql_name(options, time, event, ...)`, so that
/// settings of the session and the names of columns are part of the plan, and the plan means the same wherever it runs.
pub struct Statistic {
    definition: &'static Definition,
    name: String,
    bound: bool,
    signature: Signature,
    documentation: Documentation,
}

impl Statistic {
    /// The form that users call.
    pub fn public(definition: &'static Definition) -> AggregateUDF {
        Self::function(definition, definition.name.to_string(), false)
    }

    /// The form that carries its options as first argument.
    pub fn bound(definition: &'static Definition) -> AggregateUDF {
        Self::function(definition, format!("{BOUND}{}", definition.name), true)
    }

    fn function(definition: &'static Definition, name: String, bound: bool) -> AggregateUDF {
        AggregateUDF::new_from_impl(Self {
            definition,
            name,
            bound,
            signature: Signature::user_defined(Volatility::Immutable),
            documentation: (definition.doc)(),
        })
    }

    /// The types that the arguments are brought to.
    fn coerced(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let (name, roles) = (self.definition.name, self.definition.roles);
        let (options, arguments) = if self.bound {
            types.split_at(1.min(types.len()))
        } else {
            types.split_at(0)
        };
        if self.bound && arguments.first().is_some_and(|_| options.is_empty()) {
            return internal_err!("{} has no options", self.name);
        }
        // Options may tell of further columns, start and strata, at the end.
        let open = roles.last() == Some(&Role::Covariates);
        if arguments.len() < roles.len() || (!open && !self.bound && arguments.len() > roles.len()) {
            let wanted: Vec<&str> = roles.iter().map(|r| r.name()).collect();
            return plan_err!(
                "{name}: expected {name}({}), found {} arguments",
                wanted.join(", "),
                arguments.len()
            );
        }
        let mut coerced = options.to_vec();
        for (i, t) in arguments.iter().enumerate() {
            let role = if self.bound && !open && i >= roles.len() {
                Role::Group
            } else {
                roles[i.min(roles.len() - 1)]
            };
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
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Statistic {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Statistic {}

impl Hash for Statistic {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl AggregateUDFImpl for Statistic {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn documentation(&self) -> Option<&Documentation> {
        (!self.bound).then_some(&self.documentation)
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
        if args.is_distinct {
            return exec_err!(
                "{}: DISTINCT is not possible here; select distinct rows first",
                self.definition.name
            );
        }
        let (options, fields) = if self.bound {
            let literal = args.exprs.first().and_then(|e| e.downcast_ref::<Literal>());
            let Some(Some(Some(text))) = literal.map(|l| l.value().try_as_str()) else {
                return internal_err!("{}: the options must be a literal", self.name);
            };
            (Options::from_text(text)?, &args.expr_fields[1..])
        } else {
            (Options::default(), args.expr_fields)
        };
        let names = if options.names.len() == fields.len() {
            options.names.clone()
        } else {
            fields.iter().map(|f| f.name().clone()).collect()
        };
        Ok(Box::new(Rows {
            definition: self.definition,
            skip: usize::from(self.bound),
            fields: row_fields(fields),
            names,
            options,
            parts: vec![],
        }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let fields = row_fields(&args.input_fields[usize::from(self.bound)..]);
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

/// The rows of one group so far.
struct Rows {
    definition: &'static Definition,
    skip: usize,
    fields: Fields,
    names: Vec<String>,
    options: Options,
    parts: Vec<ArrayRef>,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows")
            .field("name", &self.definition.name)
            .field("parts", &self.parts.len())
            .finish()
    }
}

impl Rows {
    fn push(&mut self, rows: &dyn Array) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        // A copy of just these rows: a slice would keep its whole batch alive, and be counted as it.
        let indices = UInt32Array::from_iter_values(0..u32::try_from(rows.len()).unwrap_or(u32::MAX));
        self.parts.push(take(rows, &indices, None)?);
        Ok(())
    }

    fn all(&self) -> Result<ArrayRef> {
        let parts: Vec<&dyn Array> = self.parts.iter().map(AsRef::as_ref).collect();
        if parts.is_empty() {
            return Ok(new_empty_array(&DataType::Struct(self.fields.clone())));
        }
        Ok(concat(&parts)?)
    }
}

impl Accumulator for Rows {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let columns = values[self.skip..].to_vec();
        let rows = StructArray::try_new(self.fields.clone(), columns, None)?;
        self.push(&rows)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lists = states[0].as_list::<i32>();
        for i in 0..lists.len() {
            if lists.is_valid(i) {
                self.push(&lists.value(i))?;
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let rows = self.all()?;
        let item = Arc::new(Field::new_list_field(rows.data_type().clone(), true));
        let list = ListArray::try_new(item, OffsetBuffer::from_lengths([rows.len()]), rows, None)?;
        Ok(vec![ScalarValue::List(Arc::new(list))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let rows = self.all()?;
        let table = Table::new(
            self.definition.name,
            rows.as_struct().columns().to_vec(),
            self.names.clone(),
        );
        (self.definition.evaluate)(&table, &self.options)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.parts.iter().map(|p| p.get_array_memory_size()).sum::<usize>()
    }
}
