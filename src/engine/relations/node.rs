//! The node of a logical plan that asks for a statistic.

use super::answer::Output;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, DFSchema, DFSchemaRef, Result, TableReference, internal_err};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};
use radsql_udfs::survival::options::Options;
use radsql_udfs::survival::relation::Gives;
use radsql_udfs::survival::role::Role;
use radsql_udfs::survival::statistic::Definition;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What is asked, of whichever rows.
pub struct Question {
    /// The function's name, as users know it.
    pub function: &'static str,
    /// The statistic.
    pub definition: &'static Definition,
    /// Its options, the names and the roles of its arguments among them.
    pub options: Options,
    /// Columns of which each distinct combination has an answer of its own.
    pub by: Vec<Column>,
    /// The statistic's arguments: a column of the query and the type that it is brought to; `None` for the names of
    /// [`Statistic::terms`].
    pub arguments: Vec<Option<(Column, DataType)>>,
    /// How the answer becomes rows.
    pub gives: Gives,
    /// And columns.
    pub outputs: Vec<Output>,
    /// What the answer's columns are called.
    pub schema: DFSchemaRef,
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question")
            .field("function", &self.function)
            .finish_non_exhaustive()
    }
}

/// A question and the queries that it is asked of.
///
/// A node of its own, and no aggregate: an aggregate's arguments are expressions, each of which DataFusion looks up again and
/// again by its name, which takes time by the square of their number; and its answer is one value, to be taken apart and
/// sorted. Columns are here found by their names once a pass.
#[derive(Debug, Clone)]
pub struct Statistic {
    /// What is asked.
    pub question: Arc<Question>,
    /// The rows.
    pub input: LogicalPlan,
    /// Names of the covariates that are meant: one column of text or of lists of text.
    pub terms: Option<LogicalPlan>,
}

/// Where columns stand in a schema. A schema itself looks for each from its first column on.
pub struct Places<'a>(HashMap<(Option<&'a TableReference>, &'a str), usize>);

impl<'a> Places<'a> {
    /// Those of a schema.
    pub fn of(schema: &'a DFSchema) -> Self {
        let columns = schema.iter().enumerate();
        Self(columns.map(|(i, (table, f))| ((table, f.name().as_str()), i)).collect())
    }

    /// Where a column stands.
    ///
    /// # Errors
    /// When it is not there, which is a fault of a plan.
    pub fn find(&self, column: &Column) -> Result<usize> {
        match self.0.get(&(column.relation.as_ref(), column.name.as_str())) {
            Some(place) => Ok(*place),
            None => internal_err!("a statistic's column {column} is not in its query"),
        }
    }
}

impl Statistic {
    /// Places of the groups' columns and of the arguments in the query's schema.
    ///
    /// # Errors
    /// When one is not there, which is a fault of a plan.
    pub fn places(&self) -> Result<(Vec<usize>, Vec<Option<usize>>)> {
        let places = Places::of(self.input.schema());
        let by = self.question.by.iter().map(|c| places.find(c)).collect::<Result<_>>()?;
        let arguments = self.question.arguments.iter();
        let arguments = arguments.map(|a| a.as_ref().map(|(c, _)| places.find(c)).transpose());
        Ok((by, arguments.collect::<Result<_>>()?))
    }
}

impl PartialEq for Statistic {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.question, &other.question) && self.input == other.input && self.terms == other.terms
    }
}

impl Eq for Statistic {}

impl PartialOrd for Statistic {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl Hash for Statistic {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.question.function.hash(state);
        self.input.hash(state);
        self.terms.hash(state);
    }
}

impl UserDefinedLogicalNodeCore for Statistic {
    fn name(&self) -> &str {
        "Statistic"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        std::iter::once(&self.input).chain(&self.terms).collect()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.question.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        vec![]
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Statistic: {}", self.question)
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let mut inputs = inputs.into_iter();
        let (input, terms) = (inputs.next(), inputs.next());
        match input {
            Some(input) if terms.is_some() == self.terms.is_some() => Ok(Self {
                question: Arc::clone(&self.question),
                input,
                terms,
            }),
            _ => internal_err!("a statistic without its queries"),
        }
    }

    /// All that is asked of is needed, whichever part of the answer is.
    fn necessary_children_exprs(&self, _: &[usize]) -> Option<Vec<Vec<usize>>> {
        let (by, arguments) = self.places().ok()?;
        let mut needed: Vec<usize> = by.into_iter().chain(arguments.into_iter().flatten()).collect();
        needed.sort_unstable();
        needed.dedup();
        let terms = self.terms.as_ref().map(|_| vec![0]);
        Some(std::iter::once(needed).chain(terms).collect())
    }
}

/// As EXPLAIN shows it.
impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Further columns are counted.
        const SHOWN: usize = 12;
        write!(f, "{}", self.function)?;
        let by: Vec<&str> = self.by.iter().map(|c| c.name.as_str()).collect();
        if !by.is_empty() {
            write!(f, ", by=[{}]", by.join(", "))?;
        }
        let named = self.options.names.iter().zip(&self.options.roles);
        let named: Vec<&str> = named
            .filter(|(_, r)| !matches!(r, Role::Terms | Role::New))
            .map(|(name, _)| name.as_str())
            .collect();
        let more = named.len().saturating_sub(SHOWN);
        write!(f, ", columns=[{}", named[..named.len() - more].join(", "))?;
        if more > 0 {
            write!(f, ", and {more} more")?;
        }
        write!(f, "]")
    }
}
