"""Arrow tables as pandas DataFrames for people: dates and moments are pandas' own, all else stays Arrow's."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["to_frame"]

ZONED_YEARS = range(2, 9999)
"""pandas shows moments of other years without a zone only."""


def to_frame(table: "pa.Table") -> "pd.DataFrame":
    """The table with `datetime64` columns, which pandas compares with text and resamples, in a unit that holds them."""
    for number, column in enumerate(table.columns):
        if _is_beyond_zones(column):
            table = table.set_column(number, table.field(number).name, _without_zone(column))
    frame: pd.DataFrame = table.to_pandas(types_mapper=_dtype, date_as_object=False)
    return frame


def _is_beyond_zones(column: "pa.ChunkedArray") -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_timestamp(column.type) or column.type.tz is None:
        return False
    years = pc.min_max(pc.year(_without_zone(column))).as_py()
    return any(year is not None and year not in ZONED_YEARS for year in years.values())


def _without_zone(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """The moments in UTC."""
    import pyarrow as pa

    return column.cast(pa.timestamp(column.type.unit))


def _dtype(kind: "pa.DataType") -> Any:
    import pandas as pd
    import pyarrow as pa

    is_pandas_own = pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and _has_known_zone(kind))
    return None if is_pandas_own else pd.ArrowDtype(kind)


def _has_known_zone(kind: "pa.TimestampType") -> bool:
    import pandas as pd

    try:
        return kind.tz is None or bool(pd.DatetimeTZDtype(kind.unit, kind.tz))
    except (LookupError, ValueError, TypeError):
        return False
