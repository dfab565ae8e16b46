-- A DuckLake 1.0 catalog: the tables of the format with its names and columns in their order, so that DuckDB attaches it, and
-- ours beside them, whose names begin with radsql_.
CREATE TABLE ducklake_metadata (
    "key" VARCHAR NOT NULL, "value" VARCHAR NOT NULL, "scope" VARCHAR, scope_id BIGINT
);
CREATE TABLE ducklake_snapshot (
    snapshot_id INTEGER PRIMARY KEY, snapshot_time VARCHAR, schema_version BIGINT DEFAULT 0, next_catalog_id
    BIGINT, next_file_id BIGINT
);
CREATE TABLE ducklake_snapshot_changes (
    snapshot_id BIGINT PRIMARY KEY, changes_made VARCHAR, author VARCHAR, commit_message VARCHAR,
    commit_extra_info VARCHAR
);
CREATE TABLE ducklake_schema (
    schema_id INTEGER PRIMARY KEY, schema_uuid VARCHAR, begin_snapshot BIGINT, end_snapshot BIGINT, schema_name
    VARCHAR, path VARCHAR, path_is_relative BIGINT
);
CREATE TABLE ducklake_table (
    table_id BIGINT, table_uuid VARCHAR, begin_snapshot BIGINT, end_snapshot BIGINT, schema_id
    BIGINT, table_name VARCHAR, path VARCHAR, path_is_relative BIGINT
);
CREATE TABLE ducklake_view (
    view_id BIGINT, view_uuid VARCHAR, begin_snapshot BIGINT, end_snapshot BIGINT, schema_id BIGINT, view_name
    VARCHAR, dialect VARCHAR, "sql" VARCHAR, column_aliases VARCHAR
);
CREATE TABLE ducklake_tag (
    object_id BIGINT, begin_snapshot BIGINT, end_snapshot BIGINT, "key" VARCHAR, "value" VARCHAR
);
CREATE TABLE ducklake_column_tag (
    table_id BIGINT, column_id BIGINT, begin_snapshot BIGINT, end_snapshot BIGINT, "key" VARCHAR, "value" VARCHAR
);
CREATE TABLE ducklake_data_file (
    data_file_id INTEGER PRIMARY KEY, table_id BIGINT, begin_snapshot BIGINT, end_snapshot BIGINT, file_order
    BIGINT, path VARCHAR, path_is_relative BIGINT, file_format VARCHAR, record_count BIGINT, file_size_bytes
    BIGINT, footer_size BIGINT, row_id_start BIGINT, partition_id BIGINT, encryption_key VARCHAR, mapping_id
    BIGINT, partial_max BIGINT
);
CREATE TABLE ducklake_file_column_stats (
    data_file_id BIGINT, table_id BIGINT, column_id BIGINT, column_size_bytes BIGINT, value_count BIGINT,
    null_count BIGINT, min_value VARCHAR, max_value VARCHAR, contains_nan BIGINT, extra_stats VARCHAR
);
CREATE TABLE ducklake_file_variant_stats (
    data_file_id BIGINT, table_id BIGINT, column_id BIGINT, variant_path VARCHAR, shredded_type VARCHAR,
    column_size_bytes BIGINT, value_count BIGINT, null_count BIGINT, min_value VARCHAR, max_value VARCHAR,
    contains_nan BIGINT, extra_stats VARCHAR
);
CREATE TABLE ducklake_delete_file (
    delete_file_id INTEGER PRIMARY KEY, table_id BIGINT, begin_snapshot BIGINT, end_snapshot BIGINT, data_file_id
    BIGINT, path VARCHAR, path_is_relative BIGINT, format VARCHAR, delete_count BIGINT, file_size_bytes BIGINT,
    footer_size BIGINT, encryption_key VARCHAR, partial_max BIGINT
);
CREATE TABLE ducklake_column (
    column_id BIGINT, begin_snapshot BIGINT, end_snapshot BIGINT, table_id BIGINT, column_order BIGINT,
    column_name VARCHAR, column_type VARCHAR, initial_default VARCHAR, default_value VARCHAR, nulls_allowed
    BIGINT, parent_column BIGINT, default_value_type VARCHAR, default_value_dialect VARCHAR
);
CREATE TABLE ducklake_table_stats (
    table_id BIGINT, record_count BIGINT, next_row_id BIGINT, file_size_bytes BIGINT
);
CREATE TABLE ducklake_table_column_stats (
    table_id BIGINT, column_id BIGINT, contains_null BIGINT, contains_nan BIGINT, min_value VARCHAR, max_value
    VARCHAR, extra_stats VARCHAR
);
CREATE TABLE ducklake_partition_info (
    partition_id BIGINT, table_id BIGINT, begin_snapshot BIGINT, end_snapshot BIGINT
);
CREATE TABLE ducklake_partition_column (
    partition_id BIGINT, table_id BIGINT, partition_key_index BIGINT, column_id BIGINT, "transform" VARCHAR
);
CREATE TABLE ducklake_file_partition_value (
    data_file_id BIGINT, table_id BIGINT, partition_key_index BIGINT, partition_value VARCHAR
);
CREATE TABLE ducklake_files_scheduled_for_deletion (
    data_file_id BIGINT, path VARCHAR, path_is_relative BIGINT, schedule_start VARCHAR
);
CREATE TABLE ducklake_inlined_data_tables (
    table_id BIGINT, table_name VARCHAR, schema_version BIGINT
);
CREATE TABLE ducklake_column_mapping (
    mapping_id BIGINT, table_id BIGINT, "type" VARCHAR
);
CREATE TABLE ducklake_name_mapping (
    mapping_id BIGINT, column_id BIGINT, source_name VARCHAR, target_field_id BIGINT, parent_column BIGINT,
    is_partition BIGINT
);
CREATE TABLE ducklake_schema_versions (
    begin_snapshot BIGINT, schema_version BIGINT, table_id BIGINT
);
CREATE TABLE ducklake_macro (
    schema_id BIGINT, macro_id BIGINT, macro_name VARCHAR, begin_snapshot BIGINT, end_snapshot BIGINT
);
CREATE TABLE ducklake_macro_impl (
    macro_id BIGINT, impl_id BIGINT, dialect VARCHAR, "sql" VARCHAR, "type" VARCHAR
);
CREATE TABLE ducklake_macro_parameters (
    macro_id BIGINT, impl_id BIGINT, column_id BIGINT, parameter_name VARCHAR, parameter_type VARCHAR,
    default_value VARCHAR, default_value_type VARCHAR
);
CREATE TABLE ducklake_sort_info (
    sort_id BIGINT, table_id BIGINT, begin_snapshot BIGINT, end_snapshot BIGINT
);
CREATE TABLE ducklake_sort_expression (
    sort_id BIGINT, table_id BIGINT, sort_key_index BIGINT, expression VARCHAR, dialect VARCHAR, sort_direction
    VARCHAR, null_order VARCHAR
);

CREATE INDEX ducklake_file_partition_value_index ON ducklake_file_partition_value (table_id, partition_key_index);
CREATE INDEX radsql_column_index ON ducklake_column (table_id, begin_snapshot);
CREATE INDEX radsql_table_index ON ducklake_table (table_id);
CREATE INDEX radsql_data_file_index ON ducklake_data_file (table_id);
CREATE INDEX radsql_delete_file_index ON ducklake_delete_file (table_id);
CREATE INDEX radsql_file_column_stats_index ON ducklake_file_column_stats (data_file_id);

-- Arrow's type of a column, as an IPC message of a schema with this one field: what the format cannot say.
CREATE TABLE radsql_column (table_id BIGINT, column_id BIGINT, field BLOB, PRIMARY KEY (table_id, column_id));
-- Tables over files of others (kind 'table') and models (kind 'model'): the statement that makes them.
CREATE TABLE radsql_object (
    object_id BIGINT, begin_snapshot BIGINT, end_snapshot BIGINT, schema_id BIGINT, kind VARCHAR, name VARCHAR, statement VARCHAR
);
-- Where a table's rows came from, for each snapshot that made it.
CREATE TABLE radsql_provenance (snapshot_id BIGINT, object_id BIGINT, record VARCHAR);

-- What follows mends commits of datafusion-ducklake for DuckDB and for those who look on.

-- It finds a table by its name, and makes one where there is none: here another process has dropped it. Rows that are ours, or DuckDB's,
-- have an identity.
CREATE TRIGGER radsql_no_table BEFORE INSERT ON ducklake_table WHEN new.table_uuid IS NULL BEGIN
    SELECT RAISE(ABORT, 'Write conflict: the table is gone');
END;
CREATE TRIGGER radsql_no_schema BEFORE INSERT ON ducklake_schema WHEN new.schema_uuid IS NULL BEGIN
    SELECT RAISE(ABORT, 'Write conflict: the schema is gone');
END;
-- It writes the columns that it knew when it was planned; where they are others now, another process has changed them. Its commits are
-- those whose changes are not told yet.
CREATE TRIGGER radsql_no_column BEFORE INSERT ON ducklake_column
WHEN EXISTS (SELECT 1 FROM ducklake_snapshot_changes WHERE changes_made IS NULL
             AND snapshot_id = (SELECT max(snapshot_id) FROM ducklake_snapshot)) BEGIN
    SELECT RAISE(ABORT, 'Write conflict: the columns have changed');
END;
CREATE TRIGGER radsql_no_other_column BEFORE UPDATE OF end_snapshot ON ducklake_column
WHEN EXISTS (SELECT 1 FROM ducklake_snapshot_changes WHERE changes_made IS NULL
             AND snapshot_id = (SELECT max(snapshot_id) FROM ducklake_snapshot)) BEGIN
    SELECT RAISE(ABORT, 'Write conflict: the columns have changed');
END;
-- DuckDB takes the next numbers from the last snapshot.
CREATE TRIGGER radsql_allocate AFTER INSERT ON ducklake_snapshot WHEN new.next_catalog_id IS NULL BEGIN
    UPDATE ducklake_snapshot SET
        -- It knows seconds only, and AT (TIMESTAMP => ...) asks for less.
        snapshot_time = strftime('%Y-%m-%d %H:%M:%f', 'now'),
        next_catalog_id = 1 + max(
            coalesce((SELECT max(schema_id) FROM ducklake_schema), 0), coalesce((SELECT max(table_id) FROM ducklake_table), 0),
            coalesce((SELECT max(view_id) FROM ducklake_view), 0), coalesce((SELECT max(object_id) FROM radsql_object), 0)),
        next_file_id = 1 + max(
            coalesce((SELECT max(data_file_id) FROM ducklake_data_file), 0),
            coalesce((SELECT max(delete_file_id) FROM ducklake_delete_file), 0))
    WHERE snapshot_id = new.snapshot_id;
END;
CREATE TRIGGER radsql_next_data_file AFTER INSERT ON ducklake_data_file BEGIN
    UPDATE ducklake_snapshot SET next_file_id = max(coalesce(next_file_id, 0), new.data_file_id + 1)
    WHERE snapshot_id = (SELECT max(snapshot_id) FROM ducklake_snapshot);
END;
CREATE TRIGGER radsql_next_delete_file AFTER INSERT ON ducklake_delete_file BEGIN
    UPDATE ducklake_snapshot SET next_file_id = max(coalesce(next_file_id, 0), new.delete_file_id + 1)
    WHERE snapshot_id = (SELECT max(snapshot_id) FROM ducklake_snapshot);
END;
CREATE TRIGGER radsql_next_table AFTER INSERT ON ducklake_table BEGIN
    UPDATE ducklake_snapshot SET next_catalog_id = max(coalesce(next_catalog_id, 0), new.table_id + 1)
    WHERE snapshot_id = (SELECT max(snapshot_id) FROM ducklake_snapshot);
END;
CREATE TRIGGER radsql_next_schema AFTER INSERT ON ducklake_schema BEGIN
    UPDATE ducklake_snapshot SET next_catalog_id = max(coalesce(next_catalog_id, 0), new.schema_id + 1)
    WHERE snapshot_id = (SELECT max(snapshot_id) FROM ducklake_snapshot);
END;
-- DuckDB writes times with '+00', which sqlx does not read.
CREATE TRIGGER radsql_time AFTER INSERT ON ducklake_snapshot WHEN new.snapshot_time LIKE '%+00' BEGIN
    UPDATE ducklake_snapshot SET snapshot_time = substr(new.snapshot_time, 1, length(new.snapshot_time) - 3)
    WHERE snapshot_id = new.snapshot_id;
END;

INSERT INTO ducklake_metadata (key, value) VALUES
    ('version', '1.0'), ('created_by', 'radsql'), ('encrypted', 'false'), ('data_inlining_row_limit', '0');
INSERT INTO ducklake_snapshot VALUES (0, strftime('%Y-%m-%d %H:%M:%f', 'now'), 0, 1, 0);
INSERT INTO ducklake_snapshot_changes (snapshot_id, changes_made) VALUES (0, 'created_schema:"main"');
INSERT INTO ducklake_schema (schema_id, schema_uuid, begin_snapshot, schema_name, path, path_is_relative)
VALUES (0, lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8'
    || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))), 0, 'main', 'main/', 1);
