"""The bronze to compare on: from `market.py` (any number of days) or from the sandbox (everything else)."""

import gzip
import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import answer
import market

CONFIG = """version = 1
[vendors.tushare]
base_url = "{url}"
token_env = "SANDBOX_TOKEN"
points = 15000
requests_per_minute = 1000000
"""


def days(root, tables, count):
    """`count` days of 5,400 stocks of `tables`."""
    lake = root / f"{tables[0]}-{count}"
    if not (lake / "made").exists():
        shutil.rmtree(lake, ignore_errors=True)
        market.make(lake, tables, count)
        (lake / "made").touch()
    return lake


def sandbox(root, pitlake, table, span):
    """A table of the sandbox's market of 5,400 stocks, fetched as a user would."""
    lake = root / f"{table}-{span[0]}"
    if (lake / "made").exists():
        return lake
    shutil.rmtree(lake, ignore_errors=True)
    lake.mkdir(parents=True)
    limits = ["--rpm", "0", "--quota", "0", "--points", "15000"]
    market_of = ["--stocks", str(market.STOCKS), "--start", "2021-01-01", "--end", "2023-12-31"]
    served = subprocess.Popen([pitlake, "sandbox", *market_of, *limits], stdout=subprocess.PIPE, text=True)
    try:
        said = json.loads(served.stdout.readline())
        config = lake / "jobs.toml"
        config.write_text(CONFIG.format(url=said["tushare"]))
        fetch = [
            pitlake,
            "-q",
            "--config",
            config,
            "--lake",
            lake,
            "fetch",
            table,
            "--start",
            span[0],
            "--end",
            span[1],
        ]
        subprocess.run(fetch, check=True, env={**os.environ, "SANDBOX_TOKEN": said["token"]})
    finally:
        served.kill()
        served.wait()
    (lake / "made").touch()
    return lake


def reordered(lake, table):
    """The same bronze, with keys in another order on every line."""
    other = lake.with_name(f"{lake.name}-reordered")
    if (other / "made").exists():
        return other
    shutil.rmtree(other, ignore_errors=True)
    dice = random.Random(7)
    for file in (lake / f"bronze/tushare/{table}").rglob("*.jsonl.gz"):
        rows = []
        for line in gzip.open(file, "rt"):
            # No string in these tables contains a comma.
            fields = line.strip()[1:-1].split(",")
            dice.shuffle(fields)
            rows.append("{" + ",".join(fields) + "}\n")
        interface, rest = file.name.split("_", 1)
        stamp, _, mark = rest.removesuffix(".jsonl.gz").partition("-")
        folder = other / file.parent.relative_to(lake)
        day = file.parent.name.split("=")[1]
        answer.write(folder, interface, "".join(rows).encode(), day, stamp, f"-{mark}" if mark else "")
    (other / "made").touch()
    return other


def linked(lake, other):
    """Another lake with the same bronze, as hard links."""
    shutil.rmtree(other, ignore_errors=True)
    shutil.copytree(lake / "bronze", other / "bronze", copy_function=os.link)
    return Path(other)
