//! What our SQL means before DataFusion plans it.

use super::lake::at_version;
use super::relations::is_relation;
use super::temporary;
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::sql::parser::{CopyToSource, Statement};
use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArgOperator,
    FunctionArguments, Ident, ObjectName, Query, Select, SelectItem, SetExpr, Statement as SqlStatement, Subscript,
    TableAlias, TableFactor, TableVersion, Value, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::parser::Parser;
use radsql_udfs::imaging::dicom_tags::NAME as DICOM_TAGS;
use std::collections::HashSet;
use std::ops::ControlFlow;

/// Turns `cox(patients, ...)` into `cox((SELECT * FROM patients), ...)`: DataFusion looks up the tables of a statement
/// before it plans it, and does not see those that stand as arguments.
pub fn resolve_relations(statement: &mut Statement) -> Result<()> {
    match statement {
        Statement::Statement(s) => {
            temporary::place(s);
            refuse_part_of_rows(s)?;
            if let SqlStatement::StartTransaction { begin, .. } = &mut **s {
                // BEGIN is START TRANSACTION, which DataFusion knows.
                *begin = false;
            }
            resolve(&mut **s)
        }
        Statement::Explain(e) => resolve_relations(&mut e.statement),
        Statement::CopyTo(copy) => match &mut copy.source {
            CopyToSource::Query(q) => resolve(&mut **q),
            CopyToSource::Relation(_) => Ok(()),
        },
        _ => Ok(()),
    }
}

/// DataFusion plans a DELETE or UPDATE without these parts of it: all rows would go.
fn refuse_part_of_rows(statement: &SqlStatement) -> Result<()> {
    let (what, is_part) = match statement {
        SqlStatement::Delete(d) => (
            "DELETE",
            d.limit.is_some()
                || !d.order_by.is_empty()
                || d.using.is_some()
                || d.returning.is_some()
                || d.output.is_some(),
        ),
        SqlStatement::Update(u) => (
            "UPDATE",
            u.limit.is_some()
                || !u.order_by.is_empty()
                || u.returning.is_some()
                || u.output.is_some()
                || u.or.is_some(),
        ),
        _ => return Ok(()),
    };
    match is_part {
        true => plan_err!("{what} takes WHERE, and no LIMIT, ORDER BY, USING, OR or RETURNING"),
        false => Ok(()),
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

    /// Two columns that are written alike, and two subqueries, have different names, which DataFusion asks for.
    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<DataFusionError> {
        if let SetExpr::Select(select) = &mut *query.body {
            name_apart(select);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<DataFusionError> {
        if let Err(e) = place_version(factor) {
            return ControlFlow::Break(e);
        }
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

/// `t AT (VERSION => 3)` is the table `t` as it was.
fn place_version(factor: &mut TableFactor) -> Result<()> {
    let TableFactor::Table {
        name, version, alias, ..
    } = factor
    else {
        return Ok(());
    };
    let Some(asked) = version.take() else {
        return Ok(());
    };
    let text = version_of(&asked)?;
    let mut parts: Vec<Ident> = name.0.iter().filter_map(|p| p.as_ident().cloned()).collect();
    let Some(table) = parts.pop() else {
        return plan_err!("'{name}' is no table's name");
    };
    // Its columns go by the table's name still.
    if alias.is_none() {
        *alias = Some(TableAlias {
            explicit: true,
            name: table.clone(),
            columns: vec![],
            at: None,
        });
    }
    parts.push(Ident::with_quote('"', at_version(&table.value, &text)));
    *name = ObjectName::from(parts);
    Ok(())
}

/// The version or time that is asked for.
fn version_of(asked: &TableVersion) -> Result<String> {
    let literal = |e: &Ast| match e {
        Ast::Value(v) => match &v.value {
            Value::Number(n, _) => Some(n.to_string()),
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        Ast::TypedString(t) => match &t.value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    };
    let found = match asked {
        TableVersion::VersionAsOf(e) | TableVersion::TimestampAsOf(e) => literal(e),
        TableVersion::Function(Ast::Function(Function {
            args: FunctionArguments::List(list),
            ..
        })) => match &list.args[..] {
            [
                FunctionArg::Named {
                    name,
                    arg: FunctionArgExpr::Expr(e),
                    ..
                },
            ] if ["version", "timestamp"]
                .iter()
                .any(|n| name.value.eq_ignore_ascii_case(n)) =>
            {
                literal(e)
            }
            _ => None,
        },
        _ => None,
    };
    match found {
        Some(text) => Ok(text),
        None => plan_err!("expected AT (VERSION => number) or AT (TIMESTAMP => 'date and time'); found {asked}"),
    }
}

fn select_all(table: &ObjectName) -> Result<Box<Query>> {
    let text = format!("SELECT * FROM {table}");
    match Parser::parse_sql(&DuckDbDialect {}, &text)?.pop() {
        Some(SqlStatement::Query(q)) => Ok(q),
        _ => plan_err!("'{table}' is no table's name"),
    }
}

/// Names the columns of a SELECT that would have the name of one before them.
fn name_apart(select: &mut Select) {
    let mut seen = HashSet::new();
    for item in &mut select.projection {
        let SelectItem::UnnamedExpr(expr) = item else {
            continue;
        };
        // DataFusion calls every subquery the same.
        let key = match &*expr {
            Ast::Subquery(_) => "(<subquery>)".to_owned(),
            other => other.to_string(),
        };
        if seen.insert(key) {
            continue;
        }
        let text = expr.to_string();
        let name = (1..)
            .map(|n| format!("{text}_{n}"))
            .find(|name| seen.insert(name.clone()));
        *item = SelectItem::ExprWithAlias {
            expr: expr.clone(),
            alias: Ident::with_quote('"', name.unwrap_or(text)),
        };
    }
}
