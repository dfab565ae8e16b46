//! The catalogs of a session and its forks: what is in memory, and databases, which come and go.

use super::lake::{Alteration, SCHEMA};
use datafusion::catalog::{CatalogProvider, CatalogProviderList, TableProvider};
use datafusion::common::config::CatalogOptions;
use datafusion::common::{ResolvedTableReference, TableReference};
use futures::FutureExt;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Catalogs by name.
#[derive(Debug, Default)]
pub struct Catalogs {
    catalogs: Mutex<BTreeMap<String, Arc<dyn CatalogProvider>>>,
    /// Comments of what is in memory, each with the table or view that it was made for.
    comments: Mutex<Comments>,
}

type Comments = BTreeMap<Commented, (Weak<dyn TableProvider>, String)>;

/// What has a comment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Commented {
    catalog: String,
    schema: String,
    table: String,
    column: Option<String>,
}

impl Commented {
    fn new(table: &ResolvedTableReference, column: Option<&str>) -> Self {
        Self {
            catalog: table.catalog.to_string(),
            schema: table.schema.to_string(),
            table: table.table.to_string(),
            column: column.map(str::to_owned),
        }
    }
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The schema.
    pub schema: String,
    /// The table or view.
    pub table: String,
    /// The column of it; the table's own without.
    pub column: Option<String>,
    /// The text.
    pub text: String,
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Catalogs {
    /// A name with its catalog and schema. `other.t` is the table of another database where no schema is called so.
    pub fn resolved(&self, name: &TableReference, defaults: &CatalogOptions) -> ResolvedTableReference {
        if let TableReference::Partial { schema, table } = name
            && let Some(current) = self.catalog(&defaults.default_catalog)
            && current.schema(schema).is_none()
            && self.catalog(schema).is_some()
        {
            return TableReference::full(schema.as_ref(), SCHEMA, table.as_ref()).resolve(schema, SCHEMA);
        }
        name.clone()
            .resolve(&defaults.default_catalog, &defaults.default_schema)
    }

    /// Takes a catalog away. Statements that read it go on.
    pub fn remove(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        lock(&self.catalogs).remove(name)
    }

    /// Sets the comment of a table or view in memory, or of its column; without a text it goes. It goes with the table too.
    pub fn comment(
        &self,
        name: &ResolvedTableReference,
        table: &Arc<dyn TableProvider>,
        column: Option<&str>,
        text: Option<&str>,
    ) {
        let of = Commented::new(name, column);
        let mut comments = lock(&self.comments);
        match text {
            Some(text) => comments.insert(of, (Arc::downgrade(table), text.to_owned())),
            None => comments.remove(&of),
        };
    }

    /// A table got other columns, and is another one in memory: its comments stay.
    pub fn altered(
        &self,
        name: &ResolvedTableReference,
        from: &Arc<dyn TableProvider>,
        to: &Arc<dyn TableProvider>,
        changes: &[Alteration],
    ) {
        let mut comments = lock(&self.comments);
        let table = Commented::new(name, None);
        let is_of =
            |of: &Commented| (&of.catalog, &of.schema, &of.table) == (&table.catalog, &table.schema, &table.table);
        let own: Vec<Commented> = comments.keys().filter(|of| is_of(of)).cloned().collect();
        for mut of in own {
            let Some((made_for, text)) = comments.remove(&of).filter(|(made_for, _)| is_same(made_for, from)) else {
                continue;
            };
            drop(made_for);
            let mut column = of.column.take();
            for change in changes {
                match (change, &column) {
                    (Alteration::Rename { from, to }, Some(c)) if c == from => column = Some(to.clone()),
                    (Alteration::Drop { name, .. }, Some(c)) if c == name => column = Some(String::new()),
                    _ => {}
                }
            }
            // No column has the empty name.
            if column.as_deref() != Some("") {
                of.column = column;
                comments.insert(of, (Arc::downgrade(to), text));
            }
        }
    }

    /// The comments of a catalog in memory, in the order of their names.
    pub fn comments(&self, catalog: &str) -> Vec<Comment> {
        let Some(tables) = self.catalog(catalog) else {
            return vec![];
        };
        let is_there = |of: &Commented, table: &Weak<dyn TableProvider>| {
            let schema = tables.schema(&of.schema)?;
            // Tables in memory are told at once.
            let there = schema.table(&of.table).now_or_never()?.ok()??;
            is_same(table, &there).then_some(())
        };
        lock(&self.comments)
            .iter()
            .filter(|(of, (table, _))| of.catalog == catalog && is_there(of, table).is_some())
            .map(|(of, (_, text))| Comment {
                schema: of.schema.clone(),
                table: of.table.clone(),
                column: of.column.clone(),
                text: text.clone(),
            })
            .collect()
    }
}

/// A weak reference keeps the place of its table, so that another one is elsewhere.
fn is_same(one: &Weak<dyn TableProvider>, other: &Arc<dyn TableProvider>) -> bool {
    std::ptr::addr_eq(one.as_ptr(), Arc::as_ptr(other))
}

impl CatalogProviderList for Catalogs {
    fn register_catalog(&self, name: String, catalog: Arc<dyn CatalogProvider>) -> Option<Arc<dyn CatalogProvider>> {
        lock(&self.catalogs).insert(name, catalog)
    }

    fn catalog_names(&self) -> Vec<String> {
        lock(&self.catalogs).keys().cloned().collect()
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        lock(&self.catalogs).get(name).cloned()
    }
}
