//! What the catalog says at a snapshot.

use super::Lake;
use super::error::{LakeError, Result};
use super::types;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion_ducklake::types::ducklake_to_arrow_type;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;
use std::sync::Arc;

/// What a name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A table: its number and its folder, below that of the database's files.
    Table { id: i64, folder: String },
    /// A view: its query.
    View { sql: String },
    /// A table over files of others: the statement that makes it.
    External { id: i64, statement: String },
}

/// A name of a schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// The name.
    pub name: String,
    /// Whether it is a view.
    pub is_view: bool,
}

const LIVE: &str = "begin_snapshot <= ?1 AND (end_snapshot IS NULL OR end_snapshot > ?1)";

impl Lake {
    fn sql(&self, e: rusqlite::Error) -> LakeError {
        LakeError::Catalog(self.location.database.clone(), e)
    }

    pub(super) fn query<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        read(&self.reader()).map_err(|e| self.sql(e))
    }

    /// The last snapshot.
    ///
    /// # Errors
    /// SQLite's.
    pub fn head(&self) -> Result<i64> {
        self.query(|c| {
            c.prepare_cached("SELECT max(snapshot_id) FROM ducklake_snapshot")?
                .query_row([], |r| r.get(0))
        })
    }

    /// The last snapshot at or before a time, in UTC.
    ///
    /// # Errors
    /// When there was none, or it is no time.
    pub fn snapshot_at(&self, time: &str) -> Result<i64> {
        let (found, is_time): (Option<i64>, bool) = self.query(|c| {
            c.query_row(
                "SELECT max(snapshot_id), datetime(?1) IS NOT NULL FROM ducklake_snapshot
                 WHERE datetime(snapshot_time, 'subsec') <= datetime(?1, 'subsec')",
                [time],
                |r| Ok((r.get(0)?, r.get(1)?)),
            )
        })?;
        if !is_time {
            return Err(LakeError::Refused(format!(
                "'{time}' is no time; expected one in UTC such as '2026-05-01 09:30:00'"
            )));
        }
        found.ok_or_else(|| LakeError::Refused(format!("the database had no snapshot at '{time}'")))
    }

    /// Whether there is such a snapshot.
    ///
    /// # Errors
    /// SQLite's.
    pub fn has_snapshot(&self, snapshot: i64) -> Result<bool> {
        self.query(|c| {
            c.query_row(
                "SELECT count(*) > 0 FROM ducklake_snapshot WHERE snapshot_id = ?1",
                [snapshot],
                |r| r.get(0),
            )
        })
    }

    /// The names of schemas.
    ///
    /// # Errors
    /// SQLite's.
    pub fn schemas(&self, snapshot: i64) -> Result<Vec<String>> {
        self.query(|c| {
            let mut statement = c.prepare_cached(&format!(
                "SELECT schema_name FROM ducklake_schema WHERE {LIVE} ORDER BY 1"
            ))?;
            statement.query_map([snapshot], |r| r.get(0))?.collect()
        })
    }

    /// The names of a schema.
    ///
    /// # Errors
    /// SQLite's.
    pub fn names(&self, snapshot: i64, schema: &str) -> Result<Vec<Named>> {
        self.query(|c| {
            let mut statement = c.prepare_cached(&format!(
                "WITH s AS (SELECT schema_id FROM ducklake_schema WHERE schema_name = ?2 AND {LIVE})
                 SELECT table_name, 0 FROM ducklake_table WHERE schema_id IN s AND {LIVE}
                 UNION SELECT view_name, 1 FROM ducklake_view WHERE schema_id IN s AND {LIVE}
                 UNION SELECT name, 0 FROM radsql_object WHERE schema_id IN s AND kind = 'table' AND {LIVE} ORDER BY 1"
            ))?;
            let rows = statement.query_map(params![snapshot, schema], |r| {
                Ok(Named {
                    name: r.get(0)?,
                    is_view: r.get(1)?,
                })
            })?;
            rows.collect()
        })
    }

    /// What a name means.
    ///
    /// # Errors
    /// SQLite's.
    pub fn entry(&self, snapshot: i64, schema: &str, name: &str) -> Result<Option<Entry>> {
        self.query(|c| {
            let mut statement = c.prepare_cached(&format!(
                "SELECT schema_id, path FROM ducklake_schema WHERE schema_name = ?2 AND {LIVE}"
            ))?;
            let schema: Option<(i64, String)> = statement
                .query_row(params![snapshot, schema], |r| Ok((r.get(0)?, r.get(1)?)))
                .optional()?;
            let Some((schema, folder)) = schema else {
                return Ok(None);
            };
            let mut statement = c.prepare_cached(&format!(
                "SELECT table_id, path FROM ducklake_table WHERE schema_id = ?2 AND table_name = ?3 AND {LIVE}"
            ))?;
            let table = statement.query_row(params![snapshot, schema, name], |r| {
                Ok(Entry::Table {
                    id: r.get(0)?,
                    folder: format!("{folder}{}", r.get::<_, String>(1)?),
                })
            });
            if let Some(table) = table.optional()? {
                return Ok(Some(table));
            }
            let mut statement = c.prepare_cached(&format!(
                "SELECT sql, column_aliases FROM ducklake_view WHERE schema_id = ?2 AND view_name = ?3 AND {LIVE}"
            ))?;
            let view = statement.query_row(params![snapshot, schema, name], |r| {
                let (sql, aliases): (String, Option<String>) = (r.get(0)?, r.get(1)?);
                // Names of columns that DuckDB keeps beside the query, in quotes.
                let sql = match aliases.filter(|a| !a.is_empty()) {
                    Some(aliases) => format!("SELECT * FROM ({sql}) AS v ({aliases})"),
                    None => sql,
                };
                Ok(Entry::View { sql })
            });
            if let Some(view) = view.optional()? {
                return Ok(Some(view));
            }
            let mut statement = c.prepare_cached(&format!(
                "SELECT object_id, statement FROM radsql_object WHERE schema_id = ?2 AND name = ?3 AND kind = 'table' AND {LIVE}"
            ))?;
            let external = statement.query_row(params![snapshot, schema, name], |r| {
                Ok(Entry::External {
                    id: r.get(0)?,
                    statement: r.get(1)?,
                })
            });
            external.optional()
        })
    }

    /// The statement that made an external table, as its author wrote it.
    ///
    /// # Errors
    /// SQLite's.
    pub fn text_of(&self, object: i64) -> Result<Option<String>> {
        self.query(|c| {
            let mut statement = c.prepare_cached(
                "SELECT c.commit_message FROM radsql_object o JOIN ducklake_snapshot_changes c ON c.snapshot_id = o.begin_snapshot
                 WHERE o.object_id = ?1",
            )?;
            let text = statement.query_row([object], |r| r.get::<_, Option<String>>(0)).optional()?;
            Ok(text.flatten())
        })
    }

    /// Counts changes of names and columns.
    ///
    /// # Errors
    /// SQLite's.
    pub fn schema_version(&self) -> Result<i64> {
        self.query(|c| {
            c.prepare_cached("SELECT coalesce(max(schema_version), 0) FROM ducklake_snapshot")?
                .query_row([], |r| r.get(0))
        })
    }

    /// The columns of a table with Arrow's types; `None` when another program has made or changed it in a way that only the files
    /// tell.
    ///
    /// # Errors
    /// SQLite's.
    pub fn declared(&self, snapshot: i64, table: i64) -> Result<Option<SchemaRef>> {
        type Row = (String, String, Option<bool>, Option<i64>, Option<Vec<u8>>);
        let rows: Vec<Row> = self.query(|c| {
            let mut statement = c.prepare_cached(
                "SELECT c.column_name, c.column_type, c.nulls_allowed, c.parent_column, k.field
                 FROM ducklake_column c LEFT JOIN radsql_column k USING (table_id, column_id)
                 WHERE c.table_id = ?2 AND c.begin_snapshot <= ?1 AND (c.end_snapshot IS NULL OR c.end_snapshot > ?1)
                 ORDER BY c.column_order",
            )?;
            let rows = statement.query_map([snapshot, table], |r| {
                Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?))
            })?;
            rows.collect()
        })?;
        let mut fields = vec![];
        let mut nodes = 0;
        for (name, kind, nullable, _, bytes) in rows.iter().filter(|row| row.3.is_none()) {
            let nullable = nullable.unwrap_or(true);
            let field = match bytes {
                Some(bytes) => types::decode(bytes)?.with_name(name).with_nullable(nullable),
                None => match ducklake_to_arrow_type(kind) {
                    Ok(kind) => Field::new(name, kind, nullable),
                    Err(_) => return Ok(None),
                },
            };
            match types::nodes(&field, kind) {
                Some(count) => nodes += count,
                None => return Ok(None),
            }
            fields.push(field);
        }
        Ok((nodes == rows.len()).then(|| Arc::new(Schema::new(fields)) as SchemaRef))
    }

    /// Values that columns have where a statement gives none, by name.
    ///
    /// # Errors
    /// SQLite's.
    pub fn defaults(&self, snapshot: i64, table: i64) -> Result<HashMap<String, String>> {
        self.query(|c| {
            let mut statement = c.prepare_cached(&format!(
                "SELECT column_name, default_value FROM ducklake_column
                 WHERE table_id = ?2 AND parent_column IS NULL AND default_value IS NOT NULL AND default_value_type = 'literal' AND {LIVE}"
            ))?;
            let rows = statement.query_map([snapshot, table], |r| Ok((r.get(0)?, r.get(1)?)))?;
            rows.collect()
        })
    }
}

/// A table's name with a version behind it, as `AT (VERSION => 3)` makes it.
pub fn split_version(table: &str) -> (&str, Option<&str>) {
    match table.split_once(VERSION) {
        Some((name, version)) => (name, Some(version)),
        None => (table, None),
    }
}

/// What stands between a table's name and a version: no name of a user's has it.
pub const VERSION: char = '\u{1}';
