"""The reading examples in README.md and docs/point-in-time.md run as they are, next to the demo's lake."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import duckdb

from kit import attempt, check, environment

ROOT = Path(__file__).resolve().parents[2]
# Pages, and the sections whose examples read the demo's lake.
PAGES = {
    "README.md": ["## Reading", "## Point in time"],
    "docs/point-in-time.md": ["## Reading as of a day"],
}
EXAMPLE_SECONDS = 120


def blocks(page, sections=None):
    """Fenced blocks of the sections, or of the whole page, as (language, line, text)."""
    found, text, inside, language, begun = [], [], sections is None, None, 0
    for number, line in enumerate((ROOT / page).read_text(encoding="utf-8").splitlines(), 1):
        if language is not None and line == "```":
            found.append((language, begun, "\n".join(text)))
            language = None
        elif language is not None:
            text.append(line)
        elif line.startswith("## "):
            inside = sections is None or line in sections
        elif inside and line.startswith("```"):
            language, begun, text = line[3:], number, []
    return found


def run_sql(where, text):
    """Every statement returns rows; returns those of the last one as text."""
    rows = []
    with duckdb.connect() as db:
        for statement in db.extract_statements(text):
            rows = db.execute(statement).fetchall()
            check(f"{where} has rows", bool(rows), statement.query.strip().splitlines()[0])
    return [[str(cell) for cell in row] for row in rows]


def run_command(where, command, folder, path, quiet):
    """It exits with 0 and prints something. pitlake itself must not warn, as it would about an empty table."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(PATH=path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=EXAMPLE_SECONDS,
    )
    last = (done.stderr.strip().splitlines() or [""])[-1]
    check(f"{where} runs", done.returncode == 0, f"exit {done.returncode}: {last}")
    check(f"{where} prints", done.stdout.strip() != "")
    if quiet:
        check(f"{where} prints no warning", done.stderr == "", last)


def check_readme(binary, folder):
    """`folder` holds `demo-lake`, which the examples refer to."""
    path = f"{Path(binary).parent}{os.pathsep}{os.environ['PATH']}"
    seen = [(page, *block) for page, sections in PAGES.items() for block in blocks(page, sections)]
    for needed in ["read_parquet('demo-lake/silver", "read_json('demo-lake/bronze", "polars", "pandas", "pyspark", "--as-of"]:
        check(f"an example reads with {needed}", any(needed in text for _, _, _, text in seen))
    rows = []
    for page, language, line, text in seen:
        where = f"the example in line {line} of {page}"
        with attempt(where):
            if language == "sql":
                with contextlib.chdir(folder):
                    rows = run_sql(where, text)
            elif language == "text":
                shown = [[cell.strip() for cell in row.split("|")] for row in text.splitlines()[1:]]
                check(f"{where} is what the query before it returns", shown == rows, rows)
            elif language == "python":
                run_command(where, [sys.executable, "-c", text], folder, path, quiet=False)
            elif language == "sh":
                run_command(where, ["bash", "-euo", "pipefail", "-c", text], folder, path, quiet=True)
            else:
                check(f"{where} is in a language that is checked", False, language)
