"""Read a pitlake lake of Chinese A-share data with DuckDB, Polars, pandas or Spark.

The rules of point in time, adjusted prices and units are those of the program ``pitlake``, which is installed beside this
package; the package calls it and repeats none of them. Days are days in Shanghai, amounts are in CNY, prices in CNY per
share, volumes in shares.

Example:
    >>> import pitlake
    >>> lake = pitlake.lake("demo-lake")
    >>> lake.tables()[:3]
    ['adj_factor', 'adj_factor_superseded', 'fina_indicator_cn']
    >>> lake.pandas("income_cn", as_of="2024-03-15", columns=["ts_code", "end_date", "n_income"]).shape
    (243, 3)
"""

from importlib import metadata as _metadata

from ._errors import MissingReaderError, PitlakeError, PitlakeWarning, UsageError
from ._lake import Lake, lake
from ._table import Column, Table

__all__ = [
    "Column",
    "Lake",
    "MissingReaderError",
    "PitlakeError",
    "PitlakeWarning",
    "Table",
    "UsageError",
    "lake",
]

try:
    __version__ = _metadata.version("pitlake")
except _metadata.PackageNotFoundError:  # run from the sources
    __version__ = "0"
