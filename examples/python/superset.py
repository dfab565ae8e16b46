# What Superset asks of a server, without Superset: its way goes through SQLAlchemy and the dialect of flightsql-dbapi.
#
#   python superset.py --host 127.0.0.1 --port 50051 --user radsql
#
# The password comes from RADSQL_PASSWORD, or from --password. Needs the packages flightsql-dbapi and "sqlalchemy<2", the
# versions that Superset has too.
import argparse
import os

import flightsql.sqlalchemy  # noqa: F401, the dialect registers itself
import sqlalchemy

arguments = argparse.ArgumentParser(description="Connects as Superset does, lists tables and runs a query.")
arguments.add_argument("--host", default="127.0.0.1")
arguments.add_argument("--port", type=int, default=50051)
arguments.add_argument("--user", default=os.environ.get("RADSQL_USER", "radsql"))
arguments.add_argument("--password", default=os.environ.get("RADSQL_PASSWORD"))
arguments.add_argument("--tls", action="store_true", help="the server has TLS, and its authority is one that gRPC trusts")
arguments.add_argument("--sql", default="SELECT * FROM patients ORDER BY patient_id LIMIT 5")
options = arguments.parse_args()

# In Superset this is the field "SQLAlchemy URI". URL.create quotes what a password may have in it, such as @ and /.
url = sqlalchemy.engine.URL.create("datafusion+flightsql", options.user, options.password, options.host, options.port,
                                   # Any value switches TLS off, "false" too.
                                   query={} if options.tls else {"insecure": "true"})
print("uri:", url.render_as_string(hide_password=True))
engine = sqlalchemy.create_engine(url)

with engine.connect() as connection:
    # "Test connection" does no more than this.
    print("connected:", connection.execute(sqlalchemy.text("SELECT 1")).scalar() == 1)
    inspector = sqlalchemy.inspect(connection)
    schemas = inspector.get_schema_names()
    print("schemas:", ", ".join(schemas))
    # The views about tables themselves are many and of no use in a chart.
    for schema in (s for s in schemas if s != "information_schema"):
        for table in inspector.get_table_names(schema=schema):
            columns = inspector.get_columns(table, schema=schema)
            print(f"table {schema}.{table}:", ", ".join(f"{c['name']} {c['type']}" for c in columns))
    result = connection.execute(sqlalchemy.text(options.sql))
    print("query:", ", ".join(result.keys()))
    for row in result:
        print("row:", *row)
