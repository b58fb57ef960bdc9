"""The work in PySpark: gunzip, parse, scale, newest file wins, sort, Parquet; all of it, as a separate process.

usage: pyspark_peer.py JOB.json MODE      (MODE: all)
"""

import json
import sys

from pyspark.sql import SparkSession, Window, types
from pyspark.sql import functions as sql

READ = {"text": types.StringType, "day": types.StringType, "whole": types.DoubleType, "real": types.DoubleType}


def value(column):
    """A column in canonical units. Counts are rounded, which also removes the error of the product of doubles."""
    it = sql.col(column["name"])
    if column["kind"] == "day":
        return sql.to_date(it, "yyyyMMdd").alias(column["name"])
    it = it if column["factor"] == 1 else it * sql.lit(float(column["factor"]))
    return (sql.round(it).cast("long") if column["kind"] == "whole" else it).alias(column["name"])


def main(path, _mode):
    job = json.load(open(path))
    threads = job["threads"]
    spark = (
        SparkSession.builder.master(f"local[{threads}]")
        .config("spark.driver.memory", "6g")
        .config("spark.sql.shuffle.partitions", 2 * threads)
        .config("spark.sql.parquet.compression.codec", "zstd")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    schema = types.StructType([types.StructField(c["name"], READ[c["kind"]]()) for c in job["columns"]])
    files = [file for part in job["parts"] for file in part["files"]]
    rows = spark.read.json(files, schema=schema).withColumn("file", sql.input_file_name())
    newest = Window.partitionBy(*job["key"]).orderBy(sql.desc("file"))
    rows = rows.withColumn("nth", sql.row_number().over(newest)).where("nth = 1")
    rows = rows.select(*[value(c) for c in job["columns"]], sql.lit(job["vendor"]).alias("vendor"))
    month = sql.date_format(sql.col(job["event"]), "yyyy-MM").alias("month")
    rows = rows.withColumn("month", month).repartition(2 * threads, "month").sortWithinPartitions("month", *job["key"])
    rows.write.mode("overwrite").partitionBy("month").parquet(job["out"])
    # Wait for it, so that the JVM's resources are counted.
    gateway = spark.sparkContext._gateway
    spark.stop()
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
