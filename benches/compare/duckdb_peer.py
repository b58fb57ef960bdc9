"""The work in DuckDB: gunzip, parse, scale, newest file wins, sort, Parquet; all of it, as a separate process.

usage: duckdb_peer.py JOB.json MODE      (MODE: loop, year or copy)
"""

import json
import sys

import duckdb

DAY = "%Y%m%d"
READ = {"text": "VARCHAR", "day": "DATE", "whole": "DOUBLE", "real": "DOUBLE"}


def value(column):
    """A column in canonical units. Counts are rounded, which also removes the error of the product of doubles."""
    name, factor = f'"{column["name"]}"', column["factor"]
    scaled = name if factor == 1 else f"{name} * {factor}"
    return f"CAST(round({scaled}) AS BIGINT) AS {name}" if column["kind"] == "whole" else f"{scaled} AS {name}"


def rows(job, files):
    """The rows of some files: read with a schema, the newest file for a key first, sorted by key."""
    columns = ", ".join(f"\"{c['name']}\": '{READ[c['kind']]}'" for c in job["columns"])
    key = ", ".join(f'"{name}"' for name in job["key"])
    return (
        f"SELECT {', '.join(value(c) for c in job['columns'])}, '{job['vendor']}' AS vendor "
        f"FROM read_json({files!r}, columns = {{{columns}}}, format = 'newline_delimited', compression = 'gzip', "
        f"dateformat = '{DAY}', filename = 'file') "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY file DESC) = 1 ORDER BY {key}"
    )


def main(path, mode):
    job = json.load(open(path))
    out = job["out"]
    db = duckdb.connect(config={"threads": job["threads"]})
    if mode == "copy":
        files = [file for part in job["parts"] for file in part["files"]]
        event = f'"{job["event"]}"'
        db.execute(
            f"COPY (SELECT *, year({event}) AS year, month({event}) AS month FROM ({rows(job, files)})) TO '{out}' "
            "(FORMAT parquet, COMPRESSION zstd, PARTITION_BY (year, month))"
        )
        return
    parts = {}
    for part in job["parts"]:
        parts.setdefault(part["name"][:4] if mode == "year" else part["name"], []).extend(part["files"])
    for name, files in parts.items():
        db.execute(f"COPY ({rows(job, files)}) TO '{out}/{name}.parquet' (FORMAT parquet, COMPRESSION zstd)")


if __name__ == "__main__":
    main(*sys.argv[1:])
