"""Writes names, strings and questions as SQL. What a question means is up to the program."""

from __future__ import annotations

from typing import List, Literal, Optional, Sequence

from ._days import Day, day
from ._errors import UsageError
from ._language import say

Adjust = Literal["none", "hfq", "qfq"]


def quoted(name: str) -> str:
    """Quotes an SQL name."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Quotes an SQL string."""
    return "'" + value.replace("'", "''") + "'"


def prices(
    codes: Sequence[str],
    adjust: Adjust,
    anchor: Optional[Day],
    between: Sequence[Optional[Day]],
    lang: Optional[str],
) -> str:
    """The SELECT for daily bars between two days, both optional."""
    day_of = None if anchor is None else f"DATE '{day(anchor, 'anchor', lang)}'"
    if adjust not in ("none", "hfq", "qfq"):
        raise UsageError(say(lang, "unknown adjustment `{adjust}`: expected none, hfq or qfq", adjust=adjust))
    if adjust == "qfq" and day_of is None:
        wrong = 'adjust="qfq" needs an anchor, the day on which adjusted and traded prices are equal'
        raise UsageError(say(lang, wrong))
    if adjust != "qfq" and day_of is not None:
        wrong = 'adjust="{adjust}" has no anchor: leave it out, or use adjust="qfq"'
        raise UsageError(say(lang, wrong, adjust=adjust))
    if not codes:
        raise UsageError(say(lang, "no securities: pass a code such as 000001.SZ, or several"))
    source = {"none": "stock_daily_cn", "hfq": "adjusted('hfq')", "qfq": f"adjusted('qfq', {day_of})"}[adjust]
    conditions: List[str] = [f"ts_code IN ({', '.join(map(text, codes))})"]
    start, end = between
    if start is not None:
        conditions.append(f"trade_date >= DATE '{day(start, 'start', lang)}'")
    if end is not None:
        conditions.append(f"trade_date <= DATE '{day(end, 'end', lang)}'")
    return f"SELECT * FROM {source} WHERE {' AND '.join(conditions)} ORDER BY ts_code, trade_date"
