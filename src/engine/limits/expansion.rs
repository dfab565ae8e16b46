//! How many relations a statement stands for once every name defined WITH has been put in its place.
//!
//! DataFusion puts a common table's plan wherever its name stands. Thirty of them, each with the one before it twice,
//! make a thousand million; some steps of planning visit all of these, so they are counted before it.

use datafusion::common::{Result, resources_err};
use datafusion::sql::parser::{CopyToSource, Statement};
use datafusion::sql::sqlparser::ast::{Expr, ObjectName, Query, Visit, Visitor};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// Whether a parsed statement stands for no more than `limit` relations.
///
/// # Errors
/// `ResourcesExhausted` when it stands for more.
pub fn check(statement: &Statement, limit: u64) -> Result<()> {
    match statement {
        Statement::Statement(s) => count(&**s, limit),
        Statement::Explain(e) => check(&e.statement, limit),
        Statement::CopyTo(copy) => match &copy.source {
            CopyToSource::Query(q) => count(&**q, limit),
            CopyToSource::Relation(_) => Ok(()),
        },
        _ => Ok(()),
    }
}

fn count(statement: &impl Visit, limit: u64) -> Result<()> {
    let mut expansion = Expansion {
        frames: vec![Frame::default()],
        commons: HashMap::new(),
        queries: 0,
        lambdas: 0,
    };
    if let ControlFlow::Break(what) = statement.visit(&mut expansion) {
        return resources_err!("{what}");
    }
    let found = expansion.frames.first().map_or(0, |f| f.relations);
    if found > limit {
        return resources_err!(
            "the statement stands for {} relations and may stand for {limit}: tables defined WITH are computed wherever \
             their name stands; make tables of them with CREATE TABLE ... AS",
            if found == u64::MAX {
                "too many".into()
            } else {
                found.to_string()
            }
        );
    }
    Ok(())
}

/// Queries in expressions, or lambdas, in one another. Planning takes twice as long for each more.
pub const NESTED: usize = 8;

/// Columns of a CUBE: each more doubles the ways of grouping.
const CUBE: usize = 12;

#[derive(Debug, Default)]
struct Frame {
    /// What the query stands for so far.
    relations: u64,
    /// What the names defined in it stand for.
    names: HashMap<String, u64>,
}

struct Expansion {
    /// The statement, and queries within one another.
    frames: Vec<Frame>,
    /// Queries that define a name, by their address: the visitor does not tell.
    commons: HashMap<usize, String>,
    /// Queries in expressions, and lambdas, that the visitor is in.
    queries: usize,
    lambdas: usize,
}

fn address(query: &Query) -> usize {
    std::ptr::from_ref(query).addr()
}

impl Visitor for Expansion {
    type Break = String;

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<String> {
        match expr {
            Expr::Lambda(_) => self.lambdas += 1,
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => self.queries += 1,
            Expr::Cube(columns) if columns.len() > CUBE => {
                return ControlFlow::Break(format!(
                    "CUBE of {} columns groups rows in more ways than there are; {CUBE} are possible, or GROUPING SETS \
                     (...)",
                    columns.len()
                ));
            }
            _ => {}
        }
        let what = match (self.lambdas > NESTED, self.queries > NESTED) {
            (true, _) => "functions x -> ...",
            (_, true) => "queries in expressions",
            _ => return ControlFlow::Continue(()),
        };
        ControlFlow::Break(format!(
            "{what} stand more than {NESTED} deep in one another; name inner parts WITH name AS (...)"
        ))
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<String> {
        match expr {
            Expr::Lambda(_) => self.lambdas -= 1,
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => self.queries -= 1,
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<String> {
        for common in query.with.iter().flat_map(|w| &w.cte_tables) {
            self.commons
                .insert(address(&common.query), common.alias.name.value.to_lowercase());
        }
        self.frames.push(Frame {
            relations: 1,
            names: HashMap::new(),
        });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<String> {
        let relations = self.frames.pop().map_or(0, |f| f.relations);
        let common = self.commons.remove(&address(query));
        if let Some(frame) = self.frames.last_mut() {
            match common {
                Some(name) => _ = frame.names.insert(name, relations),
                None => frame.relations = frame.relations.saturating_add(relations),
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<String> {
        let name = match relation.0.as_slice() {
            [part] => part.as_ident().map(|i| i.value.to_lowercase()),
            _ => None,
        };
        let known = |name: String| self.frames.iter().rev().find_map(|f| f.names.get(&name)).copied();
        let relations = name.and_then(known).unwrap_or(1);
        if let Some(frame) = self.frames.last_mut() {
            frame.relations = frame.relations.saturating_add(relations);
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::sql::sqlparser::dialect::DuckDbDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    fn told(sql: &str) -> Result<()> {
        count(&Parser::parse_sql(&DuckDbDialect {}, sql).unwrap(), 1_000)
    }

    #[test]
    fn queries_and_lambdas_in_one_another() {
        let queries = |n: usize| format!("SELECT {}1{}", "(SELECT ".repeat(n), ")".repeat(n));
        let lambdas = |n: usize| format!("SELECT {}x{}", "f(a, x -> ".repeat(n), ")".repeat(n));
        for text in [queries, lambdas] {
            told(&text(8)).unwrap();
            let e = told(&text(9)).unwrap_err().to_string();
            assert!(e.contains("more than 8 deep"), "{e}");
        }
        told("SELECT 1 FROM t GROUP BY CUBE (a, b, c)").unwrap();
        let columns = vec!["a"; 13].join(", ");
        assert!(told(&format!("SELECT 1 FROM t GROUP BY CUBE ({columns})")).is_err());
    }

    #[test]
    fn names_within_names_are_counted_as_often_as_they_stand() {
        let doubling = |n: usize| {
            let tables: Vec<_> = (1..=n)
                .map(|i| format!("t{i} AS (SELECT * FROM t{0} UNION ALL SELECT * FROM T{0})", i - 1))
                .collect();
            format!("WITH t0 AS (SELECT 1 a), {} SELECT * FROM t{n}", tables.join(", "))
        };
        told(&doubling(8)).unwrap();
        let e = told(&doubling(200)).unwrap_err().to_string();
        assert!(e.contains("too many relations"), "{e}");
        // A name stands for what the nearest query says, and for one that is a table.
        told("WITH a AS (SELECT 1) SELECT (WITH a AS (SELECT 2) SELECT * FROM a), (SELECT * FROM a), b.* FROM b")
            .unwrap();
        told("WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT * FROM a) SELECT * FROM a").unwrap();
        told(&format!("SELECT 1 {}", "UNION ALL SELECT 1 FROM t ".repeat(500))).unwrap();
    }
}
