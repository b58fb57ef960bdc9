#!/usr/bin/env python3
"""The session join of a whole market and ten years, beside DuckDB with the macro of `lake.sql` on the same files.

usage: sessions_join.py PATH-OF-PITLAKE     (a Python that has DuckDB; build with `cargo build --release`)

Makes the silver files of 5,400 securities, 2,430 sessions, 40 periods and 1.4 versions each; the two take turns, so that a
drifting machine affects both. Prints wall time and peak memory of the whole process of each, and the ratio pair by pair.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

SECURITIES, SESSIONS, PERIODS = 5_400, 2_430, 40
PAIRS = 5
# What to read from each row: a count, the sum of a figure, and both dates.
FIGURES = "count(*) AS n, sum(n_income) AS income, min(session) AS first, max(session) AS last, max(end_date) AS newest"

MAKE = f"""
SET threads = 2;
CREATE TABLE days AS SELECT CAST(d AS DATE) AS cal_date, isodow(d) < 6 AS is_open
    FROM range(TIMESTAMP '2014-12-01', TIMESTAMP '2025-12-31', INTERVAL 1 DAY) AS t(d);
CREATE TABLE keys AS SELECT printf('%06d.%s', s, CASE WHEN s % 2 = 0 THEN 'SZ' ELSE 'SH' END) AS ts_code,
    CAST(last_day(DATE '2014-12-01' + INTERVAL (3 * p) MONTH) AS DATE) AS end_date, hash(s, p) AS h
    FROM range({SECURITIES}) AS s(s), range({PERIODS}) AS p(p);
CREATE TABLE versions AS
    SELECT ts_code, end_date, '1' AS report_type, CAST(h % 1000000007 AS DOUBLE) + r AS n_income,
        CAST(h % 1000003 AS DOUBLE) * 7 AS revenue, CAST(h % 999983 AS DOUBLE) / 3 AS total_profit,
        CASE WHEN r = 1 OR h % 3 = 0 THEN end_date + CAST(20 + h % 90 + 100 * (r - 1) AS INTEGER) END AS announced_on,
        end_date + CAST(20 + h % 90 + 100 * (r - 1) AS INTEGER) AS known_on,
        CASE WHEN r = 1 THEN 'announced' ELSE 'observed' END AS known_basis,
        CAST(end_date + CAST(20 + h % 90 + 100 * (r - 1) AS INTEGER) AS TIMESTAMP) + INTERVAL 10 HOUR AS observed_at,
        CAST(r AS INTEGER) AS revision,
        CASE WHEN r = 2 AND h % 50 = 0 THEN end_date + CAST(300 + h % 200 AS INTEGER) END AS withdrawn_on,
        'tushare' AS vendor
    FROM keys, (VALUES (1), (2)) AS v(r) WHERE r = 1 OR h % 5 < 2;
"""


def make(lake):
    """Writes the files; returns the last session."""
    with duckdb.connect() as db:
        db.execute(MAKE)
        silver = lake / "silver"
        for year in [row[0] for row in db.execute("SELECT DISTINCT year(end_date) FROM versions").fetchall()]:
            folder = silver / f"income_cn/year={year}"
            folder.mkdir(parents=True)
            db.execute(
                f"COPY (SELECT * REPLACE (observed_at AT TIME ZONE 'UTC' AS observed_at) FROM versions "
                f"WHERE year(end_date) = {year} ORDER BY ts_code, end_date, revision) "
                f"TO '{folder}/part-0.parquet' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 32768)"
            )
        (silver / "trade_cal").mkdir()
        db.execute(
            f"COPY (SELECT 'SSE' AS exchange, cal_date, is_open FROM days) "
            f"TO '{silver}/trade_cal/part-0.parquet' (FORMAT parquet)"
        )
        rows = db.execute("SELECT count(*) FROM versions").fetchone()[0]
        sessions = "SELECT cal_date FROM days WHERE is_open AND cal_date >= DATE '2015-04-01' ORDER BY 1"
        last = db.execute(f"{sessions} LIMIT 1 OFFSET {SESSIONS - 1}").fetchone()[0]
        print(f"{rows:,} versions of {SECURITIES:,} securities, {SESSIONS:,} sessions from 2015-04-01 to {last}")
        return last


def run(command):
    """Seconds, peak memory in MiB, and what was printed."""
    begun = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    printed = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"failed: {command}")
    return time.monotonic() - begun, usage.ru_maxrss / 1024, printed.split()[-1]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    binary = str(Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory(prefix="pitlake-bench-") as name:
        lake = Path(name) / "lake"
        last = make(lake)
        ddl = subprocess.run([binary, "tables", "--ddl", "duckdb", "--lake", str(lake)], check=True, capture_output=True, text=True)
        macros = Path(name) / "lake.sql"
        macros.write_text(ddl.stdout)
        span = f"DATE '2015-04-01', DATE '{last}'"
        ours = f"SELECT {FIGURES} FROM sessions_join('income_cn', {span})"
        theirs = f"SELECT {FIGURES} FROM income_cn_sessions_join({span})"
        script = (
            f"import duckdb; db = duckdb.connect(); db.execute(open({str(macros)!r}).read()); "
            f"row = db.execute({theirs!r}).fetchone(); print(*row, sep=',')"
        )
        commands = {
            "pitlake": [binary, "query", ours, "--lake", str(lake), "--format", "csv"],
            "DuckDB": [sys.executable, "-c", script],
        }
        seen = {name: [] for name in commands}
        for _ in range(PAIRS):
            for name, command in commands.items():
                seen[name].append(run(command))
        answers = {name: runs[0][2] for name, runs in seen.items()}
        print("answers:", answers)
        for name, runs in seen.items():
            seconds = sorted(run[0] for run in runs)
            print(
                f"{name:8} {seconds[0]:.2f} / {statistics.median(seconds):.2f} / {seconds[-1]:.2f} s, "
                f"peak {max(run[1] for run in runs):,.0f} MiB"
            )
        ratios = sorted(theirs[0] / ours[0] for ours, theirs in zip(seen["pitlake"], seen["DuckDB"], strict=True))
        print(f"DuckDB / pitlake {ratios[0]:.1f} / {statistics.median(ratios):.1f} / {ratios[-1]:.1f}")
        count, income, *rest = answers["pitlake"].split(",")
        other, sum_of_other, *others = answers["DuckDB"].split(",")
        if (count, rest) != (other, others) or abs(float(income) / float(sum_of_other) - 1) > 1e-9:
            sys.exit("the answers differ")


if __name__ == "__main__":
    main()
