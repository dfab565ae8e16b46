//! Which names of a statement are tables, and which are what WITH defines in it.

use datafusion::common::TableReference;
use datafusion::sql::sqlparser::ast::{ObjectName, Query, TableFactor};
use std::collections::{HashSet, VecDeque};

/// The table that a name means.
pub fn reference(name: &ObjectName) -> TableReference {
    let parts: Vec<String> = name
        .0
        .iter()
        .filter_map(|p| Some(p.as_ident()?.value.clone()))
        .collect();
    match &parts[..] {
        [catalog, schema, table] => TableReference::full(catalog.as_str(), schema.as_str(), table.as_str()),
        [schema, table] => TableReference::partial(schema.as_str(), table.as_str()),
        [table] => TableReference::bare(table.as_str()),
        _ => TableReference::bare(name.to_string()),
    }
}

/// What is no table's name at the place that a visitor of a statement has come to.
#[derive(Default)]
pub struct Scopes {
    /// What WITH defines, query by query.
    queries: Vec<Scope>,
    /// Table functions.
    functions: HashSet<String>,
}

/// What WITH of one query defines: a name holds behind its definition, not in it, unless that is recursive.
#[derive(Default)]
struct Scope {
    pending: VecDeque<String>,
    defined: HashSet<String>,
}

impl Scopes {
    /// Before a query is visited.
    pub fn enter(&mut self, query: &Query) {
        let mut scope = Scope::default();
        if let Some(with) = &query.with {
            let names = with.cte_tables.iter().map(|cte| cte.alias.name.value.clone());
            match with.recursive {
                true => scope.defined.extend(names),
                false => scope.pending.extend(names),
            }
        }
        self.queries.push(scope);
    }

    /// Behind a query.
    pub fn leave(&mut self) {
        self.queries.pop();
        // Definitions are the first queries within the one that they are for.
        if let Some(outer) = self.queries.last_mut()
            && let Some(name) = outer.pending.pop_front()
        {
            outer.defined.insert(name);
        }
    }

    /// Before what stands in FROM is visited.
    pub fn factor(&mut self, factor: &TableFactor) {
        if let TableFactor::Table {
            name, args: Some(_), ..
        } = factor
        {
            self.functions.insert(name.to_string());
        }
    }

    /// Whether a name may mean a table here.
    pub fn is_table(&self, name: &ObjectName) -> bool {
        let is_defined = matches!(&name.0[..], [part] if part.as_ident().is_some_and(|ident| {
            self.queries.iter().any(|scope| scope.defined.contains(&ident.value))
        }));
        !is_defined && !self.functions.contains(&name.to_string()) && name.0.iter().all(|p| p.as_ident().is_some())
    }
}
