#!/usr/bin/env python3
"""Tries every method of the module `pitlake` in the current environment, and prints the result of each.

usage: alone.py PATH-OF-LAKE [all]

Prints a JSON object with `ok` or the error of each method. The checks run it in environments with one reader, and
with none: see environments.py. With `all`, every method must work: `.ci/full oldest`.
"""

import json
import sys


class Session:
    """A Spark session that only counts: what matters is which packages are needed."""

    def __init__(self):
        self.statements = []

    def sql(self, statement):
        self.statements.append(statement)


def main():
    import pitlake

    lake = pitlake.lake(sys.argv[1])
    methods = {
        "tables": lambda: lake.tables()[0],
        "describe": lambda: lake.describe("income_cn").key,
        "status": lambda: lake.status("income_cn"),
        "duckdb": lambda: lake.duckdb().execute("SELECT max(close) FROM adjusted_hfq()").fetchone()[0],
        "scan": lambda: lake.scan("stock_daily_cn").collect().height,
        "scan as of": lambda: lake.scan("income_cn", as_of="2024-03-15").collect().height,
        "pandas": lambda: len(lake.pandas("income_cn", as_of="2024-03-15")),
        "query": lambda: len(lake.query("SELECT close FROM stock_daily_cn")),
        "query to polars": lambda: len(lake.query("SELECT close FROM stock_daily_cn", frame="polars")),
        "prices": lambda: len(lake.prices("000001.SZ", adjust="qfq", anchor="2024-03-15")),
        "universe": lambda: len(lake.universe("2024-03-15")),
        "spark": lambda: len(lake.spark(Session())),
    }
    seen = {}
    for name, method in methods.items():
        try:
            seen[name] = "ok" if method() else "nothing"
        except pitlake.MissingReaderError as error:
            seen[name] = f"missing: {error}"
        except Exception as error:  # the check shows it
            seen[name] = f"{type(error).__name__}: {error}"
    print(json.dumps(seen))
    if sys.argv[2:] == ["all"] and set(seen.values()) != {"ok"}:
        sys.exit(1)


if __name__ == "__main__":
    main()
