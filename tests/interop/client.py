"""Tushare's own client gets the same rows from the sandbox as a backfill puts into bronze, and silver has them in
our units."""

import contextlib
import datetime
import gzip
import io
import json
from decimal import Decimal

import pandas

from engines import ask
from kit import END, START, attempt, check, factors

with contextlib.redirect_stdout(io.StringIO()):  # it prints a greeting
    import tushare

BY_DAY = {
    "daily": "stock_daily_cn",
    "daily_basic": "stock_daily_basic_cn",
    "adj_factor": "adj_factor",
    "moneyflow": "moneyflow_cn",
    "suspend_d": "suspend_d_cn",
    "limit_list_d": "limit_list_cn",
}
BY_PERIOD = {"income_vip": "income_cn", "fina_indicator_vip": "fina_indicator_cn"}


def connect(vendor):
    """The client has no setting for its URL, so set a private attribute of the class."""
    api = tushare.pro_api(vendor["token"])
    check("the client has the attribute that holds its address", hasattr(type(api), "_DataApi__http_url"))
    api._DataApi__http_url = vendor["tushare"]
    return api


def canonical(frame):
    """Rows as a sorted list. Null is None, and integers are floats, because pandas makes floats of a column with
    nulls."""

    def value(cell):
        if pandas.isna(cell):
            return None
        return cell if isinstance(cell, str) else float(cell)

    names = sorted(frame.columns)
    return sorted(([value(row[name]) for name in names] for row in frame.to_dict("records")), key=repr)


def bronze(lake, table):
    """The rows in a table's files, and the vendor's field names in its order."""
    files = sorted((lake / "bronze/tushare" / table).glob("*/*.jsonl.gz"))
    rows = [json.loads(line) for path in files for line in gzip.decompress(path.read_bytes()).splitlines()]
    return rows, list(rows[0])


def requests(api):
    """The queries for each interface, by the vendor's calendar and not the lake's, which may lack days."""
    first, last = START.replace("-", ""), END.replace("-", "")
    calendar = api.trade_cal(exchange="SSE", start_date=first, end_date=last)
    sessions = sorted(calendar[calendar["is_open"] == 1]["cal_date"])
    ends = [datetime.date(year, month, 1) - datetime.timedelta(1) for year in (2023, 2024) for month in (1, 4, 7, 10)]
    periods = [f"{end:%Y%m%d}" for end in ends if START <= str(end) <= END]
    for interface, table in BY_DAY.items():
        yield interface, table, [{"trade_date": day} for day in sessions]
    for interface, table in BY_PERIOD.items():
        yield interface, table, [{"period": period} for period in periods]
    yield "stock_basic", "stock_basic_cn", [{"list_status": status} for status in "LDPG"]
    yield "trade_cal", "trade_cal", [{"exchange": exchange} for exchange in ("SSE", "SZSE")]


def frames_equal_bronze(api, lake):
    """Every interface, with all its fields."""
    for interface, table, queries in requests(api):
        with attempt(f"the client reads {interface}"):
            kept, names = bronze(lake, table)
            frames = [api.query(interface, fields=",".join(names), **query) for query in queries]
            odd = [list(frame.columns) for frame in frames if list(frame.columns) != names]
            check(f"the client gets the fields of {interface}", not odd, odd[:1])
            got = [row for frame in frames for row in canonical(frame)]
            held = canonical(pandas.DataFrame(kept, columns=names))
            check(f"the client's rows of {interface} are those of bronze", sorted(got, key=repr) == held,
                  f"{len(got)} from the client, {len(held)} in bronze")


def times(cell, factor):
    """A cell in silver's unit. repr() has the digits that were sent, and the product is exact until it becomes a
    double."""
    return None if pandas.isna(cell) else float(Decimal(repr(float(cell))) * factor)


def silver_is_exact(api, lake):
    """Lots x 100 and thousands of yuan x 1000, in decimal from the client's digits, row by row."""
    with attempt("the client's bars are compared with silver"):
        files = f"{lake}/silver/stock_daily_cn/*/*.parquet"
        kept = ask(f"SELECT ts_code, strftime(trade_date, '%Y%m%d'), vol, amount FROM read_parquet('{files}')")
        silver = {(code, day): (vol, amount) for code, day, vol, amount in kept}
        days = sorted({day for _, day in silver})
        bars = pandas.concat([api.daily(trade_date=day) for day in days])
        asked = {(row["ts_code"], row["trade_date"]): row for row in bars.to_dict("records")}
        check("the client and silver have the same bars", asked.keys() == silver.keys(), f"{len(asked)}, {len(silver)}")
        for at, column in enumerate(["vol", "amount"]):
            factor = factors("tushare/daily")[column]
            wrong = [
                f"{key} {row[column]} / {silver[key][at]}"
                for key, row in asked.items()
                if key in silver and times(row[column], factor) != silver[key][at]
            ]
            check(f"silver's {column} is the client's x {factor}", not wrong, "; ".join(wrong[:3]))


def check_client(vendor, lake):
    with attempt("the client connects"):
        api = connect(vendor)
        frames_equal_bronze(api, lake)
        silver_is_exact(api, lake)
