//! Views and tables over files of others, as texts that mean the same tomorrow, elsewhere, and to DuckDB.

use super::Lake;
use super::read::{Entry, VERSION};
use crate::engine::scopes::{Scopes, reference};
use crate::engine::session::{Session, parse};
use datafusion::common::{Result, TableReference, plan_err};
use datafusion::sql::parser::{CreateExternalTable, Statement};
use datafusion::sql::sqlparser::ast::{
    Ident, ObjectName, Query, Statement as SqlStatement, TableFactor, VisitMut, VisitorMut,
};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf, absolute};

/// What stands for the name of the database, whatever it is attached as: DuckDB's word for it.
pub const CATALOG: &str = "{DUCKLAKE_CATALOG}";
/// What stands for the folder that the database lies in, so that scans beside it move with it.
const FOLDER: &str = "{RADSQL_FOLDER}";

impl Session {
    /// The text that a database keeps of a statement that makes a view or an external table in it; `None` for all others.
    ///
    /// # Errors
    /// When the statement means what the text cannot say.
    pub(crate) fn definition(&self, statement: &Statement) -> Result<Option<String>> {
        match statement {
            Statement::Statement(s) => {
                let SqlStatement::CreateView(view) = &**s else {
                    return Ok(None);
                };
                let Some(place) = self.in_lake(&reference(&view.name)).filter(|_| !view.temporary) else {
                    return Ok(None);
                };
                let mut query = (*view.query).clone();
                if query.to_string().contains(CATALOG) {
                    return plan_err!(
                        "view '{}': '{CATALOG}' cannot stand in a view: it means the database",
                        view.name
                    );
                }
                let mut names = Names {
                    session: self,
                    lake: &place.lake,
                    scopes: Scopes::default(),
                    made: (place.schema.clone(), place.table.clone()),
                };
                if let ControlFlow::Break(e) = query.visit(&mut names) {
                    return plan_err!("view '{}': {e}", view.name);
                }
                Ok(Some(match view.columns.is_empty() {
                    true => query.to_string(),
                    false => {
                        let columns: Vec<String> = view.columns.iter().map(|c| c.name.to_string()).collect();
                        format!("SELECT * FROM ({query}) AS v ({})", columns.join(", "))
                    }
                }))
            }
            Statement::CreateExternalTable(table) if !table.temporary => {
                let Some(place) = self.in_lake(&reference(&table.name)) else {
                    return Ok(None);
                };
                external(table, &place.lake).map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// Gives tables of the database their whole names.
struct Names<'a> {
    session: &'a Session,
    lake: &'a Lake,
    scopes: Scopes,
    /// The view that is being made: its schema and its name.
    made: (String, String),
}

impl VisitorMut for Names<'_> {
    type Break = String;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<String> {
        self.scopes.enter(query);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<String> {
        self.scopes.leave();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<String> {
        self.scopes.factor(factor);
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &mut ObjectName) -> ControlFlow<String> {
        if name.to_string().contains(VERSION) {
            return ControlFlow::Break("it reads a table at a version, which a view cannot".into());
        }
        if !self.scopes.is_table(name) {
            return ControlFlow::Continue(());
        }
        let reference = reference(name);
        if self.session.is_temporary(&reference) {
            return ControlFlow::Break(format!("'{reference}' is a temporary table, which others do not have"));
        }
        let Some(place) = self.session.in_lake(&reference) else {
            // A file stays as it is.
            return match self.session.context().table_exist(reference.clone()) {
                Ok(true) if !is_schema_of_all(&reference) => {
                    ControlFlow::Break(format!("'{reference}' is in memory, and not there tomorrow"))
                }
                _ => ControlFlow::Continue(()),
            };
        };
        let there = place
            .lake
            .head()
            .and_then(|head| place.lake.entry(head, &place.schema, &place.table));
        if !matches!(there, Ok(Some(_))) {
            return ControlFlow::Continue(());
        }
        if std::ptr::eq(&*place.lake, self.lake) && self.is_itself(&place.schema, &place.table, 0) {
            return ControlFlow::Break("it would read itself".into());
        }
        let catalog = match std::ptr::eq(&*place.lake, self.lake) {
            true => Ident::new(CATALOG),
            false => {
                return ControlFlow::Break(format!(
                    "'{reference}' is in another database, which may not be attached tomorrow"
                ));
            }
        };
        let quoted = |name: String| Ident::with_quote('"', name);
        *name = ObjectName::from(vec![catalog, quoted(place.schema), quoted(place.table)]);
        ControlFlow::Continue(())
    }
}

/// Every catalog has it.
fn is_schema_of_all(name: &TableReference) -> bool {
    name.schema() == Some("information_schema")
}

impl Names<'_> {
    /// Whether a name is the view that is being made, or one that reads it.
    fn is_itself(&self, schema: &str, table: &str, depth: usize) -> bool {
        if (schema, table) == (self.made.0.as_str(), self.made.1.as_str()) {
            return true;
        }
        let entry = self.lake.head().and_then(|head| self.lake.entry(head, schema, table));
        let Ok(Some(Entry::View { sql })) = entry else {
            return false;
        };
        let Ok(Statement::Statement(mut query)) = parse(&in_catalog(&sql, CATALOG)) else {
            return false;
        };
        let mut names = Relations::default();
        let _ = query.visit(&mut names);
        depth < 64 && names.0.iter().any(|(s, t)| self.is_itself(s, t, depth + 1))
    }
}

/// The tables of the database that a view's text names, each with its schema.
#[derive(Default)]
struct Relations(Vec<(String, String)>);

impl VisitorMut for Relations {
    type Break = ();

    fn pre_visit_relation(&mut self, name: &mut ObjectName) -> ControlFlow<()> {
        if let [catalog, schema, table] = &name.0[..]
            && let [Some(catalog), Some(schema), Some(table)] = [catalog, schema, table].map(|p| p.as_ident())
            && catalog.value == CATALOG
        {
            self.0.push((schema.value.clone(), table.value.clone()));
        }
        ControlFlow::Continue(())
    }
}

/// The statement that makes an external table, wherever it is run.
fn external(table: &CreateExternalTable, lake: &Lake) -> Result<String> {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let mut out = String::from("CREATE EXTERNAL TABLE x ");
    if !table.columns.is_empty() {
        let columns: Vec<String> = table.columns.iter().map(ToString::to_string).collect();
        out += &format!("({}) ", columns.join(", "));
    }
    out += &format!("STORED AS {} ", table.file_type);
    if !table.table_partition_cols.is_empty() {
        out += &format!("PARTITIONED BY ({}) ", table.table_partition_cols.join(", "));
    }
    for order in &table.order_exprs {
        let terms: Vec<String> = order.iter().map(ToString::to_string).collect();
        out += &format!("WITH ORDER ({}) ", terms.join(", "));
    }
    if table.unbounded || !table.constraints.is_empty() {
        return plan_err!("'{}': a database keeps neither UNBOUNDED tables nor keys", table.name);
    }
    let mut locations = vec![];
    for location in &table.locations {
        locations.push(quoted(&lasting(location, lake)?));
    }
    match &locations[..] {
        [one] => out += &format!("LOCATION {one}"),
        many => out += &format!("LOCATION ({})", many.join(", ")),
    }
    if !table.options.is_empty() {
        let options: Vec<String> = table
            .options
            .iter()
            .map(|(key, value)| format!("{} {value}", quoted(key)))
            .collect();
        out += &format!(" OPTIONS ({})", options.join(", "));
    }
    Ok(out)
}

/// A location that means the same from any folder, and for what lies beside the database, after both have moved.
pub(super) fn lasting(location: &str, lake: &Lake) -> Result<String> {
    let is_address = location.contains("://") && !location.starts_with("file://");
    if is_address {
        return Ok(location.to_owned());
    }
    let path = location.strip_prefix("file://").unwrap_or(location);
    // A folder is told by its end.
    let end = if path.ends_with('/') { "/" } else { "" };
    let Ok(path) = absolute(path) else {
        return plan_err!("'{location}' is no path");
    };
    let path = path.canonicalize().unwrap_or(path);
    let folder = lake.folder();
    Ok(match path.strip_prefix(folder) {
        Ok(below) => format!("{FOLDER}/{}{end}", below.display()),
        Err(_) => format!("{}{end}", path.display()),
    })
}

/// The query of a view as one here. No literal of it has that word: see [`Session::definition`].
pub fn in_catalog(text: &str, catalog: &str) -> String {
    text.replace(CATALOG, &format!("\"{}\"", catalog.replace('"', "\"\"")))
}

/// The statement that makes an external table as one here.
pub fn in_folder(text: &str, folder: &Path) -> String {
    text.replace(FOLDER, &folder.display().to_string().replace('\'', "''"))
}

/// A location of the catalog as a path here.
pub fn place(location: &str, folder: &Path) -> PathBuf {
    PathBuf::from(location.replace(FOLDER, &folder.display().to_string()))
}
