"""Shared by all checks: counting, the binary, a lake from the sandbox, a lake from the demo."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

START, END = "2023-11-01", "2024-02-29"
TABLES = [
    "stock_daily_cn", "stock_daily_basic_cn", "adj_factor", "moneyflow_cn", "suspend_d_cn",
    "limit_list_cn", "income_cn", "fina_indicator_cn",
]
REFERENCE = Path(__file__).resolve().parents[1] / "suite/reference.tsv"
# What figures are multiplied by for silver, by unit in the vendor's documents; others by 1.
FACTORS = {
    "lot100": 100, "CNY1e3": 1000, "CNY1e4": 10_000, "share1e4": 10_000, "count1e4": 10_000,
    "CNY1e6": 1_000_000, "CNY1e8": 100_000_000, "share1e8": 100_000_000,
}
LISTEN_SECONDS = 60
RUN_SECONDS = 300

passed = 0
failed = 0


def check(what, holds, saw=""):
    """Counts a check; prints a line if it fails."""
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        # Examples that run inside a check have a stdout of their own.
        print(f"interop: FAILED: {what}{f': {saw}' if saw != '' else ''}", file=sys.__stdout__, flush=True)


@contextlib.contextmanager
def attempt(what):
    """An error inside the block is a failed check, and the other checks still run."""
    try:
        yield
    except Exception as error:
        lines = str(error).strip().splitlines()
        check(what, False, f"{type(error).__name__}{f': {lines[0]}' if lines else ''}")


def factors(interface):
    """The factor of every documented field of an interface."""
    lines = (line.split("\t") for line in REFERENCE.read_text(encoding="utf-8").splitlines())
    return {
        field: FACTORS.get(unit, 1) for name, unit, fields in lines if name == interface for field in fields.split()
    }


def environment(**more):
    """The environment without the caller's lake and tokens."""
    ours = ("TUSHARE_", "ASHAREHUB_", "ALPHAFIN_", "F10_", "PITLAKE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | more


def must(what, command, folder, codes=(0,), **variables):
    """The output of the binary. If it fails, there is nothing to check, and the script ends."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
    )
    expected = " or ".join(map(str, codes))
    good = done.returncode in codes
    check(f"{what} exits with {expected}", good, f"exit {done.returncode}\n{done.stdout}{done.stderr}")
    if not good:
        sys.exit(1)
    return done.stdout


def first_line(child):
    """The line that the sandbox prints once it listens."""
    line = []
    reader = threading.Thread(target=lambda: line.append(child.stdout.readline()), daemon=True)
    reader.start()
    reader.join(LISTEN_SECONDS)
    if not line or not line[0].strip():
        sys.exit(f"interop: FAILED: the sandbox printed nothing within {LISTEN_SECONDS} s")
    return json.loads(line[0])


@contextlib.contextmanager
def sandbox(binary, folder, market=("--stocks", "20", "--start", START, "--end", END)):
    """Runs the sandbox inside the block; yields its URLs and token."""
    command = [binary, "sandbox", *market, "--rpm", "0", "--port", "0"]
    child = subprocess.Popen(
        command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    try:
        yield first_line(child)
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def backfill(binary, folder, vendor):
    """A lake backfilled from the sandbox."""
    (folder / "jobs.toml").write_text(
        "version = 1\n"
        "\n"
        "[vendors.tushare]\n"
        f'base_url = "{vendor["tushare"]}"\n'
        "points = 5000\n"
        "requests_per_minute = 1000000\n"
    )
    lake = folder / "lake"
    command = [binary, "backfill", *TABLES, "--start", START, "--end", END, "--lake", str(lake)]
    must("backfill", command, folder, TUSHARE_TOKEN=vendor["token"])
    return lake


def demo(binary, folder):
    """The demo's lake, with the name it has in the README."""
    lake = folder / "demo-lake"
    must("demo", [binary, "demo", "--lake", str(lake)], folder)
    return lake
