//! The node of a logical plan that asks for a statistic.

use super::answer::{Output, check_labels, outputs};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{Column, DFSchema, DFSchemaRef, Result, TableReference, internal_err, plan_err};
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
    /// What the call gave, the names and the roles of the arguments among it. Settings of the session come when it runs.
    pub options: Options,
    /// Columns of which each distinct combination has an answer of its own.
    pub by: Vec<Column>,
    /// What these are called in the answer.
    pub labels: Vec<String>,
    /// The statistic's arguments, columns of the query; `None` for the names of [`Statistic::terms`].
    pub arguments: Vec<Option<Column>>,
    /// How the answer becomes rows.
    pub gives: Gives,
    /// What names rows, where something does: the argument's place and what it is called.
    pub id: Option<(usize, String)>,
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
    /// What the answer's columns are called.
    schema: DFSchemaRef,
}

/// A statistic over a query whose types are known.
pub struct Typed {
    /// Places in the query of the columns that make groups.
    pub by: Vec<usize>,
    /// Places of the arguments, and the types that they are brought to; `None` for the names of terms.
    pub arguments: Vec<Option<(usize, DataType)>>,
    /// The columns of the answer, with where each comes from.
    pub columns: Vec<(Output, Field)>,
}

/// Where columns stand in a schema. A schema itself looks for each from its first column on.
struct Places<'a>(HashMap<(Option<&'a TableReference>, &'a str), usize>);

impl<'a> Places<'a> {
    /// Those of a schema.
    fn of(schema: &'a DFSchema) -> Self {
        let columns = schema.iter().enumerate();
        Self(columns.map(|(i, (table, f))| ((table, f.name().as_str()), i)).collect())
    }

    /// Where a column stands.
    ///
    /// # Errors
    /// When it is not there, which is a fault of a plan.
    fn find(&self, column: &Column) -> Result<usize> {
        match self.0.get(&(column.relation.as_ref(), column.name.as_str())) {
            Some(place) => Ok(*place),
            None => internal_err!("a statistic's column {column} is not in its query"),
        }
    }
}

impl Statistic {
    /// A question of these queries.
    ///
    /// # Errors
    /// When a column has a type that its role cannot have, or two columns of the answer would have one name.
    pub fn try_new(question: Arc<Question>, input: LogicalPlan, terms: Option<LogicalPlan>) -> Result<Self> {
        let columns = question.over(input.schema())?.columns;
        let fields = columns.into_iter().map(|(_, f)| f).collect();
        let schema = Arc::new(DFSchema::from_unqualified_fields(fields, HashMap::new())?);
        Ok(Self {
            question,
            input,
            terms,
            schema,
        })
    }
}

impl Question {
    /// The types that columns of such a query have and get. They may change on a plan's way: those of UNION are settled
    /// late, and those of parameters when they are given.
    ///
    /// # Errors
    /// As [`Statistic::try_new`].
    pub fn over(&self, query: &DFSchema) -> Result<Typed> {
        let function = self.function;
        let places = Places::of(query);
        let by: Vec<usize> = self.by.iter().map(|c| places.find(c)).collect::<Result<_>>()?;
        let mut arguments = Vec::with_capacity(self.arguments.len());
        for ((column, role), name) in self.arguments.iter().zip(&self.options.roles).zip(&self.options.names) {
            let Some(column) = column else {
                arguments.push(None);
                continue;
            };
            let place = places.find(column)?;
            let found = query.field(place).data_type();
            match role.coerce(found) {
                Ok(wanted) => arguments.push(Some((place, wanted))),
                Err(expected) => {
                    let what = role.name().trim_end_matches(", ...");
                    return plan_err!("{function}: column '{name}' ({what}) must be {expected}; found {found}");
                }
            }
        }
        let id = self.id.as_ref().and_then(|(argument, label)| {
            let (place, _) = arguments.get(*argument)?.as_ref()?;
            Some((label.clone(), query.field(*place).data_type().clone()))
        });
        let answer = outputs(&(self.definition.output)(), self.gives, &id)?;
        check_labels(function, &self.labels, &id, &answer)?;
        let groups = self.labels.iter().zip(&by).enumerate();
        let groups = groups.map(|(i, (label, place))| {
            let t = query.field(*place).data_type().clone();
            (Output::Group(i), Field::new(label, t, true))
        });
        let columns = groups.chain(answer).collect();
        Ok(Typed { by, arguments, columns })
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
        &self.schema
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
            Some(input) if terms.is_some() == self.terms.is_some() => {
                Self::try_new(Arc::clone(&self.question), input, terms)
            }
            _ => internal_err!("a statistic without its queries"),
        }
    }

    /// All that is asked of is needed, whichever part of the answer is.
    fn necessary_children_exprs(&self, _: &[usize]) -> Option<Vec<Vec<usize>>> {
        let places = Places::of(self.input.schema());
        let columns = self.question.by.iter().chain(self.question.arguments.iter().flatten());
        let mut needed: Vec<usize> = columns.map(|c| places.find(c).ok()).collect::<Option<_>>()?;
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
        write!(f, "]")?;
        self.options
            .settings()
            .try_for_each(|(name, value)| write!(f, ", {name}={value}"))
    }
}
