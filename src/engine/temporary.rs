//! Temporary tables: a session's own, in front of those that all sessions share.
//!
//! They live in the schema `temp`. A name without a schema means the temporary table, where there is one: statements are given its
//! whole name before they are planned, so that `main.t` is the one that all share.

use super::lake;
use super::memory_table::MemoryTable;
use super::scopes::{Scopes, reference};
use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, CatalogProviderList, MemorySchemaProvider, SchemaProvider, TableProvider};
use datafusion::common::{Result, TableReference, plan_err};
use datafusion::datasource::TableType;
use datafusion::sql::parser::{CopyToSource, Statement as ParsedStatement};
use datafusion::sql::sqlparser::ast::{
    FromTable, Ident, ObjectName, ObjectNamePart, ObjectType, Query, Statement, TableAlias, TableFactor,
    TableWithJoins, VisitMut, VisitorMut,
};
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError, RwLock};

/// The schema of temporary tables.
pub const SCHEMA: &str = "temp";

/// The catalogs that all sessions share, with a session's own tables in the default one.
#[derive(Debug)]
pub struct SessionCatalogs {
    shared: Arc<dyn CatalogProviderList>,
    own: Arc<Own>,
}

/// What is a session's alone.
#[derive(Debug)]
pub struct Own {
    /// The catalog and the schema of names without one.
    place: RwLock<(String, String)>,
    tables: Arc<MemorySchemaProvider>,
}

impl Own {
    /// No table yet; `catalog` and `schema` are what names without one mean.
    pub fn new(catalog: &str, schema: &str) -> Self {
        Self {
            place: RwLock::new((catalog.to_owned(), schema.to_owned())),
            tables: Arc::default(),
        }
    }

    /// Names without a catalog and a schema mean these from now on.
    pub fn is_in(&self, catalog: &str, schema: &str) {
        let mut place = self.place.write().unwrap_or_else(PoisonError::into_inner);
        *place = (catalog.to_owned(), schema.to_owned());
    }

    fn place(&self) -> (String, String) {
        self.place.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl SessionCatalogs {
    /// Shared catalogs, and what is a session's own in them.
    pub fn new(shared: Arc<dyn CatalogProviderList>, own: Arc<Own>) -> Self {
        Self { shared, own }
    }
}

impl CatalogProviderList for SessionCatalogs {
    fn register_catalog(&self, name: String, catalog: Arc<dyn CatalogProvider>) -> Option<Arc<dyn CatalogProvider>> {
        self.shared.register_catalog(name, catalog)
    }

    fn catalog_names(&self) -> Vec<String> {
        self.shared.catalog_names()
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        let shared = self.shared.catalog(name)?;
        if name != self.own.place().0 {
            return Some(shared);
        }
        let own = Arc::clone(&self.own);
        let catalogs = Arc::clone(&self.shared);
        Some(Arc::new(SessionCatalog { catalogs, shared, own }))
    }
}

#[derive(Debug)]
struct SessionCatalog {
    catalogs: Arc<dyn CatalogProviderList>,
    shared: Arc<dyn CatalogProvider>,
    own: Arc<Own>,
}

impl CatalogProvider for SessionCatalog {
    fn schema_names(&self) -> Vec<String> {
        let mut names = self.shared.schema_names();
        if !self.own.tables.table_names().is_empty() {
            names.push(SCHEMA.to_owned());
        }
        names
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        if name == SCHEMA {
            return Some(Arc::clone(&self.own.tables) as _);
        }
        let Some(shared) = self.shared.schema(name) else {
            // `other.t` is the table of another database where no schema is called so.
            return self.catalogs.catalog(name)?.schema(lake::SCHEMA);
        };
        if name != self.own.place().1 {
            return Some(shared);
        }
        let own = Arc::clone(&self.own);
        Some(Arc::new(SessionSchema { shared, own }))
    }

    fn register_schema(&self, name: &str, schema: Arc<dyn SchemaProvider>) -> Result<Option<Arc<dyn SchemaProvider>>> {
        self.shared.register_schema(name, schema)
    }

    fn deregister_schema(&self, name: &str, cascade: bool) -> Result<Option<Arc<dyn SchemaProvider>>> {
        self.shared.deregister_schema(name, cascade)
    }
}

/// The default schema, which tells that temporary tables have no versions.
#[derive(Debug)]
struct SessionSchema {
    shared: Arc<dyn SchemaProvider>,
    own: Arc<Own>,
}

#[async_trait]
impl SchemaProvider for SessionSchema {
    fn owner_name(&self) -> Option<&str> {
        self.shared.owner_name()
    }

    fn table_names(&self) -> Vec<String> {
        self.shared.table_names()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let table = self.shared.table(name).await?;
        if let (None, (name, Some(_))) = (&table, lake::split_version(name)) {
            let shared = self.shared.table(name).await?;
            if self.own.tables.table_exist(name) || shared.is_some_and(|t| t.downcast_ref::<MemoryTable>().is_some()) {
                return plan_err!(
                    "table '{name}' is in memory, where no versions are kept; radsql FILE and ATTACH 'FILE' open a database"
                );
            }
        }
        Ok(table)
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        self.shared.table_type(name).await
    }

    fn register_table(&self, name: String, table: Arc<dyn TableProvider>) -> Result<Option<Arc<dyn TableProvider>>> {
        self.shared.register_table(name, table)
    }

    fn deregister_table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        self.shared.deregister_table(name)
    }

    fn table_exist(&self, name: &str) -> bool {
        self.shared.table_exist(name)
    }
}

/// Makes a statement that makes something temporary one that makes it in the schema of temporary tables.
pub fn place(statement: &mut Statement) {
    let (temporary, name) = match statement {
        Statement::CreateTable(table) => (&mut table.temporary, &mut table.name),
        Statement::CreateView(view) => (&mut view.temporary, &mut view.name),
        _ => return,
    };
    if std::mem::take(temporary)
        && let Some(table) = name.0.pop()
    {
        *name = ObjectName(vec![ObjectNamePart::Identifier(Ident::new(SCHEMA)), table]);
    }
}

/// Gives temporary tables their whole names in a statement, where it reads or changes them. What makes a table means the shared schema,
/// unless it says otherwise.
pub fn name_whole(statement: &mut ParsedStatement, is_own: &dyn Fn(&TableReference) -> bool) {
    let mut names = Names {
        is_own,
        scopes: Scopes::default(),
    };
    match statement {
        ParsedStatement::Statement(s) => names.name(s),
        ParsedStatement::Explain(e) => name_whole(&mut e.statement, is_own),
        ParsedStatement::CopyTo(copy) => match &mut copy.source {
            CopyToSource::Query(query) => {
                let _ = query.visit(&mut names);
            }
            CopyToSource::Relation(name) => {
                names.place(name);
            }
        },
        _ => {}
    }
}

struct Names<'a> {
    is_own: &'a dyn Fn(&TableReference) -> bool,
    scopes: Scopes,
}

impl Names<'_> {
    fn name(&mut self, statement: &mut Statement) {
        // In a query the table keeps its short name for its columns; these have no other one.
        let targets: Vec<&mut TableWithJoins> = match statement {
            Statement::Update(update) => vec![&mut update.table],
            Statement::Delete(delete) => match &mut delete.from {
                FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from) => from.iter_mut().collect(),
            },
            _ => vec![],
        };
        for target in targets {
            if let TableFactor::Table { name, .. } = &mut target.relation {
                self.place(name);
            }
        }
        // What is made is no table yet.
        let _ = match statement {
            Statement::CreateTable(table) => table.query.visit(self),
            Statement::CreateView(view) => view.query.visit(self),
            Statement::ShowCreate { obj_name: name, .. } => {
                self.place(name);
                ControlFlow::Continue(())
            }
            Statement::Drop {
                object_type: ObjectType::Table | ObjectType::View,
                names,
                ..
            } => {
                for name in names {
                    self.place(name);
                }
                ControlFlow::Continue(())
            }
            other => other.visit(self),
        };
    }

    fn place(&self, name: &mut ObjectName) -> bool {
        let is_own = matches!(&name.0[..], [_]) && self.scopes.is_table(name) && (self.is_own)(&reference(name));
        if is_own {
            name.0.insert(0, ObjectNamePart::Identifier(Ident::new(SCHEMA)));
        }
        is_own
    }
}

impl VisitorMut for Names<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        self.scopes.enter(query);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.scopes.leave();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        self.scopes.factor(factor);
        if let TableFactor::Table {
            name,
            args: None,
            alias,
            ..
        } = factor
        {
            let table = name.0.last().and_then(|part| part.as_ident()).cloned();
            if let (true, Some(name), None) = (self.place(name), table, &alias) {
                *alias = Some(TableAlias {
                    explicit: true,
                    name,
                    columns: vec![],
                    at: None,
                });
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &mut ObjectName) -> ControlFlow<()> {
        self.place(name);
        ControlFlow::Continue(())
    }
}
