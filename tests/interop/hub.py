"""AShareHub's own client gets rows from every endpoint of the sandbox, and silver is those rows in our units.

Both versions of the API are tested: /v1 with decimals as strings, and /v2 (the client's default) with numbers. The
client sends no `limit`, so /v1 returns 100 rows and does not mention the rest: every window is small enough to have
fewer. Factors come from the vendor's documents (`reference.tsv`); only column names are read from the contracts.
"""

import collections
import datetime
import itertools
import math
import tomllib
import zoneinfo
from decimal import Decimal
from pathlib import Path

import asharehub
import pandas
import pyarrow
import pyarrow.parquet as pq

import kit
from kit import attempt, check

START, END = "2022-12-01", "2023-02-28"  # until the end of the market: quotes are for its last day
PERIOD = "2022-12-31"  # the report period that ends in this range
CALENDAR = "2021-11-01", "2024-02-29"  # a year beyond both ends of the market
SCHEMAS = Path(__file__).resolve().parents[2] / "schemas/asharehub"
SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
ROWS_OF_V1 = 100
# On the vendor's page, but not in any reply.
NOWHERE = {"cost_25pct", "cost_75pct"}

Feed = collections.namedtuple("Feed", "method path table asked renamed", defaults=({},))
FEEDS = [
    Feed("market_daily", "market/daily", "stock_daily_cn", "session"),
    Feed("fundamentals", "market/fundamentals", "stock_daily_basic_cn", "session"),
    Feed("adj_factor", "market/adj-factor", "adj_factor", "session"),
    Feed("technical_factors", "market/technical-factors", "stk_factor_cn", "session"),
    Feed("technical_factors_pro", "market/technical-factors-pro", "stk_factor_pro_cn", "session"),
    Feed("margin", "market/margin", "margin_detail_cn", "session"),
    Feed("block_trade", "market/block-trade", "block_trade_cn", "session"),
    Feed("top_list", "market/top-list", "top_list_cn", "session"),
    Feed("top_inst", "market/top-inst", "top_inst_cn", "session"),
    Feed("shareholders", "market/shareholders", "stk_holdernumber_cn", "security"),
    Feed("holder_trade", "market/holder-trade", "stk_holdertrade_cn", "day"),
    Feed("concepts", "market/concepts", "dc_index_cn", "session"),
    Feed("concept_members", "market/concept-members", "dc_member_cn", "board and week"),
    Feed("limit_list", "market/limit-list", "limit_list_cn", "session"),
    Feed("moneyflow_hsgt", "flows/moneyflow-hsgt", "moneyflow_hsgt_cn", "session",
         {"hgt_ss": "hgt", "hgt_sz": "sgt"}),
    Feed("moneyflow", "flows/moneyflow", "moneyflow_cn", "session"),
    Feed("northbound_holdings", "flows/northbound-holdings", "hk_hold_cn", "session"),
    Feed("southbound_holdings", "flows/southbound-holdings", "hk_hold_cn", "session"),
    Feed("financial_indicators", "financials/indicators", "fina_indicator_cn", "security"),
    Feed("income", "financials/income", "income_cn", "period"),
    Feed("balance_sheet", "financials/balance-sheet", "balancesheet_cn", "period"),
    Feed("cash_flow", "financials/cash-flow", "cashflow_cn", "period",
         {"c_pay_goods_purch_serv_rec": "c_paid_goods_s", "c_pay_acq_const_fix_intang_oasset": "c_pay_acq_const_fiolta",
          "c_fr_disp_fix_intang_oasset": "n_recp_disp_fiolta", "c_fr_borr": "c_recp_borrow"}),
    Feed("forecast", "financials/forecast", "forecast_cn", "day"),
    Feed("express", "financials/express", "express_cn", "day"),
    Feed("audit", "financials/audit", "fina_audit_cn", "period"),
    Feed("main_business", "financials/main-business", "fina_mainbz_cn", "security and period"),
    Feed("disclosure_date", "financials/disclosure-date", "disclosure_date_cn", "period"),
    Feed("analyst_reports", "financials/analyst-reports", "report_rc_cn", "day"),
    Feed("dividend", "shareholders/dividend", "dividend_cn", "security"),
    Feed("index_daily", "indices/daily", "index_daily_cn", "index"),
    Feed("index_weight", "indices/index-weight", "index_weight_cn", "index of members"),
    Feed("chip_distribution", "chips/distribution", "cyq_perf_cn", "session"),
    Feed("fx_daily", "fx/daily", "fx_daily", "pair"),
    Feed("stock_list", "reference/stocks", "stock_basic_cn", "once"),
    Feed("industry_list", "reference/industries", "index_member_all_cn", "once"),
    Feed("trade_calendar", "reference/trade-calendar", "trade_cal", "exchange"),
    Feed("realtime", "market/realtime", "asharehub_realtime", "once"),
    Feed("news_flash", "news/flash", "asharehub_news_flash", "feed"),
]
INDICES = ["000001.SH", "000300.SH", "399001.SZ", "399006.SZ", "000016.SH"]
INDICES_WITH_MEMBERS = ["399300.SZ", "000016.SH", "000905.SH"]
PAIRS = [f"{pair}.FXCM" for pair in ("USDCNH", "EURUSD", "GBPUSD", "USDJPY", "AUDUSD", "USDCHF", "NZDUSD", "USDCAD")]


def days(first, last):
    """The days of a range, including both ends."""
    first, last = map(datetime.date.fromisoformat, (first, last))
    return [first + datetime.timedelta(at) for at in range((last - first).days + 1)]


def months(first, last):
    """First and last day of every month of a range."""
    of_month = itertools.groupby(days(first, last), key=lambda day: (day.year, day.month))
    return [(some[0], some[-1]) for some in (list(group) for _, group in of_month)]


def window(first, last=None, **more):
    return {"start_date": str(first), "end_date": str(last or first)} | more


def is_alive(delisted):
    """The program does not request securities that were delisted before the range."""
    return pandas.isna(delisted) or str(delisted) >= START


class Surface:
    """The client with one version of the API. Parameters and columns are named as in /v1."""

    def __init__(self, vendor, version):
        self.version = version
        self.boards = set()
        self.client = asharehub.AShareHub(vendor["token"], base_url=vendor["asharehub"], version=version)

    def ask(self, method, query=None):
        """The rows of a call, and its columns."""
        if self.version == "v2":
            query = {name: text.replace("-", "") if "date" in name else text for name, text in (query or {}).items()}
        frame = getattr(self.client, method)(**(query or {}))
        if self.version == "v2":
            code = "index_code" if method == "index_weight" else "ts_code"
            frame = frame.rename(columns={"symbol": code, "con_symbol": "con_code"})
        return frame.to_dict("records"), set(frame.columns)

    def documented(self, path):
        """The columns of an endpoint. The list of stocks in /v2 has only the suffixed code."""
        contracts = (tomllib.loads(file.read_text(encoding="utf-8")) for file in SCHEMAS.glob("*.toml"))
        [fields] = [contract["fields"].keys() for contract in contracts if contract["path"] == f"/v1/{path}"]
        return fields - NOWHERE - ({"symbol"} if self.version == "v2" else set())

    def questions(self):
        """The queries, by the name that feeds use, from the vendor's own lists and not from the lake."""
        calendar = [row for month in months(START, END)
                    for row in self.ask("trade_calendar", window(*month, exchange="SSE"))[0]]
        sessions = sorted(row["cal_date"] for row in calendar if row["is_open"] == 1)
        stocks = [row["ts_code"] for row in self.ask("stock_list")[0] if is_alive(row["delist_date"])]
        # A board may be missing on a day; then its members are not requested.
        self.boards = {
            (row["ts_code"], row["trade_date"]) for day in sessions for row in self.ask("concepts", window(day))[0]
        }
        boards = sorted({code for code, _ in self.boards})
        weeks = [days(START, END)[at:at + 7] for at in range(0, len(days(START, END)), 7)]
        by_month = {
            word: [window(*month, symbol=code) for code in codes for month in months(START, END)]
            for word, codes in (("index", INDICES), ("index of members", INDICES_WITH_MEMBERS), ("pair", PAIRS))
        }
        return by_month | {
            "once": [{}],
            "session": [window(day) for day in sessions],
            "day": [window(day) for day in days(START, END)],
            "feed": [window(day, source=source) for source in ("cls", "jin10", "sina") for day in days(START, END)],
            "period": [window(PERIOD)],
            "security": [{"symbol": code} for code in stocks],
            "security and period": [window(PERIOD, symbol=code) for code in stocks],
            "board and week": [window(week[0], week[-1], symbol=code) for code in boards for week in weeks],
            "exchange": [window(*month, exchange=exchange) for exchange in ("SSE", "SZSE") for month in months(*CALENDAR)],
        }


def sent(value, kind, factor):
    """A cell from the client as it is in silver. Numbers are multiplied in decimal before they become doubles."""
    if pandas.isna(value) or value == "":
        return None
    if pyarrow.types.is_string(kind):
        # The client turns strings of digits into numbers.
        return value if isinstance(value, str) else str(int(value))
    if pyarrow.types.is_date(kind):
        return datetime.date.fromisoformat(value if isinstance(value, str) else str(int(value)))
    if pyarrow.types.is_timestamp(kind):
        return datetime.datetime.fromisoformat(value).replace(tzinfo=SHANGHAI)
    return float(Decimal(repr(float(value))) * factor)


def held(value):
    """A cell of silver."""
    if isinstance(value, datetime.datetime):
        return value.astimezone(SHANGHAI)
    return float(value) if isinstance(value, (int, bool)) else value


def same(ours, theirs):
    """For strings of /v1, the client's numbers may miss the nearest double."""
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=1e-12)
    return ours == theirs


def sort(rows):
    """Sorts rows, by strings and dates first, because numbers may differ in the last place."""
    def place(row):
        return [repr(cell) for cell in row if not isinstance(cell, float)], [c for c in row if isinstance(c, float)]

    return sorted(rows, key=place)


def versions(rows):
    """Rows with equal figures are one version, whatever their flag; a cell that one of them lacks is no difference."""
    joined = []
    for row in rows:
        for at, other in enumerate(joined):
            if all(a is None or b is None or same(a, b) for a, b in zip(row, other)):
                joined[at] = [b if a is None else a for a, b in zip(row, other)]
                break
        else:
            joined.append(row)
    return joined


def compare(feed, surface, lake, rows):
    """Compares the client's rows with silver, row by row and column by column."""
    table = pq.read_table(lake / "silver" / feed.table)
    what = f"{feed.method} on {surface.version}"
    names = sorted(surface.documented(feed.path) - ({"update_flag"} if "revision" in table.column_names else set()))
    columns = [feed.renamed.get(name, name) for name in names]
    lacking = set(columns) - set(table.column_names)
    check(f"{feed.table} has the columns of {feed.method}", not lacking, lacking)
    kinds = [table.schema.field(column).type for column in columns]
    if feed.method == "southbound_holdings":  # bare codes here
        rows = [row | {"ts_code": f"{row['ts_code']}.HK"} for row in rows]
    if feed.method == "concept_members":
        rows = [row for row in rows if (row["ts_code"], row["trade_date"]) in surface.boards]
    factors = kit.factors("asharehub/" + feed.path.translate(str.maketrans("/-", "__")))
    theirs = [[sent(row[name], kind, factors[name]) for name, kind in zip(names, kinds)] for row in rows]
    ours = [[held(row[column]) for column in columns] for row in table.to_pylist()]
    if feed.table == "hk_hold_cn":  # both directions
        at, southbound = columns.index("ts_code"), feed.method == "southbound_holdings"
        ours = [row for row in ours if row[at].endswith(".HK") == southbound]
    if feed.asked == "security" and "year" in table.column_names:  # without days: the whole history
        at, built = columns.index("end_date"), {int(year) for year in table["year"].to_pylist()}
        theirs = [row for row in theirs if row[at].year in built]
    if "revision" in table.column_names:
        ours, theirs = [row for row, _ in itertools.groupby(sort(ours))], versions(theirs)
    check(f"silver has as many rows as {what}", len(ours) == len(theirs) > 0, f"{len(ours)} / {len(theirs)}")
    wrong = [
        f"{dict(zip(columns, a))}: {column} {x} / {y}"
        for a, b in zip(sort(ours), sort(theirs))
        for column, x, y in zip(columns, a, b)
        if not same(x, y)
    ]
    check(f"silver equals {what}", not wrong, f"{len(wrong)}: {'; '.join(wrong[:2])}")


def check_surface(surface, lake):
    questions = surface.questions()
    for feed in FEEDS:
        with attempt(f"{feed.method} on {surface.version}"):
            rows, seen = [], set()
            for query in questions[feed.asked]:
                some, columns = surface.ask(feed.method, query)
                if surface.version == "v1" and len(some) >= ROWS_OF_V1:
                    check(f"{feed.method} on v1 is asked in narrow windows", False, query)
                rows += some
                seen |= columns
            check(f"{feed.method} on {surface.version} has rows", bool(rows))
            odd = seen ^ surface.documented(feed.path)
            check(f"{feed.method} on {surface.version} has the documented columns", not odd, sorted(odd)[:5])
            compare(feed, surface, lake, rows)


def check_hub(binary, folder):
    """With a market of its own, and a lake with only this vendor."""
    folder = folder / "hub"
    folder.mkdir()
    market = ["--stocks", "24", "--start", "2022-11-01", "--end", "2023-02-28", "--quota", "0"]
    with kit.sandbox(binary, folder, market) as vendor:
        (folder / "jobs.toml").write_text(
            "version = 1\n"
            "\n"
            "[vendors.asharehub]\n"
            f'base_url = "{vendor["asharehub"]}"\n'
            "requests_per_day = 1000000\n"
            "requests_per_minute = 1000000\n"
        )
        lake = folder / "lake"
        tables = sorted({feed.table for feed in FEEDS})
        command = [binary, "backfill", *tables, "--start", START, "--end", END, "--lake", str(lake)]
        # What the vendor lacks on three days counts as not existing. Until then the exit code is 8.
        for day in ("2026-01-05", "2026-01-06"):
            late = [*command, "--now", f"{day}T12:00:00Z"]
            kit.must("backfill of AShareHub", late, folder, codes=(0, 8), ASHAREHUB_API_KEY=vendor["token"])
        last = [*command, "--now", "2026-01-07T12:00:00Z"]
        kit.must("backfill of AShareHub", last, folder, ASHAREHUB_API_KEY=vendor["token"])
        aside = sorted(path.parent.name for path in (lake / "rejects").glob("*/*"))
        check("no row of AShareHub is rejected", not aside, ", ".join(aside))
        for version in ("v1", "v2"):
            with attempt(f"the client uses {version}"):
                check_surface(Surface(vendor, version), lake)
