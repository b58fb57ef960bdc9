"""Measurements without a comparable peer: the floor, varying key order, one new day; and queries, next to DuckDB."""

import shutil
import statistics
import sys
import time
from pathlib import Path

import corpus
import job
import timing

HERE = Path(__file__).parent
TABLE = "stock_daily_cn"
READ = {
    "one stock, ten years": f"SELECT * FROM {TABLE} WHERE ts_code = '600519.SH' ORDER BY trade_date",
    "one day's cross-section": f"SELECT * FROM {TABLE} WHERE trade_date = DATE '2018-06-29' ORDER BY ts_code",
    "mean of every stock, ten years": f"SELECT ts_code, avg(close) AS mean FROM {TABLE} GROUP BY ts_code ORDER BY ts_code",
}


def table(rows, *heads):
    """A table in Markdown."""
    lines = [" | ".join(map(str, row)) for row in [heads, ["---"] * len(heads), *rows]]
    return "\n".join(f"| {line} |" for line in lines)


def normalize(args, lake, *more):
    """Runs `pitlake normalize stock_daily_cn`."""
    return timing.run([args.pitlake, "-q", "--lake", lake, "normalize", TABLE, *more], args.out / "log.txt")


def inflating(lake):
    """CPU seconds for libdeflate to inflate the bronze, with the files in memory."""
    try:
        from deflate import gzip_decompress
    except ImportError:
        return None
    files = [file.read_bytes() for file in job.bronze(lake, TABLE)]
    best = []
    for _ in range(5):
        start = time.process_time()
        for data in files:
            gzip_decompress(data)
        best.append(time.process_time() - start)
    return min(best)


def specials(args):
    """The floor, varying key order, and one new day."""
    lake = corpus.days(args.out, [TABLE], 250)
    other = corpus.reordered(lake, TABLE)
    normalize(args, lake)
    normalize(args, other)
    fast, slow = timing.pairs(lambda: normalize(args, lake, "--full"), lambda: normalize(args, other, "--full"), args.pairs)
    rows = []
    cpu = timing.median(fast, "cpu")
    if floor := inflating(lake):
        rows.append(
            ["CPU against libdeflate inflating the same bytes", f"{cpu:.2f} s / {floor:.2f} s = {cpu / floor:.1f} x"]
        )
    else:
        rows.append(["CPU against libdeflate", "the package `deflate` is not installed; `cargo bench` measures it"])
    wall, processor = 1 / timing.ratios(fast, slow)[1], 1 / timing.ratios(fast, slow, "cpu")[1]
    rows.append(["keys in another order on every line", f"{wall:.2f} x the speed (CPU {processor:.2f} x)"])
    day = one_day(args, lake)
    peak = timing.median(day, "peak")
    rows.append(
        ["one new day into 240", f"{timing.median(day):.2f} s (CPU {timing.median(day, 'cpu'):.2f} s, {peak:.0f} MiB)"]
    )
    return "\n### Without a peer\n\n" + table(rows, "work", "result")


def one_day(args, lake):
    """Costs of `normalize` after the 241st day has been added."""
    year = args.out / "one-day"
    corpus.linked(lake, year)
    folders = sorted((year / f"bronze/tushare/{TABLE}").iterdir())
    for folder in folders[241:]:
        shutil.rmtree(folder)
    last, kept = folders[240], args.out / "day-241"
    costs = []
    for _ in range(args.pairs):
        shutil.rmtree(kept, ignore_errors=True)
        shutil.move(last, kept)
        normalize(args, year)
        shutil.move(kept, last)
        costs.append(normalize(args, year))
    return costs


def queries(args):
    """`pitlake query` and DuckDB on the same silver files, both as whole processes that write the rows as Parquet."""
    lake = corpus.days(args.out, [TABLE], 2500)
    normalize(args, lake)
    rows = []
    for name, sql in READ.items():
        alone = []
        ours, theirs = args.out / "ours.parquet", args.out / "theirs.parquet"

        def query(sql=sql, ours=ours):
            return timing.run([args.pitlake, "-q", "--lake", lake, "query", sql, "--output", ours], args.out / "log.txt")

        def peer(sql=sql, theirs=theirs, alone=alone):
            peer = [sys.executable, HERE / "duckdb_query.py", lake / f"silver/{TABLE}", TABLE, sql, theirs]
            cost = timing.run(peer, args.out / "log.txt")
            alone.append(float((args.out / "log.txt").read_text()))
            return cost

        a, b = timing.pairs(query, peer, max(args.pairs, 7))
        least, middle, most = timing.ratios(b, a)
        same(ours, theirs, name)
        rows.append(
            [
                name,
                f"{timing.median(a) * 1000:.0f}",
                f"{timing.median(b) * 1000:.0f}",
                f"{statistics.median(alone) * 1000:.0f}",
                f"{least:.2f} / **{middle:.2f}** / {most:.2f}",
                f"{timing.ratios(b, a, 'cpu')[1]:.2f}",
                f"{timing.median(a, 'peak'):.0f}, {timing.median(b, 'peak'):.0f}",
            ]
        )
    heads = ["query", "pitlake ms", "DuckDB ms", "without Python's start", "ours / DuckDB's time", "CPU ratio", "peak MiB"]
    return "\n### Queries\n\n" + table(rows, *heads)


def same(ours, theirs, name):
    """Raises unless both files have the same rows."""
    import pyarrow.parquet as pq

    a, b = pq.read_table(ours), pq.read_table(theirs)
    if a.num_rows != b.num_rows or a.select(["ts_code"]).to_pydict() != b.select(["ts_code"]).to_pydict():
        raise SystemExit(f"{name}: DuckDB has other rows than ours")


ALL = {"special": specials, "query": queries}
