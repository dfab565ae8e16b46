//! Documentation of SQL functions: one source for the shell's help, `FUNCTIONS.md` and DataFusion's own catalogue.

use datafusion::logical_expr::{DocSection, Documentation};

/// What kind of function it is, and so where it stands in a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One value a row.
    Scalar,
    /// One value a group.
    Aggregate,
    /// Rows, in FROM, over a query.
    Relation,
    /// Rows, in FROM, from literal arguments.
    Table,
}

impl Kind {
    /// The kind as a heading.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Scalar => "Scalar functions",
            Self::Aggregate => "Aggregate functions",
            Self::Relation => "Relation functions",
            Self::Table => "Table functions",
        }
    }
}

/// The documentation of a function. The example is a complete statement that a test runs.
#[derive(Debug, Clone, Copy)]
pub struct Doc {
    /// The SQL name.
    pub name: &'static str,
    /// The kind of function.
    pub kind: Kind,
    /// One sentence.
    pub summary: &'static str,
    /// How it is called.
    pub syntax: &'static str,
    /// Name and meaning of each argument.
    pub arguments: &'static [(&'static str, &'static str)],
    /// What comes back, and what happens to NULL and degenerate input.
    pub returns: &'static str,
    /// A statement that shows it.
    pub example: &'static str,
    /// Paper, IBSI code or R function that it follows.
    pub source: &'static str,
}

impl Doc {
    /// The form that DataFusion's catalogue holds.
    pub fn for_datafusion(&self) -> Documentation {
        let section = DocSection {
            include: true,
            label: self.kind.heading(),
            description: None,
        };
        let description = format!("{} {}", self.summary, self.returns);
        let mut b = Documentation::builder(section, description, self.syntax).with_sql_example(self.example);
        for (name, meaning) in self.arguments {
            b = b.with_argument(*name, *meaning);
        }
        b.build()
    }

    /// A section of `FUNCTIONS.md`.
    pub fn markdown(&self) -> String {
        let mut out = format!(
            "### `{}`\n\n{}\n\n```sql\n{}\n```\n",
            self.name, self.summary, self.syntax
        );
        if !self.arguments.is_empty() {
            out.push('\n');
            for (name, meaning) in self.arguments {
                out.push_str(&format!("- `{name}`: {meaning}\n"));
            }
        }
        out.push_str(&format!(
            "\n{}\n\nExample:\n\n```sql\n{}\n```\n",
            self.returns, self.example
        ));
        if !self.source.is_empty() {
            out.push_str(&format!("\nSource: {}\n", self.source));
        }
        out
    }
}
