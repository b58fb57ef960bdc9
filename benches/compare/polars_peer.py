"""The work in Polars: gunzip, parse, scale, newest file wins, sort, Parquet; all of it, as a separate process.

Of a table with versions, each version is kept with the day from which it was known, for slices that were fetched once.

usage: polars_peer.py JOB.json MODE      (MODE: loop or year)
"""

import json
import os
import sys

READ = {"text": "String", "day": "String", "whole": "Float64", "real": "Float64"}


def value(pl, column):
    """A column in canonical units. Counts are rounded, which also removes the error of the product of doubles."""
    it = pl.col(column["name"])
    if column["kind"] == "day":
        return it.str.to_date("%Y%m%d")
    scaled = it if column["factor"] == 1 else it * column["factor"]
    return scaled.round().cast(pl.Int64) if column["kind"] == "whole" else scaled


def versions(pl, job, lines):
    """Every version: a row flagged as a correction is one if any of its values contradicts that of the original with the
    same announcement, and is known from the day it was fetched. Otherwise each fills the nulls of the other.
    """
    key, announced, flag = job["key"], job["versions"]["announced"], job["versions"]["flag"]
    figures = [c for c in job["columns"] if c["name"] not in (*key, announced, flag)]
    names = [c["name"] for c in figures]
    # Collected, because it is used four times.
    lines = lines.unique([*key, announced, flag], keep="last").with_row_index("line").collect().lazy()
    first, second = (lines.filter(pl.col(flag) == value) for value in "01")
    pairs = first.join(second, on=[*key, announced], nulls_equal=True, suffix=".b")
    pairs = pairs.filter(pl.all_horizontal(agrees(pl, c) for c in figures))
    kept = lines.join(pairs.select(line=pl.col("line.b")), on="line", how="anti")
    filling = pairs.select("line", *(pl.col(f"{name}.b").alias(name) for name in names))
    kept = kept.join(filling, on="line", how="left", suffix=".b")
    kept = kept.with_columns(pl.coalesce(name, f"{name}.b").alias(name) for name in names)
    day, fetched = pl.col(announced), pl.col("fetched")
    day = pl.when(day >= pl.col(job["event"])).then(day).alias("announced_on")
    kept = kept.sort(*key, announced, flag).with_columns(day)
    is_first = pl.int_range(pl.len()).over(*key, announced) == 0
    known = pl.when(is_first).then(pl.coalesce("announced_on", fetched)).otherwise(pl.max_horizontal("announced_on", fetched))
    revision = pl.int_range(1, pl.len() + 1).over(*key).alias("revision")
    return kept.select(*(c["name"] for c in job["columns"]), "vendor", "announced_on", known.alias("known_on"), revision)


def agrees(pl, column):
    """Whether a value of two rows does not contradict itself: one is null, or they are equal but for rounding."""
    a, b = pl.col(column["name"]), pl.col(column["name"] + ".b")
    is_number = column["kind"] in ("whole", "real")
    equal = (a - b).abs() <= 1e-4 * pl.max_horizontal(a.abs(), b.abs()) if is_number else a == b
    return a.is_null() | b.is_null() | equal


def main(path, mode):
    job = json.load(open(path))
    os.environ["POLARS_MAX_THREADS"] = str(job["threads"])
    import polars as pl

    schema = {c["name"]: getattr(pl, READ[c["kind"]]) for c in job["columns"]}
    columns = [value(pl, c) for c in job["columns"]] + [pl.lit(job["vendor"]).alias("vendor")]
    parts = {}
    for part in job["parts"]:
        parts.setdefault(part["name"][:4] if mode == "year" else part["name"], []).extend(part["files"])
    for name, files in parts.items():
        if job["versions"]:
            stamp = pl.col("file").str.extract(r"_(\d{8}T\d{6})").str.to_datetime("%Y%m%dT%H%M%S")
            fetched = (stamp + pl.duration(hours=8)).dt.date().alias("fetched")
            rows = versions(pl, job, pl.scan_ndjson(files, schema=schema, include_file_paths="file").select(*columns, fetched))
        else:
            # Files come oldest first, so the last row for a key is from the newest file.
            rows = pl.scan_ndjson(files, schema=schema).select(columns)
            rows = rows.unique(job["key"], keep="last").sort(job["key"])
        rows.sink_parquet(f"{job['out']}/{name}.parquet", compression="zstd")


if __name__ == "__main__":
    main(*sys.argv[1:])
