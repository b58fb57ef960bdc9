"""The work in Polars: gunzip, parse, scale, newest file wins, sort, Parquet; all of it, as a separate process.

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
        # Files come oldest first, so the last row for a key is from the newest file.
        rows = pl.scan_ndjson(files, schema=schema).select(columns)
        rows = rows.unique(job["key"], keep="last").sort(job["key"])
        rows.sink_parquet(f"{job['out']}/{name}.parquet", compression="zstd")


if __name__ == "__main__":
    main(*sys.argv[1:])
