# A study from a notebook: Python keeps the clinical sheet and draws conclusions, the server has the scans and computes.
#
#   radsql demo demo-cohort --patients 40 --external 0
#   radsql serve --read demo-cohort
#   python study.py --uri grpc://127.0.0.1:50051 --user radsql --clinical demo-cohort/crlm/clinical.csv
#
# The password comes from RADSQL_PASSWORD, or from --password, which other users of the machine can see. Needs the packages
# adbc-driver-flightsql, pyarrow, pandas and polars. Cells begin with `# %%`, as Jupyter, VS Code and PyCharm read them.

# %% Where is the server?
import argparse
import os

import pandas
import polars
import pyarrow
from adbc_driver_flightsql import DatabaseOptions, dbapi

arguments = argparse.ArgumentParser(description="Runs a small study on a radsql server.")
arguments.add_argument("--uri", default=os.environ.get("RADSQL_URI", "grpc://127.0.0.1:50051"),
                       help="grpc+tls://HOST:PORT for a server with TLS")
arguments.add_argument("--user", default=os.environ.get("RADSQL_USER", "radsql"))
arguments.add_argument("--password", default=os.environ.get("RADSQL_PASSWORD"))
arguments.add_argument("--ca", help="the certificate (PEM) of the authority that signed the server's, if it is your own")
arguments.add_argument("--clinical", default="demo-cohort/crlm/clinical.csv", help="the clinical sheet, on this machine")
# Jupyter gives arguments of its own to the process; they are not for this script.
options, _ = arguments.parse_known_args()

# %% Connect
settings = {"username": options.user, "password": options.password or ""}
if options.ca:
    with open(options.ca) as file:
        settings[DatabaseOptions.TLS_ROOT_CERTS.value] = file.read()
# Statements take effect one by one: the server undoes nothing, and a driver that commits by itself need not pretend.
connection = dbapi.connect(options.uri, db_kwargs=settings, autocommit=True)
cursor = connection.cursor()

# %% The clinical sheet goes to the server
# -999 stands where a value is not known.
sheet = pandas.read_csv(options.clinical).replace(-999, float("nan"))
sheet = sheet.rename(columns={"overall_survival_months": "os_months", "vital_status": "dead"})
sheet = sheet[["patient_id", "os_months", "dead", "age", "sex"]]
# A temporary table is this connection's own: nobody else sees it, it ends with the connection, and readers may make it.
# The cursor is one for this alone, as the driver uses one that has sent a table for nothing else.
with connection.cursor() as sending:
    sent = sending.adbc_ingest("study_clinical", pyarrow.Table.from_pandas(sheet, preserve_index=False), mode="create", temporary=True)
print(f"patients sent: {sent}")

# %% The scans are on the server
def rows(sql, *values):
    """A query's rows as tuples; values stand in it as $1, $2 and so on, and never become part of its text."""
    cursor.execute(sql, values or None)
    return cursor.fetchall()


# examples/server/init.sql serves this table. Where nobody did, a writer makes it; the path is the server's, and begins at its
# first --read folder.
if not rows("SELECT 1 FROM information_schema.tables WHERE table_name = $1", "scans"):
    cursor.executescript("""
        CREATE EXTERNAL TABLE scans STORED AS NIFTI LOCATION 'crlm/'
        OPTIONS (image '{patient_id}/ct.nii.gz', mask '{patient_id}/seg/Tumor_1.nii.gz', modality 'CT')""")
[(scans,)] = rows("SELECT count(*) FROM scans JOIN study_clinical USING (patient_id) WHERE age BETWEEN $1 AND $2", 18, 120)
print(f"scans of adults: {scans}")

# %% Features, joined with the sheet
# Naming features computes these alone; `radiomics(image, mask) AS r` would be all of them. For statements that give no rows,
# executescript waits until they have taken effect; execute waits for nothing before rows are fetched.
cursor.executescript("""
    CREATE TEMP TABLE study_cohort AS
    SELECT patient_id, os_months, dead, age,
           r.original_shape_MeshVolume / 1000 AS volume_ml,
           r.original_firstorder_Mean AS mean_hu,
           r.original_firstorder_Entropy AS entropy
    FROM (SELECT *, radiomics(image, mask) AS r FROM scans JOIN study_clinical USING (patient_id))
    WHERE os_months > 0""")

# %% Into pandas
def frame(sql, *values):
    """A query's rows in pandas. pandas.read_sql does the same, but takes no values from ADBC drivers."""
    cursor.execute(sql, values or None)
    return cursor.fetch_df()


cohort = frame("SELECT patient_id, dead, volume_ml, mean_hu FROM study_cohort WHERE volume_ml > $1 ORDER BY patient_id", 0.1)
print("in pandas:", *cohort.shape)
print(cohort.describe().loc[["mean", "min", "max"]].round(2))

# %% Into polars
texture = polars.read_database("SELECT dead, entropy FROM study_cohort WHERE entropy > $1", connection,
                               execute_options={"parameters": (0.0,)})
print("in polars:", *texture.shape)
print(texture.group_by("dead").agg(polars.len(), polars.col("entropy").mean()).sort("dead"))

# %% A split, and one Cox model for each feature of the training set
cursor.executescript("""
    CREATE TEMP TABLE study_split AS
    SELECT * FROM train_test_split(study_cohort, id => patient_id, train => 0.7, seed => 42, stratify => dead)""")
print("split:", *(f"{split} {n}" for split, n in rows("SELECT split, count(*) FROM study_split GROUP BY split ORDER BY split DESC")))
models = frame("""
    SELECT term, n, events, hr, hr_lower, hr_upper, p
    FROM univariate_cox((SELECT os_months, dead, age, volume_ml, mean_hu, entropy FROM study_split WHERE split = $1),
                        time => os_months, event => dead)
    ORDER BY p""", "train")
print(models)

# %% Two groups at the median of the training set, and the log-rank test
feature = "volume_ml"
[(median,)] = rows(f"SELECT median({feature}) FROM study_split WHERE split = $1", "train")
# The value comes from the training set, and judges all patients.
[(chi2, p)] = rows(f"""
    SELECT chi2, p
    FROM log_rank((SELECT os_months, dead, {feature} > $1 AS large FROM study_split),
                  time => os_months, event => dead, by => large)""", median)
print(f"log-rank test, {feature} above {median:.2f}: chi2 {chi2:.3f}, p {p:.3f}")

# %% The end
cursor.close()
connection.close()
