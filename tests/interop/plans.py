"""What readers skip: other partitions and row groups, according to their own plans and counters. And what they see if a
partition was written by a former version, or is replaced while they read.
"""

import csv
import datetime
import gzip
import json
import subprocess
import sys
import threading

import duckdb
import pandas
import polars
import pyarrow.dataset
import pyarrow.parquet
from pyspark.sql import SparkSession

from kit import attempt, check, environment, must

HEAD = "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount".split(",")
CODES, LAST = 300, "000300.SZ"
# A query for one of two partitions, and one for one of their row groups.
PARTITION, GROUP = "year = 2022", f"ts_code = '{LAST}'"
TABLE = "stock_daily_cn"
REBUILDS = 4


def lake_of_two_years(binary, folder):
    """Ten bars in 2022, and 2023 in several row groups; returns the number of its bars."""
    first = datetime.date(2023, 1, 2)
    days = [day for day in (first + datetime.timedelta(days=at) for at in range(364)) if day.weekday() < 5]
    with (folder / "bars.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(HEAD)
        for code in range(1, CODES + 1):
            for day in days if code > 10 else [datetime.date(2022, 1, 4), *days]:
                rows.writerow([f"{code:06}.SZ", f"{day:%Y%m%d}", 10, 11, 9, 10 + code / 100, 10, 0.1, 1, 1000, 1000])
    lake = folder / "two-years"
    must("import of two years", [binary, "import", "--interface", "tushare/daily", "bars.csv", "--lake", str(lake)], folder)
    must("normalize of two years", [binary, "normalize", TABLE, "--lake", str(lake)], folder)
    return lake, len(days)


def check_duckdb(files):
    with duckdb.connect() as db:
        scan = f"FROM read_parquet('{files}', hive_partitioning = true)"
        plan = db.execute(f"EXPLAIN SELECT ts_code {scan} WHERE {PARTITION}").fetchone()[1]
        check("DuckDB's plan has one partition of two", "Scanning Files: 1/2" in plan, plan)
        db.execute("PRAGMA enable_profiling = 'no_output'")
        db.execute("""PRAGMA custom_profiling_settings = '{"CUMULATIVE_ROWS_SCANNED": "true"}'""")
        db.execute(f"SELECT sum(vol) {scan} WHERE {GROUP}").fetchall()
        return json.loads(db.get_profiling_information())["cumulative_rows_scanned"]


def check_polars(files):
    plan = polars.scan_parquet(files, hive_partitioning=True).filter(polars.col("year") == 2022).explain()
    check("the plan of Polars has one partition of two", "year=2022" in plan and "year=2023" not in plan, plan)
    code = f"import polars; polars.scan_parquet({files!r}).filter(polars.col('ts_code') == {LAST!r}).collect()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(POLARS_VERBOSE="1"), capture_output=True, text=True, timeout=60
    )
    said = [line for line in done.stderr.splitlines() if "row groups" in line]
    check("Polars reads one row group of several", any("reading 1 / 3 row groups" in line for line in said), said)


def check_spark(folder):
    session = SparkSession.builder.getOrCreate()

    def counters(condition):
        rows = session.read.parquet(folder).where(condition).select("vol")
        rows.collect()
        metrics = rows._jdf.queryExecution().executedPlan().collectLeaves().head().metrics()
        return {name: metrics.apply(name).value() for name in ("numFiles", "numOutputRows")}

    seen = counters(PARTITION)
    check("Spark reads one partition of two", seen == {"numFiles": 1, "numOutputRows": 10}, seen)
    return counters(GROUP)["numOutputRows"]


def check_pyarrow(folder):
    dataset = pyarrow.dataset.dataset(folder, partitioning="hive")
    parts = [part.path for part in dataset.get_fragments(pyarrow.dataset.field("year") == 2022)]
    check("pyarrow, and pandas by it, reads one partition of two", len(parts) == 1 and "year=2022" in parts[0], parts)
    of_code = pyarrow.dataset.field("ts_code") == LAST
    groups = [len(part.subset(of_code).row_groups) for part in dataset.get_fragments()]
    check("pyarrow reads one row group of several", groups == [0, 1], groups)


def check_pruning(lake, rows):
    folder = str(lake / "silver" / TABLE)
    files = f"{folder}/*/*.parquet"
    groups = pyarrow.parquet.ParquetFile(f"{folder}/year=2023/part-0.parquet").num_row_groups
    check("the second year has three row groups", groups == 3, groups)
    for name, reader, place in [("DuckDB", check_duckdb, files), ("Spark", check_spark, folder)]:
        with attempt(f"{name} prunes"):
            scanned = reader(place)
            check(f"{name} reads one row group of several", 0 < scanned < rows / 2, f"{scanned} of {rows} rows")
    for name, reader, place in [("Polars", check_polars, files), ("pyarrow", check_pyarrow, folder)]:
        with attempt(f"{name} prunes"):
            reader(place)


def readers(folder):
    """The rows of a table, by every reader."""
    files = f"{folder}/*/*.parquet"
    session = SparkSession.builder.getOrCreate()

    def duck():
        with duckdb.connect() as db:
            return db.execute(f"SELECT count(*), sum(vol) FROM read_parquet('{files}')").fetchone()

    def lazy():
        return polars.scan_parquet(files).select(polars.len(), polars.col("vol").sum()).collect().row(0)

    def spark():
        return tuple(session.read.parquet(folder).selectExpr("count(*)", "sum(vol)").first())

    def frame():
        rows = pandas.read_parquet(folder, columns=["vol"], dtype_backend="pyarrow")
        return len(rows), int(rows["vol"].sum())

    return {"DuckDB": duck, "Polars": lazy, "Spark": spark, "pandas": frame}


def check_replacing(binary, lake):
    """Every read while partitions are being replaced sees all rows, old or new."""
    of = readers(str(lake / "silver" / TABLE))
    expected = of["DuckDB"]()
    done = threading.Event()
    files = [lake / "silver" / TABLE / year / "part-0.parquet" for year in ("year=2022", "year=2023")]
    before = [file.stat().st_ino for file in files]

    def rebuild():
        try:
            for _ in range(REBUILDS):
                must("normalize --full", [binary, "normalize", TABLE, "--full", "--lake", str(lake)], lake.parent)
        finally:
            done.set()

    worker = threading.Thread(target=rebuild)
    worker.start()
    reads = dict.fromkeys(of, 0)
    while not done.is_set() or not all(reads.values()):
        for name, read in of.items():
            with attempt(f"{name} reads while partitions are replaced"):
                seen = read()
                if seen != expected:
                    check(f"{name} sees whole partitions while they are replaced", False, f"{seen} for {expected}")
            reads[name] += 1
    worker.join()
    check("the partitions were replaced", before != [file.stat().st_ino for file in files])
    for name, count in reads.items():
        check(f"{name} read while partitions were replaced", count > 0)


def check_schemas(lake):
    """All partitions of a table have the same schema, with the meaning and unit of each column."""
    for folder in sorted((lake / "silver").iterdir()):
        schemas = [pyarrow.parquet.read_schema(file) for file in sorted(folder.rglob("*.parquet"))]
        one = [schema.remove_metadata() for schema in schemas]
        same = all(schema.equals(one[0]) for schema in one)
        fields = [[(field.name, field.metadata) for field in schema] for schema in schemas]
        check(f"the partitions of {folder.name} have one schema", same and all(part == fields[0] for part in fields))


def check_chinese(lake):
    """Chinese text reaches every reader unchanged."""
    file = str(lake / "silver/stock_basic_cn/part-0.parquet")
    with duckdb.connect() as db:
        names = {
            "DuckDB": {row[0] for row in db.execute(f"SELECT name FROM '{file}'").fetchall()},
            "Polars": set(polars.read_parquet(file)["name"]),
            "Spark": {row[0] for row in SparkSession.builder.getOrCreate().read.parquet(file).select("name").collect()},
            "pandas": set(pandas.read_parquet(file)["name"]),
        }
    for reader, seen in names.items():
        check(f"{reader} has the Chinese names", seen == names["DuckDB"] and any("\u4e00" <= c <= "\u9fff" for name in seen for c in name), sorted(seen)[:3])


def check_empty_answers(lake):
    """Bronze files without rows among others: which readers skip them, and which need the list in
    docs/lake-format.md."""
    folder = lake / "bronze/tushare/suspend_d_cn"
    files = sorted(map(str, folder.glob("*/*.jsonl.gz")))
    texts = {file: gzip.open(file).read() for file in files}
    count = sum(text.count(b"\n") for text in texts.values())
    check("some answers have no rows, and the first of them all", not texts[files[0]] and count > 0, len(files))
    every = f"{folder}/*/*.jsonl.gz"
    with attempt("DuckDB reads answers without rows"), duckdb.connect() as db:
        seen = db.execute(f"SELECT count(ts_code) FROM read_json('{every}')").fetchone()[0]
        check("DuckDB reads past answers without rows", seen == count, seen)
    with attempt("Spark reads answers without rows"):
        seen = SparkSession.builder.getOrCreate().read.json(every).count()
        check("Spark reads past answers without rows", seen == count, seen)
    with attempt("pandas reads answers without rows"):
        seen = sum(len(pandas.read_json(file, lines=True)) for file in files)
        check("pandas reads past answers without rows", seen == count, seen)
    with attempt("Polars reads answers without rows"):
        schema = dict.fromkeys(["ts_code", "trade_date", "suspend_type", "suspend_timing"], polars.String)
        seen = polars.scan_ndjson(every, schema=schema).collect().height
        check("Polars with a schema reads past answers without rows", seen == count, seen)
        filled = [file for file in files if texts[file]]
        seen = polars.scan_ndjson(filled).collect().height
        check("Polars reads the answers that have rows", seen == count, seen)
    # If one of these no longer fails, docs/lake-format.md need not mention it.
    for name, read in [
        ("Polars", lambda: polars.scan_ndjson(every).collect()),
        ("pyarrow", lambda: pyarrow.dataset.dataset(files, format="json").to_table()),
    ]:
        try:
            read()
            check(f"{name} alone fails on a first answer without rows", False)
        except Exception as error:
            check(f"{name} alone fails on a first answer without rows", "mpty" in str(error), error)


def check_plans(binary, folder, demo):
    """`demo` is the lake of the demo."""
    lake, days = lake_of_two_years(binary, folder)
    check_pruning(lake, CODES * days)
    with attempt("reading while partitions are replaced"):
        check_replacing(binary, lake)
    for part in (check_schemas, check_chinese, check_empty_answers):
        with attempt(part.__doc__):
            part(demo)
