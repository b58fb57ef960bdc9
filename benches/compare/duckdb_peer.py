"""The work in DuckDB: gunzip, parse, scale, newest file wins, sort, Parquet; all of it, as a separate process.

Of a table with versions, each version is kept with the day from which it was known, for slices that were fetched once.

usage: duckdb_peer.py JOB.json MODE      (MODE: loop, year or copy)
"""

import json
import sys

import duckdb

DAY = "%Y%m%d"
STAMP = r"_(\d{8}T\d{6})"
READ = {"text": "VARCHAR", "day": "DATE", "whole": "DOUBLE", "real": "DOUBLE"}


def value(column):
    """A column in canonical units. Counts are rounded, which also removes the error of the product of doubles."""
    name, factor = f'"{column["name"]}"', column["factor"]
    scaled = name if factor == 1 else f"{name} * {factor}"
    return f"CAST(round({scaled}) AS BIGINT) AS {name}" if column["kind"] == "whole" else f"{scaled} AS {name}"


def lines(job, files, more):
    """The rows of some files in canonical units, read with a schema, and `more` columns."""
    columns = ", ".join(f"\"{c['name']}\": '{READ[c['kind']]}'" for c in job["columns"])
    return (
        f"SELECT {', '.join(value(c) for c in job['columns'])}, '{job['vendor']}' AS vendor{more} "
        f"FROM read_json({files!r}, columns = {{{columns}}}, format = 'newline_delimited', compression = 'gzip', "
        f"dateformat = '{DAY}', filename = 'file')"
    )


def rows(job, files):
    """The rows of some files, sorted by key: of each key that of the newest file, or every version."""
    key = ", ".join(f'"{name}"' for name in job["key"])
    if job["versions"]:
        return versions(job, files, key)
    return f"{lines(job, files, '')} QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY file DESC) = 1 ORDER BY {key}"


def versions(job, files, key):
    """Every version: a row flagged as a correction is one if any of its values contradicts that of the original with the
    same announcement, and is known from the day it was fetched. Otherwise each fills the nulls of the other.
    """
    announced, flag = (f'"{job["versions"][name]}"' for name in ("announced", "flag"))
    event = f'"{job["event"]}"'
    figures = [c for c in job["columns"] if f'"{c["name"]}"' not in (announced, flag) and c["name"] not in job["key"]]
    names = [f'"{c["name"]}"' for c in figures]
    same = [f'a."{name}" = b."{name}"' for name in job["key"]] + [f"a.{announced} IS NOT DISTINCT FROM b.{announced}"]
    filled = ", ".join(f"coalesce(kept.{name}, pairs.{name}) AS {name}" for name in names)
    fetched = f"CAST(strptime(regexp_extract(file, '{STAMP}', 1), '{DAY}T%H%M%S') + INTERVAL 8 HOUR AS DATE)"
    return (
        f"WITH read AS (SELECT DISTINCT * FROM ({lines(job, files, f', {fetched} AS fetched')})), "
        "lines AS MATERIALIZED (SELECT *, row_number() OVER () AS line FROM read), "
        f"pairs AS MATERIALIZED (SELECT a.line AS first, b.line AS second, "
        f"{', '.join(f'b.{name}' for name in names)} FROM lines a JOIN lines b ON {' AND '.join(same)} "
        f"AND a.{flag} = '0' AND b.{flag} = '1' WHERE {' AND '.join(map(agrees, figures))}), "
        "kept AS (SELECT * FROM lines ANTI JOIN (SELECT second FROM pairs) ON line = second), "
        f"versions AS (SELECT kept.* REPLACE ({filled}) FROM kept LEFT JOIN pairs ON line = first) "
        f"SELECT * EXCLUDE (line, fetched), CASE WHEN {announced} >= {event} THEN {announced} END AS announced_on, "
        f"CASE WHEN row_number() OVER (PARTITION BY {key}, {announced} ORDER BY {flag}) = 1 "
        f"THEN coalesce(announced_on, fetched) ELSE greatest(announced_on, fetched) END AS known_on, "
        f"row_number() OVER (PARTITION BY {key} ORDER BY {announced}, {flag}) AS revision "
        f"FROM versions ORDER BY {key}, revision"
    )


def agrees(column):
    """Whether a value of two rows does not contradict itself: one is null, or they are equal but for rounding."""
    a, b = (f'{side}."{column["name"]}"' for side in "ab")
    equal = f"abs({a} - {b}) <= 1e-4 * greatest(abs({a}), abs({b}))" if column["kind"] in ("whole", "real") else f"{a} = {b}"
    return f"({a} IS NULL OR {b} IS NULL OR {equal})"


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
