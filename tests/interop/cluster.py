"""A cluster of processes on loopback builds the same bytes and returns the same answers as a single machine,
whatever is killed."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import kit
from bucket import BUCKET, KEY, SECRET, bodies, client, moto, server
from kit import attempt, check, environment, must

MARKET = ("--stocks", "12", "--start", "2023-11-01", "--end", "2024-02-29")
WAIT_SECONDS = 60
PIPELINES = Path(__file__).resolve().parents[2] / "pipelines"
QUERIES = [
    "SELECT count(*) AS n FROM stock_daily_cn",
    "SELECT ts_code, count(*) AS n, sum(vol) AS vol FROM stock_daily_cn GROUP BY ts_code ORDER BY ts_code",
    "SELECT * FROM stock_daily_cn WHERE ts_code = '000001.SZ' ORDER BY trade_date LIMIT 10",
    "SELECT trade_date, avg(close) AS mean FROM stock_daily_cn GROUP BY trade_date ORDER BY trade_date",
    "SELECT max(trade_date) AS last FROM adj_factor",
    "SELECT d.ts_code, d.trade_date, d.close * a.adj_factor AS price FROM stock_daily_cn d JOIN adj_factor a "
    "ON a.ts_code = d.ts_code AND a.trade_date = d.trade_date ORDER BY 1, 2 LIMIT 50",
    "SELECT b.name, count(*) AS n FROM stock_daily_cn d JOIN stock_basic_cn b ON b.ts_code = d.ts_code "
    "GROUP BY b.name ORDER BY b.name",
    "SELECT ts_code, end_date, revision, known_on FROM income_cn ORDER BY 1, 2, 3 LIMIT 40",
    "SELECT ts_code, end_date, n_income FROM as_of('income_cn', DATE '2024-01-31') ORDER BY 1, 2 LIMIT 40",
    "SELECT count(*) AS n FROM as_of('fina_indicator_cn', DATE '2023-12-29')",
    "SELECT a.ts_code, a.end_date, a.n_income - b.n_income AS more FROM as_of('income_cn', DATE '2024-02-28') a "
    "JOIN as_of('income_cn', DATE '2023-11-30') b ON a.ts_code = b.ts_code AND a.end_date = b.end_date ORDER BY 1, 2",
    "SELECT * FROM stock_daily_cn WHERE ts_code = '没有' ORDER BY trade_date",
    "SELECT exchange, count(*) AS n, sum(CASE WHEN is_open THEN 1 ELSE 0 END) AS open FROM trade_cal GROUP BY exchange "
    "ORDER BY exchange",
    "WITH d AS (SELECT ts_code, trade_date, close, lag(close) OVER (PARTITION BY ts_code ORDER BY trade_date) AS last "
    "FROM stock_daily_cn) SELECT ts_code, trade_date, close / last - 1 AS change FROM d WHERE last IS NOT NULL "
    "ORDER BY 1, 2 LIMIT 60",
    "SELECT ts_code FROM stock_basic_cn EXCEPT SELECT ts_code FROM stock_daily_cn ORDER BY ts_code",
    "SELECT ts_code, trade_date, close FROM stock_daily_cn UNION ALL SELECT ts_code, trade_date, adj_factor FROM adj_factor "
    "ORDER BY 1, 2, 3 LIMIT 80",
    "SELECT count(DISTINCT ts_code) AS some, min(low) AS low, max(high) AS high FROM stock_daily_cn",
    "SELECT m.ts_code, m.trade_date, m.buy_lg_amount FROM moneyflow_cn m WHERE EXISTS (SELECT 1 FROM limit_list_cn l "
    "WHERE l.ts_code = m.ts_code) ORDER BY 1, 2 LIMIT 40",
    "SELECT session, ts_code, end_date, known_on FROM sessions_join('income_cn', DATE '2024-01-02', DATE '2024-01-31') "
    "ORDER BY 1, 2, 3 LIMIT 100",
    "SELECT * FROM universe(DATE '2024-01-31') ORDER BY ts_code",
    "SELECT ts_code, trade_date, close FROM adjusted('qfq', DATE '2024-01-31') ORDER BY 1, 2 LIMIT 50",
]


def port():
    """A free port on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def listens(at):
    """Whether someone listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", at)) == 0


class Processes:
    """A scheduler and its executors, each with a log."""

    def __init__(self, program, folder, **variables):
        self.program, self.folder, self.variables, self.executors = program, folder, variables, []
        self.port = port()
        self.scheduler = self.start(
            "scheduler", "--bind-host", "127.0.0.1", "--bind-port", str(self.port), "--external-host", "127.0.0.1",
            "--executor-timeout-seconds", "6", "--expire-dead-executor-interval-seconds", "1",
            "--executor-termination-grace-period", "1",
        )
        self.wait_for(lambda: listens(self.port), "the scheduler listens")

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self, *arguments):
        log = (self.folder / f"{arguments[0]}-{time.monotonic_ns()}.log").open("wb")
        return subprocess.Popen(
            [self.program, *arguments], cwd=self.folder, env=environment(**self.variables), stdin=subprocess.DEVNULL,
            stdout=log, stderr=log,
        )

    def add(self, *more):
        """Starts an executor and waits until it listens."""
        own = port()
        child = self.start(
            "executor", "--scheduler", self.address, "--bind-host", "127.0.0.1", "--external-host", "127.0.0.1",
            "--bind-port", str(own), "--bind-grpc-port", str(port()), "--bind-health-port", str(port()),
            "--executor-heartbeat-interval-seconds", "1", "--vcores", "1", "--work-dir",
            str(Path(self.folder, f"work-{own}")), *more,
        )
        self.executors.append(child)
        self.wait_for(lambda: listens(own), "an executor listens")
        return child

    def wait_for(self, holds, what):
        end = time.monotonic() + WAIT_SECONDS
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError(f"waited {WAIT_SECONDS} s until {what}")
            time.sleep(0.05)

    def stop(self):
        for child in [*self.executors, self.scheduler]:
            child.kill()
            child.wait()


@contextlib.contextmanager
def processes(program, folder, executors=2, **variables):
    """A cluster inside the block."""
    folder.mkdir()
    cluster = Processes(program, folder, **variables)
    try:
        for _ in range(executors):
            cluster.add()
        yield cluster
    finally:
        cluster.stop()


def built(lake):
    """What was published: every file of silver and of rejected rows."""
    files = (file for part in ("silver", "rejects") for file in (lake / part).rglob("*") if file.is_file())
    return {str(file.relative_to(lake)): file.read_bytes() for file in files}


def differ(expected, found):
    """The names of files that differ, for messages."""
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))[:5]


def copy(lake, folder, name):
    """Copies the bronze of a lake to another lake."""
    shutil.copytree(lake / "bronze", folder / name / "bronze")
    return folder / name


def check_builds(binary, program, folder):
    """Builds on the cluster: as on one machine, with an executor killed, and twice concurrently."""
    bronze = folder / "bronze-lake"
    must("a market for the cluster", [binary, "sandbox", *MARKET, "--export", str(bronze)], folder)
    here = copy(bronze, folder, "here")
    must("normalize on one machine", [binary, "--lake", str(here), "normalize"], folder)
    expected = built(here)
    check("one machine builds all tables", len(expected) > 80, len(expected))
    with processes(program, folder / "cluster") as cluster:
        lake = copy(bronze, folder, "there")
        normalize = [program, "--lake", str(lake), "normalize", "--scheduler", cluster.address]
        must("normalize on a cluster", normalize, folder)
        check("a cluster builds the same bytes", built(lake) == expected, differ(expected, built(lake)))
        check_queries(binary, program, lake, folder, cluster)

        check_refused(program, folder, bronze, cluster)

        lake = copy(bronze, folder, "twice")
        normalize = [program, "--lake", str(lake), "normalize", "--scheduler", cluster.address, "--wait=60s"]
        two = [subprocess.Popen(normalize, cwd=folder, env=environment(), stdout=subprocess.DEVNULL) for _ in range(2)]
        codes = [child.wait(kit.RUN_SECONDS) for child in two]
        check("two builds at once on a cluster end with 0", codes == [0, 0], codes)
        check("two builds at once build the same bytes", built(lake) == expected, differ(expected, built(lake)))

        lake = copy(bronze, folder, "killed")
        victim = cluster.executors[0]
        run = subprocess.Popen(
            [program, "--lake", str(lake), "normalize", "--scheduler", cluster.address],
            cwd=folder, env=environment(), stdout=subprocess.DEVNULL,
        )
        cluster.wait_for(lambda: len(list((lake / "silver").rglob("*.parquet"))) > 3, "the build has begun")
        os.kill(victim.pid, signal.SIGKILL)
        code = run.wait(kit.RUN_SECONDS)
        check("a build outlives a killed executor", code == 0, code)
        check("a killed executor changes no byte", built(lake) == expected, differ(expected, built(lake)))
    with server(moto, folder) as port:
        check_bucket((binary, program), folder, port, (bronze, expected))


def check_refused(program, folder, bronze, cluster):
    """A client whose contracts differ from those of the executors is refused at once."""
    lake = copy(bronze, folder, "other")
    own = folder / "own"
    (own / "pipelines").mkdir(parents=True)
    pipeline = (PIPELINES / "adj_factor.toml").read_text(encoding="utf-8")
    (own / "pipelines" / "adj_factor.toml").write_text(pipeline + "\n# other\n", encoding="utf-8")
    (own / "jobs.toml").write_text("version = 1\n", encoding="utf-8")
    run = subprocess.run(
        [program, "--config", str(own / "jobs.toml"), "--lake", str(lake), "normalize", "adj_factor", "--scheduler",
         cluster.address],
        cwd=folder, env=environment(), capture_output=True, text=True, timeout=kit.RUN_SECONDS, check=False,
    )
    said = run.stderr
    is_told = "an executor refuses the plan" in said and "the same `schemas/` and `pipelines/`" in said
    check("an executor with other contracts refuses the plan", run.returncode == 1 and is_told, said[-400:])
    check("a refused plan is not sent again", "submitting it again" not in said, said[-400:])


def check_bucket(programs, folder, port, built_here):
    """The lake in a bucket: two executors build the same bytes, one of them killed."""
    binary, program = programs
    bronze, expected = built_here
    # The settings in [lake] travel with the plan; keys are in each machine's environment.
    variables = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    jobs = folder / "bucket.toml"
    jobs.write_text(
        f'version = 1\n[lake]\nendpoint = "http://127.0.0.1:{port}"\nregion = "us-east-1"\npath_style = true\n', encoding="utf-8"
    )
    s3 = client(port)
    for file in (bronze / "bronze").rglob("*.gz"):
        s3.put_object(Bucket=BUCKET, Key=f"cluster/{file.relative_to(bronze)}", Body=file.read_bytes())
    url = f"s3://{BUCKET}/cluster"
    with processes(program, folder / "cluster-of-bucket", **variables) as cluster:
        run = subprocess.Popen(
            [program, "--config", str(jobs), "--lake", url, "normalize", "--scheduler", cluster.address],
            cwd=folder, env=environment(**variables), stdout=subprocess.DEVNULL,
        )
        published = lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix="cluster/silver/").get("KeyCount", 0)
        cluster.wait_for(lambda: published() > 3, "the build in the bucket has begun")
        os.kill(cluster.executors[0].pid, signal.SIGKILL)
        code = run.wait(kit.RUN_SECONDS)
        check("a build in a bucket outlives a killed executor", code == 0, code)
        found = {name: body for name, body in bodies(port, "cluster").items() if name.startswith(("silver/", "rejects/"))}
        check("a cluster builds the same bytes in a bucket", found == expected, differ(expected, found))
        query = ["--config", str(jobs), "--lake", url, "query", "--format", "json", QUERIES[1]]
        here = must("query a bucket", [binary, *query], folder, **variables)
        there = must("query a bucket on a cluster", [program, *query, "--scheduler", cluster.address], folder, **variables)
        check("a cluster answers from a bucket", there == here and len(there) > 100, there[:200])


def check_queries(binary, program, lake, folder, cluster):
    """The cluster returns the same answers as a single machine."""
    for query in QUERIES:
        with attempt(f"the cluster answers {query}"):
            options = ["--lake", str(lake), "query", "--format", "json", query]
            here = must("query", [binary, *options], folder)
            there = must("query on a cluster", [program, *options, "--scheduler", cluster.address], folder)
            check(f"a cluster answers as one machine: {query}", here == there, f"{here[:200]} {there[:200]}")


def check_cluster(binary, folder):
    """All checks; `pitlake-cluster` is next to the binary."""
    program = str(Path(binary).with_name("pitlake-cluster"))
    folder = folder / "cluster-checks"
    folder.mkdir()
    with attempt("a cluster on loopback"):
        check_builds(binary, program, folder)


if __name__ == "__main__":
    import sys
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        check_cluster(sys.argv[1], Path(name))
    print(kit.passed, kit.failed)
