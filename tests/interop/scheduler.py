"""Airflow's own scheduler in this process, at any time: it creates runs, queues tasks, and they run here."""

import os
import secrets
from datetime import UTC, datetime

import time_machine
from sqlalchemy import event, select
from sqlalchemy.engine import Engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import now


@compiles(now, "sqlite")
def _now(element, compiler, **options):
    """Airflow compares some times with the clock of the database, which cannot be moved."""
    return "moment()"


@event.listens_for(Engine, "connect")
def _connect(connection, record):
    connection.create_function("moment", 0, lambda: datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"))


def prepare(home, dags):
    """The environment that Airflow reads on import."""
    os.environ.update(
        AIRFLOW_HOME=str(home),
        AIRFLOW__CORE__DAGS_FOLDER=str(dags),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION="False",
        AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING",
        AIRFLOW__API_AUTH__JWT_SECRET=secrets.token_hex(32),
        NO_PROXY="127.0.0.1",
        no_proxy="127.0.0.1",
    )


class Scheduler:
    """A database, the DAGs of the folder, and a scheduler with an executor that runs one task after another."""

    def __init__(self, moment):
        # Imported here, because Airflow then reads the environment.
        from airflow.dag_processing.bundles.manager import DagBundlesManager
        from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
        from airflow.executors.base_executor import BaseExecutor
        from airflow.jobs.job import Job
        from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
        from airflow.sdk.api.datamodels._generated import TaskInstance
        from airflow.sdk.execution_time.supervisor import run_task_in_process
        from airflow.utils import db
        from airflow.utils.session import create_session

        db.initdb()
        self.session = create_session
        self.most_at_once = {}
        self.travel = None
        self.at(moment)

        manager = DagBundlesManager()
        with create_session() as session:
            manager.sync_bundles_to_db(session=session)
        bundle = next(iter(manager.get_all_dag_bundles()))
        bundle.initialize()
        self.bag = BundleDagBag(dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
        sync_bag_to_db(self.bag, bundle.name, bundle.version)
        scheduler = self

        class Here(BaseExecutor):
            """Runs what is queued at once, as `dags test` does."""

            is_local = True

            def start(self):
                pass

            def end(self):
                pass

            def sync(self):
                pass

            def _process_workloads(self, items):
                scheduler.count([item.ti for item in items])
                for item in items:
                    ti = item.ti
                    self.queued_tasks.pop(ti.key, None)
                    self.running.add(ti.key)
                    names = ("id", "task_id", "dag_id", "run_id", "try_number", "map_index", "dag_version_id")
                    task = scheduler.bag.dags[ti.dag_id].get_task(ti.task_id)
                    run_task_in_process(ti=TaskInstance(**{name: getattr(ti, name) for name in names}), task=task)
                    self.success(ti.key)

        self.executor = Here(parallelism=32)
        job = Job()
        self.runner = SchedulerJobRunner(job=job, executors=[self.executor], num_runs=1)
        with create_session() as session:
            session.add(job)

    def count(self, tis):
        """The maximum number of tasks in a pool that were queued at the same time."""
        for pool in {ti.pool_slots and self.pool(ti) for ti in tis}:
            many = sum(self.pool(ti) == pool for ti in tis)
            self.most_at_once[pool] = max(many, self.most_at_once.get(pool, 0))

    def pool(self, ti):
        return self.bag.dags[ti.dag_id].get_task(ti.task_id).pool

    def at(self, moment):
        """Sets every clock of this process, including the database's."""
        if self.travel:
            self.travel.stop()
        self.travel = time_machine.travel(moment)
        self.travel.start()

    def settle(self):
        """Schedules and runs until there is nothing left to do at this time."""
        idle = 0
        while idle < 3:
            with self.session() as session:
                queued = self.runner._do_scheduling(session)
            queued += len(self.executor.queued_tasks)
            self.executor.heartbeat()
            with self.session() as session:
                self.runner._process_executor_events(executor=self.executor, session=session)
            idle = 0 if queued else idle + 1

    def runs(self, dag_id):
        """The runs of a DAG in order of creation, each with its tasks by (name, index)."""
        from airflow.models.dagrun import DagRun

        with self.session() as session:
            runs = session.scalars(select(DagRun).where(DagRun.dag_id == dag_id).order_by(DagRun.id)).unique().all()
            for run in runs:
                run.tasks = {(ti.task_id, ti.map_index): ti for ti in run.task_instances}
            session.expunge_all()
        return runs

    def events(self, name):
        """The partitions of an asset's events, in order."""
        from airflow.models.asset import AssetEvent, AssetModel

        of_asset = select(AssetEvent).join(AssetModel, AssetModel.id == AssetEvent.asset_id)
        with self.session() as session:
            found = session.scalars(of_asset.where(AssetModel.name == name).order_by(AssetEvent.id)).all()
            return [found.partition_key for found in found]

    def next_moment(self):
        """The next time at which the scheduler has something to do: a scheduled run or a retry."""
        from airflow.models.dag import DagModel
        from airflow.models.taskinstance import TaskInstance

        with self.session() as session:
            made = session.scalars(select(DagModel.next_dagrun_create_after)).all()
            waiting = session.scalars(select(TaskInstance).where(TaskInstance.state == "up_for_retry")).all()
            retries = []
            for ti in waiting:
                ti.task = self.bag.dags[ti.dag_id].get_task(ti.task_id)
                retries.append(ti.next_retry_datetime())
        return min(moment for moment in [*made, *retries] if moment)

    def trigger(self, dag_id, **options):
        """Starts a run manually, as the web page or the command does."""
        from airflow.api.common.trigger_dag import trigger_dag
        from airflow.utils.types import DagRunTriggeredByType

        with self.session() as session:
            return trigger_dag(dag_id, triggered_by=DagRunTriggeredByType.UI, session=session, **options).run_id

    def clear(self, run):
        """Clears all tasks of a run, as a person would."""
        from airflow.models.taskinstance import clear_task_instances

        with self.session() as session:
            from airflow.models.dagrun import DagRun

            stored = session.scalars(select(DagRun).where(DagRun.id == run.id)).one()
            clear_task_instances(list(stored.task_instances), session)

    def delete(self, run):
        from airflow.models.dagrun import DagRun

        with self.session() as session:
            session.delete(session.scalars(select(DagRun).where(DagRun.id == run.id)).one())
