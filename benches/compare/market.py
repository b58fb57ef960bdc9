"""A made-up market with a fixed seed, as bronze: `daily` and `moneyflow` of 5,400 stocks, for as many days as needed.

The sandbox generates both too, and everything else, but this is faster for ten years of days. There is one answer
per day, in the vendor's random order; a partial correction of every 25th day that supersedes some rows; one line in
10,000 written differently (other key order, spaces, exponents); and two nulls in 10,000 values of three columns.
"""

import datetime
import functools
from concurrent.futures import ProcessPoolExecutor

import numpy as np

import answer

STOCKS, SEED = 5_400, 12
ODD, NULLS, MISSING = 0.0001, 0.0002, 0.004
CORRECTED = 25
SIZES = ("sm", "md", "lg", "elg")


def codes():
    """The codes of all stocks."""
    shanghai = [f"{600000 + i}.SH" for i in range(2_200)]
    return shanghai + [f"{1 + i:06d}.SZ" for i in range(2_900)] + [f"{920000 + i}.BJ" for i in range(300)]


def sessions(count):
    """`count` weekdays; 250 are within one year."""
    day = datetime.date(2023, 1, 2) if count <= 260 else datetime.date(2014, 1, 1)
    days = []
    while len(days) < count:
        if day.weekday() < 5:
            days.append(day)
        day += datetime.timedelta(1)
    return days


@functools.cache
def closes(count):
    """Closing prices, one row per day: random walks."""
    random = np.random.default_rng(SEED)
    steps = random.normal(0, 0.022, (count + 1, STOCKS))
    steps[0] = np.log(random.uniform(3, 60, STOCKS))
    return np.maximum(np.round(np.exp(np.cumsum(steps, axis=0)), 2), 0.5)


def texts(values, digits):
    """Numbers as the vendor writes them: no more digits than needed."""
    return [repr(value) for value in np.round(values, digits).tolist()]


def daily(random, day, before, close):
    """The values of `daily`, one list of strings per column, and the volume in lots."""
    high = np.maximum(before, close) * (1 + np.abs(random.normal(0, 0.006, STOCKS)))
    low = np.minimum(before, close) * (1 - np.abs(random.normal(0, 0.006, STOCKS)))
    vol = np.round(random.lognormal(11, 1, STOCKS), 2)
    columns = {
        "open": texts(before * (1 + random.normal(0, 0.002, STOCKS)), 2),
        "high": texts(high, 2),
        "low": texts(low, 2),
        "close": texts(close, 2),
        "pre_close": texts(before, 2),
        "change": texts(close - before, 2),
        "pct_chg": texts((close - before) / before * 100, 4),
        "vol": texts(vol, 2),
        "amount": texts(vol * (high + low) / 20, 3),
    }
    for name in ("pre_close", "change", "pct_chg"):
        for at in np.flatnonzero(random.random(STOCKS) < NULLS):
            columns[name][at] = "null"
    columns["ah_vol"] = columns["ah_amount"] = ["null"] * STOCKS
    return columns, vol


def moneyflow(random, close, vol):
    """The values of `moneyflow`: what is bought is sold, in four order sizes."""
    columns = {}
    for size in SIZES:
        for side in ("buy", "sell"):
            lots = np.floor(vol / 4 * random.uniform(0.9, 1.1, STOCKS))
            columns[f"{side}_{size}_vol"] = [str(int(lot)) for lot in lots]
            columns[f"{side}_{size}_amount"] = texts(lots * close / 100 * random.uniform(0.99, 1.01, STOCKS), 2)
    net = np.floor(vol * random.uniform(-0.3, 0.3, STOCKS))
    columns["net_mf_vol"] = [str(int(lot)) for lot in net]
    columns["net_mf_amount"] = texts(net * close / 100, 2)
    columns["trade_count"] = ["null"] * STOCKS
    return columns


def lines(day, columns, order):
    """The rows as lines of JSON, in this order."""
    form = ",".join(f'"{name}":%s' for name in columns)
    form = f'{{"ts_code":"%s","trade_date":"{day:%Y%m%d}",{form}}}'
    rows = [form % row for row in zip(codes(), *columns.values(), strict=True)]
    return [rows[at] for at in order]


def odd(random, rows):
    """Writes some lines differently: other key order, spaces, an exponent."""
    for at in np.flatnonzero(random.random(len(rows)) < ODD):
        first, *rest = rows[at][1:-1].split(",")
        name, value = rest[-3].split(":")
        rest[-3] = f"{name}: {value}" if value == "null" else f"{name}: {value}e0"
        rows[at] = "{ " + ", ".join([*rest, first]) + " }"


def make_day(task):
    """Generates one day of the named tables."""
    lake, tables, count, at = task
    day = sessions(count)[at]
    random = np.random.default_rng([SEED, at])
    before, close = closes(count)[at], closes(count)[at + 1]
    columns, vol = daily(random, day, before, close)
    made = {"stock_daily_cn": ("daily", columns)}
    if "moneyflow_cn" in tables:
        made["moneyflow_cn"] = ("moneyflow", moneyflow(random, close, vol))
    order = random.permutation(np.flatnonzero(random.random(STOCKS) >= MISSING))
    for table in tables:
        interface, columns = made[table]
        folder = lake / f"bronze/tushare/{table}/date={day}"
        rows = lines(day, columns, order)
        odd(random, rows)
        answer.write(folder, interface, "\n".join([*rows, ""]).encode(), str(day), f"{day:%Y%m%d}T093000000Z")
        if at % CORRECTED == CORRECTED - 1:
            last = list(columns)[-3]
            again = dict(columns, **{last: [value.replace("1", "2") for value in columns[last]]})
            rows = lines(day, again, order[:200])
            rows = "\n".join([*rows, ""]).encode()
            answer.write(folder, interface, rows, str(day), f"{day:%Y%m%d}T133000000Z", "-due")


def make(lake, tables, count):
    """Generates `count` days of bronze."""
    closes(count)
    with ProcessPoolExecutor() as pool:
        list(pool.map(make_day, [(lake, tables, count, at) for at in range(count)], chunksize=5))
