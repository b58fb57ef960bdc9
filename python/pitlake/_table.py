"""What a table means. What it holds is not read here."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

from ._language import Language, say, spoken


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: its name.
        type: ``utf8``, ``date``, ``timestamp`` (UTC), ``int32``, ``int64``, ``float64`` or ``boolean``.
        unit: its unit, such as ``CNY``, ``CNY/share``, ``share`` or ``percent`` (a number times a hundred); ``text`` and
            ``date`` where there is none.
        description: what it means, in the language of the lake.
        unit_name: the unit in that language: ``元`` for ``CNY`` in Chinese.

    Example:
        >>> lake.describe("stock_daily_cn")["vol"].unit
        'share'
        >>> pitlake.lake("demo-lake", lang="zh").describe("stock_daily_cn")["vol"].unit_name
        '股'
    """

    name: str
    type: str
    unit: str
    description: str
    unit_name: str = ""


@dataclass(frozen=True)
class Table:
    """A table as the catalogue describes it; ``str`` of it is a page of text.

    Attributes:
        name: its name.
        title: a line about it, in the language of the lake.
        description: what to know before using it, in that language.
        key: the columns that tell rows apart, beside ``vendor`` and, where it keeps versions, ``revision``.
        known: how it is known as of a day: ``event``, ``next_session``, ``announced`` or ``observed``.
        partition: what a file of it covers: ``year``, ``month``, ``day`` or ``none``.
        companion: the table of its former states, if it has one.
        columns: its columns, in order.
        lang: the language of titles and descriptions, ``en`` or ``zh``.

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
    lang: Language = "en"

    def __contains__(self, column: object) -> bool:
        return any(one.name == column for one in self.columns)

    def __getitem__(self, column: str) -> Column:
        for one in self.columns:
            if one.name == column:
                return one
        raise KeyError(say(self.lang, "`{table}` has no column `{column}`", table=self.name, column=column))

    def __str__(self) -> str:
        lines = [say(self.lang, "{name}: {title}", name=self.name, title=self.title)]
        if self.description:
            lines += ["", self.description]
        lines += ["", say(self.lang, "key: {columns}", columns=", ".join(self.key)), ""]
        name = max((len(one.name) for one in self.columns), default=0)
        units = [one.unit_name or one.unit for one in self.columns]
        unit = max(map(_width, units), default=0)
        for one, shown in zip(self.columns, units):
            shown += " " * (unit - _width(shown))
            lines.append(f"{one.name:{name}}  {one.type:9}  {shown}  {one.description}".rstrip())
        return "\n".join(lines)


def _width(text: str) -> int:
    """The width of a text on a terminal: two columns for a Chinese character."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def table_of(entry: Dict[str, Any], lang: Optional[str]) -> Table:
    """A table from the catalogue's JSON, in the requested language."""
    language = spoken(lang)
    said = "_zh" if language == "zh" else ""
    columns = (
        Column(one["name"], one["type"], one["unit"], one["description" + said], one["unit" + said])
        for one in entry["columns"]
    )
    return Table(
        name=entry["table"],
        title=entry["title" + said],
        description=entry["description" + said],
        key=tuple(entry["key"]),
        known=entry["known"],
        partition=entry["partition"],
        companion=entry["companion"],
        columns=tuple(columns),
        lang=language,
    )
