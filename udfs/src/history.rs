//! Documentation of the functions that tell of a database's history. The functions themselves are the engine's, which has the databases.

use crate::doc::{Doc, Kind};

/// `snapshots()`.
pub static SNAPSHOTS: Doc = Doc {
    name: "snapshots",
    kind: Kind::Table,
    summary: "Lists the versions of a database: each statement that changed something made one.",
    syntax: "snapshots(['database'])",
    arguments: &[(
        "database",
        "the name of a database, as `\\l` shows it; the one in use without",
    )],
    returns: "Rows (version, time, changes, statement, author) in the order of the versions. `time` is in UTC; `changes` is in DuckLake's words; \
              `statement` is there for all but UPDATE, DELETE, models and uploads. `FROM t AT (VERSION => n)` and `AT (TIMESTAMP => 'time')` read a table as it was. \
              VACUUM ends versions older than `radsql.history_days`.",
    example: "SELECT version, time, changes FROM snapshots() ORDER BY version DESC LIMIT 3",
    source: "DuckLake 1.0, ducklake_snapshot",
};

/// `table_changes('table', from, to)`.
pub static TABLE_CHANGES: Doc = Doc {
    name: "table_changes",
    kind: Kind::Table,
    summary: "The rows that came to a table of a database, changed or went between two versions.",
    syntax: "table_changes('table', from, to)",
    arguments: &[
        (
            "table",
            "the name of a table, with its database and schema where they are others",
        ),
        (
            "from",
            "the first version, as `snapshots()` lists it, or a time in UTC as text; its own changes are among the rows",
        ),
        ("to", "the last version, or a time"),
    ],
    returns: "Rows (snapshot_id, rowid, change_type, and the table's columns); `change_type` is `insert`, `delete`, `update_preimage` or \
              `update_postimage`.",
    example: "SELECT change_type, count(*) AS rows FROM table_changes('scores', 1, 3) GROUP BY change_type",
    source: "DuckLake 1.0, ducklake_table_changes",
};

/// `comments()`.
pub static COMMENTS: Doc = Doc {
    name: "comments",
    kind: Kind::Table,
    summary: "Lists what COMMENT ON TABLE, VIEW and COLUMN said.",
    syntax: "comments(['database'])",
    arguments: &[(
        "database",
        "the name of a database, as `\\l` shows it; the one in use without",
    )],
    returns: "Rows (schema, table, column, comment); `column` is NULL for the comment of a table or a view.",
    example: "SELECT \"table\", comment FROM comments() WHERE \"column\" IS NULL",
    source: "",
};

/// `provenance('table')`.
pub static PROVENANCE: Doc = Doc {
    name: "provenance",
    kind: Kind::Table,
    summary: "Where a table of a database came from: its statement and settings, those of the tables behind it, and the files behind them, \
              back to the scans.",
    syntax: "provenance('table')",
    arguments: &[(
        "table",
        "the name of a table, with its database and schema where they are others",
    )],
    returns: "Rows (step, kind, name, version, statement, engine, settings, sha256): step 0 is the table itself, each further step what the one \
              before was made from. `kind` is `table`; `change` for a statement that changed the table since; `file`; or `memory` for a table that was \
              in memory, of which the name alone is known. Files are the scans that functions were asked for, the models, and those that FROM names, \
              with the SHA-256 that they had when the rows were made; NULL where one could not be read, and for the list of files that a table of scans \
              is. A table behind has the version of the database that it was read at. `settings` has those that differ from the defaults, and the seed. \
              Files behind an UPDATE are not listed.",
    example: "SELECT step, kind, name FROM provenance('scores')",
    source: "",
};
