//! One commit: a snapshot and all that changes with it, in one transaction of the catalog.

use super::create::{ColumnRow, columns_of};
use super::error::{LakeError, Result};
use super::rows::none_inlined;
use super::types::Column;
use super::write::NewFile;
use datafusion_ducklake::ColumnStat;
use datafusion_ducklake::stats_encode::{FileColumnStat, aggregate_global_column_stats, is_numeric_ducklake_type};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

/// What a snapshot says of itself.
#[derive(Debug, Clone, Default)]
pub struct Note {
    /// The statement.
    pub statement: Option<String>,
    /// Who ran it, where that is known.
    pub author: Option<String>,
}

/// A commit that is being made. Dropped, it changes nothing.
pub struct Commit<'c> {
    transaction: Transaction<'c>,
    database: &'c Path,
    /// The snapshot that it makes.
    pub snapshot: i64,
    schema_version: i64,
    next_catalog: i64,
    next_file: i64,
    changes: Vec<String>,
    /// Tables whose columns change.
    altered: BTreeSet<i64>,
    changes_schema: bool,
}

/// A table that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRow {
    /// Its number.
    pub id: i64,
    /// Its name, as it was written.
    pub name: String,
    /// Its folder, below its schema's.
    pub path: String,
}

impl<'c> Commit<'c> {
    /// Begins: nobody else commits until it ends.
    ///
    /// # Errors
    /// When another process commits for longer than we wait.
    pub fn begin(connection: &'c mut Connection, database: &'c Path) -> Result<Self> {
        let sql = |e| LakeError::Catalog(database.to_owned(), e);
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sql)?;
        let (last, schema_version, next_catalog, next_file): (i64, i64, i64, i64) = transaction
            .query_row(
                "SELECT snapshot_id, schema_version, next_catalog_id, next_file_id FROM ducklake_snapshot
                 ORDER BY snapshot_id DESC LIMIT 1",
                [],
                |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)),
            )
            .map_err(sql)?;
        transaction
            .execute(
                "INSERT INTO ducklake_snapshot (snapshot_id, snapshot_time, schema_version, next_catalog_id, next_file_id)
                 VALUES (?1, strftime('%Y-%m-%d %H:%M:%f', 'now'), ?2, ?3, ?4)",
                params![last + 1, schema_version, next_catalog, next_file],
            )
            .map_err(sql)?;
        Ok(Self {
            transaction,
            database,
            snapshot: last + 1,
            schema_version,
            next_catalog,
            next_file,
            changes: vec![],
            altered: BTreeSet::new(),
            changes_schema: false,
        })
    }

    fn sql(&self, e: rusqlite::Error) -> LakeError {
        LakeError::Catalog(self.database.to_owned(), e)
    }

    /// Runs a statement on the catalog.
    ///
    /// # Errors
    /// SQLite's.
    pub fn execute(&self, text: &str, values: impl rusqlite::Params) -> Result<usize> {
        let mut statement = self.transaction.prepare_cached(text).map_err(|e| self.sql(e))?;
        statement.execute(values).map_err(|e| self.sql(e))
    }

    /// The first row of a query on the catalog.
    ///
    /// # Errors
    /// SQLite's.
    pub fn one<T>(
        &self,
        text: &str,
        values: impl rusqlite::Params,
        row: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let mut statement = self.transaction.prepare_cached(text).map_err(|e| self.sql(e))?;
        statement.query_row(values, row).optional().map_err(|e| self.sql(e))
    }

    /// A number for a table, view, schema or object.
    pub fn catalog_id(&mut self) -> i64 {
        self.next_catalog += 1;
        self.next_catalog - 1
    }

    /// Says what the commit does, in the format's words.
    pub fn changed(&mut self, what: String) {
        self.changes.push(what);
    }

    /// Says that the names or columns of the catalog change, those of `table` among them.
    pub fn changes_schema(&mut self, table: Option<i64>) {
        self.changes_schema = true;
        self.altered.extend(table);
    }

    /// The number and the folder of a schema.
    ///
    /// # Errors
    /// When there is none.
    pub fn schema(&self, name: &str) -> Result<(i64, String)> {
        let found = self.one(
            "SELECT schema_id, path FROM ducklake_schema WHERE schema_name = ?1 AND end_snapshot IS NULL",
            [name],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )?;
        found.ok_or_else(|| LakeError::Refused(format!("there is no schema '{name}'")))
    }

    /// A table by its name.
    ///
    /// # Errors
    /// SQLite's.
    pub fn table(&self, schema: i64, name: &str) -> Result<Option<TableRow>> {
        self.one(
            "SELECT table_id, table_name, path FROM ducklake_table WHERE schema_id = ?1 AND table_name = ?2 AND end_snapshot IS NULL
             AND begin_snapshot <= ?3",
            params![schema, name, self.snapshot],
            |r| {
                Ok(TableRow {
                    id: r.get(0)?,
                    name: r.get(1)?,
                    path: r.get(2)?,
                })
            },
        )
    }

    /// What else has a name in a schema, whatever its capitals: `table`, `view`, or the kind of an object; and how it is written.
    ///
    /// # Errors
    /// SQLite's.
    pub fn named(&self, schema: i64, name: &str) -> Result<Option<(String, String)>> {
        self.one(
            "SELECT kind, name FROM (
                SELECT 'table' AS kind, table_name AS name FROM ducklake_table
                WHERE schema_id = ?1 AND end_snapshot IS NULL AND begin_snapshot <= ?3
                UNION ALL
                SELECT 'view', view_name FROM ducklake_view WHERE schema_id = ?1 AND end_snapshot IS NULL
                UNION ALL
                SELECT 'external table', name FROM radsql_object WHERE schema_id = ?1 AND kind = 'table' AND end_snapshot IS NULL
             ) WHERE lower(name) = lower(?2) ORDER BY name = ?2 DESC",
            params![schema, name, self.snapshot],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )
    }

    /// The columns of a table as they are now.
    ///
    /// # Errors
    /// SQLite's.
    pub fn columns(&self, table: i64) -> Result<Vec<ColumnRow>> {
        columns_of(&self.transaction, table).map_err(|e| self.sql(e))
    }

    /// That a table is there still, with the columns that were read.
    ///
    /// # Errors
    /// [`LakeError::Conflict`] when it is not.
    pub fn is_as_it_was(&self, table: i64, name: &str, columns: &[ColumnRow]) -> Result<()> {
        let live = "SELECT 1 FROM ducklake_table WHERE table_id = ?1 AND end_snapshot IS NULL";
        let is_there = self.one(live, [table], |_| Ok(()))?.is_some();
        none_inlined(&self.transaction, table, name)?;
        match is_there && self.columns(table)?.iter().eq(columns) {
            true => Ok(()),
            false => Err(LakeError::Conflict(name.to_owned())),
        }
    }

    /// Deletes the rows of a data file that another file lists, those that were deleted before among them, in the place of the one that
    /// lists these now; all rows without.
    ///
    /// # Errors
    /// [`LakeError::Conflict`] when either is another one meanwhile.
    pub fn delete_rows(&mut self, table: i64, (file, before): (i64, Option<i64>), by: Option<&NewFile>) -> Result<()> {
        let live =
            "SELECT 1 FROM ducklake_data_file WHERE data_file_id = ?1 AND table_id = ?2 AND end_snapshot IS NULL";
        let is_there = self.one(live, [file, table], |_| Ok(()))?.is_some();
        let listed = "SELECT delete_file_id FROM ducklake_delete_file WHERE data_file_id = ?1 AND end_snapshot IS NULL";
        if !is_there || self.one(listed, [file], |r| r.get(0))? != before {
            return Err(LakeError::Conflict(file.to_string()));
        }
        self.execute(
            "UPDATE ducklake_delete_file SET end_snapshot = ?1 WHERE data_file_id = ?2 AND end_snapshot IS NULL",
            [self.snapshot, file],
        )?;
        let Some(by) = by else {
            let end = "UPDATE ducklake_data_file SET end_snapshot = ?1 WHERE data_file_id = ?2";
            return self.execute(end, [self.snapshot, file]).map(|_| ());
        };
        let id = self.next_file;
        self.next_file += 1;
        self.execute(
            "INSERT INTO ducklake_delete_file (delete_file_id, table_id, begin_snapshot, data_file_id, path, path_is_relative, format,
                 delete_count, file_size_bytes, footer_size) VALUES (?1, ?2, ?3, ?4, ?5, 1, 'parquet', ?6, ?7, ?8)",
            params![id, table, self.snapshot, file, by.name, by.rows, by.bytes, by.footer],
        )?;
        Ok(())
    }

    /// Adds the rows of files to a table.
    ///
    /// # Errors
    /// SQLite's.
    pub fn add_files(&mut self, table: i64, files: &[NewFile]) -> Result<()> {
        self.execute(
            "INSERT INTO ducklake_table_stats SELECT ?1, 0, 0, 0
             WHERE NOT EXISTS (SELECT 1 FROM ducklake_table_stats WHERE table_id = ?1)",
            [table],
        )?;
        let next = "SELECT next_row_id FROM ducklake_table_stats WHERE table_id = ?1";
        let mut row: i64 = self.one(next, [table], |r| r.get(0))?.unwrap_or_default();
        for file in files {
            let id = self.next_file;
            self.next_file += 1;
            self.execute(
                "INSERT INTO ducklake_data_file (data_file_id, table_id, begin_snapshot, path, path_is_relative, file_format,
                     record_count, file_size_bytes, footer_size, row_id_start)
                 VALUES (?1, ?2, ?3, ?4, 1, 'parquet', ?5, ?6, ?7, ?8)",
                params![id, table, self.snapshot, file.name, file.rows, file.bytes, file.footer, row],
            )?;
            for s in &file.statistics {
                self.execute(
                    "INSERT INTO ducklake_file_column_stats (data_file_id, table_id, column_id, column_size_bytes, value_count,
                         null_count, min_value, max_value, contains_nan) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                    params![
                        id, table, s.column_id, s.column_size_bytes, s.value_count, s.null_count, s.min_value, s.max_value,
                        s.contains_nan
                    ],
                )?;
            }
            row += file.rows;
            self.execute(
                "UPDATE ducklake_table_stats SET record_count = record_count + ?2, next_row_id = ?3,
                     file_size_bytes = file_size_bytes + ?4 WHERE table_id = ?1",
                params![table, file.rows, row, file.bytes],
            )?;
        }
        self.widen(table, files)
    }

    /// The statistics of a whole table take those of new files in.
    fn widen(&self, table: i64, files: &[NewFile]) -> Result<()> {
        let columns = files.first().map_or(&[][..], |f| &f.statistics);
        let names: Vec<&str> = files.iter().map(|f| f.name.as_str()).collect();
        // Rows of before, which a column that came later or another program may have told nothing of.
        let mut others = 0;
        {
            let text = "SELECT path FROM ducklake_data_file WHERE table_id = ?1 AND end_snapshot IS NULL";
            let mut statement = self.transaction.prepare_cached(text).map_err(|e| self.sql(e))?;
            let paths = statement
                .query_map([table], |r| r.get::<_, String>(0))
                .map_err(|e| self.sql(e))?;
            for path in paths {
                others += i32::from(!names.contains(&path.map_err(|e| self.sql(e))?.as_str()));
            }
        }
        for column in columns {
            let id = column.column_id;
            let kind: String = self
                .one(
                    "SELECT column_type FROM ducklake_column WHERE table_id = ?1 AND column_id = ?2 AND end_snapshot IS NULL",
                    [table, id],
                    |r| r.get(0),
                )?
                .unwrap_or_default();
            let before = self.one(
                "SELECT min_value, max_value, contains_null, contains_nan FROM ducklake_table_column_stats
                 WHERE table_id = ?1 AND column_id = ?2",
                [table, id],
                |r| {
                    Ok(FileColumnStat {
                        column_id: id,
                        min_value: r.get(0)?,
                        max_value: r.get(1)?,
                        null_count: r.get::<_, Option<bool>>(2)?.map(i64::from),
                        contains_nan: r.get(3)?,
                    })
                },
            )?;
            let own = |s: &&ColumnStat| s.column_id == id;
            let new = files.iter().filter_map(|f| f.statistics.iter().find(own));
            let mut all: Vec<FileColumnStat> = new
                .map(|s| FileColumnStat {
                    column_id: id,
                    min_value: s.min_value.clone(),
                    max_value: s.max_value.clone(),
                    null_count: s.null_count,
                    contains_nan: s.contains_nan,
                })
                .collect();
            if before.is_none() && others > 0 {
                // Nothing is known of the whole table.
                continue;
            }
            all.extend(before);
            let count = all.len() as i64;
            for s in aggregate_global_column_stats(&all, count, |_| is_numeric_ducklake_type(&kind)) {
                self.execute(
                    "DELETE FROM ducklake_table_column_stats WHERE table_id = ?1 AND column_id = ?2",
                    [table, id],
                )?;
                self.execute(
                    "INSERT INTO ducklake_table_column_stats (table_id, column_id, contains_null, contains_nan, min_value, max_value)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![table, id, s.contains_null, s.contains_nan, s.min_value, s.max_value],
                )?;
            }
        }
        Ok(())
    }

    /// Adds columns, each before those within it.
    ///
    /// # Errors
    /// SQLite's.
    pub fn add_columns(&self, table: i64, columns: &[Column]) -> Result<()> {
        for c in columns {
            self.execute(
                "INSERT INTO ducklake_column (column_id, begin_snapshot, table_id, column_order, column_name, column_type,
                     initial_default, default_value, nulls_allowed, parent_column, default_value_type, default_value_dialect)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                params![
                    c.id,
                    self.snapshot,
                    table,
                    c.order,
                    c.name,
                    c.kind,
                    c.default,
                    c.default,
                    c.nullable,
                    c.parent,
                    c.default.as_ref().map(|_| "literal"),
                    c.default.as_ref().map(|_| "duckdb"),
                ],
            )?;
            if let Some(field) = &c.field {
                self.execute(
                    "INSERT OR REPLACE INTO radsql_column VALUES (?1, ?2, ?3)",
                    params![table, c.id, field],
                )?;
            }
        }
        Ok(())
    }

    /// Writes down where rows come from that the commit brings.
    ///
    /// # Errors
    /// SQLite's.
    pub fn comes_from(&self, table: i64, record: Option<&str>) -> Result<()> {
        if let Some(record) = record {
            self.execute(
                "INSERT INTO radsql_provenance (snapshot_id, object_id, record) VALUES (?1, ?2, ?3)",
                params![self.snapshot, table, record],
            )?;
        }
        Ok(())
    }

    /// Ends a table, its columns, files and comments; they stay in the snapshots before.
    ///
    /// # Errors
    /// SQLite's.
    pub fn end_table(&mut self, table: i64) -> Result<()> {
        for part in [
            "table",
            "column",
            "column_tag",
            "data_file",
            "delete_file",
            "partition_info",
            "sort_info",
        ] {
            let text =
                format!("UPDATE ducklake_{part} SET end_snapshot = ?1 WHERE table_id = ?2 AND end_snapshot IS NULL");
            self.execute(&text, [self.snapshot, table])?;
        }
        self.end_tags(table)?;
        self.changes_schema(None);
        self.changed(format!("dropped_table:{table}"));
        Ok(())
    }

    /// Ends the comment of a table or view.
    ///
    /// # Errors
    /// SQLite's.
    pub fn end_tags(&self, object: i64) -> Result<()> {
        let text = "UPDATE ducklake_tag SET end_snapshot = ?1 WHERE object_id = ?2 AND end_snapshot IS NULL";
        self.execute(text, [self.snapshot, object]).map(|_| ())
    }

    /// Makes it so: from here on everybody sees it, and it stays.
    ///
    /// # Errors
    /// SQLite's; then nothing has changed.
    pub fn finish(self, note: &Note) -> Result<i64> {
        let version = self.schema_version + i64::from(self.changes_schema);
        self.execute(
            "UPDATE ducklake_snapshot SET schema_version = ?2, next_catalog_id = max(next_catalog_id, ?3),
                 next_file_id = max(next_file_id, ?4) WHERE snapshot_id = ?1",
            params![self.snapshot, version, self.next_catalog, self.next_file],
        )?;
        for table in &self.altered {
            self.execute(
                "INSERT INTO ducklake_schema_versions (begin_snapshot, schema_version, table_id) VALUES (?1, ?2, ?3)",
                params![self.snapshot, version, table],
            )?;
        }
        self.execute(
            "INSERT INTO ducklake_snapshot_changes (snapshot_id, changes_made, author, commit_message) VALUES (?1, ?2, ?3, ?4)",
            params![
                self.snapshot,
                self.changes.join(","),
                note.author,
                note.statement.as_deref().map(shortened)
            ],
        )?;
        let (snapshot, database) = (self.snapshot, self.database);
        self.transaction
            .commit()
            .map_err(|e| LakeError::Unsure(database.to_owned(), e))?;
        Ok(snapshot)
    }
}

/// Bytes of a statement that a snapshot keeps.
const LONGEST_STATEMENT: usize = 1 << 16;

/// The beginning of a statement that lists its rows.
fn shortened(text: &str) -> Cow<'_, str> {
    match text.len() > LONGEST_STATEMENT {
        true => format!(
            "{}... ({} bytes)",
            &text[..text.floor_char_boundary(LONGEST_STATEMENT)],
            text.len()
        )
        .into(),
        false => text.into(),
    }
}

/// An identity, as SQLite makes one: a random UUID.
pub const UUID: &str = "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8' \
                        || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))";

/// A name in the words of a snapshot's changes.
pub fn quoted(schema: &str, name: &str) -> String {
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    format!("{}.{}", quote(schema), quote(name))
}
