"""The Python module `pitlake` from the wheel gives the same answers as `pitlake query`, value by value, with each
reader."""

import contextlib
import doctest
import inspect
import io
import os
import random
import re
import shutil
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars
from pyspark.sql import SparkSession

from kit import attempt, check, environment
from language import check_language
from readme import blocks
from recipes import rows_of

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(sys.executable).parent
PAGES = ["docs/python.md", "docs/zh/python.md"]
SEED = 20240315
# Tables of the sandbox's lake with a past, with the columns to always include; others are drawn at random.
TABLES = {
    "income_cn": ["ts_code", "end_date", "report_type", "revision", "vendor"],
    "stock_daily_cn": ["ts_code", "trade_date", "vendor"],
    "stock_daily_cn_superseded": ["ts_code", "trade_date", "why"],
    "stock_daily_basic_cn": ["ts_code", "trade_date"],
    "adj_factor": ["ts_code", "trade_date", "adj_factor"],
    "moneyflow_cn": ["ts_code", "trade_date"],
    "stock_basic_cn": ["ts_code", "name"],
    "stock_basic_history_cn": ["ts_code", "known_on", "superseded_on"],
    "namechange_cn": ["ts_code", "start_date", "name"],
    "index_weight_cn": ["index_code", "con_code", "trade_date"],
}
BATCHES, QUESTIONS, THREADS = 30, 10, 4
# Spark needs seconds for the views of a day, and one second per question.
SPARK_QUESTIONS = 3


def install(wheel, folder):
    """Installs the module from the wheel into a separate folder."""
    place = folder / "module"
    command = [str(SCRIPTS / "uv"), "pip", "install", "--offline", "--no-deps", "--target", str(place), str(wheel)]
    own = environment(UV_CACHE_DIR=str(folder / "uv-cache"), UV_PYTHON=sys.executable)
    subprocess.run(command, check=True, env=own, capture_output=True, timeout=60)
    sys.path.insert(0, str(place))
    import pitlake

    check("the module is that of the wheel", Path(pitlake.__file__).parents[1] == place, pitlake.__file__)
    found = pitlake._binary.find()
    check("it finds the program beside it", Path(found) == place / "bin/pitlake", found)
    version = subprocess.run([found, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    check("module and program have one version", version == f"pitlake {pitlake.__version__}", version)
    return pitlake


class Questions:
    """Random questions: tables, columns, securities, days, adjustments. Ten of a kind are combined into one query of
    the program."""

    def __init__(self, lake, dice):
        self.lake, self.dice, self.columns = lake, dice, {}
        self.codes = list(lake.query("SELECT DISTINCT ts_code FROM stock_daily_cn ORDER BY 1", frame="polars")["ts_code"])
        self.days = list(lake.query("SELECT cal_date FROM trade_cal WHERE cal_date BETWEEN DATE '2023-10-25' AND DATE '2024-03-05' ORDER BY 1", frame="polars")["cal_date"])

    def day(self):
        return self.dice.choice(self.days)

    def table(self):
        """Readings of a table: the columns, and ten pairs of a condition and an optional day."""
        name = self.dice.choice(list(TABLES))
        if name not in self.columns:
            self.columns[name] = self.lake.query(f"SELECT * FROM {name} LIMIT 0", frame="polars").columns
        others = [column for column in self.columns[name] if column not in TABLES[name]]
        columns = TABLES[name] + self.dice.sample(others, min(4, len(others)))
        code = "con_code" if name == "index_weight_cn" else "ts_code"
        asked = []
        for _ in range(QUESTIONS):
            codes = ", ".join(f"'{one}'" for one in self.dice.sample(self.codes, 6))
            asked.append((f"{code} IN ({codes})", self.day() if self.dice.random() < 0.8 else None))
        return name, columns, asked

    def prices(self):
        """Ten sets of arguments for `prices`."""
        asked = []
        for _ in range(QUESTIONS):
            adjust = self.dice.choice(["none", "hfq", "qfq", "qfq"])
            start, anchor, known = sorted(self.dice.sample(self.days, 3))
            asked.append({
                "securities": sorted(self.dice.sample(self.codes, 3)),
                "adjust": adjust,
                "anchor": anchor if adjust == "qfq" else None,
                "as_of": self.dice.choice([known, None]),
                "start": self.dice.choice([start, None]),
                "end": self.dice.choice([known, None]),
            })
        return asked


def expected(lake, parts, columns):
    """The rows of several SELECTs in one query of the program, via Parquet."""
    listed = ", ".join(f'"{column}"' for column in columns)
    sql = " UNION ALL ".join(f"SELECT {place} AS place, {listed} FROM {part}" for place, part in enumerate(parts))
    rows = lake.query(sql, frame="polars")
    return [rows_of(rows.filter(polars.col("place") == place), columns) for place in range(len(parts))]


def price_source(asked):
    """The table in `pitlake query` for a question about prices, and its condition."""
    as_of, anchor = asked["as_of"], asked["anchor"]
    codes = ", ".join(f"'{code}'" for code in asked["securities"])
    where = f"ts_code IN ({codes})"
    where += f" AND trade_date >= DATE '{asked['start']}'" if asked["start"] else ""
    where += f" AND trade_date <= DATE '{asked['end']}'" if asked["end"] else ""
    if asked["adjust"] == "none":
        return (f"as_of('stock_daily_cn', DATE '{as_of}')" if as_of else "stock_daily_cn"), where
    if asked["adjust"] == "qfq":
        return f"adjusted('qfq', DATE '{anchor}'{f', DATE {chr(39)}{as_of}{chr(39)}' if as_of else ''})", where
    # Backward adjustment as of a day: bars and factors as of that day, joined here.
    if as_of is None:
        return "adjusted('hfq')", where
    prices = ", ".join(f"d.{price} * f.adj_factor AS {price}" for price in ["open", "high", "low", "close", "pre_close"])
    joined = f"as_of('stock_daily_cn', DATE '{as_of}') d LEFT JOIN as_of('adj_factor', DATE '{as_of}') f USING (ts_code, trade_date)"
    return f"(SELECT d.ts_code, d.trade_date, d.vol, d.amount, d.pct_chg, {prices} FROM {joined})", where


PRICES = ["ts_code", "trade_date", "open", "high", "low", "close", "pre_close", "pct_chg", "vol", "amount"]


def check_questions(pitlake, path):
    """About 300 questions; every fifth kind is about prices."""
    lake = pitlake.lake(path)
    questions = Questions(lake, random.Random(SEED))
    db = lake.duckdb()
    asked = answered = 0
    wrong = []

    def agree(what, seen, rows):
        nonlocal answered
        answered += 1
        if seen != rows:
            wrong.append(f"{what}: {len(seen)} for {len(rows)} rows, {next((row for row in rows if row not in seen), '')}")

    def readings(name, columns, where, day):
        """A reading of a table by each reader except Spark."""
        listed = ", ".join(f'"{column}"' for column in columns)
        source = f"{name}_as_of(DATE '{day}')" if day else name
        yield "DuckDB", lambda: db.cursor().execute(f"SELECT {listed} FROM {source} WHERE {where}").pl()
        yield "pandas", lambda: lake.pandas(name, as_of=day, columns=columns, where=where)
        yield "scan", lambda: lake.scan(name, as_of=day).filter(polars.sql_expr(where)).select(columns).collect()

    with ThreadPoolExecutor(THREADS) as pool:
        for batch in range(BATCHES):
            jobs = []
            if batch % 5 == 4:
                prices = questions.prices()
                rows = expected(lake, [" WHERE ".join(price_source(one)) for one in prices], PRICES)
                for place, one in enumerate(prices):
                    frame = ("pandas", "polars")[place % 2]
                    jobs.append((f"prices({one})", PRICES, rows[place], lambda one=one, frame=frame: lake.prices(frame=frame, **one)))
            else:
                name, columns, asks = questions.table()
                sources = [f"as_of('{name}', DATE '{day}')" if day else name for _, day in asks]
                rows = expected(lake, [f"{source} WHERE {where}" for source, (where, _) in zip(sources, asks)], columns)
                for place, (where, day) in enumerate(asks):
                    ways = list(readings(name, columns, where, day))
                    # Two of the ways start the program each time, so they get a tenth of the questions each.
                    for reader, read in [ways[0], *ways[1 + place : 2 + place]]:
                        jobs.append((f"{reader}: {name}, {where}, as of {day}", columns, rows[place], read))
            asked += QUESTIONS
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", pitlake.PitlakeWarning)  # securities without bars in the range
                for (what, columns, rows, _), seen in zip(jobs, pool.map(lambda job: job[3](), jobs)):
                    agree(what, rows_of(seen, columns), rows)
    db.close()
    check(f"the module agrees with `query` on {asked} questions", not wrong, f"{len(wrong)} differ: {'; '.join(wrong[:3])}")
    check("questions have answers", answered > asked)
    print(f"interop: {asked} questions, {answered} answers of the module", flush=True)


def check_spark(pitlake, path):
    """Views as of a day, adjusted prices included."""
    lake = pitlake.lake(path)
    session = SparkSession.builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    questions = Questions(lake, random.Random(SEED))
    day = questions.day()
    views = lake.spark(session, as_of=day)
    for name in ["adjusted_hfq", "adjusted_qfq", "income_cn", *questions.dice.sample(list(TABLES)[1:], SPARK_QUESTIONS)]:
        with attempt(f"{name} in Spark as of {day}"):
            columns = PRICES if name.startswith("adjusted") else TABLES[name]
            source = {"adjusted_hfq": "adjusted('hfq')", "adjusted_qfq": f"adjusted('qfq', DATE '{day}')"}.get(name, name)
            rows = lake.query(f"SELECT * FROM {source}", as_of=day, frame="polars")
            view = session.table(name)
            check(f"the view {name} has the columns of `query`", name in views and view.columns == rows.columns, view.columns)
            same = rows_of(view, columns) == rows_of(rows, columns)
            check(f"the view {name} as of {day} has the rows of `query`", same)
    comment = session.table("stock_daily_cn").schema["vol"].metadata.get("comment", "")
    check("columns of views say their unit", comment.endswith("[share]"), comment)


def check_edges(pitlake, path, folder):
    """Empty and missing lakes, tables that are not built, wrong names, all kinds of paths; nothing is written."""
    place = folder / "数据 湖 [1]*' 100%"
    shutil.copytree(path, place)
    lake = pitlake.lake(place)
    with attempt("a path with Chinese characters, spaces and patterns"):
        rows = len(pitlake.lake(path).pandas("stock_daily_cn"))
        check("pandas reads it", len(lake.pandas("stock_daily_cn")) == rows)
        check("Polars reads it", lake.scan("stock_daily_cn").collect().height == rows)
        counted = lake.scan("stock_daily_cn", as_of="2024-12-31").select(polars.len()).collect().item()
        check("Polars counts the rows as of a day", counted == len(lake.pandas("stock_daily_cn", as_of="2024-12-31")), counted)
        count = lake.duckdb().sql("SELECT count(*) FROM stock_daily_cn").fetchone()[0]
        check("DuckDB reads it", count == rows, count)
        session = SparkSession.builder.getOrCreate()
        lake.spark(session)
        check("Spark reads it", session.table("stock_daily_cn").count() == rows)
    before = sorted(str(file) for file in place.rglob("*"))
    with attempt("the home"):
        home, os.environ["HOME"] = os.environ.get("HOME"), str(folder)
        check("`~` is the home", pitlake.lake(f"~/{place.name}").path == place)
        os.environ.pop("HOME") if home is None else os.environ.update(HOME=home)
    with attempt("a path from the working folder"), contextlib.chdir(folder):
        relative = pitlake.lake(place.name)
    check("a lake stays where it was opened", relative.tables() == lake.tables())
    empty = folder / "empty-lake"
    empty.mkdir()
    nothing = pitlake.lake(empty)
    check("an empty lake has no tables", nothing.tables() == [] and "0 tables" in repr(nothing), repr(nothing))
    with attempt("an empty lake"), warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        shapes = [nothing.pandas("stock_daily_cn").shape, nothing.scan("stock_daily_cn").collect().shape]
        check("a table that is not built has its columns", shapes == [(0, 15)] * 2, shapes)
        check("and a warning says so", [w.category for w in seen] == [pitlake.PitlakeWarning] * 2, [str(w.message) for w in seen])
        check("on the line of the caller", {w.filename for w in seen} == {__file__}, [w.filename for w in seen])
        about = nothing.duckdb().sql("SELECT comment FROM duckdb_columns() WHERE (table_name, column_name) = ('stock_daily_cn', 'vol')")
        check("and they say their unit", about.fetchone()[0].endswith("[share]"))
        check("DuckDB has views to join", nothing.duckdb().sql("FROM adjusted_hfq()").fetchall() == [])
        check("Spark has no views", nothing.spark(SparkSession.builder.getOrCreate()) == [])
        check("without bars there are no prices", len(nothing.prices("000001.SZ", adjust="hfq")) == 0)
    wrong = {
        "no table `stok_daily_cn`; did you mean `stock_daily_cn`?": lambda: lake.pandas("stok_daily_cn"),
        "no table `income_ch`; did you mean `income_cn`?": lambda: lake.scan("income_ch"),
        "unknown table `income_ch`; did you mean `income_cn`?": lambda: lake.describe("income_ch"),
        "unknown table or job `income_ch`": lambda: lake.status("income_ch"),
        "no column `clos`; did you mean `close`?": lambda: lake.pandas("stock_daily_cn", columns=["clos"]),
        "no lake at": lambda: pitlake.lake(folder / "nowhere"),
        "invalid as_of `2024-13-01`: expected a day as YYYY-MM-DD": lambda: lake.query("SELECT 1", as_of="2024-13-01"),
        "cannot parse the SQL": lambda: lake.query("SELEC 1"),
        "only SELECT is allowed": lambda: lake.query("DROP TABLE income_cn"),
        "needs an anchor": lambda: lake.prices("000001.SZ", adjust="qfq"),
        "has no anchor": lambda: lake.prices("000001.SZ", adjust="hfq", anchor="2024-01-15"),
        "the anchor 2024-01-15 is after 2024-01-08": lambda: lake.prices("000001.SZ", adjust="qfq", anchor="2024-01-15", as_of="2024-01-08"),
        "unknown adjustment `forward`: expected none, hfq or qfq": lambda: lake.prices("000001.SZ", adjust="forward"),
        "unknown frame `spark`: expected pandas or polars": lambda: lake.query("SELECT 1", frame="spark"),
    }
    for message, ask in wrong.items():
        try:
            ask()
            check(f"an error says: {message}", False, "no error")
        except pitlake.UsageError as error:
            check(f"an error says: {message}", message in str(error), error)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        lake.prices(["000001.SZ", "000001"])
        check("a code without bars is warned of", ["`000001`" in str(w.message) for w in seen] == [True], seen)
    check("reading writes nothing into the lake", sorted(str(file) for file in place.rglob("*")) == before)


def check_documented(pitlake, path):
    """Every public name has a docstring with an example, and the examples pass on the demo's lake."""
    names = {name: getattr(pitlake, name) for name in pitlake.__all__}
    for kind in (pitlake.Lake,):
        names |= {f"{kind.__name__}.{name}": value for name, value in vars(kind).items() if not name.startswith("_")}
    for name, value in names.items():
        text = inspect.getdoc(value) or ""
        check(f"`{name}` has a docstring with an example", "Example:\n" in text, text[:60])
        if "Args:" in text and "." in name:
            check(f"`{name}` says what it raises", "Raises:\n" in text)
    finder = doctest.DocTestFinder()
    seen = {}
    with contextlib.chdir(path.parent):
        scope = {"pitlake": pitlake, "lake": pitlake.lake(path.name)}
        for value in [pitlake, *names.values()]:
            for test in finder.find(value, getattr(value, "__name__", "pitlake"), globs=scope):
                seen[test.name] = test
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
        for test in seen.values():
            runner.run(test, clear_globs=False)
    check("the examples of the docstrings hold", runner.failures == 0, f"{runner.failures} of {runner.tries}")
    check("there are examples", runner.tries > 20, runner.tries)


def check_pages(demo):
    """The Python blocks of the module's page run as they are, one after another. The Chinese page has the same ones."""
    page, other = ([text for language, _, text in blocks(one) if language == "python"] for one in PAGES)
    scope = {}
    for number, text in enumerate(page, 1):
        with attempt(f"block {number} of {PAGES[0]}"), contextlib.chdir(demo.parent), contextlib.redirect_stdout(io.StringIO()):
            exec(compile(text, f"{PAGES[0]}, block {number}", "exec"), scope)
    page, other = ([re.sub(r"\s*#.*", "", text) for text in texts] for texts in (page, other))
    check("both pages have the same code", len(page) >= 6 and page == other)


def check_types():
    """mypy, strict."""
    command = [str(SCRIPTS / "mypy"), "--no-incremental", "--cache-dir", os.devnull]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    check("mypy accepts the module", done.returncode == 0, done.stdout.strip())


def check_module(pitlake, lake, demo, folder):
    """`lake` has a past; `demo` is that of `pitlake demo`."""
    os.environ["PITLAKE_LANG"] = "en"  # messages are compared
    parts = (
        lambda: check_documented(pitlake, demo),
        lambda: check_pages(demo),
        lambda: check_questions(pitlake, lake),
        lambda: check_spark(pitlake, lake),
        lambda: check_edges(pitlake, lake, folder),
        lambda: check_language(pitlake, demo),
    )
    for part in parts:
        with attempt("the module"):
            part()
