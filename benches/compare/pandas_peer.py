"""The work in pandas: gunzip, parse, scale, newest file wins, sort, Parquet; all of it, as a separate process.

usage: pandas_peer.py JOB.json MODE      (MODE: loop or year)
"""

import json
import sys

import pandas as pd


def frame(job, files):
    """The rows of some files, oldest file first."""
    types = {c["name"]: "str" for c in job["columns"] if c["kind"] in ("text", "day")}
    read = [pd.read_json(file, lines=True, compression="gzip", dtype=types, convert_dates=False) for file in files]
    rows = pd.concat(read, ignore_index=True).reindex(columns=[c["name"] for c in job["columns"]])
    for column in job["columns"]:
        name, kind = column["name"], column["kind"]
        if kind == "day":
            rows[name] = pd.to_datetime(rows[name], format="%Y%m%d", errors="coerce").astype("date32[day][pyarrow]")
        elif kind != "text":
            scaled = rows[name].astype("float64") * column["factor"]
            rows[name] = scaled.round().astype("Int64") if kind == "whole" else scaled
    rows["vendor"] = job["vendor"]
    return rows.drop_duplicates(job["key"], keep="last").sort_values(job["key"], ignore_index=True)


def main(path, mode):
    job = json.load(open(path))
    parts = {}
    for part in job["parts"]:
        parts.setdefault(part["name"][:4] if mode == "year" else part["name"], []).extend(part["files"])
    for name, files in parts.items():
        frame(job, files).to_parquet(f"{job['out']}/{name}.parquet", compression="zstd", index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
