"""What a database that stays costs: against COPY to Parquet by the same program, and against DuckDB on the same format.

    python3 benches/database.py [--radsql RADSQL] [--duckdb PYTHON] [--rows N] [--repeat N]

Needs Linux and a release build: cargo build --release. PYTHON is the interpreter of an environment with duckdb, duckdb-extension-ducklake
and duckdb-extension-sqlite-scanner (scripts/python.sh makes it: target/duckdb-lake/bin/python).

- create: CREATE TABLE AS of N rows of 5 columns into a database; COPY of the same query to Parquet; DuckDB's CREATE TABLE AS into a
  DuckLake. Whole processes, seconds; they take turns.
- query: count and sum over that table.
- open: a database of 200 tables, milliseconds more than `SELECT 1` in memory takes, by `SELECT 1` and by a query of one of its tables.
- insert, update, delete: one row each, milliseconds of a statement, from 100 statements of one process; DuckDB likewise.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
QUERY = "SELECT value AS id, value * 0.37 AS x, (value * 7919) % 100003 AS n, 'p' || (value % 1000) AS patient, value % 3 = 0 AS dead " \
        "FROM generate_series(1, {rows})"
DUCK_QUERY = QUERY.replace("value", "range").replace("generate_series(1, {rows})", "range(1, {rows} + 1)")

DUCK = """
import glob, json, pathlib, sys, time
import duckdb, duckdb_extension_ducklake, duckdb_extension_sqlite_scanner
connection = duckdb.connect()
for package in (duckdb_extension_sqlite_scanner, duckdb_extension_ducklake):
    folder = pathlib.Path(package.__file__).parent
    (extension,) = glob.glob(f"{folder}/extensions/v{duckdb.__version__}/*.duckdb_extension")
    connection.execute(f"LOAD '{extension}'")
connection.execute(f"ATTACH 'ducklake:sqlite:{sys.argv[1]}' AS lake (DATA_PATH '{sys.argv[1]}.files')")
connection.execute("USE lake")
for statement in json.load(sys.stdin):
    connection.execute(statement).fetchall()
"""


def seconds(command, stdin=None):
    begin = time.perf_counter()
    done = subprocess.run(command, input=stdin, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    taken = time.perf_counter() - begin
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stderr}")
    return taken


def median(values):
    return statistics.median(values)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--radsql", default=str(ROOT / "target/release/radsql"))
    parser.add_argument("--duckdb")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    radsql = os.path.abspath(options.radsql)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["XDG_CACHE_HOME"] = folder
        run(radsql, options)


def run(radsql, options):
    def duck(database, statements):
        return seconds([options.duckdb, "-c", DUCK, database], json.dumps(statements))

    query = QUERY.format(rows=options.rows)
    create, copy, duckdb = [], [], []
    for _ in range(options.repeat):
        for path in ("a.db", "duck.db"):
            shutil.rmtree(f"{path}.files", ignore_errors=True)
            for file in pathlib.Path().glob(f"{path}*"):
                file.unlink()
        pathlib.Path("b.parquet").unlink(missing_ok=True)
        copy.append(seconds([radsql, "-c", f"COPY ({query}) TO 'b.parquet' STORED AS PARQUET"]))
        create.append(seconds([radsql, "a.db", "-c", f"CREATE TABLE t AS {query}"]))
        if options.duckdb:
            duckdb.append(duck("duck.db", ["CREATE TABLE t AS " + DUCK_QUERY.format(rows=options.rows)]))
    size = sum(f.stat().st_size for f in pathlib.Path("a.db.files").rglob("*.parquet")) / 1e6
    print(f"create {options.rows} x 5: database {median(create):.2f} s ({size:.0f} MB), COPY {median(copy):.2f} s "
          f"({pathlib.Path('b.parquet').stat().st_size / 1e6:.0f} MB): ratio {median(create) / median(copy):.2f}")
    if duckdb:
        print(f"  DuckDB into a DuckLake {median(duckdb):.2f} s: {median(duckdb) / median(create):.2f} times ours")

    ask = "SELECT count(*), sum(x), sum(n) FROM {}"
    ours = [seconds([radsql, "a.db", "-c", ask.format("t")]) for _ in range(options.repeat)]
    plain = [seconds([radsql, "-c", ask.format("'b.parquet'")]) for _ in range(options.repeat)]
    print(f"query: database {median(ours) * 1e3:.0f} ms, Parquet file {median(plain) * 1e3:.0f} ms: ratio {median(ours) / median(plain):.2f}")

    tables = "".join(f"CREATE TABLE t{i} AS SELECT value AS id, 'p' || value AS name FROM generate_series(1, 100);\n" for i in range(200))
    pathlib.Path("tables.sql").write_text(tables)
    print(f"200 tables made in {seconds([radsql, 'run', '--db', 'many.db', 'tables.sql']):.1f} s")
    memory, opened, asked = [], [], []
    for _ in range(4 * options.repeat + 1):
        memory.append(seconds([radsql, "-c", "SELECT 1"]))
        opened.append(seconds([radsql, "many.db", "-c", "SELECT 1"]))
        asked.append(seconds([radsql, "many.db", "-c", "SELECT count(name) FROM t77"]))
    base = median(memory)
    print(f"open: SELECT 1 in memory {base * 1e3:.1f} ms; on 200 tables {median(opened) * 1e3:.1f} ms ({(median(opened) - base) * 1e3:+.1f}); "
          f"a query of one of them {median(asked) * 1e3:.1f} ms ({(median(asked) - base) * 1e3:+.1f})")

    many = 100
    work = {
        "insert": "INSERT INTO t VALUES ({i}, 'p')",
        "update": "UPDATE t SET name = 'q' WHERE id = {i}",
        "delete": "DELETE FROM t WHERE id = {i}",
    }
    for name, statement in work.items():
        ours, theirs = [], []
        begin = "CREATE OR REPLACE TABLE t AS SELECT value AS id, 'p' || value AS name FROM generate_series(1, 1000)"
        for _ in range(3):
            def script(n):
                text = ";\n".join([begin] + [statement.format(i=i) for i in range(n)]) + ";\n"
                pathlib.Path("work.sql").write_text(text)
                return seconds([radsql, "run", "--db", "work.db", "work.sql"])
            ours.append((script(many + 1) - script(1)) / many)
            if options.duckdb:
                def other(n):
                    shutil.rmtree("duckwork.db.files", ignore_errors=True)
                    for file in pathlib.Path().glob("duckwork.db*"):
                        file.unlink()
                    first = "CREATE TABLE t AS SELECT range AS id, 'p' || range AS name FROM range(1, 1001)"
                    # Without rows in the catalog itself, as ours.
                    option = "CALL lake.set_option('data_inlining_row_limit', 0)"
                    return duck("duckwork.db", [option, first] + [statement.format(i=i) for i in range(n)])
                theirs.append((other(many + 1) - other(1)) / many)
        text = f"{name} of one row: {median(ours) * 1e3:.1f} ms"
        if theirs:
            text += f"; DuckDB {median(theirs) * 1e3:.1f} ms ({median(theirs) / median(ours):.2f} times ours)"
        print(text)


main()
