"""A lake and its readers. The rules for point in time and adjusted prices are in the program, not here."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Literal, Optional, Union, overload

from . import _readers, _scan, _sql
from ._binary import Binary
from ._days import Day, day, optional
from ._errors import UsageError, warn
from ._language import Language, say
from ._readers import Frame
from ._sql import Adjust, quoted, text
from ._table import Table, table_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pandas import DataFrame as PandasFrame
    from polars import DataFrame as PolarsFrame
    from polars import LazyFrame
    from pyspark.sql import SparkSession

    AnyFrame = Union[PandasFrame, PolarsFrame]

StrPath = Union[str, "os.PathLike[str]"]


def lake(
    path: StrPath,
    *,
    config: Optional[StrPath] = None,
    binary: Optional[StrPath] = None,
    lang: Optional[Language] = None,
) -> Lake:
    """Opens a lake to read it; nothing is ever written to it.

    Args:
        path: the folder of the lake, the one with ``silver/`` in it; ``~`` is your home.
        config: the configuration (``jobs.toml``) whose ``schemas/`` and ``pipelines/`` add tables to the built-in ones. Without
            it ``PITLAKE_CONFIG``, or the ``jobs.toml`` of the working folder if there is one.
        binary: the program ``pitlake``. Without it the one that was installed with this package, or the one in the PATH.
        lang: the language of descriptions, errors and warnings, ``en`` or ``zh``. Without it ``PITLAKE_LANG``, or Chinese in a
            Chinese locale, as the program chooses it.

    Returns:
        The lake.

    Raises:
        UsageError: there is no such folder or language.
        PitlakeError: the program is missing.

    Example:
        >>> pitlake.lake("demo-lake")
        Lake('.../demo-lake', 13 tables)
        >>> pitlake.lake("demo-lake", lang="zh").describe("income_cn").title
        '利润表（全部版本）'
    """
    return Lake(path, config=config, binary=binary, lang=lang)


class Lake:
    """A lake: its tables, as frames of pandas and Polars and as views of DuckDB and Spark.

    All methods that take ``as_of`` show what could be known at the end of that day in Shanghai; without it, the newest
    state. Days are texts (``2024-03-15`` or ``20240315``) or ``datetime.date``.

    Frames of pandas have days as ``datetime64``, instants as UTC, and integers and truth values of nullable types. Frames of
    Polars have the types of the files.

    Example:
        >>> lake = pitlake.lake("demo-lake")
        >>> len(lake.pandas("trade_cal", where="exchange = 'SSE' AND is_open"))
        841
    """

    def __init__(
        self,
        path: StrPath,
        *,
        config: Optional[StrPath] = None,
        binary: Optional[StrPath] = None,
        lang: Optional[Language] = None,
    ) -> None:
        """Opens a lake; see :func:`pitlake.lake`."""
        if lang not in (None, "en", "zh"):
            raise UsageError(say(None, "unknown language `{language}`: expected en or zh", language=lang))
        self._path = _absolute(path)
        if not self._path.is_dir():
            missing = "no lake at `{path}`: pass the folder of one to pitlake.lake(), or create it with `pitlake backfill`"
            raise UsageError(say(lang, missing, path=self._path))
        program = None if binary is None else os.path.expanduser(os.fspath(binary))
        self._binary = Binary(self._path, None if config is None else _absolute(config), program, lang)
        self._lang = lang

    @property
    def path(self) -> Path:
        """The folder of the lake, as an absolute path.

        Example:
            >>> lake.path.name
            'demo-lake'
        """
        return self._path

    def __repr__(self) -> str:
        count = len(self.tables())
        return f"Lake({str(self._path)!r}, {count} table{'' if count == 1 else 's'})"

    def tables(self) -> List[str]:
        """The names of the tables that have files, in alphabetical order, including companions with former states.

        Returns:
            Names; none where nothing was built yet.

        Example:
            >>> "stock_daily_cn" in lake.tables()
            True
        """
        silver = self._path / "silver"
        folders = silver.iterdir() if silver.is_dir() else iter(())
        return sorted(folder.name for folder in folders if any(folder.glob("**/*.parquet")))

    def describe(self, table: str) -> Table:
        """What a table means: its key, and the type, unit and meaning of each column; in the language of the lake.

        Args:
            table: a table of the catalogue, built or not.

        Raises:
            UsageError: there is no such table; the message has the nearest name.

        Example:
            >>> lake.describe("stock_daily_cn").title
            'Daily bars, unadjusted'
            >>> lake.describe("stock_daily_cn")["amount"].unit
            'CNY'
        """
        [entry] = json.loads(self._binary.run("tables", "--format", "json", "--", table))
        return table_of(entry, self._lang)

    def status(self, *tables: str) -> List[Dict[str, Any]]:
        """What the lake holds and lacks of each table: ``pitlake status --format json``.

        Args:
            tables: tables or jobs; without any, the tables that hold something or stand in a job.

        Returns:
            A dictionary a table: its name (``table``), the ``first`` and ``last`` day, the number of ``rows`` and ``revisions``,
            how many ``slices`` are held, missing or due, and more. Days are texts.

        Raises:
            UsageError: there is no such table or job.

        Example:
            >>> [bars] = lake.status("stock_daily_cn")
            >>> bars["first"], bars["last"], bars["rows"], bars["slices"]["missing"]
            ('2023-01-04', '2024-06-28', 13457, 0)
        """
        held: List[Dict[str, Any]] = json.loads(self._binary.run("status", "--format", "json", "--", *tables))
        return held

    @overload
    def query(self, sql: str, *, as_of: Optional[Day] = ..., frame: Literal["pandas"] = ...) -> PandasFrame: ...

    @overload
    def query(self, sql: str, *, as_of: Optional[Day] = ..., frame: Literal["polars"]) -> PolarsFrame: ...

    def query(self, sql: str, *, as_of: Optional[Day] = None, frame: Frame = "pandas") -> AnyFrame:
        """The rows of a SELECT: those of ``pitlake query``.

        Args:
            sql: one SELECT. ``as_of('TABLE', DATE '2024-03-15')``, ``adjusted('hfq')``, ``universe(DATE '2024-03-15')`` and
                ``sessions_join('TABLE', DATE 'FIRST', DATE 'LAST')`` are tables in it.
            as_of: every table shows what could be known at the end of this day.
            frame: the reader whose frame is returned, ``pandas`` or ``polars``.

        Returns:
            A frame with the columns and rows of the SELECT.

        Raises:
            UsageError: the SQL, a name in it or the day is wrong.
            MissingReaderError: the reader of the frame is not installed.

        Example:
            >>> lake.query("SELECT count(*) AS n FROM stock_daily_cn WHERE close > high", frame="polars").item()
            0
            >>> sql = "SELECT max(trade_date) AS last FROM stock_daily_cn"
            >>> lake.query(sql, as_of="2024-03-15")["last"].dt.date.item()
            datetime.date(2024, 3, 15)
        """
        _readers.check_frame(frame, self._lang)
        rows: AnyFrame
        with self._binary.rows(sql, optional(as_of, "as_of", self._lang)) as file:
            rows = _readers.frame_of(file, frame)
        return rows

    def pandas(
        self,
        table: str,
        *,
        as_of: Optional[Day] = None,
        columns: Optional[Iterable[str]] = None,
        where: Optional[str] = None,
    ) -> PandasFrame:
        """A table as a frame of pandas.

        Args:
            table: the name of a table or of a companion with former states.
            as_of: what could be known at the end of this day; of tables with versions that is one row a key, without it all
                versions.
            columns: the columns to read, in this order; without it all.
            where: the rows to read, as a condition of SQL. Only these are loaded.

        Returns:
            The rows in no order. A table that is not built yet has its columns and no rows, and a warning says so.

        Raises:
            UsageError: there is no such table or column, or the condition or the day is wrong.
            MissingReaderError: pandas or pyarrow is not installed.

        Example:
            >>> then = lake.pandas("income_cn", as_of="2024-03-15", where="ts_code = '000001.SZ'")
            >>> then["end_date"].max().date()
            datetime.date(2023, 9, 30)
        """
        chosen = "*" if columns is None else ", ".join(quoted(column) for column in columns)
        condition = "" if where is None else f" WHERE {where}"
        return self.query(f"SELECT {chosen} FROM {quoted(table)}{condition}", as_of=as_of)

    def scan(self, table: str, *, as_of: Optional[Day] = None) -> LazyFrame:
        """A table as a lazy frame of Polars.

        Without ``as_of`` Polars reads the files itself: only the columns, years and row groups that the query needs. With it,
        the program reads the columns that the query needs when the frame is collected.

        Args:
            table: the name of a table or of a companion with former states.
            as_of: what could be known at the end of this day.

        Returns:
            A lazy frame; of a table that is not built yet, one without rows, and a warning says so.

        Raises:
            UsageError: there is no such table, or the day is wrong.
            MissingReaderError: Polars is not installed.

        Example:
            >>> import polars as pl
            >>> bars = lake.scan("stock_daily_cn").filter(pl.col("trade_date") == pl.date(2024, 6, 28))
            >>> bars.select("ts_code", "close").collect().shape
            (39, 2)
        """
        return _scan.scan(self._binary, self._path, table, optional(as_of, "as_of", self._lang))

    def duckdb(self, connection: Optional[DuckDBPyConnection] = None) -> DuckDBPyConnection:
        """A connection of DuckDB with views of the lake's tables, and macros that read them as of a day.

        Views and columns have their meaning and unit as comments: ``FROM duckdb_columns()``.

        The macros are ``TABLE_as_of(DATE 'DAY')``, ``adjusted_hfq()``, ``adjusted_qfq(DATE 'ANCHOR')``,
        ``universe(DATE 'DAY')`` and ``TABLE_sessions_join(DATE 'FIRST', DATE 'LAST')``. They are those of
        ``pitlake tables --ddl duckdb``.

        Args:
            connection: an open connection that gets the views; without it a new one, in memory.

        Returns:
            The connection. Tables that are built later have no view in it.

        Raises:
            MissingReaderError: DuckDB is not installed.

        Example:
            >>> db = lake.duckdb()
            >>> db.sql("SELECT count(*) FROM income_cn_as_of(DATE '2024-03-15')").fetchone()
            (243,)
        """
        module = _readers.duckdb(self._lang)
        ddl = self._binary.run("tables", "--ddl", "duckdb")
        if connection is not None:
            connection.execute(ddl)
            return connection
        opened: DuckDBPyConnection = module.connect()
        opened.execute(f"BEGIN;{ddl}COMMIT;")  # half the time, compared with a commit for each view
        return opened

    def spark(self, session: SparkSession, *, as_of: Optional[Day] = None) -> List[str]:
        """Makes temporary views of the lake's tables in a session of Spark.

        They are those of ``pitlake tables --ddl spark``, with the meaning and unit of each column as its comment. The view
        ``adjusted_hfq`` has backward-adjusted bars; with ``as_of``, ``adjusted_qfq`` has forward-adjusted ones whose anchor is
        that day.

        Args:
            session: a session whose machines see the folder of the lake.
            as_of: the views show what could be known at the end of this day, and ``TABLE_files`` all that the files hold. A
                session has one state of each view: another call replaces them.

        Returns:
            The names of the views.

        Raises:
            MissingReaderError: PySpark is not installed.

        Example:
            >>> views = lake.spark(session, as_of="2024-03-15")  # doctest: +SKIP
            >>> session.table("income_cn").count()  # doctest: +SKIP
            243
        """
        _readers.load(self._lang, "pyspark.sql", "PySpark", "spark")
        on = optional(as_of, "as_of", self._lang)
        day_of = [] if on is None else ["--as-of", on]
        views = []
        for line in self._binary.run("tables", "--ddl", "spark", *day_of).splitlines():
            if not line.startswith("--"):
                session.sql(line.rstrip(";"))
                views.append(line.split("`", 2)[1])
        return views

    @overload
    def prices(
        self,
        securities: Union[str, Iterable[str]],
        *,
        adjust: Adjust = ...,
        anchor: Optional[Day] = ...,
        as_of: Optional[Day] = ...,
        start: Optional[Day] = ...,
        end: Optional[Day] = ...,
        frame: Literal["pandas"] = ...,
    ) -> PandasFrame: ...

    @overload
    def prices(
        self,
        securities: Union[str, Iterable[str]],
        *,
        adjust: Adjust = ...,
        anchor: Optional[Day] = ...,
        as_of: Optional[Day] = ...,
        start: Optional[Day] = ...,
        end: Optional[Day] = ...,
        frame: Literal["polars"],
    ) -> PolarsFrame: ...

    def prices(
        self,
        securities: Union[str, Iterable[str]],
        *,
        adjust: Adjust = "none",
        anchor: Optional[Day] = None,
        as_of: Optional[Day] = None,
        start: Optional[Day] = None,
        end: Optional[Day] = None,
        frame: Frame = "pandas",
    ) -> AnyFrame:
        """Daily bars of some securities, unadjusted or adjusted.

        Args:
            securities: a code such as ``000001.SZ``, or several.
            adjust: ``none``: prices as they were traded; ``hfq`` (后复权): times the factor of the day; ``qfq`` (前复权): times
                the factor of the day, divided by the factor of the anchor.
            anchor: for ``qfq``, the day on which adjusted and traded prices are equal. It is never guessed, because adjusted
                prices of the past change with it.
            as_of: bars and factors as they could be known at the end of this day; an anchor after it is an error.
            start: the first trading day.
            end: the last trading day.
            frame: the reader whose frame is returned, ``pandas`` or ``polars``.

        Returns:
            The columns of ``stock_daily_cn``, by security and day: ``open``, ``high``, ``low``, ``close``, ``pre_close`` and
            ``change`` in CNY per share, adjusted; ``pct_chg`` in percent, ``vol`` in shares and ``amount`` in CNY, never
            adjusted. With ``hfq`` and ``qfq`` also ``adj_factor``, and prices are null on days without a factor. A security
            without bars is warned of.

        Raises:
            UsageError: an unknown adjustment, an anchor that is missing or not needed, or an invalid day.
            MissingReaderError: the reader of the frame is not installed.

        Example:
            >>> bars = lake.prices("000001.SZ", adjust="qfq", anchor="2024-06-28", start="2024-06-27")
            >>> [round(close, 2) for close in bars["close"]]
            [55.85, 55.97]
        """
        codes = [securities] if isinstance(securities, str) else list(securities)
        sql = _sql.prices(codes, adjust, anchor, (start, end), self._lang)
        rows = self._query(sql, as_of, frame)
        found = set(rows["ts_code"])
        for code in dict.fromkeys(codes):
            if code not in found:
                unknown = "no bars of `{code}`: codes are written as 000001.SZ, and `stock_basic_cn` lists them"
                warn(say(self._lang, unknown, code=code))
        return rows

    @overload
    def universe(self, on: Day, *, index: Optional[str] = ..., frame: Literal["pandas"] = ...) -> PandasFrame: ...

    @overload
    def universe(self, on: Day, *, index: Optional[str] = ..., frame: Literal["polars"]) -> PolarsFrame: ...

    def universe(self, on: Day, *, index: Optional[str] = None, frame: Frame = "pandas") -> AnyFrame:
        """The securities that were listed on a day, as known then.

        Args:
            on: the day.
            index: an index such as ``000300.SH``; adds the column ``in_index``.
            frame: the reader whose frame is returned, ``pandas`` or ``polars``.

        Returns:
            One row a security: ``ts_code``, ``security_id`` (its first code), ``name``, ``is_suspended``, ``is_st``, the Shenwan
            industries ``l1_code`` to ``l3_name`` and more, by ``ts_code``. What the lake does not hold of the day is null.

        Raises:
            UsageError: the day is wrong.
            MissingReaderError: the reader of the frame is not installed.

        Example:
            >>> lake.universe("2024-03-15")["ts_code"].iloc[0]
            '000001.SZ'
        """
        member = "" if index is None else f", {text(index)}"
        sql = f"SELECT * FROM universe(DATE '{day(on, 'day', self._lang)}'{member}) ORDER BY ts_code"
        return self._query(sql, None, frame)

    def _query(self, sql: str, as_of: Optional[Day], frame: Frame) -> AnyFrame:
        """Like ``query``, for any reader."""
        if frame == "polars":
            return self.query(sql, as_of=as_of, frame="polars")
        return self.query(sql, as_of=as_of, frame=frame)


def _absolute(path: StrPath) -> Path:
    """A path that does not depend on the working folder."""
    return Path(os.path.abspath(os.path.expanduser(os.fspath(path))))
