"""DuckDB, Polars, PySpark and pandas read the same tables: rows, types, nulls, sums, minima and maxima.

A reader opens a table by the path that its users write. It has its own names for types and its own way to compute
figures in one pass; the comparison is shared.
"""

import datetime
import json
import math

import duckdb
import pandas
import polars
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from kit import attempt, check, must

# Type names: those of `pitlake tables`, of DuckDB (used here), and of the other readers.
TYPES = [
    # catalogue    DuckDB                      Polars                                           Spark        pandas
    ("date",      "DATE",                     "Date",                                          "date",      "date32[day][pyarrow]"),
    ("timestamp", "TIMESTAMP WITH TIME ZONE", "Datetime(time_unit='us', time_zone='UTC')",     "timestamp", "timestamp[us, tz=UTC][pyarrow]"),
    ("int64",     "BIGINT",                   "Int64",                                         "bigint",    "int64[pyarrow]"),
    ("int32",     "INTEGER",                  "Int32",                                         "int",       "int32[pyarrow]"),
    ("float64",   "DOUBLE",                   "Float64",                                       "double",    "double[pyarrow]"),
    ("utf8",      "VARCHAR",                  "String",                                        "string",    "string[pyarrow]"),
    ("boolean",   "BOOLEAN",                  "Boolean",                                       "boolean",   "bool[pyarrow]"),
]
CATALOGUE, DUCKDB, POLARS, SPARK, PANDAS = range(5)
SUMMED = {"BIGINT", "INTEGER", "DOUBLE"}
# Some readers add the keys in folder names as columns.
PARTITIONS = {"year", "month"}


class DuckDB:
    name = "DuckDB"
    spelling = DUCKDB
    figures = {
        "nulls": 'count(*) - count("{}")'.format,
        "sum": 'sum("{}")'.format,
        "min": 'min("{}")'.format,
        "max": 'max("{}")'.format,
    }

    def __init__(self):
        self.db = duckdb.connect()

    def open(self, folder, files):
        return f"FROM read_parquet('{files}')"

    def types(self, table):
        return {row[0]: row[1] for row in self.db.execute(f"DESCRIBE {table}").fetchall()}

    def compute(self, table, wanted):
        # Via Arrow, so that instants need no further package.
        row = self.db.execute(f"SELECT count(*), {', '.join(wanted)} {table}").to_arrow_table()
        return [column[0].as_py() for column in row.columns]


class Polars:
    name = "Polars"
    spelling = POLARS
    figures = {
        "nulls": lambda column: polars.col(column).null_count(),
        "sum": lambda column: polars.col(column).sum(),
        "min": lambda column: polars.col(column).min(),
        "max": lambda column: polars.col(column).max(),
    }

    def open(self, folder, files):
        return polars.scan_parquet(files)

    def types(self, table):
        return {column: str(kind) for column, kind in table.collect_schema().items()}

    def compute(self, table, wanted):
        named = [figure.alias(f"f{at}") for at, figure in enumerate([polars.len(), *wanted])]
        return list(table.select(named).collect().row(0))


class Spark:
    name = "Spark"
    spelling = SPARK
    figures = {
        "nulls": lambda column: F.count(F.lit(1)) - F.count(F.col(f"`{column}`")),
        "sum": lambda column: F.sum(F.col(f"`{column}`")),
        "min": lambda column: F.min(F.col(f"`{column}`")),
        "max": lambda column: F.max(F.col(f"`{column}`")),
    }

    def __init__(self):
        self.session = SparkSession.builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()

    def open(self, folder, files):
        return self.session.read.parquet(files)

    def types(self, table):
        return dict(table.dtypes)

    def compute(self, table, wanted):
        return list(table.agg(F.count(F.lit(1)), *wanted).first())


def end_spark():
    """Stops Spark and waits for its JVM, which reads files of the environment until then."""
    session = SparkSession.getActiveSession()
    if session is None:
        return
    gateway = session.sparkContext._gateway
    session.stop()
    gateway.proc.stdin.close()
    gateway.proc.wait(timeout=60)


class Pandas:
    name = "pandas"
    spelling = PANDAS
    figures = {
        "nulls": lambda column: lambda frame: frame[column].isna().sum(),
        "sum": lambda column: lambda frame: frame[column].sum(),
        "min": lambda column: lambda frame: frame[column].min(),
        "max": lambda column: lambda frame: frame[column].max(),
    }

    def open(self, folder, files):
        return pandas.read_parquet(folder, dtype_backend="pyarrow")

    def types(self, table):
        return {column: str(kind) for column, kind in table.dtypes.items()}

    def compute(self, table, wanted):
        return [len(table)] + [figure(table) for figure in wanted]


def plain(value):
    """A common form for pandas's nulls, NumPy's numbers, Decimal, and instants in any zone."""
    if value is None or value is pandas.NA or value is pandas.NaT:
        return None
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc)  # Spark's are naive, in the machine's zone
    if isinstance(value, (str, bool, float, datetime.date)):
        return value
    return int(value)


def profile(reader, folder, files):
    """Types under common names. Figures: nulls of every column, the sum of numbers, minima and maxima of others."""
    common = {row[reader.spelling]: row[DUCKDB] for row in TYPES}
    table = reader.open(str(folder), files)
    types = {
        column: common.get(kind, f"unexpected {kind}")
        for column, kind in reader.types(table).items()
        if column not in PARTITIONS
    }
    asked = [
        (figure, column)
        for column, kind in types.items()
        for figure in (["nulls", "sum"] if kind in SUMMED else ["nulls", "min", "max"])
    ]
    rows, *values = map(plain, reader.compute(table, [reader.figures[figure](column) for figure, column in asked]))
    figures = dict(zip(asked, values, strict=True))
    # The sum of only nulls is 0 for some readers and null for others.
    figures = {key: 0 if key[0] == "sum" and value is None else value for key, value in figures.items()}
    return rows, types, figures


def same(a, b):
    """Readers add doubles in different orders; everything else must be equal."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-9)
    return a == b


def differences(ours, theirs):
    """Where two dictionaries differ, as texts."""
    return [
        f"{key if isinstance(key, str) else ' of '.join(key)} {ours.get(key)} / {theirs.get(key)}"
        for key in sorted(ours.keys() | theirs.keys())
        if key not in ours or key not in theirs or not same(ours[key], theirs[key])
    ]


def catalogue(binary, folder, table):
    """The types that `pitlake tables` prints."""
    common = {row[CATALOGUE]: row[DUCKDB] for row in TYPES}
    [described] = json.loads(must(f"tables {table}", [binary, "tables", table, "--format", "json"], folder))
    return {column["name"]: common.get(column["type"], column["type"]) for column in described["columns"]}


def check_readers(binary, lake):
    """Every table with every reader: types as documented, figures as for the first reader."""
    readers = []
    for kind in (DuckDB, Polars, Spark, Pandas):
        with attempt(f"{kind.name} starts"):
            readers.append(kind())
    folders = sorted(path for path in (lake / "silver").iterdir() if path.is_dir())
    check("the demo's lake has eight tables", len(folders) >= 8, ", ".join(path.name for path in folders))
    for folder in folders:
        table = folder.name
        parted = not any(folder.glob("*.parquet"))
        files = f"{folder}/*/*.parquet" if parted else f"{folder}/*.parquet"
        promised = catalogue(binary, lake.parent, table)
        first = None
        for reader in readers:
            with attempt(f"{reader.name} reads {table}"):
                rows, types, figures = profile(reader, folder, files)
                wrong = differences(promised, types)
                check(f"{reader.name} has the types of {table}", not wrong, "; ".join(wrong[:5]))
                if first is None:
                    check(f"{table} has rows", rows > 0)
                    first = (reader.name, rows, figures)
                    continue
                name, count, expected = first
                check(f"{reader.name} has the rows of {table}", rows == count, f"{rows}, {count} to {name}")
                wrong = differences(expected, figures)
                check(f"{reader.name} has the figures of {table}", not wrong, "; ".join(wrong[:5]))
