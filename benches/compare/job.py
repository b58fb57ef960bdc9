"""The peers' job: columns, units and files of a table, from its contract and the silver it becomes."""

import json
import tomllib
from pathlib import Path

import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
# What a vendor's unit is multiplied by; units not listed are canonical.
FACTORS = {
    "lot100": 100,
    "share1e4": 10_000,
    "share1e8": 100_000_000,
    "count1e4": 10_000,
    "CNY1e3": 1_000,
    "CNY1e4": 10_000,
    "CNY1e6": 1_000_000,
    "CNY1e8": 100_000_000,
}
KINDS = {"string": "text", "date32[day]": "day", "int64": "whole", "double": "real"}


def fields(interface):
    """The fields of an interface, as its contract has them."""
    contract = tomllib.loads((ROOT / f"schemas/{interface}.toml").read_text())
    return fields(contract["fields_of"]) if "fields_of" in contract else contract["fields"]


def bronze(lake, table):
    """The answers of a table, oldest first within a slice."""
    return sorted((lake / f"bronze/tushare/{table}").glob("*/*.jsonl.gz"))


def silver(lake, table):
    """The published files of a table, in order."""
    return sorted((lake / f"silver/{table}").rglob("*.parquet"), key=lambda file: [len(str(file)), str(file)])


def job(lake, table, out):
    """The peers' job, for a lake in which `table` is built."""
    pipeline = tomllib.loads((ROOT / f"pipelines/{table}.toml").read_text())
    contract = fields(pipeline["source"][0]["interface"])
    columns = []
    for field in pq.read_schema(silver(lake, table)[0]):
        if field.name in contract:
            unit = contract[field.name].get("unit", "")
            kind = KINDS[str(field.type)]
            columns.append({"name": field.name, "kind": kind, "factor": FACTORS.get(unit, 1)})
    parts = {}
    for file in bronze(lake, table):
        parts.setdefault(file.parent.name.split("=")[1][:7], []).append(str(file))
    versions = pipeline.get("versions")
    return {
        "table": table,
        "key": pipeline["key"],
        "event": pipeline["event"],
        "columns": columns,
        "parts": [{"name": name, "files": files} for name, files in sorted(parts.items())],
        "versions": versions and {"announced": versions["announced"][0], "flag": versions["flag"]},
        "vendor": "tushare",
        "threads": 2,
        "out": str(out),
    }


def write(lake, table, out):
    """Writes the job next to the folder of its results; returns its path."""
    path = out.with_suffix(".json")
    path.write_text(json.dumps(job(lake, table, out)))
    return path
