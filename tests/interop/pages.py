"""Every block of README.md and docs/ is executed as it is: here, by another check, or nowhere for a documented reason.
Blocks of the Chinese pages equal these, which tests/suite/documents checks.
"""

import gzip
import json
import os
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import readme
import recipes
from kit import attempt, check, environment, first_line, sandbox
from readme import ROOT, blocks

# A market with the days mentioned on the pages.
MARKET = ("--stocks", "12", "--start", "2023-11-01", "--end", "2024-12-31")
SECONDS = 300
# The section whose blocks form one script.
SANDBOX = ("docs/operations.md", "## The sandbox")
# Blocks that other checks execute or compare, by their beginning.
ELSEWHERE = {
    ("README.md", "pitlake demo"): "kit.demo",
    ("README.md", "cargo nextest run"): ".ci/run, which takes the command from here",
    ("docs/python.md", "pip install"): "wheel.py and environments.py install the package with its extras",
    ("docs/cluster.md", "pitlake-cluster scheduler"): "cluster.py starts the same processes on free ports",
    ("docs/cluster.md", "pitlake-cluster normalize"): "cluster.py runs both, with the lake of a check",
    ("docs/configuration.md", "version = 1"): "tests/suite/documents loads it",
    ("docs/interfaces.md", "# schemas/tushare/hs_const.toml"): "tests/suite/documents loads it",
    ("docs/interfaces.md", "# pipelines/hs_const_cn.toml"): "tests/suite/documents loads it, and proves its example",
    ("docs/interfaces.md", "# schemas/gateway.toml"): "tests/suite/documents loads it",
    ("docs/interfaces.md", "# schemas/gateway/daily.toml"): "tests/suite/documents loads it",
}
BUCKETS = "a bucket of one's own; objects.py has two servers on loopback"
# Blocks that cannot run here, and why. They are linted: `sh` by the shell, `toml` by a parser, and pitlake commands by
# tests/suite/documents.
NOT_HERE = {
    ("README.md", "cargo install --locked"): "builds the program anew",
    ("README.md", "PATH=/usr/local/bin"): "a crontab; scheduler.py compares it with what is printed",
    ("README.md", "pitlake schedule --print airflow > dags"): "needs Airflow; evenings.py runs the same with it",
    ("docs/architecture.md", "jobs.toml ─► plan"): "a drawing",
    ("docs/architecture.md", "src/main.rs"): "a list of folders; tests/suite/documents looks for them",
    ("docs/cluster.md", "cargo build"): "builds the program anew",
    ("docs/install.md", "cargo install --locked"): "builds the program anew",
    ("docs/install.md", "pip install maturin"): "builds the program anew; wheel.py builds the wheel from the one that there is",
    ("docs/install.md", "mkdir lake"): "needs Docker; lints.py lints the Dockerfile and the compose file",
    ("docs/install.md", "cd /srv/lake"): "needs Airflow; evenings.py runs the same with it",
    ("docs/interfaces.md", "[ask.each]"): "a part of a file",
    ("docs/interfaces.md", "[call]"): "a part of a file",
    ("docs/interfaces.md", "[fields]"): "a part of a file",
    ("docs/interfaces.md", "[versions]"): "a part of a file",
    ("docs/interfaces.md", "[history]"): "a part of a file",
    ("docs/interfaces.md", "pitlake backfill hs_const_cn"): "asks Tushare; tests/suite/own asks the sandbox for such tables",
    ("docs/lake-format.md", "bronze/tushare/stock_daily_cn/date="): "names of files",
    ("docs/lake-format.md", "bronze/VENDOR/TYPE"): "names of files",
    ("docs/lake-format.md", "silver/TABLE/part-0.parquet"): "names of files",
    ("docs/operations.md", "[notify]"): "a part of a file; tests/suite/announced.rs has the same, with a robot on loopback",
    ("docs/operations.md", "export PITLAKE_WEBHOOK_FILE"): "a robot of one's own; tests/suite/announced.rs has one on loopback",
    ("docs/object-stores.md", '[lake]\nurl = "s3://research'): BUCKETS,
    ("docs/object-stores.md", '[lake]\nurl = "s3://lake/a-shares"\nendpoint = "http://minio'): BUCKETS,
    ("docs/object-stores.md", '[lake]\nurl = "s3://lake/a-shares"\nendpoint = "https://oss'): BUCKETS,
    ("docs/object-stores.md", '[lake]\nurl = "s3://lake-1250000000'): BUCKETS,
    ("docs/object-stores.md", "import polars"): "a bucket of one's own; objects.py reads one with pyarrow",
    ("docs/performance.md", "cargo build --release"): "takes an hour",
}
# What differs here: the token, the available years, and names that depend on the time of the run.
INSTEAD = {
    "export TUSHARE_TOKEN=...": "",
    "2022-01-01 --end 2023-12-31": "2023-11-01 --end 2023-12-01",
    "2015-01-01": "2024-01-01",
    "year=2015": "year=2024",
    "tushare/daily_20260101T000000000Z": "$(pitlake import --list | awk '/2015.csv/ {print $1}')",
    "pitlake plan market --start 2024-01-01": "pitlake plan stock_daily_cn --start 2024-01-01",
}
CRONTAB = """#!/bin/sh
case "$1" in -V) echo cronie;; -l) cat "$HOME/crontab" 2>/dev/null || { echo "no crontab for me" >&2; exit 1; };; *) cat > "$HOME/crontab";; esac
"""


def listed(page, text, among):
    """Why a block is not executed here."""
    return next((among[key] for key in among if key[0] == page and text.startswith(key[1])), None)


def executed_by(page, line, text):
    """The check that executes a block, if there is another one."""
    others = [(page, sections) for page, sections in readme.PAGES.items()]
    others += [(recipes.PAGE, None), ("docs/python.md", None)]
    for other, sections in others:
        if page == other and (line in [at for _, at, _ in blocks(page, sections)]):
            if (page, sections) != ("docs/python.md", None) or not text.startswith("pip"):
                return other
    return listed(page, text, ELSEWHERE)


def lint(where, language, text):
    """A block that is not executed is at least well-formed."""
    if language == "toml":
        tomllib.loads(text)
    if language == "sh":
        done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
        check(f"{where} is a script", done.returncode == 0, done.stderr)


def run(where, language, text, place, variables, codes=(0,)):
    """Runs a block in a folder with everything the pages mention."""
    for old, new in INSTEAD.items():
        text = text.replace(old, new)
    if language == "python":
        [file] = list(place.glob("data/bronze/tushare/stock_daily_cn/date=2024-06-28/*.jsonl.gz"))[:1]
        command = [sys.executable, "-c", text, str(file)]
    else:
        command = ["bash", "-euo", "pipefail", "-c", text]
    done = subprocess.run(
        command, cwd=place, env=environment(**variables), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=SECONDS,
    )
    said = (done.stdout + done.stderr).strip()
    check(f"{where} runs", done.returncode in codes, f"exit {done.returncode}: {said[-600:]}")


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return str(server.getsockname()[1])


def run_sandbox(place, variables):
    """The blocks about the sandbox in one shell, along with the sandbox that the first of them starts."""
    where = f"the blocks of {SANDBOX[0]} about the sandbox"
    first, *others = [text for _, _, text in blocks(SANDBOX[0], [SANDBOX[1]])]
    port = free_port()
    command = [*first.replace("8711", port).split(), "--epoch", "2023-12-04T20:00:00+08:00", "--stocks", "12"]
    env = environment(**variables)
    child = subprocess.Popen(command, cwd=place, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        first_line(child)
        # On the second evening some tables are late, as happens.
        run(where, "sh", "\n".join(others).replace("8711", port), place, variables, codes=(0, 8))
    finally:
        child.terminate()
        child.wait()


def settle(place, demo):
    """What the pages assume: captures to import, home folders, a user's own table, a crontab."""
    (place / "demo-lake").symlink_to(demo)
    head, row = "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount", ["000001.SZ", "20150105"]
    numbers = ["16.0", "16.3", "15.6", "16.0", "15.8", "0.2", "1.2658", "1000.0", "1600.0"]
    (place / "2015.csv").write_text(f"{head}\n{','.join(row + numbers)}\n")
    later = dict(zip(head.split(","), ["000001.SZ", "20160104", *map(float, numbers)]))
    (place / "2016.jsonl.gz").write_bytes(gzip.compress((json.dumps(later) + "\n").encode()))
    items = [["000001.SZ", "20170103", *map(float, numbers)]]
    (place / "reply.json").write_text(json.dumps({"code": 0, "msg": "", "data": {"fields": head.split(","), "items": items}}))
    home, programs = place / "home", place / "programs"
    for name in (".local/share/bash-completion/completions", ".local/share/man/man1"):
        (home / name).mkdir(parents=True)
    programs.mkdir()
    (programs / "crontab").write_text(CRONTAB)
    (programs / "systemctl").write_text("#!/bin/sh\nexit 1\n")
    for program in programs.iterdir():
        program.chmod(0o755)
    for language, _, text in blocks("docs/interfaces.md"):
        name = text.splitlines()[0].removeprefix("# ")
        if language == "toml" and name.endswith(".toml"):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text)
    return home, programs


def check_pages(binary, folder, demo):
    """`demo` is the lake of the demo."""
    place = folder / "pages"
    place.mkdir()
    home, programs = settle(place, demo)
    pages = ["README.md", *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").glob("*.md"))]
    found = [(page, *block) for page in pages for block in blocks(page)]
    for kind in (ELSEWHERE, NOT_HERE):
        for page, start in kind:
            here = [text for other, _, _, text in found if other == page and text.startswith(start)]
            check(f"the block `{start}` that is not executed stands in {page}", len(here) == 1, len(here))
    together = [line for _, line, _ in blocks(SANDBOX[0], [SANDBOX[1]])]
    path = os.pathsep.join([str(programs), str(Path(binary).parent), os.environ["PATH"]])
    with sandbox(binary, place, MARKET) as vendor:
        variables = dict(PATH=path, HOME=str(home), TUSHARE_TOKEN=vendor["token"], TUSHARE_BASE_URL=vendor["tushare"])
        for page, language, line, text in found:
            where = f"the block in line {line} of {page}"
            with attempt(where):
                if executed_by(page, line, text) or (page == SANDBOX[0] and line in together):
                    continue
                if listed(page, text, NOT_HERE):
                    lint(where, language, text)
                    continue
                check(f"{where} is in a language that is executed", language in ("sh", "python"), language)
                run(where, language, text, place, variables)
    with attempt("the sandbox of the pages"):
        run_sandbox(place, dict(PATH=path, HOME=str(home)))
