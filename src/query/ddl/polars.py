"""Polars lazy frames over the lake; `help(TABLE)` shows what the columns of a table mean, and their units.

`TABLE()` has all that the files hold, `TABLE(as_of=day)` what was known at the end of a day in Shanghai.

Written by `pitlake tables --ddl polars`; write it again when tables were added. Needs Polars 1.31 or newer.
"""

import datetime
import glob

import polars as pl


def next_morning(day):
    """The last session whose next session is not after a day."""
    days = trade_cal().filter(pl.col("exchange") == "SSE", pl.col("cal_date") <= _day(day))
    days = days.select("cal_date", "is_open").unique().sort("cal_date").collect()
    sessions = days.filter(pl.col("is_open"))["cal_date"]
    if days.is_empty() or days["cal_date"][-1] != _day(day) or len(sessions) < 2:
        raise ValueError(f"the calendar has no {day}: run `pitlake fetch trade_cal`")
    return sessions[-2]


def adjusted_hfq(as_of=None):
    """Daily bars with backward-adjusted prices; null without a factor."""
    return _adjusted(stock_daily_cn(as_of), adj_factor(as_of), None)


def adjusted_qfq(anchor, as_of=None):
    """Daily bars with prices adjusted to the factor of the anchor: the last one up to that day; null without a factor."""
    return _adjusted(stock_daily_cn(as_of), adj_factor(as_of), _day(anchor))


def _adjusted(bars, factors, anchor):
    key = ["ts_code", "trade_date"]
    rows = bars.join(factors.select(*key, "adj_factor"), on=key, how="left")
    by = pl.lit(1.0)
    if anchor is not None:
        last = factors.filter(pl.col("trade_date") <= anchor, pl.col("adj_factor").is_not_null()).sort("trade_date")
        last = last.unique("ts_code", keep="last", maintain_order=True).select("ts_code", _anchor="adj_factor")
        rows = rows.join(last, on="ts_code", how="left")
        by = pl.col("_anchor")
    prices = ["open", "high", "low", "close", "pre_close", "change"]
    return rows.with_columns([pl.col(price) * pl.col("adj_factor") / by for price in prices]).drop("_anchor", strict=False)


def _day(day):
    return datetime.date.fromisoformat(day) if isinstance(day, str) else day


def _end(day):
    """The end of a day in Shanghai."""
    return datetime.datetime(day.year, day.month, day.day, 16, tzinfo=datetime.timezone.utc)


def _files(name, columns, folders):
    """The files of a table, with the columns that it has now: files of earlier versions lack some."""
    return pl.scan_parquet(
        f"{glob.escape(LAKE)}/silver/{name}/{'*/' * len(folders)}*.parquet",
        schema=columns,
        hive_schema=folders or None,
        hive_partitioning=bool(folders),
        missing_columns="insert",
        extra_columns="ignore",
    )


def _market(rows, states, day, key):
    """The rows up to the day that were known by then, and the former states that still held."""
    later = states.filter(pl.col("superseded_on") > day)
    then = later.filter((pl.col("known_on") <= day) & (pl.col("why") != "appeared"))
    now = rows.join(later, on=key, how="anti", nulls_equal=True)
    return pl.concat([now, then.select(rows.collect_schema().names())])


def _snapshot(history, day):
    """The rows of a snapshot that stood at the end of the day."""
    standing = pl.col("superseded_on").is_null() | (pl.col("superseded_on") > day)
    rows = history.filter((pl.col("known_on") <= day) & standing)
    return rows.drop("known_on", "superseded_on", "known_basis", "observed_at", "why")


def _states(states, day):
    """The former states that were known, without what ended them later."""
    ended = pl.col("superseded_on") <= day
    appeared = (pl.col("why") == "appeared").fill_null(False)
    rows = states.filter((pl.col("known_on") <= day) & (~appeared | ended))
    return rows.with_columns(pl.when(ended).then(pl.col(name)).alias(name) for name in ("superseded_on", "why"))


def _versions(rows, day, key, common, vendors):
    """For each key, the version that counts among those known and not withdrawn; with vendors, of the first that has one."""
    if vendors:
        shown = (pl.col("observed_at") < _end(day)).fill_null(False)
        speaks = shown.any().over(*common, "vendor") | ~shown.any().over(common)
        rows = rows.filter(pl.col("vendor").is_in(vendors)).filter(speaks)
    standing = pl.col("withdrawn_on").is_null() | (pl.col("withdrawn_on") > day)
    rows = rows.filter((pl.col("known_on") <= day) & standing)
    if vendors:
        place = pl.col("vendor").replace_strict({name: at for at, name in enumerate(vendors)}, return_dtype=pl.Int32)
        rows = rows.with_columns(_place=place).filter(pl.col("_place") == pl.col("_place").min().over(common)).drop("_place")
    last = [pl.col("announced_on").is_null(), pl.coalesce("announced_on", "known_on"), pl.col("revision")]
    return rows.sort(last, descending=[False, True, True]).unique(key, keep="first", maintain_order=True)


def _later(rows, day, filled, recomputed=()):
    """The rows without what was filled in after the day."""
    columns = []
    for name, by in filled.items():
        known = pl.col(by) <= day
        if by != name:
            known = known.fill_null(pl.col("observed_at") < _end(day))
        columns.append(pl.when(known).then(pl.col(name)).alias(name))
    columns += [pl.when(pl.lit(False)).then(pl.col(name)).alias(name) for name in recomputed]
    return rows.with_columns(columns)
