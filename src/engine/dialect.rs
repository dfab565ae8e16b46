//! The dialect of statements: DuckDB's, with versions of tables.

use datafusion::sql::sqlparser::dialect::{Dialect, DuckDbDialect};
use std::any::TypeId;

/// DuckDB's dialect, in which `t AT (VERSION => 3)` is a table as it was.
#[derive(Debug, Clone, Copy, Default)]
pub struct RadsqlDialect;

const BASE: DuckDbDialect = DuckDbDialect {};

macro_rules! as_duckdb {
    ($($name:ident),* $(,)?) => { $(fn $name(&self) -> bool { BASE.$name() })* };
}

impl Dialect for RadsqlDialect {
    /// What the parser asks of dialects by name is DuckDB's.
    fn dialect(&self) -> TypeId {
        TypeId::of::<DuckDbDialect>()
    }

    fn is_identifier_start(&self, c: char) -> bool {
        BASE.is_identifier_start(c)
    }

    fn is_identifier_part(&self, c: char) -> bool {
        BASE.is_identifier_part(c)
    }

    fn supports_table_versioning(&self) -> bool {
        true
    }

    fn supports_comment_on(&self) -> bool {
        true
    }

    as_duckdb!(
        supports_trailing_commas,
        supports_filter_during_aggregation,
        supports_group_by_expr,
        supports_bitwise_shift_operators,
        supports_named_fn_args_with_eq_operator,
        supports_named_fn_args_with_assignment_operator,
        supports_dictionary_syntax,
        support_map_literal_syntax,
        supports_lambda_functions,
        allow_extract_single_quotes,
        supports_explain_with_utility_options,
        supports_load_extension,
        supports_array_typedef_with_brackets,
        supports_from_first_select,
        supports_order_by_all,
        supports_select_wildcard_exclude,
        supports_notnull_operator,
        supports_install,
        supports_detach,
        supports_select_wildcard_replace,
        supports_comma_separated_trim,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::sql::sqlparser::parser::Parser;

    #[test]
    fn versions_and_all_that_duckdb_has() {
        for sql in [
            "SELECT * FROM t AT (VERSION => 3)",
            "SELECT * FROM a.b AT (TIMESTAMP => '2026-11-26 12:00:00') AS old JOIN t ON true",
            "SELECT * FROM t VERSION AS OF 3",
            "FROM t SELECT * EXCLUDE (a)",
            "SELECT f(a => 1, b := 2), {a: 1}, [x -> x + 1]",
            "ATTACH 'other.db' AS x",
            "DETACH x",
            "COMMENT ON COLUMN t.a IS 'mm'",
            "SELECT * FROM t ORDER BY ALL",
        ] {
            Parser::parse_sql(&RadsqlDialect, sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
        }
        // AT stays a name where no version follows it.
        Parser::parse_sql(&RadsqlDialect, "SELECT at FROM t ORDER BY at").unwrap();
    }
}
