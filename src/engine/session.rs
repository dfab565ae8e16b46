//! Sessions: DataFusion's, with our functions, rules and formats in them.

use super::builder::SessionBuilder;
use super::catalog_statements::{self, CatalogStatement};
use super::catalogs::Catalogs;
use super::dialect::RadsqlDialect;
use super::guard;
use super::lake::{InLake, Note, Planner, planning};
use super::limits::{self, PlanLimits, StatementLimits};
use super::memory_table::create_memory_table;
use super::models::{self, ModelStatement};
use super::resolve::resolve_relations;
use super::temporary::{self, Own, SessionCatalogs};
use datafusion::common::config::{ConfigEntry, ExtensionOptions};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result, TableReference, plan_err};
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::{
    Analyze, DdlStatement, DmlStatement, LogicalPlan, LogicalPlanBuilder, Statement as Command, WriteOp, lit,
};
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::sql::parser::{DFParserBuilder, ResetStatement, Statement};
use radsql_udfs::FilePolicy;
use radsql_udfs::options::RadsqlOptions;
use radsql_udfs::scan::{ScanRuntime, Work};
use std::sync::Arc;

/// A session of the product: what the shell and the command line run statements in.
pub struct Session {
    pub(super) context: SessionContext,
    pub(super) runtime: Arc<ScanRuntime>,
    /// Without the tables of one session alone.
    pub(super) shared: Arc<Catalogs>,
    /// What is this session's alone.
    pub(super) own: Arc<Own>,
    /// What plans the views of databases.
    pub(super) planner: Planner,
    /// Settings of radsql as they were at the beginning.
    pub(super) defaults: Vec<ConfigEntry>,
    pub(super) statement_limits: Option<StatementLimits>,
    pub(super) plan_limits: PlanLimits,
    /// The files that its statements may reach.
    pub(super) files: FilePolicy,
    /// The memory of tables.
    pub(super) tables: Arc<dyn MemoryPool>,
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
        SessionBuilder {
            cache_dir: cache_dir.into(),
            ..SessionBuilder::default()
        }
        .build()
    }

    /// With limits on the text of statements, looked at before they are parsed, and on their plans, as statements of
    /// others need them.
    pub fn with_limits(self, statement: StatementLimits, plan: PlanLimits) -> Self {
        limits::meter::install(&self.context, Some(plan.batch));
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
        self.execute_text(self.plan(text).await?, Some(text)).await
    }

    /// Plans one statement; nothing is changed by that.
    ///
    /// # Errors
    /// When the text is not one statement, cannot be planned, or holds too much.
    pub async fn plan(&self, text: &str) -> Result<Planned> {
        if let Some(most) = &self.statement_limits {
            limits::check(text, most)?;
        }
        if let Some(statement) = models::parse(text)? {
            return Ok(Planned::Model(statement));
        }
        let mut statement = parse(text)?;
        if let Statement::Reset(ResetStatement::Variable(name)) = &statement
            && let Some(default) = self.defaults.iter().find(|d| d.key == name.to_string().to_lowercase())
        {
            // DataFusion resets none but its own settings.
            let value = default.value.as_deref().unwrap_or_default().replace('\'', "''");
            statement = parse(&format!("SET {name} = '{value}'"))?;
        }
        if let Some(statement) = catalog_statements::of(&statement)? {
            return Ok(Planned::Catalog(statement));
        }
        resolve_relations(&mut statement)?;
        limits::expansion::check(&statement, self.plan_limits.nodes as u64)?;
        let definition = self.definition(&statement)?;
        temporary::name_whole(&mut statement, &|name| self.is_temporary(name));
        let state = self.context.state();
        let mut plan = planning(self.plan_limits, Some(text), state.statement_to_plan(statement)).await?;
        if let Some(text) = definition {
            match &mut plan {
                LogicalPlan::Ddl(DdlStatement::CreateView(view)) => view.definition = Some(text),
                LogicalPlan::Ddl(DdlStatement::CreateExternalTable(table)) => table.definition = Some(text),
                _ => {}
            }
        }
        limits::plan::check(&plan, &self.plan_limits)?;
        if self.files.is_restricted() {
            guard::check_statement(&plan)?;
        }
        self.check(&plan)?;
        Ok(Planned::Plan(plan))
    }

    /// The whole name of a temporary table, where a name means one.
    pub fn placed(&self, name: TableReference) -> TableReference {
        match self.is_temporary(&name) {
            true => TableReference::partial(temporary::SCHEMA, name.table()),
            false => name,
        }
    }

    /// Whether a name means a temporary table of this session.
    pub fn is_temporary(&self, name: &TableReference) -> bool {
        let state = self.context.state();
        let catalogs = &state.config_options().catalog;
        if name.catalog().is_some_and(|c| c != catalogs.default_catalog) {
            return false;
        }
        match name.schema() {
            Some(temporary::SCHEMA) => true,
            Some(_) => false,
            None => {
                let catalog = state.catalog_list().catalog(&catalogs.default_catalog);
                let own = catalog.and_then(|c| c.schema(temporary::SCHEMA));
                own.is_some_and(|own| own.table_exist(name.table()))
            }
        }
    }

    /// Runs a statement if it is one that changes the session; what it gives otherwise comes when the frame is read.
    ///
    /// # Errors
    /// When it cannot be run.
    pub async fn execute(&self, statement: Planned) -> Result<DataFrame> {
        self.execute_text(statement, None).await
    }

    /// As [`Session::execute`]; a database keeps the text with the table that it makes.
    ///
    /// # Errors
    /// As there.
    pub async fn execute_text(&self, statement: Planned, text: Option<&str>) -> Result<DataFrame> {
        if let Planned::Plan(plan) = &statement {
            // Values that took the place of parameters may be large, or make a condition the same for every row.
            limits::plan::check(plan, &self.plan_limits)?;
            self.check(plan)?;
        }
        match statement {
            Planned::Plan(LogicalPlan::Ddl(command)) if let Some(place) = command_in_lake(self, &command) => {
                let note = Note {
                    statement: text.map(str::to_owned),
                    ..Note::default()
                };
                match command {
                    DdlStatement::CreateMemoryTable(command) => {
                        Box::pin(self.create_in_lake(place, command, &note)).await
                    }
                    DdlStatement::CreateView(command) => self.create_view_in_lake(&place, &command, &note),
                    DdlStatement::CreateExternalTable(command) => {
                        Box::pin(self.create_external_in_lake(&place, &command, &note)).await
                    }
                    DdlStatement::DropTable(command) => self.drop_table_in_lake(&place, &command, &note),
                    DdlStatement::DropView(command) => self.drop_view_in_lake(&place, &command, &note),
                    other => plan_err!("{} is not possible in a database", other.name()),
                }
            }
            Planned::Plan(LogicalPlan::Ddl(DdlStatement::DropCatalogSchema(command))) => self.drop_schema(&command),
            Planned::Plan(LogicalPlan::Ddl(DdlStatement::CreateMemoryTable(command))) => {
                Box::pin(create_memory_table(&self.context, command, &self.tables)).await
            }
            Planned::Plan(plan @ LogicalPlan::Statement(Command::Execute(_))) => {
                // What was prepared, with its values.
                let (state, plan) = self.context.execute_logical_plan(plan).await?.into_parts();
                self.check(&plan)?;
                match plan {
                    LogicalPlan::Dml(dml) => self.change(dml, text).await,
                    plan => Ok(DataFrame::new(state, plan)),
                }
            }
            Planned::Plan(LogicalPlan::Dml(dml)) => self.change(dml, text).await,
            Planned::Plan(LogicalPlan::Analyze(analyze)) => match analyze.input.as_ref() {
                LogicalPlan::Dml(dml) => {
                    let (state, changed) = self.change(dml.clone(), text).await?.into_parts();
                    let input = Arc::new(changed);
                    Ok(DataFrame::new(
                        state,
                        LogicalPlan::Analyze(Analyze { input, ..analyze }),
                    ))
                }
                _ => {
                    let plan = LogicalPlan::Analyze(analyze);
                    self.context.execute_logical_plan(plan).await
                }
            },
            Planned::Plan(plan) => self.context.execute_logical_plan(plan).await,
            Planned::Model(statement) => self.model(statement).await,
            Planned::Catalog(statement) => {
                let note = Note {
                    statement: text.map(str::to_owned),
                    ..Note::default()
                };
                self.catalog_statement(statement, &note).await
            }
        }
    }

    /// A session for another user of the same tables and models: settings, temporary tables and prepared statements are its
    /// own, and `options` are what its queries are allowed. Queries take memory from `pool`, and tables from `tables`: they may stay
    /// when the session is gone.
    pub fn fork(&self, options: RadsqlOptions, pool: Arc<dyn MemoryPool>, tables: Arc<dyn MemoryPool>) -> Result<Self> {
        let state = self.context.state();
        let environment = RuntimeEnvBuilder::from_runtime_env(state.runtime_env()).with_memory_pool(pool);
        let mut config = state.config().clone();
        config.options_mut().extensions.insert(options);
        let state = SessionStateBuilder::new_from_existing(state)
            .with_config(config)
            .with_runtime_env(environment.build_arc()?)
            .build();
        let (context, own) = with_own_tables(SessionContext::new_with_state(state), &self.shared, &self.files);
        let defaults = RadsqlOptions::of(context.state().config_options()).entries();
        Ok(Self {
            context,
            runtime: Arc::clone(&self.runtime),
            shared: Arc::clone(&self.shared),
            own,
            planner: self.planner.clone(),
            defaults,
            statement_limits: self.statement_limits,
            plan_limits: self.plan_limits,
            files: self.files.clone(),
            tables,
        })
    }
}

/// Where a statement makes or drops a table or a view of a database.
fn command_in_lake(session: &Session, command: &DdlStatement) -> Option<InLake> {
    let name = match command {
        DdlStatement::CreateMemoryTable(c) if !c.temporary => &c.name,
        DdlStatement::CreateView(c) if !c.temporary => &c.name,
        DdlStatement::CreateExternalTable(c) if !c.temporary => &c.name,
        DdlStatement::DropTable(c) => &c.name,
        DdlStatement::DropView(c) => &c.name,
        _ => return None,
    };
    session.in_lake(name)
}

/// What SHOW MODELS stands for.
pub const SHOW_MODELS: &str = "SELECT * FROM deep_models()";

/// A statement that was planned.
#[derive(Debug, Clone)]
pub enum Planned {
    /// Any but those of models and catalogs.
    Plan(LogicalPlan),
    /// `CREATE MODEL` and the like.
    Model(ModelStatement),
    /// `ALTER TABLE`, `ATTACH` and the like.
    Catalog(CatalogStatement),
}

/// Puts a session's own tables before the shared ones, and files in the place of tables behind both.
pub(super) fn with_own_tables(
    context: SessionContext,
    shared: &Arc<Catalogs>,
    files: &FilePolicy,
) -> (SessionContext, Arc<Own>) {
    let names = context.state().config_options().catalog.clone();
    let own = Arc::new(Own::new(&names.default_catalog, &names.default_schema));
    let catalogs = SessionCatalogs::new(Arc::clone(shared) as _, Arc::clone(&own));
    context.register_catalog_list(Arc::new(catalogs));
    let context = match files.is_restricted() {
        true => guard::enable_url_table(context, files.clone()),
        false => context.enable_url_table(),
    };
    (context, own)
}

impl Session {
    async fn model(&self, statement: ModelStatement) -> Result<DataFrame> {
        let models = Arc::clone(&self.runtime);
        match statement {
            ModelStatement::Show => return self.context.sql(SHOW_MODELS).await,
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

pub(super) fn parse(text: &str) -> Result<Statement> {
    let mut statements = DFParserBuilder::new(text)
        .with_dialect(&RadsqlDialect)
        .build()?
        .parse_statements()?;
    match (statements.pop_front(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        _ => plan_err!("expected one statement, found none or several"),
    }
}

impl Session {
    /// A statement that changes rows.
    async fn change(&self, dml: DmlStatement, text: Option<&str>) -> Result<DataFrame> {
        match dml.op {
            WriteOp::Insert(_) => Box::pin(self.insert_rows(dml, text)).await,
            WriteOp::Delete | WriteOp::Update => self.change_rows(dml),
            _ => self.context.execute_logical_plan(LogicalPlan::Dml(dml)).await,
        }
    }

    /// DELETE and UPDATE. DataFusion takes the condition out of the optimized plan: where no row meets it that plan has none left, and all
    /// rows would go; where a part of it was put into a column of its own there is no such column.
    fn change_rows(&self, dml: DmlStatement) -> Result<DataFrame> {
        let apart = [
            "extract_leaf_expressions",
            "push_down_leaf_projections",
            "common_sub_expression_eliminate",
        ];
        let state = self.context.state();
        let rules = state.optimizers().iter().filter(|rule| !apart.contains(&rule.name()));
        let rules = rules.cloned().collect();
        let session_id = state.session_id().to_owned();
        let state = SessionStateBuilder::new_from_existing(state)
            .with_session_id(session_id)
            .with_optimizer_rules(rules)
            .build();
        let is_nothing = |n: &LogicalPlan| Ok(matches!(n, LogicalPlan::EmptyRelation(e) if !e.produce_one_row));
        if state.optimize(&dml.input)?.exists(is_nothing)? {
            let none = LogicalPlanBuilder::empty(true).project([lit(0_u64).alias("count")])?;
            return Ok(DataFrame::new(state, none.build()?));
        }
        Ok(DataFrame::new(state, LogicalPlan::Dml(dml)))
    }

    /// Refuses what DataFusion would do otherwise than the statement says, wherever in it that stands.
    fn check(&self, plan: &LogicalPlan) -> Result<()> {
        plan.apply(|node| self.check_node(node).map(|()| TreeNodeRecursion::Continue))?;
        Ok(())
    }

    fn check_node(&self, plan: &LogicalPlan) -> Result<()> {
        match plan {
            LogicalPlan::Dml(dml) if matches!(dml.op, WriteOp::Delete | WriteOp::Update) => {
                let what = if dml.op == WriteOp::Delete { "DELETE" } else { "UPDATE" };
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
