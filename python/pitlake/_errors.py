"""The errors and warnings of the package."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings


class PitlakeError(Exception):
    """The program ``pitlake`` failed, or is not there; the base of all errors of this package.

    Example:
        >>> try:
        ...     pitlake.lake("nowhere")
        ... except pitlake.PitlakeError as error:
        ...     print(type(error).__name__)
        UsageError
    """


class UsageError(PitlakeError, ValueError):
    """A wrong argument: a folder that is not there, an unknown table or column, an invalid day or SQL.

    The message names the value, and what to write instead.

    Example:
        >>> lake.pandas("stok_daily_cn")
        Traceback (most recent call last):
        pitlake._errors.UsageError: no table `stok_daily_cn`; did you mean `stock_daily_cn`?
    """


class MissingReaderError(PitlakeError, ImportError):
    """A reader is not installed; the message has the command that installs it.

    Example:
        >>> issubclass(pitlake.MissingReaderError, ImportError)
        True
    """


class PitlakeWarning(UserWarning):
    """Something that the program warns of: a table that is not built yet, a security without prices.

    Example:
        >>> import warnings
        >>> with warnings.catch_warnings(record=True) as seen:
        ...     warnings.simplefilter("always")
        ...     rows = len(lake.pandas("dividend_cn"))
        >>> rows, seen[0].category.__name__
        (0, 'PitlakeWarning')
    """


def warn(message: str) -> None:
    """Warns, attributing it to the caller's line outside of this package."""
    inside = (os.path.dirname(__file__), os.path.dirname(contextlib.__file__) + os.sep + "contextlib")
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(inside):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, PitlakeWarning, stacklevel=level)
