//! Sessions: DataFusion's, with our functions, rules and formats in them.

use super::bind::BindFunctions;
use super::feature_set::PushFeatureSet;
use super::filter_first::FilterFirst;
use super::hoist::HoistScans;
use super::limits::{self, PlanLimits, StatementLimits};
use super::memory::SessionPool;
use super::memory_table::create_memory_table;
use super::models::{self, ModelStatement};
use super::relations::{Relations, StatisticPlanner, is_relation};
use super::scan_table::ScanTableFactory;
use datafusion::common::config::{ConfigEntry, ExtensionOptions};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::{DdlStatement, LogicalPlan, LogicalPlanBuilder, Statement as Command, WriteOp};
use datafusion::optimizer::common_subexpr_eliminate::CommonSubexprEliminate;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use datafusion::sql::parser::{DFParserBuilder, ResetStatement, Statement};
use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArgOperator,
    FunctionArguments, ObjectName, Query, Statement as SqlStatement, Subscript, TableFactor, Value, VisitMut,
    VisitorMut,
};
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::parser::Parser;
use radsql_udfs::imaging::dicom_tags::NAME as DICOM_TAGS;
use radsql_udfs::options::{MemoryLimit, RadsqlOptions};
use radsql_udfs::scan::{ScanRuntime, Work};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Puts every function, rule and format of radsql into a DataFusion session of one's own.
///
/// The session keeps its memory pool, in which the work on scans is accounted, and its SQL dialect. Names of tables in
/// the place of a relation function's query, as in `cox(patients, time => os, event => dead)`, work in a [`Session`] only;
/// here it is `cox((SELECT * FROM patients), ...)`. A query planner of one's own must be set before; statements are
/// prepared after.
///
/// ```no_run
/// # async fn f() -> datafusion::common::Result<()> {
/// let context = datafusion::prelude::SessionContext::new();
/// radsql::register_all(&context)?;
/// context.sql("SELECT radiomics('ct.nii.gz', 'mask.nii.gz')['original_shape_Sphericity']").await?.show().await?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// When the session refuses a registration.
pub fn register_all(context: &SessionContext) -> Result<()> {
    register(context, RadsqlOptions::default()).map(|_| ())
}

fn register(context: &SessionContext, options: RadsqlOptions) -> Result<Arc<ScanRuntime>> {
    let runtime = Arc::new(ScanRuntime::new(Arc::clone(&context.runtime_env().memory_pool)));
    let functions = radsql_udfs::functions(&options, &runtime)?;
    context
        .state_ref()
        .write()
        .config_mut()
        .options_mut()
        .extensions
        .insert(options);
    context.add_analyzer_rule(Arc::new(BindFunctions::new(&functions)));
    context.add_analyzer_rule(Arc::new(PushFeatureSet::default()));
    context.add_analyzer_rule(Arc::new(HoistScans));
    context.add_optimizer_rule(Arc::new(PushFeatureSet::default()));
    context.add_optimizer_rule(Arc::new(FilterFirst));
    // Several uses of one extraction become one computation after the rules above, not before.
    context.add_optimizer_rule(Arc::new(CommonSubexprEliminate::new()));
    context.register_relation_planner(Arc::new(Relations::new(&functions)))?;
    // Parts of plans have no name that a statement could call.
    for f in functions.scalar.into_iter().filter(|f| !is_part_of_plans(f.name())) {
        context.register_udf(f);
    }
    for f in functions.aggregate {
        context.register_udaf(f);
    }
    for (name, f) in functions.table {
        context.register_udtf(name, f);
    }
    let factory = Arc::new(ScanTableFactory::new(Arc::clone(&runtime)));
    let state = context.state_ref();
    let mut state = state.write();
    let planner = StatisticPlanner {
        inner: Arc::clone(state.query_planner()),
    };
    let session_id = state.session_id().to_string();
    *state = SessionStateBuilder::new_from_existing(state.clone())
        .with_session_id(session_id)
        .with_query_planner(Arc::new(planner))
        .build();
    for format in ["NIFTI", "NRRD", "DICOM"] {
        state
            .table_factories_mut()
            .insert(format.into(), Arc::clone(&factory) as _);
    }
    drop(state);
    Ok(runtime)
}

/// A session of the product: what the shell and the command line run statements in.
pub struct Session {
    context: SessionContext,
    runtime: Arc<ScanRuntime>,
    /// Settings of radsql as they were at the beginning.
    defaults: Vec<ConfigEntry>,
    statement_limits: Option<StatementLimits>,
    plan_limits: PlanLimits,
}

impl Session {
    /// A session in memory, with DuckDB's SQL dialect. Queries may use four fifths of the machine's memory. No features are
    /// kept for the next time: [`Session::with_cache_dir`] does that.
    ///
    /// # Errors
    /// When DataFusion refuses a setting.
    pub fn new() -> Result<Self> {
        Self::with_cache_dir("")
    }

    /// As [`Session::new`], with a folder that keeps computed features (`radsql.cache_dir`).
    ///
    /// # Errors
    /// As there.
    pub fn with_cache_dir(cache_dir: &str) -> Result<Self> {
        let limit = MemoryLimit::new(machine_memory() / 5 * 4);
        let pool = Arc::new(SessionPool::new(limit.clone()));
        let environment = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc()?;
        let config = SessionConfig::new()
            .with_information_schema(true)
            .set_str("datafusion.sql_parser.dialect", "DuckDB")
            // Names keep their capitals, as files and PyRadiomics write them: Age, original_firstorder_Entropy.
            .set_bool("datafusion.sql_parser.enable_ident_normalization", false)
            // Queries given to functions, and those in FROM, keep the order that they ask for.
            .set_bool("datafusion.sql_parser.enable_subquery_sort_elimination", false)
            .set_bool("datafusion.sql_parser.collect_spans", true);
        let context = SessionContext::new_with_config_rt(config, environment).enable_url_table();
        let options = RadsqlOptions {
            memory_limit: Some(limit),
            cache_dir: cache_dir.into(),
            ..RadsqlOptions::default()
        };
        let runtime = register(&context, options)?;
        limits::values::install(&context, limits::values::ValueLimits::default())?;
        meter(&context, None);
        let defaults = RadsqlOptions::of(context.state().config_options()).entries();
        Ok(Self {
            context,
            runtime,
            defaults,
            statement_limits: None,
            plan_limits: PlanLimits::default(),
        })
    }

    /// With limits on the text of statements, looked at before they are parsed, and on their plans, as statements of
    /// others need them.
    pub fn with_limits(self, statement: StatementLimits, plan: PlanLimits) -> Self {
        meter(&self.context, Some(plan.batch));
        Self {
            statement_limits: Some(statement),
            plan_limits: plan,
            ..self
        }
    }

    /// The DataFusion session.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// What the work on scans shares, for those who watch it.
    pub(crate) fn runtime(&self) -> Arc<ScanRuntime> {
        Arc::clone(&self.runtime)
    }

    /// Counts of the work done on scans.
    pub fn work(&self) -> &Work {
        &self.runtime.work
    }

    /// Plans one statement, and runs it if it is one that changes the session.
    ///
    /// # Errors
    /// When the text is not one statement, or cannot be planned or run.
    pub async fn sql(&self, text: &str) -> Result<DataFrame> {
        if let Some(most) = &self.statement_limits {
            limits::check(text, most)?;
        }
        if let Some(statement) = models::parse(text)? {
            return self.model(statement).await;
        }
        let plan = self.plan_statement(text).await?;
        self.execute(plan).await
    }

    /// Plans one statement and runs nothing, not even one that changes the session: for statements that are prepared.
    /// [`Session::execute`] takes the plan, with values in the place of its parameters.
    ///
    /// # Errors
    /// When the text is not one statement, or cannot be planned; when it holds too much.
    pub async fn plan(&self, text: &str) -> Result<LogicalPlan> {
        if let Some(most) = &self.statement_limits {
            limits::check(text, most)?;
        }
        let plan = self.plan_statement(text).await?;
        limits::plan::check(&plan, &self.plan_limits)?;
        Ok(plan)
    }

    async fn plan_statement(&self, text: &str) -> Result<LogicalPlan> {
        let mut statement = parse(text)?;
        if let Statement::Reset(ResetStatement::Variable(name)) = &statement
            && let Some(default) = self.defaults.iter().find(|d| d.key == name.to_string().to_lowercase())
        {
            // DataFusion resets none but its own settings.
            let value = default.value.as_deref().unwrap_or_default().replace('\'', "''");
            statement = parse(&format!("SET {name} = '{value}'"))?;
        }
        resolve_relations(&mut statement)?;
        limits::expansion::check(&statement, self.plan_limits.nodes as u64)?;
        self.context.state().statement_to_plan(statement).await
    }

    /// Makes a statement ready to run, and runs it if it is one that changes the session.
    ///
    /// # Errors
    /// When the plan holds too much, does what is not possible here, or fails.
    pub async fn execute(&self, plan: LogicalPlan) -> Result<DataFrame> {
        limits::plan::check(&plan, &self.plan_limits)?;
        self.check(&plan)?;
        match plan {
            LogicalPlan::Ddl(DdlStatement::CreateMemoryTable(command)) => {
                Box::pin(create_memory_table(&self.context, command)).await
            }
            plan => self.context.execute_logical_plan(plan).await,
        }
    }
}

impl Session {
    async fn model(&self, statement: ModelStatement) -> Result<DataFrame> {
        let models = Arc::clone(&self.runtime);
        match statement {
            ModelStatement::Show => return self.context.sql("SELECT * FROM deep_models()").await,
            ModelStatement::Drop { name, if_exists } => models.models.remove(&name, if_exists)?,
            ModelStatement::Create {
                name,
                file,
                existing,
                overrides,
            } => {
                // Reading and making ready takes most of a second.
                let work = move || {
                    let overrides: Vec<_> = overrides.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
                    models.models.create(&name, &file, &overrides, existing)
                };
                tokio::task::spawn_blocking(work)
                    .await
                    .map_err(|e| DataFusionError::External(Box::new(e)))??;
            }
        }
        let nothing = LogicalPlanBuilder::empty(false).build()?;
        Ok(DataFrame::new(self.context.state(), nothing))
    }
}

fn parse(text: &str) -> Result<Statement> {
    let mut statements = DFParserBuilder::new(text)
        .with_dialect(&DuckDbDialect {})
        .build()?
        .parse_statements()?;
    match (statements.pop_front(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        _ => plan_err!("expected one statement, found none or several"),
    }
}

impl Session {
    /// Refuses what DataFusion would do otherwise than the statement says.
    fn check(&self, plan: &LogicalPlan) -> Result<()> {
        match plan {
            LogicalPlan::Dml(dml) if matches!(dml.op, WriteOp::Delete | WriteOp::Update) => {
                let what = if dml.op == WriteOp::Delete { "DELETE" } else { "UPDATE" };
                let has_filter = |p: &LogicalPlan| {
                    p.exists(|n| {
                        let pushed = matches!(n, LogicalPlan::TableScan(t) if !t.filters.is_empty());
                        Ok(pushed || matches!(n, LogicalPlan::Filter(_)))
                    })
                };
                let mut subquery = false;
                dml.input.apply_subqueries(|_| {
                    subquery = true;
                    Ok(TreeNodeRecursion::Stop)
                })?;
                let nested = dml.input.exists(|n| {
                    let mut found = false;
                    n.apply_subqueries(|_| {
                        found = true;
                        Ok(TreeNodeRecursion::Stop)
                    })?;
                    Ok(found)
                })?;
                if subquery || nested {
                    // DataFusion 55 drops such a condition and changes every row.
                    return plan_err!(
                        "{what} with a subquery in it is not possible; make a new table with CREATE TABLE ... AS"
                    );
                }
                if has_filter(&dml.input)? && !has_filter(&self.context.state().optimize(&dml.input)?)? {
                    return plan_err!(
                        "{what}: the condition is the same for every row; leave it out, or the statement"
                    );
                }
                Ok(())
            }
            LogicalPlan::Statement(Command::SetVariable(set)) if set.variable == "datafusion.runtime.memory_limit" => {
                plan_err!("memory is limited by radsql.memory_limit here")
            }
            LogicalPlan::Statement(Command::SetVariable(set)) => limits::settings::check(&set.variable, &set.value),
            _ => Ok(()),
        }
    }
}

/// Has a session count the rows that window functions keep, and refuse those that joins would make too much of.
fn meter(context: &SessionContext, batch: Option<u64>) {
    let state = context.state_ref();
    let mut state = state.write();
    let session_id = state.session_id().to_string();
    let others = state
        .physical_optimizers()
        .iter()
        .filter(|r| r.name() != limits::meter::NAME);
    let mut rules: Vec<_> = others.cloned().collect();
    rules.push(Arc::new(limits::meter::MeterRows { batch }));
    *state = SessionStateBuilder::new_from_existing(state.clone())
        .with_session_id(session_id)
        .with_physical_optimizer_rules(rules)
        .build();
}

fn is_part_of_plans(function: &str) -> bool {
    function.starts_with("radsql_")
}

/// Bytes of memory of this machine; 0 when unknown, which means no limit.
fn machine_memory() -> usize {
    let Ok(mut system) = sysinfo::System::new() else {
        return 0;
    };
    system.refresh_memory();
    usize::try_from(system.total_memory()).unwrap_or(0)
}

/// Turns `cox(patients, ...)` into `cox((SELECT * FROM patients), ...)`: DataFusion looks up the tables of a statement
/// before it plans it, and does not see those that stand as arguments.
fn resolve_relations(statement: &mut Statement) -> Result<()> {
    match statement {
        Statement::Statement(s) => resolve(&mut **s),
        Statement::Explain(e) => resolve_relations(&mut e.statement),
        Statement::CopyTo(copy) => match &mut copy.source {
            datafusion::sql::parser::CopyToSource::Query(q) => resolve(&mut **q),
            datafusion::sql::parser::CopyToSource::Relation(_) => Ok(()),
        },
        _ => Ok(()),
    }
}

fn resolve(node: &mut impl VisitMut) -> Result<()> {
    match node.visit(&mut Resolver) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(e) => Err(e),
    }
}

struct Resolver;

impl VisitorMut for Resolver {
    type Break = DataFusionError;

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<DataFusionError> {
        let TableFactor::Table {
            name, args: Some(args), ..
        } = factor
        else {
            return ControlFlow::Continue(());
        };
        let function = name.to_string().to_lowercase();
        if function == DICOM_TAGS {
            // DataFusion's table functions take no names.
            for argument in &mut args.args {
                if let FunctionArg::Named { name, arg, .. } = argument
                    && name.value.eq_ignore_ascii_case("include_phi")
                {
                    *argument = FunctionArg::Unnamed(arg.clone());
                }
            }
        }
        if !is_relation(&function) {
            return ControlFlow::Continue(());
        }
        let mut unnamed = args.args.iter_mut().filter_map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => Some(e),
            _ => None,
        });
        let parts = unnamed.next().map(|e| match e {
            Ast::Identifier(i) => (vec![i.clone()], e),
            Ast::CompoundIdentifier(parts) => (parts.clone(), e),
            _ => (vec![], e),
        });
        if let Some((parts, e)) = parts.filter(|(parts, _)| !parts.is_empty()) {
            match select_all(&ObjectName::from(parts)) {
                Ok(query) => *e = Ast::Subquery(query),
                Err(e) => return ControlFlow::Break(e),
            }
        }
        ControlFlow::Continue(())
    }

    /// `radiomics(image, mask).f` is `radiomics(image, mask)['f']`, which DataFusion understands; and `f(e = 1)` compares,
    /// where the dialect would see an argument named `e`: those are written `=>`.
    fn pre_visit_expr(&mut self, expr: &mut Ast) -> ControlFlow<DataFusionError> {
        if let Ast::Function(Function {
            args: FunctionArguments::List(list),
            ..
        }) = expr
        {
            for arg in &mut list.args {
                if let FunctionArg::Named {
                    name,
                    arg: FunctionArgExpr::Expr(value),
                    operator: FunctionArgOperator::Equals,
                } = arg
                {
                    let left = Box::new(Ast::Identifier(name.clone()));
                    let compared = Ast::BinaryOp {
                        left,
                        op: BinaryOperator::Eq,
                        right: Box::new(value.clone()),
                    };
                    *arg = FunctionArg::Unnamed(FunctionArgExpr::Expr(compared));
                }
            }
        }
        if let Ast::CompoundFieldAccess { root, access_chain } = expr {
            // Dots right behind a name, as in `t.r['f']`, may name a table: DataFusion looks.
            let is_name = matches!(**root, Ast::Identifier(_));
            let names = access_chain
                .iter()
                .take_while(|a| is_name && matches!(a, AccessExpr::Dot(_)))
                .count();
            for access in access_chain.iter_mut().skip(names) {
                if let AccessExpr::Dot(Ast::Identifier(name)) = access {
                    let index = Ast::value(Value::SingleQuotedString(name.value.clone()));
                    *access = AccessExpr::Subscript(Subscript::Index { index });
                }
            }
        }
        ControlFlow::Continue(())
    }
}

fn select_all(table: &ObjectName) -> Result<Box<Query>> {
    let text = format!("SELECT * FROM {table}");
    match Parser::parse_sql(&DuckDbDialect {}, &text)?.pop() {
        Some(SqlStatement::Query(q)) => Ok(q),
        _ => plan_err!("'{table}' is no table's name"),
    }
}
