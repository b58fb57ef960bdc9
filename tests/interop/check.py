#!/usr/bin/env python3
"""Other programs read the lake: DuckDB and pyarrow on a small lake filled from the sandbox.

usage: check.py PATH-OF-ASHARE-LAKE

Prints one line per failed check and exits 1; `interop: N checks passed` otherwise.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

START, END = "2023-11-01", "2024-02-29"
TABLES = ["stock_daily_cn", "stock_daily_basic_cn", "adj_factor", "moneyflow_cn", "suspend_d_cn"]
LISTEN_SECONDS = 60
BACKFILL_SECONDS = 300

passed = 0
failed = 0


def check(what, holds, saw=""):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"interop: FAILED: {what}{f': {saw}' if saw != '' else ''}", flush=True)


def attempt(what, act):
    """A reader's own error is a failed check, and the others still run."""
    try:
        act()
    except Exception as error:
        check(what, False, str(error).splitlines()[0] if str(error) else type(error).__name__)


def environment(**more):
    """Nothing of the caller's configuration: neither its lake nor its token."""
    ours = ("TUSHARE_", "ASHARE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | more


def ask(query):
    """Rows of a query, on a connection of its own: an error leaves nothing behind."""
    with duckdb.connect() as db:
        return db.execute(query).fetchall()


def first_line(child):
    """The line the sandbox prints when it listens."""
    line = []
    reader = threading.Thread(target=lambda: line.append(child.stdout.readline()), daemon=True)
    reader.start()
    reader.join(LISTEN_SECONDS)
    if not line or not line[0].strip():
        sys.exit(f"interop: FAILED: the sandbox said nothing within {LISTEN_SECONDS} s")
    return json.loads(line[0])


def backfill(binary, folder, sandbox):
    (folder / "jobs.toml").write_text(
        "version = 1\n"
        "\n"
        "[vendors.tushare]\n"
        f'base_url = "{sandbox["tushare"]}"\n'
        "points = 5000\n"
        "requests_per_minute = 1000000\n"
    )
    lake = folder / "lake"
    command = [binary, "backfill", *TABLES, "--start", START, "--end", END, "--lake", str(lake)]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(TUSHARE_TOKEN=sandbox["token"]),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BACKFILL_SECONDS,
    )
    check("backfill exits with 0", done.returncode == 0, f"exit {done.returncode}\n{done.stdout}{done.stderr}")
    if done.returncode != 0:
        sys.exit(1)
    return lake


def market(lake):
    """Bars: the same rows in both layers, by plain globs."""
    silver = f"read_parquet('{lake}/silver/stock_daily_cn/*/*.parquet')"
    bronze = f"read_json('{lake}/bronze/tushare/stock_daily_cn/*/*.jsonl.gz')"

    def rows():
        in_silver = ask(f"SELECT count(*) FROM {silver}")[0][0]
        in_bronze = ask(f"SELECT count(*) FROM {bronze}")[0][0]
        check("stock_daily_cn has rows", in_silver > 0)
        check("bronze and silver of stock_daily_cn have as many rows", in_silver == in_bronze,
              f"{in_bronze} in bronze, {in_silver} in silver")

    def types():
        seen = {row[0]: row[1] for row in ask(f"DESCRIBE SELECT * FROM {silver}")}
        for column, wanted in [("vol", "BIGINT"), ("amount", "DOUBLE"), ("trade_date", "DATE"), ("ts_code", "VARCHAR")]:
            check(f"stock_daily_cn.{column} is {wanted}", seen.get(column) == wanted, f"it is {seen.get(column)}")

    def sums():
        # Hands of 100 shares with two decimals; thousands of yuan.
        [(shares, yuan)] = ask(
            f"SELECT sum(CAST(round(CAST(vol AS DOUBLE) * 100) AS BIGINT)), sum(CAST(amount AS DOUBLE) * 1000) FROM {bronze}"
        )
        vol, amount = ask(f"SELECT sum(vol), sum(amount) FROM {silver}")[0]
        check("vol is in shares", vol == shares, f"{vol} in silver, {shares} from bronze")
        check("amount is in yuan", yuan > 0 and abs(amount - yuan) <= 1e-9 * yuan, f"{amount} in silver, {yuan} from bronze")

    attempt("DuckDB counts bars in both layers", rows)
    attempt("DuckDB tells the types of bars", types)
    attempt("DuckDB sums both layers", sums)


def references(lake):
    for table in ["trade_cal", "stock_basic_cn"]:
        def readable():
            count = ask(f"SELECT count(*) FROM read_parquet('{lake}/silver/{table}/*.parquet')")[0][0]
            check(f"DuckDB reads {table}", count > 0, "no rows")

        attempt(f"DuckDB reads {table}", readable)


def empty_answers(lake):
    """Days on which nothing was suspended are empty files; they are read with the others."""
    folder = lake / "bronze/tushare/suspend_d_cn"

    def empty(path):
        return gzip.decompress(path.read_bytes()).strip() == b""

    def readable():
        files = sorted(folder.glob("*/*.jsonl.gz"))
        check("some day of suspend_d_cn has an empty answer", any(empty(path) for path in files), f"{len(files)} files")
        count = ask(f"SELECT count(*) FROM read_json('{folder}/*/*.jsonl.gz')")[0][0]
        kept = ask(f"SELECT count(*) FROM read_parquet('{lake}/silver/suspend_d_cn/*/*.parquet')")[0][0]
        check("empty answers do not break read_json", count == kept, f"{count} in bronze, {kept} in silver")

    attempt("DuckDB reads bronze with empty files", readable)


def only_data(lake):
    others = [str(p.relative_to(lake)) for p in sorted((lake / "silver").rglob("*")) if p.is_file() and p.suffix != ".parquet"]
    check("nothing but .parquet lies under silver", not others, ", ".join(others[:5]))


def metadata(lake):
    def readable():
        files = sorted((lake / "silver/stock_daily_cn").glob("*/*.parquet"))
        check("stock_daily_cn has a file a year", len(files) == 2, ", ".join(str(p.relative_to(lake)) for p in files))
        for path in files:
            where = path.relative_to(lake)
            unit = (pq.read_schema(path).field("vol").metadata or {}).get(b"unit")
            check(f"pyarrow reads the unit of vol in {where}", unit == b"share", unit)
            origin = (pq.read_metadata(path).metadata or {}).get(b"ashare-lake.origin")
            check(f"{where} says what it was made from", bool(origin), "no ashare-lake.origin")

    attempt("pyarrow reads the metadata of stock_daily_cn", readable)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    binary = str(Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory(prefix="ashare-lake-interop-") as name:
        folder = Path(name)
        sandbox = [binary, "sandbox", "--stocks", "20", "--start", START, "--end", END, "--rpm", "0", "--port", "0"]
        child = subprocess.Popen(
            sandbox, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        try:
            lake = backfill(binary, folder, first_line(child))
        finally:
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        market(lake)
        references(lake)
        empty_answers(lake)
        only_data(lake)
        metadata(lake)
    if failed:
        print(f"interop: {failed} of {passed + failed} checks failed")
        sys.exit(1)
    print(f"interop: {passed} checks passed")


if __name__ == "__main__":
    main()
