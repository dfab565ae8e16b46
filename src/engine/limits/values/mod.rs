//! Scalar functions that make large values of small arguments, kept from making huge ones.
//!
//! An allocation that fails ends the process, so the size of what a function will return is told before it is called.
//! What large results take is accounted in the session's memory pool for as long as they live.

mod estimate;
mod hold;
mod join;
mod planner;
mod rule;

use super::plan::measure;
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::catalog::Session;
use datafusion::common::config::{ConfigEntry, ConfigExtension, ExtensionOptions};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{ExprSchema, Result, plan_err, resources_datafusion_err, resources_err};
use datafusion::config::ConfigOptions;
use datafusion::execution::SessionState;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::preimage::PreimageResult;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ExpressionPlacement, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, StructFieldMapping,
};
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;
use estimate::{Growth, Size, growth_of};

pub(super) use estimate::{bytes_at, bytes_of};
use std::any::Any;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The most that scalar functions may return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ValueLimits {
    /// Bytes of one value.
    pub value: u64,
    /// Bytes of the values of a batch of rows.
    pub batch: u64,
    /// Bytes of a value that is computed while planning, and then copied with the plan.
    pub constant: u64,
    /// Bytes that each value of a type of fixed size takes, and parts of a type.
    pub fixed_width: u64,
}

impl Default for ValueLimits {
    fn default() -> Self {
        Self {
            value: 256 << 20,
            batch: 1 << 30,
            constant: 4 << 10,
            fixed_width: 1 << 20,
        }
    }
}

/// Parts of a type that a function may return: fields of structs in structs.
const TYPE_PARTS: usize = 20_000;
/// Results smaller than this are not accounted: batches of them are everywhere.
const SMALL: u64 = 1 << 20;

/// Puts bounded functions in the place of those of a session, and makes `||` one of them. The session's query planner
/// is one that calls [`executing`]: large constants are computed when the query runs.
///
/// # Errors
/// When the session refuses a registration.
pub fn install(context: &SessionContext, limits: ValueLimits) -> Result<()> {
    let pool = Arc::clone(&context.runtime_env().memory_pool);
    let bounded: HashMap<String, Arc<ScalarUDF>> = {
        let state = context.state();
        let known = state.scalar_functions().values();
        known
            .filter_map(|f| {
                let growth = growth_of(f.name())?;
                let bounded = Bounded {
                    inner: Arc::clone(f.inner()),
                    growth,
                    limits,
                    pool: Arc::clone(&pool),
                };
                Some((f.name().to_owned(), Arc::new(ScalarUDF::new_from_impl(bounded))))
            })
            .collect()
    };
    let text = Arc::new(ScalarUDF::new_from_impl(Bounded {
        inner: Arc::new(join::Join::new()),
        growth: Growth::Sum,
        limits,
        pool,
    }));
    for f in bounded.values() {
        context.register_udf(f.as_ref().clone());
    }
    let planner: Arc<dyn ExprPlanner> = Arc::new(planner::BoundedPlanner(bounded.clone()));
    context.add_analyzer_rule(Arc::new(rule::BoundValues { bounded, text }));
    let state = context.state_ref();
    let mut state = state.write();
    let session_id = state.session_id().to_string();
    let planners = std::iter::once(planner).chain(state.expr_planners().iter().cloned());
    *state = SessionStateBuilder::new_from_existing(state.clone())
        .with_session_id(session_id)
        .with_expr_planners(planners.collect())
        .build();
    state.config_mut().options_mut().extensions.insert(Planning(true));
    Ok(())
}

/// Whether expressions are evaluated to make a plan shorter, and not to answer. Set in a session's settings, and taken
/// out of those that its expressions run with.
#[derive(Debug, Clone, Copy)]
pub struct Planning(pub bool);

impl Planning {
    /// What settings say of it.
    pub fn of(options: &ConfigOptions) -> bool {
        options.extensions.get::<Self>().is_some_and(|p| p.0)
    }
}

/// The session with which a plan is made for execution: nothing in it is evaluated to make a plan shorter. None when that
/// is what it is already.
pub fn executing(session: &dyn Session) -> Option<SessionState> {
    if !Planning::of(session.config_options()) {
        return None;
    }
    let mut state = session.as_any().downcast_ref::<SessionState>()?.clone();
    state.config_mut().options_mut().extensions.insert(Planning(false));
    // Functions are given these, and those of the session are no longer the same.
    let options = Arc::clone(state.config_options());
    state.execution_props_mut().config_options = Some(options);
    Some(state)
}

impl ConfigExtension for Planning {
    const PREFIX: &'static str = "radsql_planning";
}

impl ExtensionOptions for Planning {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(*self)
    }

    fn set(&mut self, key: &str, _: &str) -> Result<()> {
        plan_err!("there is no setting {}.{key}", Self::PREFIX)
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        vec![]
    }
}

/// A function that tells the size of its result before it makes it.
#[derive(Debug, Clone)]
struct Bounded {
    inner: Arc<dyn ScalarUDFImpl>,
    growth: Growth,
    limits: ValueLimits,
    pool: Arc<dyn MemoryPool>,
}

impl PartialEq for Bounded {
    fn eq(&self, other: &Self) -> bool {
        (*self.inner).dyn_eq(&*other.inner as &dyn Any) && self.limits == other.limits
    }
}

impl Eq for Bounded {}

impl Hash for Bounded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (*self.inner).dyn_hash(state);
        self.limits.hash(state);
    }
}

impl Bounded {
    fn refuse(&self, size: Size) -> Result<()> {
        let name = self.inner.name();
        if size.largest > u128::from(self.limits.value) {
            return resources_err!(
                "{name} would make a value of {} bytes, and may make one of {}",
                size.largest,
                self.limits.value
            );
        }
        if size.total > u128::from(self.limits.batch) {
            return resources_err!(
                "{name} would make {} bytes for one batch of rows, and may make {}; SET datafusion.execution.batch_size \
                 to fewer rows",
                size.total,
                self.limits.batch
            );
        }
        Ok(())
    }

    /// Refuses a type that is huge itself, or whose values are.
    fn refuse_type(&self, data_type: &DataType) -> Result<()> {
        let mut left = TYPE_PARTS;
        let width = measure(data_type, &mut left);
        if left == 0 || width > self.limits.fixed_width {
            return resources_err!("{} would return a type too large", self.inner.name());
        }
        Ok(())
    }
}

#[warn(clippy::missing_trait_methods)] // what is not handed on would get lost
impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    #[expect(deprecated)]
    fn display_name(&self, args: &[Expr]) -> Result<String> {
        self.inner.display_name(args)
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.inner.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        let data_type = self.inner.return_type(arg_types)?;
        self.refuse_type(&data_type)?;
        Ok(data_type)
    }

    fn with_updated_config(&self, config: &ConfigOptions) -> Option<ScalarUDF> {
        let inner = self.inner.with_updated_config(config)?;
        Some(ScalarUDF::new_from_impl(Self {
            inner: Arc::clone(inner.inner()),
            ..self.clone()
        }))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let field = self.inner.return_field_from_args(args)?;
        self.refuse_type(field.data_type())?;
        Ok(field)
    }

    #[expect(deprecated)]
    fn is_nullable(&self, args: &[Expr], schema: &dyn ExprSchema) -> bool {
        self.inner.is_nullable(args, schema)
    }

    fn is_strict(&self) -> bool {
        self.inner.is_strict()
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if self.growth == Growth::Pad {
            // DataFusion takes memory for a negative length as for a large one.
            match args.args.get_mut(1) {
                Some(ColumnarValue::Scalar(ScalarValue::Int64(Some(n)))) => *n = (*n).max(0),
                Some(ColumnarValue::Array(lengths)) => {
                    if let Some(numbers) = lengths.as_primitive_opt::<Int64Type>() {
                        *lengths = Arc::new(numbers.unary::<_, Int64Type>(|n| n.max(0)));
                    }
                }
                _ => {}
            }
        }
        let rows = args.number_rows;
        let planning = Planning::of(&args.config_options);
        let size = self.growth.size(&args.args, rows, self.limits.value)?;
        if planning && size.largest > u128::from(self.limits.constant) {
            // The optimizer leaves a call that fails as it stands; it is run with the rest.
            return resources_err!("{} makes a value too large for a plan", self.inner.name());
        }
        if size.total < u128::from(SMALL) {
            return self.inner.invoke_with_args(args);
        }
        self.refuse(size)?;
        let bytes = usize::try_from(size.total)
            .map_err(|_| resources_datafusion_err!("{} makes too much for this machine", self.inner.name()))?;
        let reservation = MemoryConsumer::new(self.inner.name()).register(&self.pool);
        reservation.try_grow(bytes)?;
        let array = match self.inner.invoke_with_args(args)? {
            ColumnarValue::Array(array) => array,
            // As many values as rows are made of it somewhere: here they are counted.
            ColumnarValue::Scalar(value) => value.to_array_of_size(rows)?,
        };
        hold::hold(array, reservation).map(ColumnarValue::Array)
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let constant = args.iter().fold(0_usize, |sum, e| match e {
            Expr::Literal(v, _) => sum.saturating_add(v.size()),
            _ => sum,
        });
        // Simplifying puts literals together.
        if constant as u64 > self.limits.constant {
            return Ok(ExprSimplifyResult::Original(args));
        }
        match self.inner.simplify(args, info)? {
            ExprSimplifyResult::Simplified(expr) => {
                let own = Arc::new(ScalarUDF::new_from_impl(self.clone()));
                let bound = expr.transform_up(|e| match e {
                    Expr::ScalarFunction(call)
                        if call.func.name() == self.name() && !call.func.inner().is::<Self>() =>
                    {
                        let func = Arc::clone(&own);
                        Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, ..call })))
                    }
                    other => Ok(Transformed::no(other)),
                })?;
                Ok(ExprSimplifyResult::Simplified(bound.data))
            }
            original => Ok(original),
        }
    }

    fn preimage(&self, args: &[Expr], lit_expr: &Expr, info: &SimplifyContext) -> Result<PreimageResult> {
        self.inner.preimage(args, lit_expr, info)
    }

    fn short_circuits(&self) -> bool {
        self.inner.short_circuits()
    }

    fn conditional_arguments<'a>(&self, args: &'a [Expr]) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        self.inner.conditional_arguments(args)
    }

    fn evaluate_bounds(&self, input: &[&Interval]) -> Result<Interval> {
        self.inner.evaluate_bounds(input)
    }

    fn propagate_constraints(&self, interval: &Interval, inputs: &[&Interval]) -> Result<Option<Vec<Interval>>> {
        self.inner.propagate_constraints(interval, inputs)
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        self.inner.output_ordering(inputs)
    }

    fn preserves_lex_ordering(&self, inputs: &[ExprProperties]) -> Result<bool> {
        self.inner.preserves_lex_ordering(inputs)
    }

    fn strictly_order_preserving(&self, inputs: &[ExprProperties]) -> Result<bool> {
        self.inner.strictly_order_preserving(inputs)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn struct_field_mapping(&self, literal_args: &[Option<ScalarValue>]) -> Option<StructFieldMapping> {
        self.inner.struct_field_mapping(literal_args)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn placement(&self, args: &[ExpressionPlacement]) -> ExpressionPlacement {
        self.inner.placement(args)
    }
}

#[cfg(test)]
mod tests;
