"""The whole lake in a bucket: the same bytes as in a folder, despite kills, throttling and lost replies, with few
requests."""

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pyarrow.fs
import pyarrow.parquet

import kit
from bucket import BUCKET, KEY, SECRET, Wire, bodies, client, moto, server, weed
from kit import attempt, check

TABLES = ["stock_daily_cn", "adj_factor", "income_cn"]
START, END = "2024-01-02", "2024-01-31"
ASKED = ["--start", START, "--end", END]
NOW = ["--now", "2024-03-29T20:00:00+08:00"]
COUNTS = "SELECT ts_code, count(*) AS n, sum(vol) AS shares FROM stock_daily_cn GROUP BY ts_code ORDER BY ts_code"


class Lake:
    """Runs the binary on a lake in a bucket, behind a proxy."""

    def __init__(self, binary, folder, wire, name):
        self.binary, self.folder, self.wire, self.name = binary, folder, wire, name
        self.url = f"s3://{BUCKET}/{name}/lake"

    def environment(self):
        return kit.environment(
            AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET, AWS_REGION="us-east-1",
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{self.wire.port}", TUSHARE_TOKEN=self.token,
        )

    def run(self, *arguments, codes=(0,), lake=None):
        command = [self.binary, *arguments, "--lake", lake or self.url]
        done = subprocess.run(command, cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=kit.RUN_SECONDS)
        said = f"exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        check(f"{self.name}: {' '.join(arguments[:3])} exits with {codes}", done.returncode in codes, said)
        check(f"{self.name}: {arguments[0]} says no secret", SECRET not in done.stdout + done.stderr)
        return done.stdout

    def start(self, *arguments):
        command = [self.binary, *arguments, "--lake", self.url]
        return subprocess.Popen(command, cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def held(self):
        return bodies(self.wire.to, f"{self.name}/lake")


def silver(files):
    return {path: body for path, body in files.items() if path.startswith("silver/")}


def same(lake, expected):
    found = silver(lake.held())
    differ = sorted(path for path in found.keys() | expected.keys() if found.get(path) != expected.get(path))
    check(f"{lake.name}: silver has the bytes of the folder", expected and not differ, differ[:3])
    check(f"{lake.name}: no lease is left", not any(path.startswith("leases/") for path in lake.held()))


def killed(lake, expected):
    """Killed twice, after a number of files were put."""
    for number in (9, 25):
        child = lake.start("backfill", *TABLES, *ASKED, *NOW)
        lake.wire.kill_at(child.pid, "put", number)
        check(f"{lake.name}: killed at put {number}", child.wait(kit.RUN_SECONDS) == -9, child.returncode)
        # The lease of a dead process on this machine is taken over at once.
    lake.run("backfill", *TABLES, *ASKED, *NOW)
    same(lake, expected)


def counted(lake):
    """Counts the requests of commands with nothing to do."""
    files = len(lake.held())
    for arguments in (["status", *NOW], ["normalize", *TABLES, *NOW], ["backfill", *TABLES, *ASKED, *NOW]):
        lake.wire.take()
        lake.run(*arguments)
        seen = lake.wire.take()
        print(f"requests of `{arguments[0]}` with nothing to do, {files} files: {seen}")
        tops = 4  # bronze, silver, rejects and runs: one page each, and another for each thousand files
        check(f"{lake.name}: {arguments[0]} lists little", seen.get("list", 0) <= tops + files // 1000, seen)
        check(f"{lake.name}: {arguments[0]} reads no body twice", seen.get("get", 0) <= files // 4, seen)


def readers(lake, local):
    """Commands that read the lake print the same for both."""
    status = [json.loads(lake.run("status", "--format", "json", *NOW, lake=at)) for at in (None, local)]
    check(f"{lake.name}: status agrees", status[0] == status[1])
    rows = [lake.run("query", COUNTS, "--format", "csv", lake=at) for at in (None, local)]
    check(f"{lake.name}: query agrees", rows[0] == rows[1] and rows[0].count("\n") > 5, rows[0][:200])
    for arguments in (["check", *TABLES], ["verify", *TABLES], ["rejects"], ["diff", "income_cn", *NOW],
                      ["status", *NOW, "--html", f"{lake.name}.html"]):
        lake.run(*arguments)
    ddl = lake.run("tables", "--ddl", "duckdb")
    check(f"{lake.name}: the views are of the bucket", f"read_parquet('{lake.url}/silver/stock_daily_cn/" in ddl)
    with attempt(f"{lake.name}: pyarrow reads a file"):
        s3 = pyarrow.fs.S3FileSystem(access_key=KEY, secret_key=SECRET, scheme="http", region="us-east-1",
                                     endpoint_override=f"127.0.0.1:{lake.wire.port}")
        path = f"{BUCKET}/{lake.name}/lake/silver/trade_cal/part-0.parquet"
        check(f"{lake.name}: pyarrow reads a file", pyarrow.parquet.read_table(path, filesystem=s3).num_rows > 0)


def imports(lake):
    """An import is added and withdrawn: its file moves."""
    (lake.folder / "factors.csv").write_text("ts_code,trade_date,adj_factor\n600001.SH,20230103,1.5\n")
    lake.run("import", "--interface", "tushare/adj_factor", "factors.csv", *NOW)
    listed = json.loads(lake.run("import", "--list", "--format", "json"))
    lake.run("import", "--withdraw", listed[0]["id"])
    check(f"{lake.name}: an import is withdrawn", any(path.startswith("withdrawn/") for path in lake.held()))


def signalled(lake):
    """A signal gives the leases back."""
    child = lake.start("backfill", *TABLES, *ASKED, *NOW)
    end = time.monotonic() + 60
    while not any(path.startswith("leases/") for path in lake.held()) and time.monotonic() < end:
        time.sleep(0.02)
    child.terminate()
    check(f"{lake.name}: a signal ends it", child.wait(60) in (0, 143, -15), child.returncode)
    check(f"{lake.name}: and its leases go back", not any(path.startswith("leases/") for path in lake.held()))


def told(lake, said):
    found = json.loads(lake.run("doctor", "adj_factor", "--format", "json", *NOW, codes=(0, 2, 3, 5)))
    words = {one["what"]: one["said"].split(":")[0].split(" by ")[0] for one in found}
    words = (words.get("store create-only"), words.get("store compare-and-swap"))
    check(f"{lake.name}: doctor tells what it can", words == said, words)


def faults(lake, expected):
    """Every seventh request is throttled, every eleventh loses its reply, every thirteenth is late."""
    lake.wire.fault = lambda number, _: (
        "slow" if number % 7 == 0 else "lost" if number % 11 == 0 else "late" if number % 13 == 0 else None
    )
    lake.run("backfill", *TABLES, *ASKED, *NOW)
    lake.wire.fault = lambda *_: None
    same(lake, expected)


def on(kind, binary, folder, token, expected, local):
    """All checks on one server."""
    with server(kind, folder) as port:
        def lake(name):
            made = Lake(binary, folder, Wire(port), f"{kind.__name__}-{name}")
            made.token = token
            return made

        calm = lake("killed")
        killed(calm, expected)
        counted(calm)
        readers(calm, local)
        imports(calm)
        told(calm, ("supported", "supported"))
        signalled(lake("signalled"))
        faults(lake("faults"), expected)
        if kind is moto:
            others(lake, expected)


def others(lake, expected):
    """Stores that do not support conditions or ignore them, and Alibaba's, which has its own header."""
    for fault, said in (("refuse", ("not supported", "not supported")), ("ignore", ("ignored", "ignored"))):
        poor = lake(fault)
        poor.wire.fault = lambda *_, fault=fault: fault
        told(poor, said)
        poor.run("backfill", *TABLES, *ASKED, *NOW)
        same(poor, expected)
    oss = lake("oss")
    oss.wire.fault = lambda *_: "oss"
    (oss.folder / "oss").mkdir()
    (oss.folder / "oss/jobs.toml").write_text(
        (oss.folder / "jobs.toml").read_text() + '\n[lake]\nkind = "oss"\npath_style = true\n'
    )
    oss.folder = oss.folder / "oss"
    told(oss, ("supported", "not supported"))
    oss.run("backfill", *TABLES, *ASKED, *NOW)
    same(oss, expected)


def check_objects(binary, folder):
    folder = folder / "objects"
    folder.mkdir()
    market = ("--stocks", "10", "--start", "2023-11-01", "--end", "2024-03-29")
    with kit.sandbox(binary, folder, market) as vendor:
        (folder / "jobs.toml").write_text(
            f'version = 1\n\n[vendors.tushare]\nbase_url = "{vendor["tushare"]}"\npoints = 5000\n'
            "requests_per_minute = 1000000\n"
        )
        local = folder / "local"
        command = [binary, "backfill", *TABLES, *ASKED, *NOW, "--lake", str(local)]
        kit.must("backfill of a folder", command, folder, TUSHARE_TOKEN=vendor["token"])
        paths = (path for path in local.rglob("*.parquet"))
        expected = silver({str(path.relative_to(local)): path.read_bytes() for path in paths})
        with ThreadPoolExecutor() as pool:
            jobs = [pool.submit(on, kind, binary, folder, vendor["token"], expected, str(local)) for kind in (moto, weed)]
            for job in jobs:
                with attempt("the lake in a bucket"):
                    job.result()
