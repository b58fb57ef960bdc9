#!/usr/bin/env python3
"""The DAGs of `pitlake schedule --print airflow` in Airflow's own scheduler, evening by evening, against the sandbox.

usage: evenings.py PATH-OF-PITLAKE [DAYS]

The clocks of Airflow, pitlake and the sandbox move together, from one moment at which the scheduler has something to do
to the next. Prints one line per failed check and exits 1.
"""

import contextlib
import io
import json
import os
import shutil
import sys
import tempfile
import urllib.request
from datetime import date, timedelta
from pathlib import Path

sys.dont_write_bytecode = True  # leave nothing in the working copy

import pendulum

import kit
import scheduler
from kit import attempt, check

SHANGHAI = "Asia/Shanghai"
# A week with evenings of each kind: late, open, partial, open, closed. More days follow.
FIRST, DAYS = date(2024, 3, 29), 7
MARKET = ("--stocks", "20", "--start", "2024-02-01", "--end", "2024-05-31", "--epoch", "2024-03-28T12:00:00+08:00")
INTERFACES = ("daily", "daily_basic", "adj_factor", "moneyflow")
JOBS = """\
version = 1

[vendors.tushare]
base_url = "{url}"
points = 5000
requests_per_minute = 1000000

[jobs.market]
schedule = "30 20 * * 1-5"
tables = ["stock_daily_cn", "stock_daily_basic_cn", "adj_factor", "moneyflow_cn", "suspend_d_cn", "limit_list_cn"]

[jobs.reports]
schedule = "30 21 * * *"
tables = ["income_cn", "fina_indicator_cn"]
"""
# pitlake at the time of the check. It records its arguments, or only exits with the code that a file contains.
PITLAKE = """\
#!/bin/sh
if [ -e code ]; then exit "$(cat code)"; fi
now="$(cat now)"
echo "$now $*" >> called
exec "{binary}" "$@" --now "$now"
"""
FOLLOWER = """\
from airflow.sdk import DAG, Asset, PartitionedAssetTimetable, task

with DAG("factors", schedule=PartitionedAssetTimetable(assets=Asset("pitlake_market"))):

    @task
    def factors(dag_run):
        return dag_run.partition_key

    factors()
"""


class World:
    """A lake, the DAGs that fill it, and the vendor."""

    def __init__(self, binary, folder, vendor):
        self.binary, self.vendor = binary, vendor
        self.lake, self.twin, self.plain = folder / "lake", folder / "twin", folder / "plain"
        for place in (self.lake, self.twin, self.plain):
            place.mkdir()
            (place / "jobs.toml").write_text(JOBS.format(url=vendor["tushare"]))
        commands, dags = folder / "bin", folder / "dags"
        for place in (commands, dags, folder / "home"):
            place.mkdir()
        (commands / "pitlake").write_text(PITLAKE.format(binary=binary))
        (commands / "pitlake").chmod(0o755)
        os.environ.update(TUSHARE_TOKEN=vendor["token"])
        self.dags = printed(binary, self.lake, commands / "pitlake")
        (dags / "pitlake.py").write_text(self.dags)
        (dags / "factors.py").write_text(FOLLOWER)
        scheduler.prepare(folder / "home", dags)
        self.now = pendulum.datetime(FIRST.year, FIRST.month, FIRST.day, 12, tz=SHANGHAI)
        self.airflow = scheduler.Scheduler(self.now)
        self.move(self.now)

    def move(self, moment):
        self.now = moment.in_timezone(SHANGHAI)
        self.airflow.at(self.now)
        text = self.now.to_iso8601_string()
        (self.lake / "now").write_text(text)
        url = f"{self.vendor['tushare']}/sandbox/epoch"
        urllib.request.urlopen(urllib.request.Request(url, data=text.encode(), method="PUT")).read()

    def called(self):
        """The arguments pitlake was called with since the last call of this method."""
        path = self.lake / "called"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return [line.split(" ", 1)[1].split() for line in lines]

    def step(self):
        """Everything Airflow does at this time. Every `run` is repeated in another lake, to count the calls it
        takes."""
        self.called()
        self.airflow.settle()
        called = self.called()
        for words in called:
            if words[0] == "run":
                self.run(self.twin, *words[1:])
        return called

    def run(self, folder, *words):
        now = self.now.to_iso8601_string()
        kit.must("run", [self.binary, "run", *words, "--now", now], folder, (0, 8), TUSHARE_TOKEN=self.vendor["token"])

    def is_complete(self, day):
        """Whether the vendor shows, for every interface, what it will show a day later."""
        here, shown = self.now, self.rows(day)
        self.move(pendulum.datetime(day.year, day.month, day.day, 20, tz=SHANGHAI).add(days=1))
        later = self.rows(day)
        self.move(here)
        return later[0] > 0 and shown == later

    def rows(self, day):
        counts = []
        for interface in INTERFACES:
            asked = {"api_name": interface, "token": self.vendor["token"], "fields": "ts_code"}
            asked["params"] = {"trade_date": f"{day:%Y%m%d}"}
            request = urllib.request.Request(self.vendor["tushare"], data=json.dumps(asked).encode())
            request.add_header("content-type", "application/json")
            counts.append(len(json.load(urllib.request.urlopen(request))["data"]["items"]))
        return counts


def printed(binary, lake, clocked):
    """The DAG file that pitlake prints in the lake's folder, changed to use the pitlake whose clock moves."""
    text = kit.must("schedule --print airflow", [binary, "schedule", "--print", "airflow"], lake)
    check("the DAG file names the binary and the folder", f'"{binary}"' in text and f'"{lake}"' in text)
    return text.replace(f'"{binary}"', f'"{clocked}"')


def calls(folder):
    """For all runs of a lake."""
    reports = [json.loads(path.read_text()) for path in (folder / "data/runs").glob("*.json")]
    return sum(sum(report["calls"].values()) for report in reports)


def check_parse(world):
    bag = world.airflow.bag
    check("the DAG files parse", not bag.import_errors, bag.import_errors)
    expected = {"pitlake_market", "pitlake_reports", "pitlake_backfill", "factors"}
    check("there is a DAG for each job, and one for backfills", set(bag.dags) == expected, set(bag.dags))
    fetching = [task for dag in bag.dags.values() for task in dag.tasks if task.task_id in ("run", "plan", "backfill")]
    check("what fetches is in the pool", {task.pool for task in fetching} == {"pitlake_fetch"})
    check("no token is in a DAG file", world.vendor["token"] not in world.dags)


def check_pool(world):
    """With the command in the DAG file."""
    from airflow.cli.cli_parser import get_parser

    line = next(line for line in world.dags.splitlines() if "airflow pools set" in line)
    words = ["pools", "set", "pitlake_fetch", "1", line.split('"')[1]]
    args = get_parser().parse_args(words)
    with contextlib.redirect_stdout(io.StringIO()):
        args.func(args)


def check_codes(world):
    """What each exit code leads to, and when the task is retried."""
    dag = world.airflow.bag.dags["pitlake_market"]
    retry_at = dag.get_task("run").python_callable.__globals__["retry_at"]
    expected = {1: "20:40", 3: "20:40", 7: "20:40", 8: "21:00", 6: "08:10", 143: "20:40"}
    evening = pendulum.datetime(2024, 3, 20, 20, 30, tz=SHANGHAI)
    times = {code: retry_at(code, evening).format("HH:mm") for code in expected}
    check("each code has its time of retry", times == expected, times)
    check("a quota is waited for until the next day", retry_at(6, evening).day == 21)
    for hour, at in ((22, "22 08:30"), (1, "21 08:30"), (9, "21 10:00")):
        late = retry_at(8, pendulum.datetime(2024, 3, 21, hour, 30, tz=SHANGHAI)).format("DD HH:mm")
        check(f"what is late at {hour}:30 is tried again on the {at}", late == at, late)
    is_late = dag.get_task("run").python_callable.__globals__["is_late"]
    for entries, good in (([], True), (["2024-03-20"], True), (["2024-03"], True), (["2024-03-19"], False)):
        report = {"tables": {"adj_factor": {"not_published": entries, "beyond_calendar": []}}}
        check(f"exit 8 for {entries} leaves the 20th late: {good}", is_late(report, "2024-03-20") == good)
    for code in (1, 2, 3, 4, 5, 6, 7, 8):
        (world.lake / "code").write_text(str(code))
        world.move(world.now.add(seconds=1))
        world.airflow.trigger("pitlake_reports")
        world.airflow.settle()
        run = world.airflow.runs("pitlake_reports")[-1]
        seen = (run.state, run.tasks["run", -1].state)
        good = ("failed", "failed") if code in (2, 4, 5) else ("running", "up_for_retry")
        check(f"exit {code} leaves a run and its task {good}", seen == good, seen)
        if seen[0] == "running":
            world.airflow.delete(run)
    (world.lake / "code").unlink()


def check_evenings(world, days):
    """At each moment, every run of `market` has the right state for its day, as do events and downstream DAGs."""
    last = pendulum.datetime(FIRST.year, FIRST.month, FIRST.day, 20, tz=SHANGHAI).add(days=days)
    kinds, tries = {}, 0
    while (moment := world.airflow.next_moment()) < last:
        world.move(pendulum.instance(moment).add(seconds=1))
        called = world.step()
        evening = (world.now.hour, world.now.minute) == (20, 30)
        if evening:
            world.run(world.plain, "market")
        if (world.now.hour, world.now.minute) == (21, 30):
            world.run(world.plain, "reports")
        tried = {words[words.index("--date") + 1] for words in called if words[:2] == ["run", "market"]}
        runs = {run.partition_key: run for run in world.airflow.runs("pitlake_market")}
        announced = world.airflow.events("pitlake_market")
        if evening and str(world.now.date()) not in tried:
            run = runs[str(world.now.date())]
            kinds[run.partition_key] = "closed"
            check(f"{run.partition_key}, a closed day, is skipped",
                  (run.state, run.tasks["run", -1].state) == ("success", "skipped") and sum(world.rows(world.now.date())) == 0)
        for day in tried:
            tries += 1
            run, complete = runs[day], world.is_complete(date.fromisoformat(day))
            task = run.tasks["run", -1]
            if evening:
                shown = world.rows(date.fromisoformat(day))
                kinds[day] = "open" if complete else "late" if 0 in shown else "half"
            where = f"{day} at {world.now.format('MM-DD HH:mm')}"
            seen, good = (run.state, task.state), ("success", "success") if complete else ("running", "up_for_retry")
            check(f"{where} is {good}", seen == good, seen)
            check(f"{where} is announced once if complete", announced.count(day) == int(complete), announced)
    followers = world.airflow.runs("factors")
    sessions = sorted(day for day, kind in kinds.items() if kind != "closed")
    followed = sorted(run.partition_key for run in followers)
    complete = [day for day in sessions if world.is_complete(date.fromisoformat(day))]
    check("a follower runs once for each complete session", followed == complete, f"{followed}, {complete}")
    check("followers succeed", {run.state for run in followers} == {"success"})
    check("followers know the date of their partition",
          all(str(run.partition_date.astimezone(world.now.tzinfo).date()) == run.partition_key for run in followers))
    reports = world.airflow.runs("pitlake_reports")
    check("reports are fetched every day", len([run for run in reports if run.run_type == "scheduled"]) >= days)
    check("evenings of each kind are seen", {"open", "closed", "late", "half"} <= set(kinds.values()), kinds)
    made, own, plain = calls(world.lake), calls(world.twin), calls(world.plain)
    check("the calls are those of `run`", abs(made - own) * 20 <= own, f"{made}, {own} of `run`")
    print(f"evenings: {len(kinds)} of market, {tries} tries, {made} calls; {own} by `run` at the same moments, "
          f"{plain} by `run` once an evening", flush=True)


def check_by_hand(world):
    """Without a date, at noon: today is tried until it is there and announced once, and a rerun does nothing."""
    airflow = world.airflow
    day = next(day for day in (world.now.date().add(days=n) for n in range(1, 9)) if is_session(world, day))
    world.move(pendulum.datetime(day.year, day.month, day.day, 12, tz=SHANGHAI))
    world.step()  # what is due before noon
    run_id = airflow.trigger("pitlake_market")
    world.step()
    run = by_id(airflow, run_id)
    check("a day that is not published is tried again", run.tasks["run", -1].state == "up_for_retry")
    check("a run by hand has no date of its own", run.logical_date is None and run.partition_key is None)
    end = world.now.add(days=1)
    while by_id(airflow, run_id).state == "running" and world.now < end:
        world.move(pendulum.instance(airflow.next_moment()).add(seconds=1))
        world.step()
    run = by_id(airflow, run_id)
    check("a run by hand without a date ends with today's session", run.state == "success", run.state)
    check("a session that runs by hand and by schedule fetch is announced once",
          airflow.events("pitlake_market").count(str(day)) == 1, airflow.events("pitlake_market"))
    before, followers = calls(world.lake), len(airflow.runs("factors"))
    files = {path: path.stat().st_mtime_ns for path in (world.lake / "data").rglob("*") if path.suffix in (".gz", ".parquet")}
    again = next(run for run in airflow.runs("pitlake_market") if run.partition_key == str(day))
    airflow.clear(again)
    world.step()
    again = by_id(airflow, again.run_id)
    check("a rerun succeeds", again.state == "success" and again.tasks["run", -1].state == "success", again.state)
    check("a rerun calls nobody", calls(world.lake) == before)
    check("a rerun writes no data", all(path.stat().st_mtime_ns == time for path, time in files.items()))
    check("a rerun gives no second event, and nothing runs after it", len(airflow.runs("factors")) == followers)
    check("a rerun says that the session was announced", again.tasks["announce", -1].state == "skipped")


def is_session(world, day):
    here = world.now
    world.move(pendulum.datetime(day.year, day.month, day.day, 20, tz=SHANGHAI).add(days=1))
    shown = world.rows(day)
    world.move(here)
    return shown[0] > 0


def by_id(airflow, run_id, dag="pitlake_market"):
    return next(run for run in airflow.runs(dag) if run.run_id == run_id)


def check_dags_test(world):
    """The command with which people try out a DAG, for an open day and a closed one."""
    from airflow.cli.cli_parser import get_parser

    for day, good in (("2024-04-03", "success"), ("2024-04-04", "skipped")):
        args = get_parser().parse_args(["dags", "test", "pitlake_market", f"{day}T20:30:00+08:00"])
        args.func(args)
        run = world.airflow.runs("pitlake_market")[-1]
        check(f"`dags test` of {day} is {good}", (run.state, run.tasks["run", -1].state) == ("success", good), run.state)


def check_backfill(world):
    """A month in units: each is a task, one fetches at a time, and the second time nothing is fetched."""
    conf = {"tables": ["stk_limit_cn", "top_list_cn"], "start": "2024-02-01", "end": "2024-03-15"}
    world.airflow.most_at_once.clear()
    before = calls(world.lake)
    world.airflow.trigger("pitlake_backfill", conf=conf)
    called = world.step()
    run = world.airflow.runs("pitlake_backfill")[-1]
    units = [words[2] for words in called if words[:2] == ["backfill", "--unit"]]
    tasks = [task for (name, index), task in run.tasks.items() if name == "backfill" and index >= 0]
    check("a backfill succeeds", run.state == "success", run.state)
    check("each unit is a task", len(tasks) == len(units) == len(set(units)) >= 2, units)
    check("tasks succeed", {task.state for task in tasks} == {"success"})
    check("one fetches at a time", world.airflow.most_at_once.get("pitlake_fetch") == 1, world.airflow.most_at_once)
    made = calls(world.lake) - before
    shutil.copytree(world.lake / "data/bronze/tushare/trade_cal", world.twin / "data/bronze/tushare/trade_cal", dirs_exist_ok=True)
    before = calls(world.twin)
    command = [world.binary, "backfill", *conf["tables"], "--start", conf["start"], "--end", conf["end"],
               "--now", world.now.to_iso8601_string()]
    kit.must("backfill", command, world.twin, TUSHARE_TOKEN=world.vendor["token"])
    own = calls(world.twin) - before
    check("the calls are those of `backfill`", abs(made - own) * 20 <= own, f"{made}, {own} of `backfill`")
    rows = [list((place / "data/silver").rglob("*.parquet")) for place in (world.lake, world.twin)]
    for table in conf["tables"]:
        held = [{path.relative_to(place / "data"): path.read_bytes() for path in files if table in str(path)}
                for place, files in zip((world.lake, world.twin), rows)]
        check(f"{table} in units is {table} at once", held[0] == held[1] and held[0])


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__.strip())
    binary = str(Path(sys.argv[1]).resolve())
    days = int(sys.argv[2]) if len(sys.argv) == 3 else DAYS
    for name in [name for name in os.environ if name.startswith(("TUSHARE_", "PITLAKE_", "AIRFLOW"))]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="pitlake-evenings-") as name:
        folder = Path(name)
        with kit.sandbox(binary, folder, MARKET) as vendor:
            world = World(binary, folder, vendor)
            check_parse(world)
            check_pool(world)
            for part in (lambda: check_evenings(world, days), lambda: check_by_hand(world),
                         lambda: check_dags_test(world), lambda: check_backfill(world), lambda: check_codes(world)):
                with attempt("Airflow"):
                    part()
    if kit.failed:
        sys.exit(f"evenings: {kit.failed} of {kit.passed + kit.failed} checks failed")
    print(f"evenings: {kit.passed} checks passed")


if __name__ == "__main__":
    main()
