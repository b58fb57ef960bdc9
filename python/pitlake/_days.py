"""Days as callers write them."""

from __future__ import annotations

import datetime
from typing import Optional, Union

from ._errors import UsageError
from ._language import say

Day = Union[str, datetime.date]


def day(value: Day, name: str, lang: Optional[str]) -> str:
    """A day as ``YYYY-MM-DD``."""
    if isinstance(value, str):
        for form in ("%Y-%m-%d", "%Y%m%d"):
            try:
                return datetime.datetime.strptime(value, form).date().isoformat()
            except ValueError:
                continue
        raise UsageError(say(lang, "invalid {name} `{value}`: expected a day as YYYY-MM-DD", name=name, value=value))
    if isinstance(value, datetime.datetime):  # also pandas.Timestamp
        if value.tzinfo is not None or value.time() != datetime.time():
            wrong = "invalid {name} `{value}`: expected a day in Shanghai, not a time"
            raise UsageError(say(lang, wrong, name=name, value=value))
        return value.date().isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    wrong = "invalid {name} `{value}`: expected a day as YYYY-MM-DD, or a datetime.date"
    raise UsageError(say(lang, wrong, name=name, value=repr(value)))


def optional(value: Optional[Day], name: str, lang: Optional[str]) -> Optional[str]:
    """Like ``day``, for an optional value."""
    return None if value is None else day(value, name, lang)
