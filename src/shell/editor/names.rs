//! What the session knows by name.

use crate::engine::{Planned, Session, Variables};
use crate::shell::commands::COMMANDS;
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::config::ConfigOptions;
use radsql_udfs::doc::Kind;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// A function.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// How it is called.
    pub syntax: String,
    /// Whether it stands in FROM.
    pub gives_rows: bool,
}

/// Names that can be completed.
pub trait Names {
    /// Tables and views: of a schema, or all that need none, with the schemas.
    fn tables(&self, schema: Option<&str>) -> Vec<String>;
    /// The columns of what stands in a FROM, behind a WITH.
    fn columns(&self, with: &str, relation: &str) -> Vec<String>;
    /// The fields of a struct column; those of `radiomics` where the column is not known.
    fn fields(&self, with: &str, relations: &[(String, Option<String>)], column: Option<&str>) -> Vec<String>;
    /// Functions.
    fn functions(&self) -> &[Function];
    /// Names of a function's arguments, where it takes any by name.
    fn arguments(&self, function: &str) -> Vec<String>;
    /// Settings.
    fn settings(&self) -> Vec<String>;
    /// Models.
    fn models(&self) -> Vec<String>;
    /// Commands of the shell, and what they take.
    fn commands(&self) -> Vec<(&'static str, &'static str)>;
    /// Words that a command takes.
    fn words_of_command(&self, command: &str) -> &'static [&'static str];
    /// Variables.
    fn variables(&self) -> Vec<String>;
}

/// Longest that a query is planned for its columns, while somebody waits at the keyboard.
const PATIENCE: Duration = Duration::from_millis(300);

/// The names of a session, asked for when they are needed.
pub struct SessionNames {
    session: Arc<Session>,
    variables: Mutex<Vec<String>>,
    functions: OnceLock<Vec<Function>>,
}

impl SessionNames {
    /// Those of this session.
    pub fn new(session: Arc<Session>) -> Self {
        Self {
            session,
            variables: Mutex::default(),
            functions: OnceLock::new(),
        }
    }

    /// Notes the variables that there are.
    pub fn set_variables(&self, variables: &Variables) {
        let mut known = self.variables.lock().unwrap_or_else(PoisonError::into_inner);
        *known = variables.keys().cloned().collect();
    }

    /// The columns of a query; none when it cannot be planned, or not soon.
    fn planned(&self, sql: &str) -> Fields {
        let Ok(handle) = tokio::runtime::Handle::try_current() else {
            return Fields::empty();
        };
        let plan = async { tokio::time::timeout(PATIENCE, self.session.plan(sql)).await };
        match handle.block_on(plan) {
            Ok(Ok(Planned::Plan(plan))) => plan.schema().fields().clone(),
            _ => Fields::empty(),
        }
    }

    fn of_relation(&self, with: &str, relation: &str) -> Fields {
        self.planned(&format!("{with} SELECT * FROM {relation}"))
    }
}

impl Names for SessionNames {
    fn tables(&self, schema: Option<&str>) -> Vec<String> {
        let state = self.session.context().state();
        let catalogs = &state.config_options().catalog;
        let Some(catalog) = state.catalog_list().catalog(&catalogs.default_catalog) else {
            return vec![];
        };
        let of = |schema: &str| catalog.schema(schema).map(|s| s.table_names()).unwrap_or_default();
        let mut found = match schema {
            Some(schema) => of(schema),
            None => {
                let mut found = of(&catalogs.default_schema);
                found.extend(of("temp"));
                found.extend(catalog.schema_names());
                found
            }
        };
        found.sort();
        found.dedup();
        found
    }

    fn columns(&self, with: &str, relation: &str) -> Vec<String> {
        let fields = self.of_relation(with, relation);
        fields.iter().map(|f| f.name().clone()).collect()
    }

    fn fields(&self, with: &str, relations: &[(String, Option<String>)], column: Option<&str>) -> Vec<String> {
        if let Some(column) = column {
            for (relation, _) in relations {
                let fields = self.of_relation(with, relation);
                if let Some((_, field)) = fields.find(column)
                    && let DataType::Struct(fields) = field.data_type()
                {
                    return fields.iter().map(|f| f.name().clone()).collect();
                }
            }
        }
        let of_radiomics = "SELECT radiomics(CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR)) AS r";
        match self.planned(of_radiomics).first().map(|f| f.data_type().clone()) {
            Some(DataType::Struct(fields)) => fields.iter().map(|f| f.name().clone()).collect(),
            _ => vec![],
        }
    }

    fn functions(&self) -> &[Function] {
        self.functions.get_or_init(|| {
            let mut found: Vec<Function> = radsql_udfs::catalogue()
                .iter()
                .map(|doc| Function {
                    name: doc.name.into(),
                    syntax: doc.syntax.into(),
                    gives_rows: matches!(doc.kind, Kind::Relation | Kind::Table),
                })
                .collect();
            let state = self.session.context().state();
            let scalar = state.scalar_functions().iter().map(|(n, f)| (n, f.documentation()));
            let aggregate = state.aggregate_functions().iter().map(|(n, f)| (n, f.documentation()));
            let window = state.window_functions().iter().map(|(n, f)| (n, f.documentation()));
            let own: std::collections::BTreeSet<String> = found.iter().map(|f| f.name.clone()).collect();
            let others = scalar.chain(aggregate).chain(window);
            let named = others.filter(|(name, _)| !name.starts_with("radsql_") && !own.contains(*name));
            found.extend(named.map(|(name, doc)| Function {
                name: name.clone(),
                syntax: called(name, doc.map(|d| d.syntax_example.as_str())),
                gives_rows: false,
            }));
            let rows = state.table_functions().keys();
            let rows = rows.filter(|name| !name.starts_with("radsql_") && !own.contains(*name));
            found.extend(rows.map(|name| Function {
                name: name.clone(),
                syntax: format!("{name}(...)"),
                gives_rows: true,
            }));
            found.sort_by(|a, b| (&a.name, a.gives_rows).cmp(&(&b.name, b.gives_rows)));
            found.dedup_by(|a, b| (&a.name, a.gives_rows) == (&b.name, b.gives_rows));
            found
        })
    }

    fn arguments(&self, function: &str) -> Vec<String> {
        let docs = radsql_udfs::catalogue();
        let doc = docs.iter().find(|d| d.name == function && d.kind == Kind::Relation);
        doc.map_or(vec![], |doc| argument_names(doc.syntax))
    }

    fn settings(&self) -> Vec<String> {
        let state = self.session.context().state();
        let options: &ConfigOptions = state.config_options();
        let mut found: Vec<String> = options.entries().into_iter().map(|e| e.key).collect();
        found.sort();
        found
    }

    fn models(&self) -> Vec<String> {
        self.session.runtime().models.names().unwrap_or_default()
    }

    fn commands(&self) -> Vec<(&'static str, &'static str)> {
        COMMANDS.iter().map(|c| (c.name, c.arguments)).collect()
    }

    fn words_of_command(&self, command: &str) -> &'static [&'static str] {
        COMMANDS.iter().find(|c| c.name == command).map_or(&[], |c| c.words)
    }

    fn variables(&self) -> Vec<String> {
        self.variables.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How a function is called by a name, which may be another than that of its document.
fn called(name: &str, syntax: Option<&str>) -> String {
    let arguments = syntax.and_then(|s| Some(&s[s.find('(')?..]));
    format!("{name}{}", arguments.unwrap_or("(...)"))
}

/// The names in `f((query), time => column [, seed, times => [1, 2]])`: those before an arrow, and those that stand alone.
fn argument_names(syntax: &str) -> Vec<String> {
    let Some((_, rest)) = syntax.split_once("(query)") else {
        return vec![];
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = vec![];
    let mut i = 0;
    while let Some(first) = rest[i..].find(is_name).map(|n| i + n) {
        let end = rest[first..].find(|c| !is_name(c)).map_or(rest.len(), |n| first + n);
        let behind = rest[end..].trim_start();
        let stands_alone = rest[..first].trim_end().ends_with(',') && behind.starts_with([',', ']', ')', '[']);
        let name = &rest[first..end];
        if !name.starts_with(|c: char| c.is_ascii_digit()) && (behind.starts_with("=>") || stands_alone) {
            found.push(name.to_owned());
        }
        i = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_arguments() {
        let syntax =
            "f((query), time => column, times => [12, 36], scores => [column, ...] [, terms, lambda => 'min', seed])";
        assert_eq!(
            argument_names(syntax),
            ["time", "times", "scores", "terms", "lambda", "seed"]
        );
        assert!(argument_names("f(a, b)").is_empty());
    }

    #[test]
    fn every_relation_function_has_its_arguments() {
        for doc in radsql_udfs::catalogue().iter().filter(|d| d.kind == Kind::Relation) {
            let found = argument_names(doc.syntax);
            for (names, _) in doc.arguments {
                for name in names.split(", ").filter(|n| doc.syntax.contains(&format!("{n} =>"))) {
                    assert!(found.iter().any(|f| f == name), "{}: {name}", doc.name);
                }
            }
        }
    }
}
