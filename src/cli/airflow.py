"""pitlake on Airflow 3.3 or later: a DAG for each job of jobs.toml, and one for backfills.

Save this file in the folder of DAGs, then create the pool that lets one task fetch at a time:

    pitlake schedule --print airflow > dags/pitlake.py
    airflow pools set pitlake_fetch 1 "one fetch at a time"

The token belongs in the environment of the workers: TUSHARE_TOKEN, or TUSHARE_TOKEN_FILE with the path of a file.

A session that is complete gives one event of the asset `pitlake_JOB`, whose partition is its date. A DAG that follows:

    with DAG("factors", schedule=PartitionedAssetTimetable(assets=Asset("pitlake_market"))):
        BashOperator(task_id="factors", bash_command="make factors DAY={{ dag_run.partition_key }}")
"""

import json
import os
import signal
import subprocess
from datetime import date, timedelta

import pendulum
from airflow.sdk import DAG, Asset, CronPartitionTimetable, Param, RetryDecision, RetryPolicy, get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

FOLDER = "/srv/lake"  # where jobs.toml is; pitlake runs there
PITLAKE = "pitlake"  # the binary: a path, or a name in the PATH of the workers
JOBS = {
    "market": "30 20 * * 1-5",
    "market_5000": "30 20 * * 1-5",
    "announcements": "30 21 * * *",
    "reports": "30 21 * * *",
    "weekly": "0 8 * * 6",
}
TRADING_DAYS = ["market", "market_5000"]  # these jobs are skipped on closed days

POOL = "pitlake_fetch"
SHANGHAI = "Asia/Shanghai"
START = pendulum.datetime(2024, 1, 1, tz=SHANGHAI)
TRIES = {6: 5, 8: 32}  # a late day is tried until the next evening
OTHER_TRIES = 12  # two hours, then somebody should look
NEVER = {
    2: "invalid command line or configuration",
    4: "a data check failed",
    5: "token rejected, or the account may not call an interface",
}
LATER = {
    1: "unexpected failure",
    3: "incomplete",
    6: "daily quota used up",
    7: "another run is writing",
    8: "some data is late",
}


class Unfinished(AirflowException):
    """pitlake ended with a code that is worth another try."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def retry_at(code, now):
    """When to try again, as `pitlake schedule` does: a quota returns the next day, and what is late comes in the evening or the next morning."""
    if code == 6:
        return now.add(days=1).at(8, 10)
    if code != 8:
        return now.add(minutes=10)
    soon = now.add(minutes=30)
    if soon.hour < 8:
        return soon.at(8, 30)
    return soon if soon.hour < 23 else soon.add(days=1).at(8, 30)


class RetryByExitCode(RetryPolicy):
    """Codes that are never retried do not come here: AirflowFailException ends a task at once."""

    def evaluate(self, exception, try_number, max_tries, context=None):
        code, now = getattr(exception, "code", 1), pendulum.now(SHANGHAI)
        if try_number >= TRIES.get(code, OTHER_TRIES):
            return RetryDecision.fail(f"still exit {code} after {try_number} tries")
        at = retry_at(code, now)
        return RetryDecision.retry((at - now).as_timedelta(), f"again at {at.format('YYYY-MM-DD HH:mm')} in Shanghai")


FETCHES = {
    "pool": POOL,
    "retries": max(TRIES.values()),
    "retry_delay": timedelta(minutes=10),
    "retry_policy": RetryByExitCode(),
}


def pitlake(*words):
    """Runs pitlake and returns its exit code and the JSON it prints. Its log goes to the log of the task."""
    command = [PITLAKE, *words, "--format", "json"]
    print("+", *command, flush=True)
    try:
        child = subprocess.Popen(command, cwd=FOLDER, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    except OSError as error:
        raise AirflowFailException(f"cannot run `{PITLAKE}` in `{FOLDER}`: {error}") from error
    before = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    try:
        printed, _ = child.communicate()
    finally:
        child.terminate()  # after a timeout; nothing if it has ended
        signal.signal(signal.SIGTERM, before)
    try:
        return child.returncode, json.loads(printed)
    except ValueError:
        return child.returncode, None


def finish(code, report):
    """Raises what Airflow should do about an exit code that is not 0."""
    reasons = [report["error"]] if report and report["error"] else []
    for table, found in (report["tables"] if report else {}).items():
        reasons += [f"{table}: {json.dumps(entry, ensure_ascii=False)}" for entry in found["failed"]]
        reasons += [f"{table}: {day} is late" for day in found["not_published"] + found["beyond_calendar"]]
        reasons += [f"{table}: {note}" for note in found["notes"]]
    for reason in reasons:
        print(reason, flush=True)
    first = f": {reasons[0]}" if reasons else ""
    if code in NEVER:
        raise AirflowFailException(f"exit {code}, {NEVER[code]}{first}")
    if code != 0:
        raise Unfinished(code, f"exit {code}, {LATER.get(code, 'ended by a signal or a crash')}{first}")


def day_of(dag_run):
    """The day that a run is for: its partition, else its date, else the day on which it was triggered by hand."""
    if not dag_run.partition_key:
        return (dag_run.logical_date or dag_run.run_after).astimezone(START.tzinfo).date().isoformat()
    try:
        return date.fromisoformat(dag_run.partition_key).isoformat()
    except ValueError as error:
        raise AirflowFailException(f"invalid partition `{dag_run.partition_key}`: expected YYYY-MM-DD") from error


def is_session(day):
    """What the calendar in the lake has; None if it does not reach the day, or there is none yet."""
    sql = f"SELECT is_open FROM trade_cal WHERE exchange = 'SSE' AND cal_date = DATE '{day}'"
    code, rows = pitlake("query", sql)
    return rows[0]["is_open"] if code == 0 and rows else None


def is_late(report, day):
    """Whether anything of the day, or later, is late. What is older belongs to the run of its own day."""
    tables = report["tables"].values() if report else []
    late = [entry for found in tables for entry in found["not_published"] + found["beyond_calendar"]]
    return not late or any(len(entry) != len(day) or entry >= day for entry in late)


def nightly(job, schedule):
    """The DAG of a job: `run` until the day is complete, then the event. Days of no session are skipped or silent."""
    complete = Asset(f"pitlake_{job}")

    with DAG(
        f"pitlake_{job}",
        schedule=CronPartitionTimetable(schedule, timezone=SHANGHAI, key_format="%Y-%m-%d"),
        start_date=START,
        catchup=False,  # `run` itself fetches the nights that were missed
        tags=["pitlake"],
    ):

        @task(**FETCHES)
        def run():
            day = day_of(get_current_context()["dag_run"])
            if job in TRADING_DAYS and is_session(day) is False:
                raise AirflowSkipException(f"{day} is a closed day")
            code, report = pitlake("run", job, "--date", day)
            if code != 8 or is_late(report, day):
                finish(code, report)
            return {"day": day, "is_session": is_session(day), "calls": report["calls"] if report else None}

        @task(outlets=[complete], inlets=[complete])
        def announce(done, *, inlet_events, outlet_events):
            if not done["is_session"]:
                raise AirflowSkipException(f"{done['day']} is a closed day")
            if any(event.partition_key == done["day"] for event in inlet_events[complete]):
                raise AirflowSkipException(f"{done['day']} was announced before")
            outlet_events[complete].add_partitions(done["day"])
            outlet_events[complete].extra = {"day": done["day"], "job": job, "folder": os.path.abspath(FOLDER)}

        announce(run())


for name, cron in JOBS.items():
    nightly(name, cron)

# Trigger it with tables or jobs and a range: each partition is a task of its own, and failed ones can be cleared alone.
with DAG(
    "pitlake_backfill",
    schedule=None,
    params={
        "tables": Param(["stock_daily_cn", "adj_factor"], type="array", items={"type": "string"}),
        "start": Param("2024-01-01", type="string", format="date"),
        "end": Param("2024-06-28", type="string", format="date"),
    },
    tags=["pitlake"],
):

    @task(**FETCHES)
    def plan(params):
        code, units = pitlake("plan", *params["tables"], "--start", params["start"], "--end", params["end"])
        if code != 0:
            finish(code, None)
        if not units:
            raise AirflowSkipException("nothing to fetch")
        return [unit["id"] for unit in units]

    @task(**FETCHES, map_index_template="{{ task.op_kwargs['unit'] }}")
    def backfill(unit):
        finish(*pitlake("backfill", "--unit", unit))

    backfill.expand(unit=plan())
