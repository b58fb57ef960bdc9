"""Bronze and silver of one lake agree when read by DuckDB and pyarrow."""

import gzip

import pyarrow.parquet as pq

from engines import ask
from kit import attempt, check, factors


def market(lake):
    """Bars: both layers have the same rows, read with plain globs."""
    silver = f"read_parquet('{lake}/silver/stock_daily_cn/*/*.parquet')"
    bronze = f"read_json('{lake}/bronze/tushare/stock_daily_cn/*/*.jsonl.gz')"

    with attempt("DuckDB counts bars in both layers"):
        in_silver = ask(f"SELECT count(*) FROM {silver}")[0][0]
        in_bronze = ask(f"SELECT count(*) FROM {bronze}")[0][0]
        check("stock_daily_cn has rows", in_silver > 0)
        check("bronze and silver of stock_daily_cn have as many rows", in_silver == in_bronze,
              f"{in_bronze} in bronze, {in_silver} in silver")

    with attempt("DuckDB reads the types of bars"):
        seen = {row[0]: row[1] for row in ask(f"DESCRIBE SELECT * FROM {silver}")}
        for column, wanted in [("vol", "BIGINT"), ("amount", "DOUBLE"), ("trade_date", "DATE"), ("ts_code", "VARCHAR")]:
            check(f"stock_daily_cn.{column} is {wanted}", seen.get(column) == wanted, f"it is {seen.get(column)}")

    with attempt("DuckDB sums both layers"):
        # Lots have two decimals, so shares are integers.
        by = factors("tushare/daily")
        [(shares, yuan)] = ask(
            f"SELECT sum(CAST(round(CAST(vol AS DOUBLE) * {by['vol']}) AS BIGINT)), "
            f"sum(CAST(amount AS DOUBLE) * {by['amount']}) FROM {bronze}"
        )
        vol, amount = ask(f"SELECT sum(vol), sum(amount) FROM {silver}")[0]
        check("vol is in shares", vol == shares, f"{vol} in silver, {shares} from bronze")
        check("amount is in yuan", yuan > 0 and abs(amount - yuan) <= 1e-9 * yuan, f"{amount} in silver, {yuan} from bronze")


def references(lake):
    """Tables without partitions."""
    for table in ["trade_cal", "stock_basic_cn"]:
        with attempt(f"DuckDB reads {table}"):
            count = ask(f"SELECT count(*) FROM read_parquet('{lake}/silver/{table}/*.parquet')")[0][0]
            check(f"DuckDB reads {table}", count > 0, "no rows")


def empty_answers(lake):
    """Days without suspensions are empty files, which readers read along with the others."""
    folder = lake / "bronze/tushare/suspend_d_cn"

    def empty(path):
        return gzip.decompress(path.read_bytes()).strip() == b""

    with attempt("DuckDB reads bronze with empty files"):
        files = sorted(folder.glob("*/*.jsonl.gz"))
        check("a day of suspend_d_cn has an empty answer", any(empty(path) for path in files), f"{len(files)} files")
        count = ask(f"SELECT count(*) FROM read_json('{folder}/*/*.jsonl.gz')")[0][0]
        kept = ask(f"SELECT count(*) FROM read_parquet('{lake}/silver/suspend_d_cn/*/*.parquet')")[0][0]
        check("empty answers do not break read_json", count == kept, f"{count} in bronze, {kept} in silver")


def only_data(lake):
    """Readers take every file they find, so there must be nothing but data."""
    others = [str(p.relative_to(lake)) for p in sorted((lake / "silver").rglob("*")) if p.is_file() and p.suffix != ".parquet"]
    check("nothing but .parquet lies under silver", not others, ", ".join(others[:5]))


def metadata(lake):
    """Units and origins are stored in the files."""
    with attempt("pyarrow reads the metadata of stock_daily_cn"):
        files = sorted((lake / "silver/stock_daily_cn").glob("*/*.parquet"))
        check("stock_daily_cn has a file a year", len(files) == 2, ", ".join(str(p.relative_to(lake)) for p in files))
        for path in files:
            where = path.relative_to(lake)
            unit = (pq.read_schema(path).field("vol").metadata or {}).get(b"unit")
            check(f"pyarrow reads the unit of vol in {where}", unit == b"share", unit)
            origin = (pq.read_metadata(path).metadata or {}).get(b"pitlake.origin")
            check(f"{where} has its origin", bool(origin), "no pitlake.origin")


def check_layers(lake):
    market(lake)
    references(lake)
    empty_answers(lake)
    only_data(lake)
    metadata(lake)
