"""Runs statements, which come as a JSON list through standard input, in DuckDB on a database of radsql, and prints their answers as JSON.

    python duckdb_run.py DATABASE

Needs the packages duckdb, duckdb-extension-ducklake and duckdb-extension-sqlite-scanner of one version, and pytz. The catalog is called lake.
"""

import glob
import json
import pathlib
import sys

import duckdb
import duckdb_extension_ducklake
import duckdb_extension_sqlite_scanner

connection = duckdb.connect()
for package in (duckdb_extension_sqlite_scanner, duckdb_extension_ducklake):
    folder = pathlib.Path(package.__file__).parent
    (extension,) = glob.glob(f"{folder}/extensions/v{duckdb.__version__}/*.duckdb_extension")
    connection.execute(f"LOAD '{extension}'")
connection.execute(f"ATTACH 'ducklake:sqlite:{sys.argv[1]}' AS lake")
connection.execute("USE lake")
answers = []
for statement in json.load(sys.stdin):
    answers.append([list(row) for row in connection.execute(statement).fetchall()])
print(json.dumps(answers, default=str))
