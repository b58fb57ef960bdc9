"""The Python module in Chinese: output for people follows the program's rule, and what programs compare stays."""

import ast
import contextlib
import datetime
import os
import re
import subprocess
import warnings
from pathlib import Path
from string import Formatter

from kit import attempt, check

VARIABLES = ("PITLAKE_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
# What takes sentences for people.
SPOKEN = {"PitlakeError", "UsageError", "MissingReaderError", "KeyError", "warn"}


@contextlib.contextmanager
def speaking(**variables):
    """The environment with only these language variables."""
    before = {name: os.environ.pop(name) for name in VARIABLES if name in os.environ}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in VARIABLES:
            os.environ.pop(name, None)
        os.environ.update(before)


def is_chinese(text):
    return re.search("[\u4e00-\u9fff]", str(text)) is not None


def places(sentence):
    return sorted(name for _, name, _, _ in Formatter().parse(sentence) if name is not None)


def said(source):
    """The sentences in a file, and the lines of those that are in English only."""
    sentences, bare = set(), []
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        named = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.targets[0], ast.Name):
                named.setdefault(node.targets[0].id, set()).add(node.value.value)
        for node in ast.walk(function):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
                continue
            if node.func.id == "say":
                sentence = node.args[1]
                sentences |= {sentence.value} if isinstance(sentence, ast.Constant) else named[sentence.id]
            elif node.func.id in SPOKEN and isinstance(node.args[0], (ast.Constant, ast.JoinedStr)):
                bare.append(node.lineno)
    return sentences, bare


def check_sentences(pitlake):
    """Every sentence in the source has a translation with the same values."""
    catalogue = pitlake._language._CHINESE
    sentences = set()
    for file in sorted(Path(pitlake.__file__).parent.glob("*.py")):
        found, bare = said(file.read_text(encoding="utf-8"))
        sentences |= found
        check(f"{file.name} says nothing in English only", not bare, bare)
    check("every sentence has its Chinese", sentences <= set(catalogue), sentences - set(catalogue))
    check("every translation has its sentence", set(catalogue) <= sentences, set(catalogue) - sentences)
    wrong = [english for english, chinese in catalogue.items() if places(english) != places(chinese)]
    check("a sentence has the same values in Chinese", not wrong, wrong)


def check_rule(pitlake, path):
    """The argument takes precedence over PITLAKE_LANG, and that over the locale, of which the first variable counts."""
    title = {"en": "Daily bars, unadjusted", "zh": "日线行情（未复权）"}
    for lang, variables, expected in [
        (None, {}, "en"),
        (None, {"LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LC_MESSAGES": "zh_TW.UTF-8", "LANG": "C"}, "zh"),
        (None, {"LC_ALL": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        (None, {"LC_ALL": "", "LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"PITLAKE_LANG": "zh", "LC_ALL": "C"}, "zh"),
        ("en", {"PITLAKE_LANG": "zh"}, "en"),
        ("zh", {"PITLAKE_LANG": "en", "LANG": "C"}, "zh"),
    ]:
        with speaking(**variables), attempt(f"lang={lang} with {variables}"):
            lake = pitlake.lake(path, lang=lang)
            said = lake.describe("stock_daily_cn").title
            check(f"lang={lang} with {variables} is {expected}", said == title[expected], said)
            try:
                lake.pandas("stok_daily_cn")
            except pitlake.UsageError as error:
                start = {"en": "no table `stok_daily_cn`", "zh": "没有表 `stok_daily_cn`"}[expected]
                check("and so says the program, in the sentence alone", str(error).startswith(start), error)


def check_chinese(pitlake, path):
    """Descriptions, errors and warnings are translated; names, types and units stay."""
    lake, english = pitlake.lake(path, lang="zh"), pitlake.lake(path, lang="en")
    table, other = lake.describe("income_cn"), english.describe("income_cn")
    same = [(one.name, one.type, one.unit) for one in table.columns] == [(one.name, one.type, one.unit) for one in other.columns]
    check("names, types and units are the same in both languages", same and table.key == other.key and table.known == other.known)
    check("titles, descriptions and columns are in Chinese", all(map(is_chinese, [table.title, table.description, *(one.description for one in table.columns)])))
    check("a unit has its name", (table["n_income"].unit, table["n_income"].unit_name, other["n_income"].unit_name) == ("CNY", "元", "CNY"))
    lines = str(lake.describe("stock_daily_cn")).splitlines()
    check("a page of a table is in Chinese", lines[0] == "stock_daily_cn：日线行情（未复权）" and "主键：ts_code, trade_date" in lines, lines[0])
    check("its columns are aligned", "amount      float64    元     成交额" in lines and "open        float64    元/股  开盘价，未复权" in lines, lines)
    comment = lake.duckdb().sql("SELECT comment FROM duckdb_columns() WHERE (table_name, column_name) = ('stock_daily_cn', 'vol')")
    check("comments of views are in Chinese", is_chinese(comment.fetchone()[0]))
    for name, ask in {
        "a column": lambda: table["nothing"],
        "a day": lambda: lake.query("SELECT 1", as_of="2024-13-01"),
        "a time": lambda: lake.query("SELECT 1", as_of=datetime.datetime(2024, 1, 1, 9)),
        "a number for a day": lambda: lake.query("SELECT 1", as_of=20240101),
        "the SQL": lambda: lake.query("SELEC 1"),
        "a frame": lambda: lake.query("SELECT 1", frame="spark"),
        "an adjustment": lambda: lake.prices("000001.SZ", adjust="forward"),
        "a lake": lambda: pitlake.lake(path / "nowhere", lang="zh"),
        "the program": lambda: pitlake.lake(path, lang="zh", binary=path / "nowhere").status(),
    }.items():
        try:
            ask()
            check(f"{name} that is wrong is an error", False, "no error")
        except (pitlake.PitlakeError, KeyError) as error:
            check(f"{name} that is wrong is an error in Chinese", is_chinese(error), error)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        lake.pandas("dividend_cn")
        lake.prices("000001")
    check("warnings are in Chinese", [is_chinese(one.message) for one in seen] == [True, True], [str(one.message) for one in seen])
    check("and the commands that they name find the lake", "--lake " in str(seen[0].message), seen[0].message)
    try:
        pitlake.lake(path, lang="fr")
    except pitlake.UsageError as error:
        check("another language is refused", "`fr`" in str(error), error)


def check_polars(pitlake, path):
    """The module of `tables --ddl polars`: its documentation and errors."""
    command = [pitlake._binary.find(), "tables", "--ddl", "polars", "--lake", str(path), "--lang", "zh"]
    scope = {"__name__": "lake"}
    exec(subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout, scope)
    check("its functions are documented in Chinese", is_chinese(scope["adjusted_qfq"].__doc__) and is_chinese(scope["__doc__"]))
    try:
        scope["next_morning"]("1980-01-01")
    except ValueError as error:
        check("its errors are in Chinese", "1980-01-01" in str(error) and is_chinese(error), error)
    check("it reads", scope["stock_daily_cn"]("2024-01-15").head(1).collect().height == 1)


def check_language(pitlake, path):
    """`path` is a lake of the checks."""
    for part in (check_rule, check_chinese, check_polars):
        with attempt("Chinese"):
            part(pitlake, path)
    with attempt("sentences"):
        check_sentences(pitlake)
