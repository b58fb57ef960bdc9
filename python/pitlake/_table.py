"""What a table means. Never what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: its name.
        type: ``utf8``, ``date``, ``timestamp`` (UTC), ``int32``, ``int64``, ``float64`` or ``boolean``.
        unit: its unit, such as ``CNY``, ``CNY/share``, ``share`` or ``percent`` (a number times a hundred); ``text`` and
            ``date`` where there is none.
        description: what it means.

    Example:
        >>> lake.describe("stock_daily_cn")["vol"].unit
        'share'
    """

    name: str
    type: str
    unit: str
    description: str


@dataclass(frozen=True)
class Table:
    """A table as the catalogue describes it; ``str`` of it is a page of text.

    Attributes:
        name: its name.
        title: a line about it.
        description: what to know before using it.
        key: the columns that tell rows apart, beside ``vendor`` and, where it keeps versions, ``revision``.
        known: how it is known as of a day: ``event``, ``next_session``, ``announced`` or ``observed``.
        partition: what a file of it covers: ``year``, ``month``, ``day`` or ``none``.
        companion: the table of its former states, if it has one.
        columns: its columns, in order.

    Example:
        >>> table = lake.describe("income_cn")
        >>> table.key
        ('ts_code', 'end_date', 'report_type')
        >>> "n_income" in table, table["n_income"].unit
        (True, 'CNY')
    """

    name: str
    title: str
    description: str
    key: Tuple[str, ...]
    known: str
    partition: str
    companion: Optional[str]
    columns: Tuple[Column, ...]

    def __contains__(self, column: object) -> bool:
        return any(one.name == column for one in self.columns)

    def __getitem__(self, column: str) -> Column:
        for one in self.columns:
            if one.name == column:
                return one
        raise KeyError(f"`{self.name}` has no column `{column}`")

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.title}"]
        if self.description:
            lines += ["", self.description]
        lines += ["", f"key: {', '.join(self.key)}", ""]
        name = max((len(column.name) for column in self.columns), default=0)
        unit = max((len(column.unit) for column in self.columns), default=0)
        lines += [f"{one.name:{name}}  {one.type:9}  {one.unit:{unit}}  {one.description}".rstrip() for one in self.columns]
        return "\n".join(lines)


def table_of(entry: Dict[str, Any]) -> Table:
    """A table of the JSON that the catalogue prints."""
    columns = (Column(one["name"], one["type"], one["unit"], one["description"]) for one in entry["columns"])
    return Table(
        name=entry["table"],
        title=entry["title"],
        description=entry["description"],
        key=tuple(entry["key"]),
        known=entry["known"],
        partition=entry["partition"],
        companion=entry["companion"],
        columns=tuple(columns),
    )
