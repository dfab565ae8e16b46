//! Relation functions: what `name((query), argument => value, ...)` takes and gives, over the statistic that it asks for.
//!
//! A relation function asks for a statistic of its query's rows, whose answer is taken apart into rows. All that its
//! planner has to know stands here, so that a function is one file, and one line in [`super::RELATIONS`].

use super::role::Role;
use super::statistic::Definition;
use crate::doc::Doc;

/// A relation function.
pub struct Relation {
    /// Its documentation; the arguments that it lists are those of `takes`.
    pub doc: Doc,
    /// The statistic that it asks for.
    pub statistic: &'static Definition,
    /// Its named arguments.
    pub takes: &'static [Takes],
    /// How the answer becomes rows.
    pub gives: Gives,
}

/// A named argument, or the columns that none names.
#[derive(Debug, Clone, Copy)]
pub enum Takes {
    /// A column that must be given.
    Column(&'static str, Role),
    /// A column that may be given.
    Optional(&'static str, Role),
    /// A column or a list of columns that must be given.
    Columns(&'static str, Role),
    /// A column or a list of columns that may be given.
    OptionalColumns(&'static str, Role),
    /// Columns that may be given; without the argument every column with no other role.
    ColumnsOrRest(&'static str, Role),
    /// Every column with no other role; at least one.
    Rest,
    /// `terms`: a list of names, or a query that gives them: which of the covariates are meant.
    Terms,
    /// `new`: a query whose rows are those to predict for; it has the same covariates.
    New,
    /// `by`: a column or a list of columns; one answer a group.
    By,
    /// A value.
    Setting(&'static str, Setting),
    /// A value that must be given.
    Required(&'static str, Setting),
}

impl Takes {
    /// The argument's name; none for the columns that are left.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Column(name, _)
            | Self::Optional(name, _)
            | Self::Columns(name, _)
            | Self::OptionalColumns(name, _)
            | Self::ColumnsOrRest(name, _)
            | Self::Setting(name, _)
            | Self::Required(name, _) => Some(name),
            Self::Rest => None,
            Self::Terms => Some("terms"),
            Self::New => Some("new"),
            Self::By => Some("by"),
        }
    }
}

/// What a value must be.
#[derive(Debug, Clone, Copy)]
pub enum Setting {
    /// A number for which the condition holds; in words what is expected.
    Number(fn(f64) -> bool, &'static str),
    /// A number or a list of numbers for each of which the condition holds.
    Numbers(fn(f64) -> bool, &'static str),
    /// A whole number, 0 or more.
    Whole,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A number for which the condition holds, or one of these words.
    NumberOr(fn(f64) -> bool, &'static [&'static str]),
    /// true or false.
    Truth,
}

/// How an answer becomes rows.
#[derive(Debug, Clone, Copy)]
pub enum Gives {
    /// A struct is one row. Structs within it become columns `outer_inner`; fields named here are left out.
    Row(&'static [&'static str]),
    /// A list of structs is a row each.
    Rows,
    /// A list of structs in this field of a struct is a row each; these other fields stand beside every row.
    RowsOf(&'static str, &'static [&'static str]),
}

/// Two lists of arguments as one; `N` is the number of both together.
pub const fn joined<const N: usize>(first: &[Takes], second: &[Takes]) -> [Takes; N] {
    let mut all = [Takes::Rest; N];
    let mut place = 0;
    while place < N {
        all[place] = if place < first.len() {
            first[place]
        } else {
            second[place - first.len()]
        };
        place += 1;
    }
    all
}

/// Level of confidence intervals, as every function takes it.
pub const CONF_LEVEL: Takes = Takes::Setting(
    "conf_level",
    Setting::Number(|v| v > 0.0 && v < 1.0, "a number between 0 and 1, such as 0.95"),
);

/// Whether the variance of a Cox fit is robust.
pub const ROBUST: Takes = Takes::Setting("robust", Setting::Truth);

/// A seed, as every function takes it.
pub const SEED: Takes = Takes::Setting("seed", Setting::Whole);

/// Documentation of arguments that many functions take.
pub mod says {
    /// The query.
    pub const QUERY: (&str, &str) = ("query", "a query in parentheses, or a table's name");
    /// Time.
    pub const TIME: (&str, &str) = (
        "time",
        "column: time of the event or of the end of observation, 0 or more",
    );
    /// Event.
    pub const EVENT: (&str, &str) = ("event", "column: whether the event came, BOOLEAN or 0/1");
    /// What names a row.
    pub const ID: (&str, &str) = ("id", "column: what names the row; it keeps its name and type");
    /// Start.
    pub const START: (&str, &str) = (
        "start",
        "column: start of the interval (start, time], for left truncation and covariates that change",
    );
    /// Ties.
    pub const TIES: (&str, &str) = ("ties", "'efron', 'breslow' or 'exact'; without it `radsql.cox_ties`");
    /// Strata.
    pub const STRATA: (&str, &str) = (
        "strata",
        "column or list of columns: strata with a baseline hazard of their own",
    );
    /// Weights.
    pub const WEIGHTS: (&str, &str) = ("weights", "column: case weights, above 0");
    /// Clusters.
    pub const CLUSTER: (&str, &str) = (
        "clusters",
        "column or list of columns: rows with one value are no independent observations, and standard errors are robust",
    );
    /// Robust variance.
    pub const ROBUST: (&str, &str) = (
        "robust",
        "true or false: standard errors from each row's influence on the coefficients (Lin and Wei 1989); without it \
         where clusters or weights that are not whole numbers are given",
    );
    /// Confidence level.
    pub const CONF_LEVEL: (&str, &str) = ("conf_level", "level of the intervals; without it `radsql.conf_level`");
    /// Groups.
    pub const BY: (&str, &str) = (
        "by",
        "column or list of columns: one answer a group, groups in their order; rows without a value are a group, the last",
    );
    /// Covariates that are meant.
    pub const TERMS: (&str, &str) = (
        "terms",
        "a list of names, or a query that gives names (rows of text, or one list): only these columns, fields and list \
         elements of the query are covariates; without it all that have no other role",
    );
    /// Seed.
    pub const SEED: (&str, &str) = ("seed", "a whole number; without it `radsql.seed`");
}
