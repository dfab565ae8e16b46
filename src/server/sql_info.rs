//! What the server can do, as GetSqlInfo tells it: every code of the specification, each of the type that it asks for.

use arrow_flight::sql::metadata::{SqlInfoData, SqlInfoDataBuilder};
use arrow_flight::sql::metadata::{XdbcTypeInfo, XdbcTypeInfoData, XdbcTypeInfoDataBuilder};
use arrow_flight::sql::{
    Nullable, Searchable, SqlInfo, SqlNullOrdering, SqlOuterJoinsSupportLevel, SqlSupportedCaseSensitivity,
    SqlSupportedGroupBy, SqlSupportedSubqueries, SqlSupportedTransaction, SqlSupportedUnions, SupportedSqlGrammar,
    XdbcDataType, XdbcDatetimeSubcode,
};
use datafusion::prelude::SessionContext;
use datafusion::sql::sqlparser::keywords::{ALL_KEYWORDS, RESERVED_FOR_COLUMN_ALIAS, RESERVED_FOR_TABLE_ALIAS};
use std::collections::BTreeMap;

/// All answers of a server whose sessions are like `context`.
///
/// # Errors
/// None; the library may refuse a value.
pub fn data(context: &SessionContext, statement_bytes: usize) -> Result<SqlInfoData, arrow_flight::error::FlightError> {
    use SqlInfo as I;
    let bit = |ordinal: i32| 1_i32 << ordinal;
    let mut b = SqlInfoDataBuilder::new();
    b.append(I::FlightSqlServerName, "radsql");
    b.append(I::FlightSqlServerVersion, env!("CARGO_PKG_VERSION"));
    b.append(I::FlightSqlServerArrowVersion, "1.3");
    b.append(I::FlightSqlServerReadOnly, false);
    b.append(I::FlightSqlServerSql, true);
    b.append(I::FlightSqlServerSubstrait, false);
    b.append(I::FlightSqlServerSubstraitMinVersion, "");
    b.append(I::FlightSqlServerSubstraitMaxVersion, "");
    b.append(I::FlightSqlServerTransaction, SqlSupportedTransaction::None as i32);
    b.append(I::FlightSqlServerCancel, true);
    b.append(I::FlightSqlServerBulkIngestion, true);
    b.append(I::FlightSqlServerIngestTransactionsSupported, false);
    b.append(I::FlightSqlServerStatementTimeout, 0_i32);
    b.append(I::FlightSqlServerTransactionTimeout, 0_i32);
    b.append(I::SqlDdlCatalog, false);
    b.append(I::SqlDdlSchema, true);
    b.append(I::SqlDdlTable, true);
    // Names are as they are written, quoted or not. The specification has no word for that; unknown is the closest.
    let case = SqlSupportedCaseSensitivity::SqlCaseSensitivityUnknown as i64;
    b.append(I::SqlIdentifierCase, case);
    b.append(I::SqlIdentifierQuoteChar, "\"");
    b.append(I::SqlQuotedIdentifierCase, case);
    b.append(I::SqlAllTablesAreSelectable, true);
    b.append(I::SqlNullOrdering, SqlNullOrdering::SqlNullsSortedHigh as i64);
    b.append(I::SqlKeywords, strings(reserved()));
    let functions = functions(context);
    b.append(I::SqlNumericFunctions, strings(functions.numeric));
    b.append(I::SqlStringFunctions, strings(functions.string));
    b.append(I::SqlSystemFunctions, strings(functions.system));
    b.append(I::SqlDatetimeFunctions, strings(functions.datetime));
    b.append(I::SqlSearchStringEscape, "\\");
    b.append(I::SqlExtraNameCharacters, "");
    b.append(I::SqlSupportsColumnAliasing, true);
    b.append(I::SqlNullPlusNullIsNull, true);
    b.append(I::SqlSupportsConvert, BTreeMap::<i32, Vec<i32>>::new());
    b.append(I::SqlSupportsTableCorrelationNames, true);
    b.append(I::SqlSupportsDifferentTableCorrelationNames, false);
    b.append(I::SqlSupportsExpressionsInOrderBy, true);
    b.append(I::SqlSupportsOrderByUnrelated, true);
    b.append(
        I::SqlSupportedGroupBy,
        bit(SqlSupportedGroupBy::SqlGroupByUnrelated as i32),
    );
    b.append(I::SqlSupportsLikeEscapeClause, true);
    b.append(I::SqlSupportsNonNullableColumns, true);
    b.append(
        I::SqlSupportedGrammar,
        bit(SupportedSqlGrammar::SqlCoreGrammar as i32) | bit(SupportedSqlGrammar::SqlMinimumGrammar as i32),
    );
    b.append(I::SqlAnsi92SupportedLevel, 1_i32);
    b.append(I::SqlSupportsIntegrityEnhancementFacility, false);
    b.append(
        I::SqlOuterJoinsSupportLevel,
        bit(SqlOuterJoinsSupportLevel::SqlFullOuterJoins as i32),
    );
    b.append(I::SqlSchemaTerm, "schema");
    b.append(I::SqlProcedureTerm, "procedure");
    b.append(I::SqlCatalogTerm, "catalog");
    b.append(I::SqlCatalogAtStart, true);
    // In procedure calls, index and privilege definitions: there are none.
    b.append(I::SqlSchemasSupportedActions, 0_i32);
    b.append(I::SqlCatalogsSupportedActions, 0_i32);
    b.append(I::SqlSupportedPositionedCommands, 0_i32);
    b.append(I::SqlSelectForUpdateSupported, false);
    b.append(I::SqlStoredProceduresSupported, false);
    let subqueries = [
        SqlSupportedSubqueries::SqlSubqueriesInComparisons,
        SqlSupportedSubqueries::SqlSubqueriesInExists,
        SqlSupportedSubqueries::SqlSubqueriesInIns,
    ];
    b.append(
        I::SqlSupportedSubqueries,
        subqueries.into_iter().fold(0, |bits, s| bits | bit(s as i32)),
    );
    b.append(I::SqlCorrelatedSubqueriesSupported, true);
    let unions = bit(SqlSupportedUnions::SqlUnion as i32) | bit(SqlSupportedUnions::SqlUnionAll as i32);
    b.append(I::SqlSupportedUnions, unions);
    // 0 means no limit, or that it is not known.
    let unlimited = [
        I::SqlMaxBinaryLiteralLength,
        I::SqlMaxCharLiteralLength,
        I::SqlMaxColumnNameLength,
        I::SqlMaxColumnsInGroupBy,
        I::SqlMaxColumnsInIndex,
        I::SqlMaxColumnsInOrderBy,
        I::SqlMaxColumnsInSelect,
        I::SqlMaxColumnsInTable,
        I::SqlMaxConnections,
        I::SqlMaxCursorNameLength,
        I::SqlMaxIndexLength,
        I::SqlDbSchemaNameLength,
        I::SqlMaxProcedureNameLength,
        I::SqlMaxCatalogNameLength,
        I::SqlMaxRowSize,
        I::SqlMaxStatements,
        I::SqlMaxTableNameLength,
        I::SqlMaxTablesInSelect,
    ];
    for code in unlimited {
        b.append(code, 0_i64);
    }
    b.append(I::SqlMaxRowSizeIncludesBlobs, true);
    b.append(
        I::SqlMaxStatementLength,
        i64::try_from(statement_bytes).unwrap_or(i64::MAX),
    );
    b.append(I::SqlMaxUsernameLength, 64_i64);
    b.append(I::SqlDefaultTransactionIsolation, 0_i64);
    b.append(I::SqlTransactionsSupported, false);
    b.append(I::SqlSupportedTransactionsIsolationLevels, bit(0));
    b.append(I::SqlDataDefinitionCausesTransactionCommit, true);
    b.append(I::SqlDataDefinitionsInTransactionsIgnored, false);
    // Unspecified and forward only.
    b.append(I::SqlSupportedResultSetTypes, bit(0) | bit(1));
    // Read only.
    b.append(I::SqlSupportedConcurrenciesForResultSetUnspecified, bit(1));
    b.append(I::SqlSupportedConcurrenciesForResultSetForwardOnly, bit(1));
    b.append(I::SqlSupportedConcurrenciesForResultSetScrollSensitive, 0_i32);
    b.append(I::SqlSupportedConcurrenciesForResultSetScrollInsensitive, 0_i32);
    b.append(I::SqlBatchUpdatesSupported, true);
    b.append(I::SqlSavepointsSupported, false);
    b.append(I::SqlNamedParametersSupported, true);
    b.append(I::SqlLocatorsUpdateCopy, false);
    b.append(I::SqlStoredFunctionsUsingCallSyntaxSupported, false);
    b.build()
}

fn strings(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names.dedup();
    names
}

/// Words that a name must be quoted for.
fn reserved() -> Vec<String> {
    let words = RESERVED_FOR_COLUMN_ALIAS.iter().chain(RESERVED_FOR_TABLE_ALIAS);
    words
        .filter_map(|word| {
            let text = format!("{word:?}");
            ALL_KEYWORDS.contains(&text.as_str()).then_some(text)
        })
        .collect()
}

#[derive(Default)]
struct Functions {
    numeric: Vec<String>,
    string: Vec<String>,
    datetime: Vec<String>,
    system: Vec<String>,
}

/// The session's functions by what their documentation says they are for; ours are of the system.
fn functions(context: &SessionContext) -> Functions {
    let state = context.state();
    let mut found = Functions::default();
    for (name, function) in state.scalar_functions() {
        let section = function.documentation().map(|d| d.doc_section.label);
        let list = match section {
            Some(label) if label.contains("Math") => &mut found.numeric,
            Some(label) if label.contains("String") || label.contains("Regular") => &mut found.string,
            Some(label) if label.contains("Time") => &mut found.datetime,
            _ => &mut found.system,
        };
        list.push(name.clone());
    }
    found.system.extend(state.aggregate_functions().keys().cloned());
    found
}

/// The types of columns, as GetXdbcTypeInfo tells them.
///
/// # Errors
/// None; the library may refuse a value.
pub fn types() -> Result<XdbcTypeInfoData, arrow_flight::error::FlightError> {
    use XdbcDataType as T;
    // Name, code, digits or characters, what a literal stands between, what its definition takes, radix.
    type Row = (
        &'static str,
        XdbcDataType,
        Option<i32>,
        Option<&'static str>,
        &'static [&'static str],
        Option<i32>,
    );
    let rows: [Row; 14] = [
        ("BOOLEAN", T::XdbcBit, Some(1), None, &[], None),
        ("TINYINT", T::XdbcTinyint, Some(3), None, &[], Some(10)),
        ("SMALLINT", T::XdbcSmallint, Some(5), None, &[], Some(10)),
        ("INTEGER", T::XdbcInteger, Some(10), None, &[], Some(10)),
        ("BIGINT", T::XdbcBigint, Some(19), None, &[], Some(10)),
        ("REAL", T::XdbcReal, Some(24), None, &[], Some(2)),
        ("DOUBLE", T::XdbcDouble, Some(53), None, &[], Some(2)),
        (
            "DECIMAL",
            T::XdbcDecimal,
            Some(38),
            None,
            &["precision", "scale"],
            Some(10),
        ),
        ("VARCHAR", T::XdbcVarchar, None, Some("'"), &[], None),
        ("BYTEA", T::XdbcVarbinary, None, Some("'"), &[], None),
        ("DATE", T::XdbcDate, Some(10), Some("'"), &[], None),
        ("TIME", T::XdbcTime, Some(18), Some("'"), &[], None),
        ("TIMESTAMP", T::XdbcTimestamp, Some(29), Some("'"), &[], None),
        ("INTERVAL", T::XdbcInterval, None, Some("'"), &[], None),
    ];
    let mut builder = XdbcTypeInfoDataBuilder::new();
    for (name, code, size, quote, parameters, radix) in rows {
        let is_number = radix.is_some();
        builder.append(XdbcTypeInfo {
            type_name: name.into(),
            data_type: code,
            column_size: size,
            literal_prefix: quote.map(String::from),
            literal_suffix: quote.map(String::from),
            create_params: (!parameters.is_empty()).then(|| parameters.iter().map(ToString::to_string).collect()),
            nullable: Nullable::NullabilityNullable,
            case_sensitive: code == T::XdbcVarchar,
            searchable: Searchable::Full,
            unsigned_attribute: is_number.then_some(false),
            fixed_prec_scale: false,
            auto_increment: is_number.then_some(false),
            local_type_name: Some(name.into()),
            minimum_scale: (code == T::XdbcDecimal).then_some(0),
            maximum_scale: (code == T::XdbcDecimal).then_some(38),
            sql_data_type: code,
            datetime_subcode: (code == T::XdbcTimestamp).then_some(XdbcDatetimeSubcode::XdbcSubcodeTimestamp),
            num_prec_radix: radix,
            interval_precision: None,
        });
    }
    builder.build()
}
