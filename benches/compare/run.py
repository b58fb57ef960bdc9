"""Compares pitlake with DuckDB, Polars, pandas and PySpark on the same work. docs/performance.md shows the last result.

usage: python benches/compare/run.py --pitlake target/release/pitlake --out /tmp/compare [--works daily,moneyflow,...]

Needs the packages of requirements.txt, and Java for PySpark. Makes its bronze once, in the folder of --out, and keeps it.
Writes results.md, results.json and chart.svg there.
"""

import argparse
import importlib.util
import json
import os
import platform
import shutil
import sys
from pathlib import Path

import agree
import chart
import corpus
import job
import special
import timing

HERE = Path(__file__).parent
MODES = {"duckdb": ("loop", "year", "copy"), "polars": ("loop", "year"), "pandas": ("loop",), "pyspark": ("all",)}
NAMES = {"duckdb": "DuckDB", "polars": "Polars", "pandas": "pandas", "pyspark": "PySpark"}

# The peers that keep versions.
VERSIONS = ("duckdb", "polars")


def works(args):
    """Name, table, lake and title of each piece of work; the lake is created on demand."""
    days = {
        "daily": ("stock_daily_cn", 250),
        "daily-2500": ("stock_daily_cn", 2500),
        "moneyflow": ("moneyflow_cn", 250),
    }
    fetched = {
        "factors": ("stk_factor_pro_cn", ("2023-01-01", "2023-03-31"), "58 sessions"),
        "indicators": ("fina_indicator_cn", ("2021-01-01", "2023-12-31"), "12 periods"),
    }
    for name in args.works:
        if name in days:
            table, count = days[name]
            yield name, table, corpus.days(args.out, [table], count), f"{table}, {count:,} days"
        elif name in fetched:
            table, span, said = fetched[name]
            yield name, table, corpus.sandbox(args.out, args.pitlake, table, span), f"{table}, {said}"


class Race:
    """One piece of work: how each program is run on it."""

    def __init__(self, args, table, lake):
        self.args, self.table, self.lake = args, table, lake
        self.log, self.out = args.out / "log.txt", args.out / "peer" / table
        self.ours()
        self.out.parent.mkdir(parents=True, exist_ok=True)
        self.job = job.write(lake, table, self.out)

    def ours(self):
        """Builds the table from bronze with pitlake."""
        return timing.run([self.args.pitlake, "-q", "--lake", self.lake, "normalize", self.table, "--full"], self.log)

    def peer(self, name, mode):
        """Does the same with a peer."""
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir()
        return timing.run([sys.executable, HERE / f"{name}_peer.py", self.job, mode], self.log)

    def best(self, name):
        """The fastest mode of a peer. If there are several, each is run once."""
        if len(MODES[name]) == 1:
            return MODES[name][0], {}
        walls = {mode: self.peer(name, mode).wall for mode in MODES[name]}
        return min(walls, key=walls.get), walls

    def published(self):
        """Our files, and their size in bytes."""
        files = job.silver(self.lake, self.table)
        return files, sum(file.stat().st_size for file in files)

    def result(self):
        """A peer's files, and their size in bytes."""
        files = sorted(self.out.rglob("*.parquet"))
        return files, sum(file.stat().st_size for file in files)


def lacking(name):
    """Why a peer is left out, or None."""
    if importlib.util.find_spec(name) is None:
        return f"{NAMES[name]} is not installed"
    if name == "pyspark" and not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        return "PySpark needs Java, and there is none"
    return None


def compare(args, name, table, lake, title):
    """Runs one piece of work; returns its rows for the table and its bars for the chart."""
    race = Race(args, table, lake)
    spec = json.loads(race.job.read_text())
    off, values = agree.oracle(spec, race.published()[0])
    say(args, f"\n### {title}\n")
    say(args, f"Off the decimal oracle: {off} of {values:,} sampled values.")
    if spec["versions"]:
        say(args, "Every version is kept with the day from which it was known, by DuckDB and Polars as well.")
    rows, bars, all_ours = [], [], []
    for peer in args.peers:
        if why := lacking(peer) or spec["versions"] and peer not in VERSIONS and f"{NAMES[peer]} keeps no versions":
            say(args, f"{why}: left out.")
            continue
        mode, walls = race.best(peer)
        count = args.pairs if peer in ("duckdb", "polars") else 1
        ours, theirs = timing.pairs(race.ours, lambda peer=peer, mode=mode: race.peer(peer, mode), count)
        all_ours += ours
        files, size = race.result()
        found = agree.compare(spec, race.published()[0], files)
        least, middle, most = timing.ratios(ours, theirs)
        cpu = timing.ratios(ours, theirs, "cpu")[1]
        tried = ", ".join(f"{mode} {wall:.2f} s" for mode, wall in walls.items()) or mode
        rows.append(
            f"| {NAMES[peer]} ({mode}) | {timing.median(theirs):.2f} | {timing.median(theirs, 'cpu'):.2f} "
            f"| {timing.median(theirs, 'peak'):,.0f} | {size / 1e6:.1f} | {least:.1f} / **{middle:.1f}** / {most:.1f} "
            f"| {cpu:.1f} | {found['off']:,} |"
        )
        bars.append((NAMES[peer], timing.median(theirs), middle))
        print(f"{title}: {NAMES[peer]} {middle:.1f} x wall, {cpu:.1f} x cpu (tried: {tried})", flush=True)
    size = race.published()[1]
    say(args, "\n| program | wall s | CPU s | peak MiB | MB written | ours is faster by | CPU ratio | values off ours |")
    say(args, "| --- | --- | --- | --- | --- | --- | --- | --- |")
    say(
        args,
        f"| pitlake | {timing.median(all_ours):.2f} | {timing.median(all_ours, 'cpu'):.2f} "
        f"| {timing.median(all_ours, 'peak'):,.0f} | {size / 1e6:.1f} | | | |",
    )
    say(args, "\n".join(rows))
    return {title: [("pitlake", timing.median(all_ours), None), *bars]}


def say(args, text):
    """Adds to the report."""
    print(text, flush=True)
    with open(args.out / "results.md", "a") as out:
        out.write(text + "\n")


def main():
    parse = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parse.add_argument("--pitlake", type=Path, required=True, help="the program to measure")
    parse.add_argument("--out", type=Path, required=True, help="folder for bronze and results")
    parse.add_argument("--pairs", type=int, default=5, help="pairs with DuckDB and Polars; the slow peers run once")
    listed = "daily,moneyflow,factors,indicators,special,query"
    parse.add_argument("--works", default=listed, help=f"any of {listed},daily-2500 [default: all but the last]")
    parse.add_argument("--peers", default="duckdb,polars,pandas,pyspark", help="peers to compare with")
    args = parse.parse_args()
    args.works, args.peers = args.works.split(","), args.peers.split(",")
    args.pitlake, args.out = args.pitlake.resolve(), args.out.resolve()
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "results.md").unlink(missing_ok=True)
    say(args, f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}")
    drawn = {}
    for work in works(args):
        drawn |= compare(args, *work)
        chart.draw(drawn, args.out / "chart.svg")
    for name in args.works:
        if name in special.ALL:
            say(args, special.ALL[name](args))


if __name__ == "__main__":
    main()
