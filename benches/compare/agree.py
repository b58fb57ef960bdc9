"""Checks that results agree: rows, keys and values of the peers with ours, and ours with an exact decimal oracle."""

import decimal
import gzip
import json
import random

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def column(files, name):
    """One column of some files, in order."""
    return pa.concat_tables([pq.read_table(file, columns=[name], partitioning=None) for file in files])[name]


def numbers(values):
    """A column for numpy: strings and dates as numbers in the same order, nulls as NaN or the smallest number."""
    kind = values.type
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return pc.fill_null(values.cast(pa.date32()).cast(pa.int32()), -(2**31)).to_numpy()
    if pa.types.is_integer(kind):
        return pc.fill_null(values.cast(pa.int64()), -(2**63)).to_numpy()
    return values.cast(pa.float64()).to_numpy(zero_copy_only=False)


def codes(ours, theirs):
    """Two columns of strings as numbers that are equal if the strings are."""
    both = pa.chunked_array([*ours.cast(pa.string()).chunks, *theirs.cast(pa.string()).chunks])
    dictionary = both.unique().sort()
    both = pc.fill_null(pc.index_in(both, value_set=dictionary), -1).to_numpy()
    return both[: len(ours)], both[len(ours) :]


def compare(job, ours, theirs):
    """How a peer differs from us. Raises if keys differ, or values by more than rounding."""
    keys = []
    for name in [*job["key"], "revision"] if job["versions"] else job["key"]:
        a, b = column(ours, name), column(theirs, name)
        keys.append(codes(a, b) if pa.types.is_string(a.type) else (numbers(a), numbers(b)))
    orders = [np.lexsort([pair[side] for pair in reversed(keys)]) for side in (0, 1)]
    sorted_keys = [np.stack([pair[side][orders[side]] for pair in keys]) for side in (0, 1)]
    if not np.array_equal(*sorted_keys):
        raise SystemExit(f"{job['table']}: the keys of {theirs[0].parent} differ from ours")
    found = {"rows": len(orders[1]), "off": 0, "values": 0}
    known = [{"name": name} for name in ("announced_on", "known_on")] if job["versions"] else []
    for at in [*job["columns"], *known]:
        a, b = column(ours, at["name"]), column(theirs, at["name"])
        text, day = pa.types.is_string(a.type), pa.types.is_date(a.type)
        a, b = codes(a, b) if text else (numbers(a), numbers(b))
        a, b = a[orders[0]], b[orders[1]]
        differ = (a != b) & ~((a != a) & (b != b))
        found["values"] += len(a)
        found["off"] += int(differ.sum())
        size = np.abs(a[differ].astype(float))
        # Of two roundings of a value, peers keep either.
        allowed = 1e-4 * size if job["versions"] else 4 * np.spacing(size)
        near = np.abs(a[differ].astype(float) - b[differ]) <= allowed
        if (text or day) and differ.any() or not near.all():
            raise SystemExit(f"{job['table']}.{at['name']}: {theirs[0].parent} has other values than ours")
    return found


def exact(value, at):
    """What silver must hold: the vendor's text, shifted and converted once."""
    if value is None or at["kind"] == "text":
        return value
    if at["kind"] == "day":
        return f"{value[:4]}-{value[4:6]}-{value[6:]}"
    shifted = value * at["factor"]
    return int(shifted) if at["kind"] == "whole" else float(shifted)


def oracle(job, ours, slices=8):
    """Our values that no row of the newest answer has, in a sample of slices; and how many were compared."""
    decimal.getcontext().prec = 60
    folders = {}
    for part in job["parts"]:
        for file in part["files"]:
            folders.setdefault(file.rsplit("/", 1)[0], []).append(file)
    picked = random.Random(5).sample(sorted(folders), min(slices, len(folders)))
    off = values = 0
    for folder in picked:
        expected = {}
        for file in folders[folder]:
            rows = {}
            for line in gzip.open(file, "rt"):
                row = json.loads(line, parse_float=decimal.Decimal, parse_int=decimal.Decimal)
                row = {at["name"]: exact(row.get(at["name"]), at) for at in job["columns"]}
                rows.setdefault(tuple(row[name] for name in job["key"]), []).append(row)
            expected.update(rows)
        day = folder.split("=")[1]
        event = pc.field(job["event"]) == pa.scalar(day).cast(pa.date32())
        month = [file for file in ours if f"year={day[:4]}" in str(file) and fits(file, day)]
        names = [at["name"] for at in job["columns"]]
        held = pa.concat_tables([pq.read_table(f, columns=names, filters=event, partitioning=None) for f in month])
        seen = set()
        for row in held.to_pylist():
            row = {name: str(value) if hasattr(value, "isoformat") else value for name, value in row.items()}
            key = tuple(row[name] for name in job["key"])
            seen.add(key)
            for name, value in row.items():
                values += 1
                off += all(value != candidate[name] for candidate in expected.get(key, []))
        if seen != set(expected):
            raise SystemExit(f"{job['table']}: our keys of {day} differ from the oracle's")
    return off, values


def fits(file, day):
    """Whether a file holds the month of a day."""
    return "month=" not in str(file) or f"month={int(day[5:7])}/" in str(file)
