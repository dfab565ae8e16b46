//! How sessions are made: functions, rules, formats and limits in a DataFusion session.

use super::bind::BindFunctions;
use super::catalogs::Catalogs;
use super::feature_set::PushFeatureSet;
use super::filter_first::FilterFirst;
use super::guard::{self, GuardPlans};
use super::hoist::HoistScans;
use super::lake::{self, Lake, LakeCatalog, Planner};
use super::limits::{self, PlanLimits};
use super::memory::SessionPool;
use super::object_store::RestrictedStores;
use super::relations::{Relations, StatisticPlanner};
use super::scan_table::ScanTableFactory;
use super::session::{Session, with_own_tables};
use super::yield_often::YieldOften;
use datafusion::catalog::{CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemorySchemaProvider};
use datafusion::common::Result;
use datafusion::common::config::ExtensionOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::optimizer::common_subexpr_eliminate::CommonSubexprEliminate;
use datafusion::prelude::{SessionConfig, SessionContext};
use radsql_udfs::FilePolicy;
use radsql_udfs::options::{MemoryLimit, RadsqlOptions};
use radsql_udfs::scan::ScanRuntime;
use std::path::PathBuf;
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
    let files = options.files.clone();
    let runtime = Arc::new(ScanRuntime::new(
        Arc::clone(&context.runtime_env().memory_pool),
        files.clone(),
    ));
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
        runtime: Arc::clone(&runtime),
    };
    let session_id = state.session_id().to_string();
    *state = SessionStateBuilder::new_from_existing(state.clone())
        .with_session_id(session_id)
        .with_query_planner(Arc::new(planner))
        .with_physical_optimizer_rule(Arc::new(YieldOften))
        .build();
    for format in ["NIFTI", "NRRD", "DICOM"] {
        state
            .table_factories_mut()
            .insert(format.into(), Arc::clone(&factory) as _);
    }
    drop(state);
    if files.is_restricted() {
        guard::guard_factories(context, &files);
        context.add_analyzer_rule(Arc::new(GuardPlans::new(files)));
    }
    Ok(runtime)
}

/// What a session is made with, by those who start it for others.
#[derive(Debug, Clone)]
pub struct SessionBuilder {
    /// Folder that keeps computed features (`radsql.cache_dir`); empty for none.
    pub cache_dir: String,
    /// The files that statements may reach.
    pub files: FilePolicy,
    /// Bytes of memory that queries may use; `None` for four fifths of the machine's.
    pub memory_limit: Option<usize>,
    /// Whether values that identify a person may be asked for.
    pub identifying_allowed: bool,
    /// Whether `scan_errors()` tells of failures that stopped a query too.
    pub record_failures: bool,
    /// The folder for what does not fit into memory; `None` for the system's.
    pub temp_dir: Option<PathBuf>,
    /// Bytes that may lie there; `None` for DataFusion's limit.
    pub temp_limit: Option<u64>,
    /// The database that tables are kept in; `None` for memory.
    pub database: Option<PathBuf>,
    /// Whether the database must not be changed.
    pub database_read_only: bool,
}

impl Default for SessionBuilder {
    fn default() -> Self {
        Self {
            cache_dir: String::new(),
            files: FilePolicy::ALL,
            memory_limit: None,
            identifying_allowed: true,
            record_failures: false,
            temp_dir: None,
            temp_limit: None,
            database: None,
            database_read_only: false,
        }
    }
}

impl SessionBuilder {
    /// The session.
    ///
    /// # Errors
    /// When DataFusion refuses a setting.
    pub fn build(mut self) -> Result<Session> {
        let limit = MemoryLimit::new(self.memory_limit.unwrap_or_else(|| machine_memory() / 5 * 4));
        let pool = Arc::new(SessionPool::new(limit.clone()));
        let mut disk = DiskManagerBuilder::default();
        if let Some(folder) = &self.temp_dir {
            disk = disk.with_mode(DiskManagerMode::Directories(vec![folder.clone()]));
        }
        if let Some(limit) = self.temp_limit {
            disk = disk.with_max_temp_directory_size(limit);
        }
        let mut environment = RuntimeEnvBuilder::new()
            .with_memory_pool(pool)
            .with_disk_manager_builder(disk);
        let lake = match &self.database {
            Some(path) => Some(Arc::new(Lake::open_for(path, self.database_read_only)?)),
            None => None,
        };
        if let Some(lake) = &lake {
            self.files = self.files.without(lake.own_files());
        }
        if self.files.is_restricted() {
            environment = environment.with_object_store_registry(Arc::new(RestrictedStores::new(self.files.clone())));
        }
        let environment = environment.build_arc()?;
        let name = lake.as_ref().map_or_else(|| lake::MEMORY.into(), |lake| lake.name());
        let config = config()
            .with_default_catalog_and_schema(name, lake::SCHEMA)
            .with_create_default_catalog_and_schema(false);
        let context = SessionContext::new_with_config_rt(config, environment);
        let shared = Arc::new(Catalogs::default());
        let database = match lake {
            None => {
                let memory = MemoryCatalogProvider::new();
                memory.register_schema(lake::SCHEMA, Arc::new(MemorySchemaProvider::new()))?;
                shared.register_catalog(lake::MEMORY.into(), Arc::new(memory));
                None
            }
            Some(lake) => {
                lake.register(&context.runtime_env());
                let name = lake.name();
                let catalog = Arc::new(LakeCatalog::new(lake, &name));
                shared.register_catalog(name, Arc::clone(&catalog) as _);
                Some(catalog)
            }
        };
        let files = self.files.clone();
        let (context, own) = with_own_tables(context, &shared, &files);
        let options = RadsqlOptions {
            memory_limit: Some(limit),
            cache_dir: self.cache_dir,
            files: self.files,
            identifying_allowed: self.identifying_allowed,
            record_failures: self.record_failures,
            ..RadsqlOptions::default()
        };
        let runtime = register(&context, options)?;
        lake::history::register(&context, &shared);
        let planner = Planner::of(&context);
        if let Some(database) = database {
            runtime.models.keep_on(Arc::clone(database.lake()) as _);
            database.plan_with(planner.clone());
        }
        let tables = Arc::clone(&context.runtime_env().memory_pool);
        limits::values::install(&context, limits::values::ValueLimits::default())?;
        limits::meter::install(&context, None);
        let defaults = RadsqlOptions::of(context.state().config_options()).entries();
        Ok(Session {
            context,
            runtime,
            shared,
            own,
            planner,
            defaults,
            statement_limits: None,
            plan_limits: PlanLimits::default(),
            files,
            tables,
        })
    }
}

/// What queries mean in a session of ours.
fn config() -> SessionConfig {
    SessionConfig::new()
        .with_information_schema(true)
        .set_str("datafusion.sql_parser.dialect", "DuckDB")
        // Names keep their capitals, as files and PyRadiomics write them: Age, original_firstorder_Entropy.
        .set_bool("datafusion.sql_parser.enable_ident_normalization", false)
        // Queries given to functions, and those in FROM, keep the order that they ask for.
        .set_bool("datafusion.sql_parser.enable_subquery_sort_elimination", false)
        .set_bool("datafusion.sql_parser.collect_spans", true)
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
    let machine = system.total_memory();
    // In a container, what that may have.
    let most = system
        .cgroup_limits()
        .map_or(machine, |limits| limits.total_memory.min(machine));
    usize::try_from(most).unwrap_or(0)
}
