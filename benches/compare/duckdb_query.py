"""A query in DuckDB over the files of one table, as a separate process. Prints its seconds, excluding the start of
Python.

usage: duckdb_query.py FOLDER TABLE SQL OUT.parquet
"""

import sys
import time

import duckdb

folder, table, sql, out = sys.argv[1:]
start = time.perf_counter()
db = duckdb.connect(config={"threads": 2})
db.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{folder}/**/*.parquet', hive_partitioning = true)")
db.execute(f"COPY ({sql}) TO '{out}' (FORMAT parquet)")
print(time.perf_counter() - start)
