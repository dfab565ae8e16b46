//! What a session that may not touch every file asks before DataFusion looks at the disk. The stores of such a session refuse
//! what is not allowed in any case ([`super::object_store`]); here it is refused before anything is looked at, in the words of
//! the statement, and what goes past the stores is shut.

use super::object_store::{is_local, not_local};
use async_trait::async_trait;
use datafusion::catalog::{DynamicFileCatalog, Session, TableProvider, TableProviderFactory, UrlTableFactory};
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{Result, plan_datafusion_err, plan_err};
use datafusion::config::ConfigOptions;
use datafusion::datasource::dynamic_file::DynamicListTableFactory;
use datafusion::datasource::listing::ListingTable;
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::{
    CreateExternalTable, DmlStatement, LogicalPlan, LogicalPlanBuilder, Statement, TableScan, col, lit,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::prelude::SessionContext;
use radsql_udfs::files::{FilePolicy, Forbidden};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use url::{ParseError, Url};

/// Settings that show a folder of the server.
const HIDDEN: &str = "datafusion.runtime.temp_directory";

/// The path that a text means where DataFusion takes a path or an address.
fn path_of(text: &str) -> Result<PathBuf> {
    if Path::new(text).is_absolute() {
        return Ok(text.into());
    }
    match Url::parse(text) {
        Ok(url) if is_local(&url) => match url.to_file_path() {
            Ok(path) => Ok(path),
            Err(()) => plan_err!("'{text}' names no file"),
        },
        Ok(url) => not_local(&url),
        Err(ParseError::RelativeUrlWithoutBase) => Ok(text.into()),
        Err(e) => plan_err!("'{text}' is no address: {e}"),
    }
}

fn may_read(text: &str, files: &FilePolicy) -> Result<()> {
    match files.may_read(&path_of(text)?) {
        true => Ok(()),
        false => Err(plan_datafusion_err!("{}", Forbidden::to_read(Path::new(text)))),
    }
}

fn may_write(text: &str, files: &FilePolicy) -> Result<()> {
    let allowed = files.write(&path_of(text)?);
    allowed.map_or_else(|e| plan_err!("{}", e.of(Path::new(text))), |_| Ok(()))
}

/// A session in which a table's name may be a path, as [`SessionContext::enable_url_table`] makes it, if the policy allows it.
pub fn enable_url_table(context: SessionContext, files: FilePolicy) -> SessionContext {
    let inner = Arc::new(DynamicListTableFactory::default());
    let catalogs = Arc::clone(context.state_ref().read().catalog_list());
    let tables = Arc::new(GuardedUrlTables {
        inner: Arc::clone(&inner),
        files,
    });
    let session_id = context.session_id();
    let context: SessionContext = context
        .into_state_builder()
        .with_session_id(session_id)
        .with_catalog_list(Arc::new(DynamicFileCatalog::new(catalogs, tables)))
        .build()
        .into();
    inner.session_store().with_state(context.state_weak_ref());
    context
}

#[derive(Debug)]
struct GuardedUrlTables {
    inner: Arc<DynamicListTableFactory>,
    files: FilePolicy,
}

#[async_trait]
impl UrlTableFactory for GuardedUrlTables {
    async fn try_new(&self, text: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        match may_read(text, &self.files) {
            Ok(()) => self.inner.try_new(text).await,
            Err(e) if text.contains(['/', '\\', ':', '.']) => Err(e),
            // A name, of which DataFusion says that there is no such table.
            Err(_) => Ok(None),
        }
    }
}

/// Lets the factory of each format make tables only over what may be read.
pub fn guard_factories(context: &SessionContext, files: &FilePolicy) {
    let state = context.state_ref();
    let mut state = state.write();
    for inner in state.table_factories_mut().values_mut() {
        *inner = Arc::new(GuardedTables {
            inner: Arc::clone(inner),
            files: files.clone(),
        });
    }
}

#[derive(Debug)]
struct GuardedTables {
    inner: Arc<dyn TableProviderFactory>,
    files: FilePolicy,
}

#[async_trait]
impl TableProviderFactory for GuardedTables {
    async fn create(&self, session: &dyn Session, cmd: &CreateExternalTable) -> Result<Arc<dyn TableProvider>> {
        if cmd.unbounded {
            // These are read and written past the stores.
            return plan_err!("{}: UNBOUNDED tables are not possible on this server", cmd.name);
        }
        for location in &cmd.locations {
            may_read(location, &self.files)?;
        }
        self.inner.create(session, cmd).await
    }
}

/// Rule: `COPY` and `INSERT` write where they may, wherever it stands in a plan; settings that are folders of the server are not shown.
#[derive(Debug)]
pub struct GuardPlans {
    files: FilePolicy,
}

impl GuardPlans {
    /// The rule for a session with this policy.
    pub fn new(files: FilePolicy) -> Self {
        Self { files }
    }
}

impl GuardPlans {
    /// Files behind a table are written by `INSERT`.
    fn may_change(&self, change: &DmlStatement) -> Result<()> {
        let Ok(table) = source_as_provider(&change.target) else {
            return Ok(());
        };
        let Some(files) = table.downcast_ref::<ListingTable>() else {
            return Ok(());
        };
        let name = change.table_name.to_string();
        for location in files.table_paths() {
            let path = path_of(location.as_str())?;
            let allowed = self.files.write(&path);
            allowed.map_err(|e| plan_datafusion_err!("{}", e.of(Path::new(&name))))?;
        }
        Ok(())
    }
}

impl AnalyzerRule for GuardPlans {
    fn name(&self) -> &str {
        "radsql_guard_plans"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.apply_with_subqueries(|node| {
            match node {
                LogicalPlan::Copy(copy) => may_write(&copy.output_url, &self.files)?,
                LogicalPlan::Dml(change) => self.may_change(change)?,
                _ => {}
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(plan.transform_up_with_subqueries(without_hidden)?.data)
    }
}

fn without_hidden(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    match &node {
        LogicalPlan::TableScan(scan) if is_settings(scan) => {
            let shown = LogicalPlanBuilder::from(node).filter(col("name").not_eq(lit(HIDDEN)))?;
            shown.build().map(Transformed::yes)
        }
        _ => Ok(Transformed::no(node)),
    }
}

fn is_settings(scan: &TableScan) -> bool {
    scan.table_name.schema() == Some("information_schema") && scan.table_name.table() == "df_settings"
}

/// Refuses what would change where the session itself writes.
///
/// # Errors
/// A plan error.
pub fn check_statement(plan: &LogicalPlan) -> Result<()> {
    let variable = match plan {
        LogicalPlan::Statement(Statement::SetVariable(set)) => &set.variable,
        LogicalPlan::Statement(Statement::ResetVariable(reset)) => &reset.variable,
        _ => return Ok(()),
    };
    match variable.to_lowercase().starts_with("datafusion.runtime.") {
        true => plan_err!("{variable} cannot be changed here"),
        false => Ok(()),
    }
}
