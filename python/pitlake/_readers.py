"""The readers, which are optional, and frames from files."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Literal, Optional

from ._errors import MissingReaderError, UsageError
from ._language import say

if TYPE_CHECKING:
    import pandas
    import polars

Frame = Literal["pandas", "polars"]


def load(lang: Optional[str], module: str, reader: str, extra: str) -> Any:
    """A reader's module, or an error that says how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise  # it is installed but broken
        missing = '{reader} is not installed: run `pip install "pitlake[{extra}]"`'
        if reader == "pyarrow":
            missing = 'pyarrow, which pandas reads Parquet with, is not installed: run `pip install "pitlake[pandas]"`'
        raise MissingReaderError(say(lang, missing, reader=reader, extra=extra), name=error.name) from None


def duckdb(lang: Optional[str]) -> Any:
    """DuckDB."""
    return load(lang, "duckdb", "DuckDB", "duckdb")


def polars_module(lang: Optional[str]) -> Any:
    """Polars."""
    return load(lang, "polars", "Polars", "polars")


def pandas_frame(file: str) -> pandas.DataFrame:
    """A file as a pandas frame: dates as datetimes, and nullable integers and booleans as such."""
    frames, arrow, parquet = map(importlib.import_module, ("pandas", "pyarrow", "pyarrow.parquet"))
    table = parquet.read_table(file)
    nullable = {
        arrow.int32(): frames.Int32Dtype(),
        arrow.int64(): frames.Int64Dtype(),
        arrow.bool_(): frames.BooleanDtype(),
    }
    frame: pandas.DataFrame = table.replace_schema_metadata().to_pandas(date_as_object=False, types_mapper=nullable.get)
    return frame


def polars_frame(file: str) -> polars.DataFrame:
    """A file as a Polars frame."""
    frames = importlib.import_module("polars")
    frame: polars.DataFrame = frames.read_parquet(file, memory_map=False, hive_partitioning=False, glob=False)
    return frame


def frame_of(file: str, frame: Frame) -> Any:
    """A file as a frame of the reader, which must be loaded."""
    return pandas_frame(file) if frame == "pandas" else polars_frame(file)


def check_frame(frame: str, lang: Optional[str]) -> None:
    """Loads the reader of a frame before anything is computed for it."""
    if frame == "pandas":
        load(lang, "pandas", "pandas", "pandas")
        load(lang, "pyarrow", "pyarrow", "pandas")
    elif frame == "polars":
        polars_module(lang)
    else:
        raise UsageError(say(lang, "unknown frame `{frame}`: expected pandas or polars", frame=frame))
