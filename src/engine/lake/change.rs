//! Changes of names and columns: schemas, views, tables over files of others, comments, ALTER TABLE, and what is dropped.

use super::commit::{Commit, Note, UUID, quoted};
use super::error::{LakeError, Result};
use super::{Lake, SCHEMA, types};
use crate::engine::TEMPORARY;
use datafusion::arrow::datatypes::{Field, Schema};
use rusqlite::params;

/// Something with a name in a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A table, or one over files of others.
    Table,
    /// A view.
    View,
}

/// A change of a table's columns.
#[derive(Debug, Clone)]
pub enum Alteration {
    /// A new one, NULL or this value in the rows that are there.
    Add {
        /// Its name and type.
        field: Field,
        /// Its value in rows that give none, and its text in the catalog.
        default: Option<String>,
        /// Whether it need not be new.
        if_not_exists: bool,
    },
    /// Another name.
    Rename {
        /// What it is called.
        from: String,
        /// What it will be called.
        to: String,
    },
    /// One less.
    Drop {
        /// What it is called.
        name: String,
        /// Whether it need not be there.
        if_exists: bool,
    },
}

/// What has a name, with its article.
pub(super) fn with_article(kind: &str) -> String {
    match kind.starts_with('e') {
        true => format!("an {kind}"),
        false => format!("a {kind}"),
    }
}

fn refused<T>(text: String) -> Result<T> {
    Err(LakeError::Refused(text))
}

impl Lake {
    /// Makes a schema.
    ///
    /// # Errors
    /// When there is one, or its name cannot be kept.
    pub fn create_schema(&self, name: &str) -> Result<()> {
        super::create::check_table(name, name)?;
        if name == TEMPORARY {
            return refused(format!("'{name}' is the schema of temporary tables"));
        }
        self.commit(&Note::default(), |commit| {
            let there = commit.one(
                "SELECT schema_name FROM ducklake_schema WHERE lower(schema_name) = lower(?1) AND end_snapshot IS NULL",
                [name],
                |r| r.get::<_, String>(0),
            )?;
            if let Some(there) = there {
                return refused(format!("there is a schema '{there}' already"));
            }
            let id = commit.catalog_id();
            commit.execute(
                &format!(
                    "INSERT INTO ducklake_schema (schema_id, schema_uuid, begin_snapshot, schema_name, path, path_is_relative)
                     VALUES (?1, {UUID}, ?2, ?3, ?4, 1)"
                ),
                params![id, commit.snapshot, name, format!("{name}/")],
            )?;
            commit.changes_schema(None);
            commit.changed(format!("created_schema:\"{}\"", name.replace('"', "\"\"")));
            Ok(Some(()))
        })?;
        Ok(())
    }

    /// Drops a schema; with `cascade` all that is in it too.
    ///
    /// # Errors
    /// When there is none, or something is in it.
    pub fn drop_schema(&self, name: &str, cascade: bool) -> Result<()> {
        if name == SCHEMA {
            return refused(format!(
                "schema '{SCHEMA}' cannot be dropped: names without a schema mean it"
            ));
        }
        self.commit(&Note::default(), |commit| {
            let (schema, _) = commit.schema(name)?;
            while let Some((_, inside)) = commit.any(schema)? {
                if !cascade {
                    return refused(format!(
                        "schema '{name}' has '{inside}' in it; DROP SCHEMA {name} CASCADE drops both"
                    ));
                }
                end_named(commit, schema, &inside)?;
            }
            commit.execute(
                "UPDATE ducklake_schema SET end_snapshot = ?1 WHERE schema_id = ?2 AND end_snapshot IS NULL",
                [commit.snapshot, schema],
            )?;
            commit.changes_schema(None);
            commit.changed(format!("dropped_schema:{schema}"));
            Ok(Some(()))
        })?;
        Ok(())
    }

    /// Drops a table or a view; whether there was one.
    ///
    /// # Errors
    /// When it is the other of both.
    pub fn drop_named(&self, schema: &str, name: &str, kind: Kind, note: &Note) -> Result<bool> {
        let done = self.commit(note, |commit| {
            let (schema, _) = commit.schema(schema)?;
            let Some((there, _)) = commit.named(schema, name)?.filter(|(_, n)| n == name) else {
                return Ok(None);
            };
            match (kind, there.as_str()) {
                (Kind::Table, "view") => return refused(format!("'{name}' is a view; DROP VIEW drops it")),
                (Kind::View, "table" | "external table") => {
                    return refused(format!("'{name}' is a table; DROP TABLE drops it"));
                }
                _ => {}
            }
            end_named(commit, schema, name)?;
            Ok(Some(()))
        })?;
        Ok(done.is_some())
    }

    /// Makes a view of a query, which is a text of DuckDB's dialect with `{DUCKLAKE_CATALOG}` where this database is meant.
    ///
    /// # Errors
    /// When there is something of its name and must not be.
    pub fn create_view(&self, schema: &str, name: &str, sql: &str, replace: bool, note: &Note) -> Result<()> {
        types::check_name(name, "a view")?;
        self.commit(note, |commit| {
            let (id_of_schema, _) = commit.schema(schema)?;
            if let Some((kind, there)) = commit.named(id_of_schema, name)? {
                match (kind.as_str(), there == name && replace) {
                    ("view", true) => end_named(commit, id_of_schema, name)?,
                    (kind, _) => return refused(format!("there is {} '{there}' already", with_article(kind))),
                }
            }
            let id = commit.catalog_id();
            commit.execute(
                &format!(
                    "INSERT INTO ducklake_view (view_id, view_uuid, begin_snapshot, schema_id, view_name, dialect, sql, column_aliases)
                     VALUES (?1, {UUID}, ?2, ?3, ?4, 'duckdb', ?5, '')"
                ),
                params![id, commit.snapshot, id_of_schema, name, sql],
            )?;
            commit.changes_schema(None);
            commit.changed(format!("created_view:{}", quoted(schema, name)));
            Ok(Some(()))
        })?;
        Ok(())
    }

    /// Keeps the statement that makes a table over files of others.
    ///
    /// # Errors
    /// When there is something of its name and must not be.
    pub fn create_external(&self, schema: &str, name: &str, statement: &str, replace: bool, note: &Note) -> Result<()> {
        types::check_name(name, "a table")?;
        self.commit(note, |commit| {
            let (schema, _) = commit.schema(schema)?;
            if let Some((kind, there)) = commit.named(schema, name)? {
                match there == name && replace && kind != "view" {
                    true => end_named(commit, schema, name)?,
                    false => return refused(format!("there is {} '{there}' already", with_article(&kind))),
                }
            }
            add_object(commit, schema, "table", name, statement)?;
            commit.changes_schema(None);
            Ok(Some(()))
        })?;
        Ok(())
    }

    /// Sets the comment of a table, a view, or a column of a table.
    ///
    /// # Errors
    /// When there is none of the name.
    pub fn comment(
        &self,
        schema: &str,
        name: &str,
        column: Option<&str>,
        text: Option<&str>,
        note: &Note,
    ) -> Result<()> {
        self.commit(note, |commit| {
            let (schema, _) = commit.schema(schema)?;
            let snapshot = commit.snapshot;
            let table = commit.table(schema, name)?;
            if let Some(column) = column {
                let Some(table) = table else {
                    return refused(format!("there is no table '{name}'"));
                };
                let id = column_id(commit, table.id, name, column)?;
                commit.execute(
                    "UPDATE ducklake_column_tag SET end_snapshot = ?1 WHERE table_id = ?2 AND column_id = ?3 AND end_snapshot IS NULL",
                    [snapshot, table.id, id],
                )?;
                if let Some(text) = text {
                    commit.execute(
                        "INSERT INTO ducklake_column_tag (table_id, column_id, begin_snapshot, key, value) VALUES (?1, ?2, ?3, 'comment', ?4)",
                        params![table.id, id, snapshot, text],
                    )?;
                }
                commit.changed(format!("altered_table:{}", table.id));
                return Ok(Some(()));
            }
            let (id, what) = match table {
                Some(table) => (table.id, "table"),
                None => {
                    let view = "SELECT view_id FROM ducklake_view WHERE schema_id = ?1 AND view_name = ?2 AND end_snapshot IS NULL";
                    let external = "SELECT object_id FROM radsql_object WHERE schema_id = ?1 AND name = ?2 AND kind = 'table' AND end_snapshot IS NULL";
                    match commit.one(view, params![schema, name], |r| r.get(0))? {
                        Some(id) => (id, "view"),
                        None => match commit.one(external, params![schema, name], |r| r.get(0))? {
                            // Other programs do not know it.
                            Some(id) => (id, ""),
                            None => return refused(format!("there is no table or view '{name}'")),
                        },
                    }
                }
            };
            commit.end_tags(id)?;
            if let Some(text) = text {
                commit.execute(
                    "INSERT INTO ducklake_tag (object_id, begin_snapshot, key, value) VALUES (?1, ?2, 'comment', ?3)",
                    params![id, snapshot, text],
                )?;
            }
            if !what.is_empty() {
                commit.changed(format!("altered_{what}:{id}"));
            }
            Ok(Some(()))
        })?;
        Ok(())
    }

    /// Changes the columns of a table.
    ///
    /// # Errors
    /// When there is no such table or column, or one of the new name.
    pub fn alter(&self, schema: &str, name: &str, changes: &[Alteration], note: &Note) -> Result<()> {
        self.commit(note, |commit| {
            let (schema, _) = commit.schema(schema)?;
            let Some(table) = commit.table(schema, name)? else {
                return match commit.named(schema, name)? {
                    Some((kind, _)) => refused(format!(
                        "'{name}' is {}, whose columns cannot be changed",
                        with_article(&kind)
                    )),
                    None => refused(format!("there is no table '{name}'")),
                };
            };
            for change in changes {
                alter(commit, table.id, name, change)?;
            }
            commit.changes_schema(Some(table.id));
            commit.changed(format!("altered_table:{}", table.id));
            Ok(Some(()))
        })?;
        Ok(())
    }
}

impl Commit<'_> {
    /// Something that a schema has, if it has anything.
    fn any(&self, schema: i64) -> Result<Option<(String, String)>> {
        self.one(
            "SELECT kind, name FROM (
                SELECT 'table' AS kind, table_name AS name FROM ducklake_table
                WHERE schema_id = ?1 AND end_snapshot IS NULL AND begin_snapshot <= ?2
                UNION ALL SELECT 'view', view_name FROM ducklake_view WHERE schema_id = ?1 AND end_snapshot IS NULL
                UNION ALL SELECT 'table', name FROM radsql_object WHERE schema_id = ?1 AND kind = 'table' AND end_snapshot IS NULL
             ) LIMIT 1",
            [schema, self.snapshot],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )
    }
}

/// Keeps a statement under a name.
///
/// # Errors
/// SQLite's.
pub(super) fn add_object(commit: &mut Commit<'_>, schema: i64, kind: &str, name: &str, statement: &str) -> Result<()> {
    let id = commit.catalog_id();
    commit.execute(
        "INSERT INTO radsql_object (object_id, begin_snapshot, schema_id, kind, name, statement) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id, commit.snapshot, schema, kind, name, statement],
    )?;
    Ok(())
}

/// Ends whatever has a name; it stays in the snapshots before.
fn end_named(commit: &mut Commit<'_>, schema: i64, name: &str) -> Result<()> {
    let snapshot = commit.snapshot;
    if let Some(table) = commit.table(schema, name)? {
        return commit.end_table(table.id);
    }
    let view = commit.one(
        "SELECT view_id FROM ducklake_view WHERE schema_id = ?1 AND view_name = ?2 AND end_snapshot IS NULL",
        params![schema, name],
        |r| r.get::<_, i64>(0),
    )?;
    if let Some(view) = view {
        commit.execute(
            "UPDATE ducklake_view SET end_snapshot = ?1 WHERE view_id = ?2 AND end_snapshot IS NULL",
            [snapshot, view],
        )?;
        commit.end_tags(view)?;
        commit.changes_schema(None);
        commit.changed(format!("dropped_view:{view}"));
        return Ok(());
    }
    let external = commit.one(
        "SELECT object_id FROM radsql_object WHERE schema_id = ?1 AND name = ?2 AND kind = 'table' AND end_snapshot IS NULL",
        params![schema, name],
        |r| r.get::<_, i64>(0),
    )?;
    if let Some(external) = external {
        commit.execute(
            "UPDATE radsql_object SET end_snapshot = ?1 WHERE object_id = ?2 AND end_snapshot IS NULL",
            [snapshot, external],
        )?;
        commit.end_tags(external)?;
        commit.changes_schema(None);
    }
    Ok(())
}

fn column_id(commit: &Commit<'_>, table: i64, name: &str, column: &str) -> Result<i64> {
    let found = commit.one(
        "SELECT column_id FROM ducklake_column WHERE table_id = ?1 AND column_name = ?2 AND parent_column IS NULL AND end_snapshot IS NULL",
        params![table, column],
        |r| r.get(0),
    )?;
    found.ok_or_else(|| LakeError::Refused(format!("table '{name}' has no column '{column}'")))
}

/// A column of the name, whatever its capitals.
fn like(commit: &Commit<'_>, table: i64, column: &str) -> Result<Option<String>> {
    commit.one(
        "SELECT column_name FROM ducklake_column WHERE table_id = ?1 AND lower(column_name) = lower(?2) AND parent_column IS NULL
         AND end_snapshot IS NULL",
        params![table, column],
        |r| r.get(0),
    )
}

fn alter(commit: &Commit<'_>, table: i64, name: &str, change: &Alteration) -> Result<()> {
    let snapshot = commit.snapshot;
    match change {
        Alteration::Add {
            field,
            default,
            if_not_exists,
        } => {
            if let Some(there) = like(commit, table, field.name())? {
                return match *if_not_exists && there == *field.name() {
                    true => Ok(()),
                    false => refused(format!("table '{name}' has a column '{there}' already")),
                };
            }
            let declared = Schema::new(vec![field.clone()]);
            let stored = types::stored(&declared)?;
            let next =
                |what: &str| format!("SELECT coalesce(max({what}), 0) + 1 FROM ducklake_column WHERE table_id = ?1");
            let first = commit.one(&next("column_id"), [table], |r| r.get(0))?.unwrap_or(1);
            let order = commit.one(&next("column_order"), [table], |r| r.get(0))?.unwrap_or(1);
            let mut columns = types::columns(&declared, &stored, first, order)?;
            if let Some(column) = columns.first_mut() {
                column.default.clone_from(default);
            }
            commit.add_columns(table, &columns)
        }
        Alteration::Rename { from, to } => {
            types::check_name(to, "a column")?;
            let id = column_id(commit, table, name, from)?;
            if let Some(there) = like(commit, table, to)?.filter(|there| there != from) {
                return refused(format!("table '{name}' has a column '{there}' already"));
            }
            let renamed = "UPDATE ducklake_column SET column_name = ?1 WHERE table_id = ?2 AND column_id = ?3 AND end_snapshot IS NULL
                 AND begin_snapshot = ?4";
            if commit.execute(renamed, params![to, table, id, snapshot])? > 0 {
                // Made by this very statement.
                return Ok(());
            }
            commit.execute(
                "INSERT INTO ducklake_column SELECT column_id, ?1, NULL, table_id, column_order, ?2, column_type, initial_default, default_value,
                     nulls_allowed, parent_column, default_value_type, default_value_dialect
                 FROM ducklake_column WHERE table_id = ?3 AND column_id = ?4 AND end_snapshot IS NULL",
                params![snapshot, to, table, id],
            )?;
            commit.execute(
                "UPDATE ducklake_column SET end_snapshot = ?1 WHERE table_id = ?2 AND column_id = ?3 AND end_snapshot IS NULL
                 AND begin_snapshot < ?1",
                [snapshot, table, id],
            )?;
            Ok(())
        }
        Alteration::Drop {
            name: column,
            if_exists,
        } => {
            let id = match column_id(commit, table, name, column) {
                Ok(id) => id,
                Err(LakeError::Refused(_)) if *if_exists => return Ok(()),
                Err(e) => return Err(e),
            };
            let left = "SELECT count(*) FROM ducklake_column WHERE table_id = ?1 AND parent_column IS NULL AND end_snapshot IS NULL";
            if commit.one(left, [table], |r| r.get(0))? == Some(1) {
                return refused(format!(
                    "table '{name}' has no other column than '{column}'; DROP TABLE drops it"
                ));
            }
            // With those within it.
            commit.execute(
                "WITH RECURSIVE gone(id) AS (
                    SELECT ?3 UNION SELECT c.column_id FROM ducklake_column c JOIN gone ON c.parent_column = gone.id
                    WHERE c.table_id = ?2 AND c.end_snapshot IS NULL
                 )
                 UPDATE ducklake_column SET end_snapshot = ?1 WHERE table_id = ?2 AND column_id IN gone AND end_snapshot IS NULL",
                [snapshot, table, id],
            )?;
            Ok(())
        }
    }
}
