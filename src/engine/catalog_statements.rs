//! Statements about tables and databases that DataFusion does not plan: ALTER TABLE, COMMENT, USE, ATTACH, DETACH, VACUUM.

use datafusion::common::{Result, TableReference, not_impl_err, plan_err};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    AlterTable, AlterTableOperation, ColumnDef, CommentObject, Ident, ObjectName, ObjectNamePart,
    Statement as SqlStatement, Use,
};
use std::path::PathBuf;

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub enum CatalogStatement {
    /// `ALTER TABLE name ADD | RENAME | DROP COLUMN ...`
    Alter {
        /// The table.
        table: TableReference,
        /// Whether it need not be there.
        if_exists: bool,
        /// What changes, in its order.
        changes: Vec<ColumnChange>,
    },
    /// `COMMENT ON TABLE | VIEW | COLUMN name IS text`
    Comment {
        /// The table or view.
        table: TableReference,
        /// The column of it.
        column: Option<String>,
        /// The text; none takes it away.
        text: Option<String>,
    },
    /// `USE database[.schema]`
    Use(Vec<String>),
    /// `ATTACH 'file' [AS name]`
    Attach {
        /// Its file.
        path: PathBuf,
        /// Its name in SQL.
        name: Option<String>,
        /// Whether it may be attached already.
        if_not_exists: bool,
    },
    /// `DETACH name`
    Detach {
        /// Its name in SQL.
        name: String,
        /// Whether it need not be there.
        if_exists: bool,
    },
    /// `VACUUM [database]`
    Vacuum(Option<String>),
}

/// A change of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnChange {
    /// A new one.
    Add {
        /// Its definition.
        column: Box<ColumnDef>,
        /// Whether it may be there.
        if_not_exists: bool,
    },
    /// Another name.
    Rename {
        /// The old one.
        from: String,
        /// The new one.
        to: String,
    },
    /// One less.
    Drop {
        /// Its name.
        name: String,
        /// Whether it need not be there.
        if_exists: bool,
    },
}

/// The statement, if it is one of these.
///
/// # Errors
/// When it is, in a form that is not possible.
pub fn of(statement: &Statement) -> Result<Option<CatalogStatement>> {
    let Statement::Statement(statement) = statement else {
        return Ok(None);
    };
    Ok(Some(match &**statement {
        SqlStatement::AlterTable(alter) => altered(alter)?,
        SqlStatement::Comment {
            object_type,
            object_name,
            comment,
            if_exists: false,
        } => {
            let mut parts = names(object_name)?;
            let column = match object_type {
                CommentObject::Table | CommentObject::View => None,
                CommentObject::Column if parts.len() > 1 => parts.pop(),
                CommentObject::Column => return plan_err!("COMMENT ON COLUMN takes table.column; found {object_name}"),
                other => return not_impl_err!("COMMENT ON {other}"),
            };
            CatalogStatement::Comment {
                table: reference(parts)?,
                column,
                text: comment.clone(),
            }
        }
        SqlStatement::Use(Use::Object(name) | Use::Database(name) | Use::Schema(name) | Use::Catalog(name)) => {
            CatalogStatement::Use(names(name)?)
        }
        SqlStatement::AttachDuckDBDatabase {
            if_not_exists,
            database_path,
            database_alias,
            attach_options,
            ..
        } => {
            if !attach_options.is_empty() {
                return not_impl_err!("options of ATTACH");
            }
            CatalogStatement::Attach {
                path: database_path.value.clone().into(),
                name: database_alias.as_ref().map(|a| a.value.clone()),
                if_not_exists: *if_not_exists,
            }
        }
        SqlStatement::DetachDuckDBDatabase {
            if_exists,
            database_alias,
            ..
        } => CatalogStatement::Detach {
            name: database_alias.value.clone(),
            if_exists: *if_exists,
        },
        SqlStatement::Vacuum(vacuum) => {
            let is_plain = !(vacuum.full
                || vacuum.sort_only
                || vacuum.delete_only
                || vacuum.reindex
                || vacuum.recluster
                || vacuum.boost)
                && vacuum.threshold.is_none();
            if !is_plain {
                return not_impl_err!("VACUUM takes the name of a database, or none");
            }
            let name = vacuum.table_name.as_ref().map(names).transpose()?;
            match name.as_deref() {
                None => CatalogStatement::Vacuum(None),
                Some([name]) => CatalogStatement::Vacuum(Some(name.clone())),
                Some(_) => return plan_err!("VACUUM takes the name of a database, or none"),
            }
        }
        _ => return Ok(None),
    }))
}

fn altered(alter: &AlterTable) -> Result<CatalogStatement> {
    let mut changes = vec![];
    for operation in &alter.operations {
        match operation {
            AlterTableOperation::AddColumn {
                if_not_exists,
                column_def,
                column_position: None,
                ..
            } => changes.push(ColumnChange::Add {
                column: Box::new(column_def.clone()),
                if_not_exists: *if_not_exists,
            }),
            AlterTableOperation::RenameColumn {
                old_column_name,
                new_column_name,
            } => changes.push(ColumnChange::Rename {
                from: old_column_name.value.clone(),
                to: new_column_name.value.clone(),
            }),
            AlterTableOperation::DropColumn {
                column_names,
                if_exists,
                ..
            } => changes.extend(column_names.iter().map(|name| ColumnChange::Drop {
                name: name.value.clone(),
                if_exists: *if_exists,
            })),
            other => {
                return not_impl_err!(
                    "ALTER TABLE adds, renames and drops columns; for '{other}' make a new table with CREATE TABLE ... AS"
                );
            }
        }
    }
    Ok(CatalogStatement::Alter {
        table: reference(names(&alter.name)?)?,
        if_exists: alter.if_exists,
        changes,
    })
}

fn names(name: &ObjectName) -> Result<Vec<String>> {
    let part = |part: &ObjectNamePart| match part {
        ObjectNamePart::Identifier(Ident { value, .. }) => Ok(value.clone()),
        other @ ObjectNamePart::Function(_) => plan_err!("'{other}' is no name"),
    };
    name.0.iter().map(part).collect()
}

fn reference(mut parts: Vec<String>) -> Result<TableReference> {
    Ok(match (parts.pop(), parts.pop(), parts.pop(), parts.is_empty()) {
        (Some(table), None, ..) => TableReference::bare(table),
        (Some(table), Some(schema), None, _) => TableReference::partial(schema, table),
        (Some(table), Some(schema), Some(catalog), true) => TableReference::full(catalog, schema, table),
        _ => return plan_err!("a table's name has one to three parts"),
    })
}

#[cfg(test)]
mod tests {
    use super::super::session::parse;
    use super::*;

    #[test]
    fn statements() {
        let read = |sql: &str| of(&parse(sql).unwrap());
        let column = |sql: &str| match read(sql).unwrap() {
            Some(CatalogStatement::Alter { table, changes, .. }) => format!("{table}: {}", changes.len()),
            other => format!("{other:?}"),
        };
        assert_eq!(
            column("ALTER TABLE a.t ADD COLUMN x DOUBLE DEFAULT 1, DROP COLUMN y"),
            "a.t: 2"
        );
        assert_eq!(column("ALTER TABLE t RENAME COLUMN x TO \"Y\""), "t: 1");
        assert!(read("ALTER TABLE t RENAME TO u").is_err());
        assert_eq!(
            read("COMMENT ON COLUMN t.x IS 'mm'").unwrap(),
            Some(CatalogStatement::Comment {
                table: TableReference::bare("t"),
                column: Some("x".into()),
                text: Some("mm".into()),
            })
        );
        assert_eq!(
            read("USE other.main").unwrap(),
            Some(CatalogStatement::Use(vec!["other".into(), "main".into()]))
        );
        assert_eq!(
            read("ATTACH 'a b.db' AS x").unwrap(),
            Some(CatalogStatement::Attach {
                path: "a b.db".into(),
                name: Some("x".into()),
                if_not_exists: false,
            })
        );
        assert!(matches!(
            read("DETACH x").unwrap(),
            Some(CatalogStatement::Detach { .. })
        ));
        assert_eq!(read("VACUUM").unwrap(), Some(CatalogStatement::Vacuum(None)));
        assert!(read("VACUUM FULL").is_err());
        assert_eq!(read("SELECT 1").unwrap(), None);
    }
}
