"""The language of text for people, chosen like in the program. What programs compare is never translated: names,
types, units."""

from __future__ import annotations

import os
from typing import Literal, Optional

Language = Literal["en", "zh"]

_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")

# The Chinese for each sentence; `tests/interop` checks that the sentences are those of the source.
_CHINESE = {
    "the program `pitlake` is neither in {place} nor in the PATH: run `pip install pitlake` again": (
        "{place} 和 PATH 里都没有程序 `pitlake`：请重新运行 `pip install pitlake`"
    ),
    "cannot run `{program}`: {why}": "无法运行 `{program}`：{why}",
    "`pitlake {command}` ended with exit code {code}": "`pitlake {command}` 的退出码为 {code}",
    "invalid {name} `{value}`: expected a day as YYYY-MM-DD": "{name} 的值 `{value}` 无效：应为 YYYY-MM-DD 形式的日期",
    "invalid {name} `{value}`: expected a day in Shanghai, not a time": (
        "{name} 的值 `{value}` 无效：应为上海时间的日期，而不是时刻"
    ),
    "invalid {name} `{value}`: expected a day as YYYY-MM-DD, or a datetime.date": (
        "{name} 的值 `{value}` 无效：应为 YYYY-MM-DD 形式的日期，或 datetime.date"
    ),
    "no lake at `{path}`: pass the folder of one to pitlake.lake(), or create it with `pitlake backfill`": (
        "`{path}` 处没有数据湖：请把数据湖的目录传给 pitlake.lake()，或用 `pitlake backfill` 创建"
    ),
    "unknown language `{language}`: expected en or zh": "语言 `{language}` 无法识别：应为 en 或 zh",
    "no bars of `{code}`: codes are written as 000001.SZ, and `stock_basic_cn` lists them": (
        "没有 `{code}` 的行情：代码应写成 000001.SZ 的形式，`stock_basic_cn` 列出所有代码"
    ),
    '{reader} is not installed: run `pip install "pitlake[{extra}]"`': (
        '没有安装 {reader}：请运行 `pip install "pitlake[{extra}]"`'
    ),
    'pyarrow, which pandas reads Parquet with, is not installed: run `pip install "pitlake[pandas]"`': (
        'pandas 读取 Parquet 需要 pyarrow，但没有安装：请运行 `pip install "pitlake[pandas]"`'
    ),
    "unknown frame `{frame}`: expected pandas or polars": "frame 的值 `{frame}` 无效：应为 pandas 或 polars",
    "unknown adjustment `{adjust}`: expected none, hfq or qfq": "没有复权方式 `{adjust}`：应为 none、hfq 或 qfq",
    'adjust="qfq" needs an anchor, the day on which adjusted and traded prices are equal': (
        'adjust="qfq" 需要 anchor，即复权价格与成交价格相同的基准日'
    ),
    'adjust="{adjust}" has no anchor: leave it out, or use adjust="qfq"': (
        'adjust="{adjust}" 没有基准日：请去掉 anchor，或用 adjust="qfq"'
    ),
    "no securities: pass a code such as 000001.SZ, or several": "没有给出证券：请给出 000001.SZ 这样的代码，可以有多个",
    "`{table}` has no column `{column}`": "`{table}` 没有列 `{column}`",
    "{name}: {title}": "{name}：{title}",
    "key: {columns}": "主键：{columns}",
}


def spoken(lang: Optional[str]) -> Language:
    """The requested language, else that of ``PITLAKE_LANG``, else the locale's."""
    for named in (lang, os.environ.get("PITLAKE_LANG")):
        if named is not None and named.lower() in ("en", "zh"):
            return "zh" if named.lower() == "zh" else "en"
    locale = next((os.environ[name] for name in _LOCALE if os.environ.get(name)), "")
    return "zh" if locale.lower().startswith("zh") else "en"


def say(lang: Optional[str], english: str, **values: object) -> str:
    """A sentence with its values, in the requested language."""
    sentence = _CHINESE.get(english, english) if spoken(lang) == "zh" else english
    return sentence.format(**values)
