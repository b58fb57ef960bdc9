"""Lazy Polars frames, over the files or over the program. Which rows are visible as of a day is up to the program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Iterator, List, Optional

from . import _readers
from ._binary import Binary
from ._sql import quoted

if TYPE_CHECKING:
    from polars import DataFrame, Expr, LazyFrame


def scan(binary: Binary, lake: Path, table: str, on: Optional[str]) -> LazyFrame:
    """A table, optionally as of a day."""
    pl = _readers.polars_module(binary.lang)
    source = quoted(table)
    # Ask the program for the columns, because files written by former versions lack some. It also rejects wrong names.
    with binary.rows(f"SELECT * FROM {source} LIMIT 0", on) as file:
        schema = pl.read_parquet_schema(file)
    files = sorted((lake / "silver" / table).glob("**/*.parquet"))
    frame: LazyFrame
    if on is None and files:
        folders = {part.split("=")[0] for part in files[0].relative_to(lake).parts[:-1] if "=" in part}
        frame = pl.scan_parquet(
            files,
            schema={name: kind for name, kind in schema.items() if name not in folders},
            hive_schema={name: schema[name] for name in folders} or None,
            hive_partitioning=bool(folders),
            missing_columns="insert",
            extra_columns="ignore",
            glob=False,
        )
        return frame

    def read(
        with_columns: Optional[List[str]], predicate: Optional[Expr], n_rows: Optional[int], _batch: Optional[int]
    ) -> Iterator[DataFrame]:
        shown = list(schema) if with_columns is None else with_columns
        needed = list(dict.fromkeys([*shown, *([] if predicate is None else predicate.meta.root_names())]))
        columns = ", ".join(map(quoted, needed or list(schema)[:1]))
        limit = "" if n_rows is None or predicate is not None else f" LIMIT {n_rows}"
        # Warnings were given above, on the caller's line.
        with binary.rows(f"SELECT {columns} FROM {source}{limit}", on, quiet=True) as file:
            rows = _readers.polars_frame(file)
        rows = rows if predicate is None else rows.filter(predicate)
        yield (rows if n_rows is None else rows.head(n_rows)).select(shown)

    plugins = _readers.load(binary.lang, "polars.io.plugins", "Polars", "polars")
    frame = plugins.register_io_source(read, schema=schema)
    return frame
