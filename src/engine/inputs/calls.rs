//! What a statement is, and which functions it calls, from its syntax.

use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Statement as Sql, TableFactor, Value, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use std::ops::ControlFlow;

/// What a statement does, as far as a report asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `CREATE TABLE name AS`.
    Table {
        /// Its name.
        name: String,
    },
    /// `CREATE EXTERNAL TABLE`.
    External {
        /// Its name.
        name: String,
        /// `NIFTI`, `DICOM`, `CSV`.
        format: String,
        /// Where its files are.
        location: String,
    },
    /// `CREATE MODEL`.
    Model,
    /// Anything else.
    Other,
}

/// A function that a statement calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its name in small letters.
    pub function: String,
    /// Named arguments, as they are written.
    pub named: Vec<(String, String)>,
    /// Arguments without a name; texts without their quotes.
    pub plain: Vec<String>,
}

impl Call {
    /// A named argument.
    pub fn argument(&self, name: &str) -> Option<&str> {
        self.named.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

fn parse(sql: &str) -> Option<Statement> {
    let builder = DFParserBuilder::new(sql).with_dialect(&DuckDbDialect {});
    builder.build().ok()?.parse_statements().ok()?.pop_front()
}

/// What a statement does.
pub fn kind(sql: &str) -> Kind {
    match parse(sql) {
        Some(Statement::CreateExternalTable(create)) => Kind::External {
            name: create.name.to_string(),
            format: create.file_type.to_uppercase(),
            location: create.locations.first().cloned().unwrap_or_default(),
        },
        Some(Statement::Statement(statement)) => match *statement {
            Sql::CreateTable(create) if create.query.is_some() => Kind::Table {
                name: create.name.to_string(),
            },
            _ => Kind::Other,
        },
        // Statements of our own that the parser does not know.
        None if sql.split_whitespace().any(|word| word.eq_ignore_ascii_case("model")) => Kind::Model,
        _ => Kind::Other,
    }
}

/// The functions that a statement calls, in its order, and the files that it names in FROM.
pub fn calls(sql: &str) -> (Vec<Call>, Vec<String>) {
    let mut collector = Collector::default();
    if let Some(Statement::Statement(statement)) = parse(sql) {
        let _ = statement.visit(&mut collector);
    }
    (collector.calls, collector.files)
}

#[derive(Default)]
struct Collector {
    calls: Vec<Call>,
    files: Vec<String>,
}

impl Collector {
    fn add(&mut self, function: String, arguments: &[FunctionArg]) {
        let (mut named, mut plain) = (vec![], vec![]);
        for argument in arguments {
            match argument {
                FunctionArg::Named { name, arg, .. } => named.push((name.value.to_lowercase(), told(arg))),
                FunctionArg::ExprNamed { name, arg, .. } => named.push((name.to_string().to_lowercase(), told(arg))),
                FunctionArg::Unnamed(arg) => plain.push(told(arg)),
            }
        }
        self.calls.push(Call {
            function: function.to_lowercase(),
            named,
            plain,
        });
    }
}

/// An argument as it is written; a query as three dots.
fn told(argument: &FunctionArgExpr) -> String {
    match argument {
        FunctionArgExpr::Expr(Expr::Subquery(_)) => "(...)".into(),
        FunctionArgExpr::Expr(Expr::Value(value)) => match &value.value {
            Value::SingleQuotedString(text) => text.clone(),
            other => other.to_string(),
        },
        other => other.to_string(),
    }
}

impl Visitor for Collector {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, args, .. } = factor {
            match args {
                Some(args) => self.add(name.to_string(), &args.args),
                None => {
                    let path = name.0.iter().filter_map(|part| part.as_ident()).next();
                    if let (Some(path), 1) = (path.filter(|p| p.quote_style == Some('\'')), name.0.len()) {
                        self.files.push(path.value.clone());
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr
            && let FunctionArguments::List(list) = &function.args
        {
            self.add(function.name.to_string(), &list.args);
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_with_their_arguments() {
        let (calls, files) = calls(
            "CREATE TABLE t AS SELECT radiomics(image, mask, 'wavelet') AS r FROM \
             cox_lasso_model((SELECT a FROM 'x.csv' WHERE split = 'train'), time => os, folds => 10, seed => 42)",
        );
        assert_eq!(calls.len(), 2);
        let lasso = calls.iter().find(|c| c.function == "cox_lasso_model").unwrap();
        assert_eq!(
            (lasso.argument("folds"), lasso.argument("time")),
            (Some("10"), Some("os"))
        );
        let radiomics = calls.iter().find(|c| c.function == "radiomics").unwrap();
        assert_eq!(radiomics.plain, ["image", "mask", "wavelet"]);
        assert_eq!(files, ["x.csv"]);
    }

    #[test]
    fn what_statements_do() {
        assert_eq!(kind("CREATE TABLE t AS SELECT 1"), Kind::Table { name: "t".into() });
        assert_eq!(kind("CREATE MODEL m FROM 'm.onnx'"), Kind::Model);
        assert_eq!(kind("SELECT 1"), Kind::Other);
        let external = kind("CREATE EXTERNAL TABLE s STORED AS NIFTI LOCATION 'a/b/' OPTIONS (image 'x')");
        assert_eq!(
            external,
            Kind::External {
                name: "s".into(),
                format: "NIFTI".into(),
                location: "a/b/".into()
            }
        );
    }
}
