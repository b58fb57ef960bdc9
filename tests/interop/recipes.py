"""The recipes in docs/recipes.md, run as they are on the page, return the rows of `pitlake query`.

The lake is the sandbox's, given a past: changed figures, withdrawn rows, lists from earlier days.
"""

import contextlib
import datetime
import importlib
import inspect
import math
import shutil
import subprocess
import sys

import duckdb
import pandas
import polars

from kit import attempt, check, environment, must
from readme import blocks

PAGE = "docs/recipes.md"
KEY = ["ts_code", "trade_date"]
PRICES = [*KEY, "open", "high", "close", "pre_close", "vol", "adj_factor"]
# Days for which every table is read with the Polars module.
DAYS = ["2023-12-29", "2024-01-15"]
# A reading: its columns, in `pitlake query`, and as written for DuckDB on the page.
READINGS = {
    "versions": (
        ["ts_code", "end_date", "report_type", "revision", "vendor", "known_on", "n_income", "withdrawn_on"],
        "as_of('income_cn', DATE '2024-01-15')",
        "FROM income_cn_as_of(DATE '2024-01-15')",
    ),
    "market": (
        [*KEY, "close", "vol", "vendor"],
        "as_of('stock_daily_cn', DATE '2024-01-15')",
        "FROM stock_daily_cn_as_of(DATE '2024-01-15')",
    ),
    "snapshot": (
        ["ts_code", "name", "list_date"],
        "as_of('stock_basic_cn', DATE '2024-01-15')",
        "FROM stock_basic_cn_as_of(DATE '2024-01-15')",
    ),
    "sessions": (
        ["ts_code", "session", "end_date", "report_type", "revision", "vendor", "n_income"],
        "sessions_join('income_cn', DATE '2023-12-01', DATE '2024-01-31')",
        "FROM income_cn_sessions_join(DATE '2023-12-01', DATE '2024-01-31')",
    ),
    "hfq": (PRICES, "adjusted('hfq')", "FROM adjusted_hfq()"),
    "qfq": (
        PRICES,
        "adjusted('qfq', DATE '2024-01-15', DATE '2024-01-31')",
        "FROM adjusted_qfq(DATE '2024-01-15', DATE '2024-01-31')",
    ),
    "universe": (
        ["ts_code", "security_id", "name", "is_suspended", "is_st", "l1_code", "l3_code", "in_index"],
        "universe(DATE '2024-01-15', '000300.SH')",
        "FROM universe(DATE '2024-01-15', '000300.SH')",
    ),
}


def give_past(lake):
    """Adds former states, versions of two vendors and lists to the lake, by a hash of each row."""
    silver = lake / "silver"
    db = duckdb.connect()

    def put(name, query, by="trade_date"):
        years = [""] if by is None else [row[0] for row in db.execute(f"SELECT DISTINCT year({by}) FROM ({query})").fetchall()]
        for year in years:
            folder = silver / name / (f"year={year}" if by else "")
            folder.mkdir(parents=True, exist_ok=True)
            rows = f"SELECT * FROM ({query})" + (f" WHERE year({by}) = {year}" if by else "")
            db.execute(f"COPY ({rows}) TO '{folder}/part-0.parquet' (FORMAT parquet)")

    def load(name):
        db.execute(
            f"CREATE OR REPLACE TABLE {name} AS SELECT *, hash(ts_code, COLUMNS('trade_date|end_date|list_date')) AS h "
            f"FROM read_parquet('{silver}/{name}/**/*.parquet', hive_partitioning = false)"
        )

    for name, figure in [("stock_daily_cn", "close"), ("adj_factor", "adj_factor")]:
        load(name)
        others = [row[0] for row in db.execute(f"DESCRIBE {name}").fetchall()]
        others = [f"NULL AS {column}" for column in others if column not in ("ts_code", "trade_date", "vendor", "h")]
        past = "trade_date AS known_on, trade_date + CAST(1 + h % 60 AS INTEGER) AS superseded_on, CAST(NULL AS TIMESTAMPTZ) AS observed_at"
        put(
            f"{name}_superseded",
            f"SELECT * EXCLUDE (h) REPLACE ({figure} * 1.5 AS {figure}), {past}, 'changed' AS why FROM {name} WHERE h % 21 < 3 "
            f"UNION ALL BY NAME SELECT * EXCLUDE (h) REPLACE ('X' || ts_code AS ts_code), {past}, 'withdrawn' AS why FROM {name} WHERE h % 21 = 3 "
            f"UNION ALL BY NAME SELECT ts_code, trade_date, vendor, {', '.join(others)}, {past}, 'appeared' AS why FROM {name} WHERE h % 21 = 4",
        )
    load("income_cn")
    db.execute("ALTER TABLE income_cn ADD COLUMN IF NOT EXISTS withdrawn_on DATE")
    seen = "CAST(known_on AS TIMESTAMP) + INTERVAL 10 HOUR"
    known = "greatest(known_on, DATE '2023-12-20' + CAST(h % 60 AS INTEGER))"
    put(
        "income_cn",
        f"WITH v AS (SELECT * REPLACE (({seen}) AT TIME ZONE 'UTC' AS observed_at) FROM income_cn) "
        f"SELECT * EXCLUDE (h) REPLACE (CASE WHEN h % 5 = 0 THEN known_on + CAST(h % 40 AS INTEGER) END AS withdrawn_on) FROM v "
        f"UNION ALL SELECT * EXCLUDE (h) REPLACE (revision + 100 AS revision, n_income * 2 AS n_income, "
        f"{known} AS known_on, CASE WHEN h % 2 = 0 THEN announced_on END AS announced_on, "
        f"CASE WHEN h % 7 = 0 THEN DATE '2024-01-20' END AS withdrawn_on) FROM v WHERE h % 3 = 0 "
        f"UNION ALL SELECT * EXCLUDE (h) REPLACE ('asharehub' AS vendor, n_income * 3 AS n_income, "
        f"observed_at - INTERVAL 9 DAY AS observed_at) FROM v WHERE h % 4 < 2",
        by="end_date",
    )
    load("stock_basic_cn")
    lists = "CAST(NULL AS TIMESTAMPTZ) AS observed_at, CAST(NULL AS VARCHAR) AS why"
    put(
        "stock_basic_history_cn",
        f"SELECT * EXCLUDE (h), list_date AS known_on, CASE WHEN h % 3 > 0 THEN DATE '2024-01-10' END AS superseded_on, "
        f"'derived' AS known_basis, {lists} FROM stock_basic_cn UNION ALL SELECT * EXCLUDE (h), DATE '2024-01-10' AS known_on, "
        f"CAST(NULL AS DATE) AS superseded_on, 'observed' AS known_basis, {lists} FROM stock_basic_cn WHERE h % 3 > 0",
        by=None,
    )
    standing = "DATE '2024-01-02' AS known_on, CAST(NULL AS DATE) AS superseded_on, 'observed' AS known_basis, " + lists
    put(
        "bse_mapping_history_cn",
        f"SELECT 'x' AS name, min(ts_code) AS o_code, max(ts_code) AS n_code, DATE '2020-01-01' AS list_date, 'tushare' AS vendor, {standing} FROM stock_basic_cn",
        by=None,
    )
    put(
        "namechange_cn",
        f"SELECT ts_code, CASE WHEN h % 4 = 0 THEN '*ST' ELSE 'n' END || ts_code AS name, DATE '2023-12-01' + CAST(h % 40 AS INTEGER) AS start_date, "
        f"CASE WHEN h % 5 = 0 THEN DATE '2024-01-12' END AS end_date, CAST(NULL AS DATE) AS ann_date, 'x' AS change_reason, "
        f"CAST(NULL AS DATE) AS announced_on, DATE '2023-12-20' + CAST(h % 40 AS INTEGER) AS known_on, DATE '2024-01-30' AS tradable_on, "
        f"'observed' AS known_basis, TIMESTAMPTZ '2023-12-20 08:00:00Z' AS observed_at, 1::INTEGER AS revision, CAST(NULL AS DATE) AS withdrawn_on, "
        f"'tushare' AS vendor FROM stock_basic_cn WHERE h % 7 > 2",
        by=None,
    )
    shutil.rmtree(silver / "suspend_d_cn", ignore_errors=True)
    put(
        "suspend_d_cn",
        "SELECT ts_code, trade_date, CASE WHEN h % 2 = 0 THEN '09:30-10:00' END AS suspend_timing, 'S' AS suspend_type, vendor "
        "FROM stock_daily_cn WHERE h % 5 = 0",
    )
    put(
        "index_member_all_history_cn",
        f"SELECT 'l1' AS l1_code, 'a' AS l1_name, 'l2' AS l2_code, 'b' AS l2_name, 'l' || (h % 9) AS l3_code, 'c' AS l3_name, ts_code, name, "
        f"CASE WHEN h % 5 > 0 THEN DATE '2023-01-01' END AS in_date, CASE WHEN h % 3 = 0 THEN DATE '2024-01-14' + CAST(h % 4 AS INTEGER) END AS out_date, "
        f"'Y' AS is_new, vendor, {standing} FROM stock_basic_cn WHERE h % 11 > 0",
        by=None,
    )
    put(
        "index_weight_cn",
        "SELECT '000300.SH' AS index_code, ts_code AS con_code, CAST(NULL AS VARCHAR) AS con_name, day AS trade_date, 1.5::DOUBLE AS weight, 'tushare' AS vendor "
        "FROM stock_basic_cn, (VALUES (DATE '2023-12-29'), (DATE '2024-01-15')) AS d(day) WHERE (h + month(day)) % 3 = 0",
    )
    db.close()


def plain(value):
    """A common form for values of all engines."""
    if value is None or value is pandas.NA or value is pandas.NaT:
        return None
    if isinstance(value, (datetime.datetime, pandas.Timestamp)):
        return value.date().isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return bool(value)
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.10g}")
    return value


def rows_of(table, columns):
    """The rows of any engine's frame, sorted."""
    if hasattr(table, "itertuples"):
        rows = table[columns].astype("object").itertuples(index=False, name=None)
    elif hasattr(table, "rdd"):
        rows = [tuple(row) for row in table.select(*columns).collect()]
    else:
        rows = table.select(columns).rows()
    return sorted(([plain(value) for value in row] for row in rows), key=repr)


def compare(engine, name, seen, expected):
    missing = [row for row in expected if row not in seen][:1]
    more = [row for row in seen if row not in expected][:1]
    same = seen == expected
    check(f"the recipe `{name}` for {engine} has the rows of `query`", same,
          f"{len(seen)} for {len(expected)} rows; lacks {missing}, adds {more}")


def check_recipes(binary, lake):
    """Returns the lake with a past, which is a copy of the given one."""
    home = lake.parent / "recipes"
    own = home / "demo-lake"
    shutil.copytree(lake, own)
    with attempt("the lake is given a past"):
        give_past(own)
    ddl = must("tables --ddl duckdb", [binary, "tables", "--ddl", "duckdb", "--lake", str(own)], home)
    (home / "lake.sql").write_text(ddl, encoding="utf-8")
    answers = {}
    with duckdb.connect() as db:
        for name, (columns, call, _) in READINGS.items():
            file = home / f"{name}.parquet"
            sql = f"SELECT {', '.join(columns)} FROM {call}"
            must(f"query of {name}", [binary, "query", sql, "--lake", str(own), "--output", str(file)], home)
            answers[name] = rows_of(db.execute(f"FROM '{file}'").pl(), columns)
            check(f"`query` has rows for {name}", len(answers[name]) > 0)
    for language, line, text in blocks(PAGE, ["## DuckDB", "## Polars", "## pandas", "## PySpark"]):
        where = f"the block in line {line} of {PAGE}"
        with attempt(where), contextlib.chdir(home):
            if language == "sh":
                path = f"{binary.rsplit('/', 1)[0]}:{environment()['PATH']}"
                subprocess.run(["bash", "-euc", text], check=True, env=environment(PATH=path), capture_output=True)
            elif language == "sql":
                check_duckdb(db_text=text, home=home, answers=answers)
            else:
                scope = {}
                with importing(home):
                    exec(compile(text.replace('"demo-lake"', repr(str(own))), where, "exec"), scope)
                # The module of `--ddl polars` has no session join and no universe.
                left_out = {"sessions", "universe"} if "import lake" in text else set()
                for name in READINGS.keys() - left_out:
                    columns = READINGS[name][0]
                    with attempt(f"{where}: {name}"):
                        compare(where, name, rows_of(scope["recipes"][name], columns), answers[name])
    check_functions(binary, home, own)
    return own


@contextlib.contextmanager
def importing(folder):
    """Allows importing modules from a folder, among them `lake.py`."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def check_functions(binary, home, lake):
    """Every function of the Polars module has all columns and rows that `query` has, for each of some days."""
    with importing(home):
        module = importlib.import_module("lake")
    module.LAKE = str(lake)
    tables = [name for name, of in vars(module).items() if inspect.isfunction(of) and "as_of" in inspect.signature(of).parameters]
    tables = [name for name in tables if not name.startswith("adjusted")]
    silver = {path.name for path in (lake / "silver").iterdir()}
    check("the module for Polars has every table of the lake", silver <= set(tables), silver - set(tables))
    file = home / "rows.parquet"
    for name in sorted(silver):
        for day in (None, *DAYS):
            with attempt(f"{name} as of {day} by the module for Polars"):
                seen = getattr(module, name)(as_of=day).collect()
                command = [binary, "query", f"SELECT * FROM {name}", "--lake", str(lake), "--output", str(file)]
                must(f"query of {name}", command + (["--as-of", day] if day else []), home)
                expected = polars.read_parquet(file)
                check(f"{name} as of {day} has the columns of `query`", seen.schema == expected.schema, f"{seen.schema} for {expected.schema}")
                by = seen.columns
                same = seen.sort(by).equals(expected.select(by).sort(by))
                check(f"{name} as of {day} has the rows of `query`", same, f"{seen.height} for {expected.height} rows")
        about = inspect.getdoc(getattr(module, name))
        check(f"the function of {name} says what its columns mean", "vendor: the vendor" in about, about[:200])


def check_duckdb(db_text, home, answers):
    """Every statement on the page returns rows; those that stand for a reading return its rows."""
    with duckdb.connect() as db:
        db.execute((home / "lake.sql").read_text(encoding="utf-8"))
        statements = [statement.query.strip().rstrip(";") for statement in db.extract_statements(db_text)]
        for statement in statements:
            with attempt(f"`{statement}` in DuckDB"):
                check(f"`{statement}` has rows", db.execute(f"SELECT count(*) > 0 FROM ({statement})").fetchone()[0])
        for name, (columns, _, written) in READINGS.items():
            check(f"the page reads {name} with DuckDB", written in statements, written)
            with attempt(f"{name} in DuckDB"):
                compare("DuckDB", name, rows_of(db.execute(f"SELECT {', '.join(columns)} {written}").pl(), columns), answers[name])
