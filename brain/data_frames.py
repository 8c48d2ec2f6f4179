"""Arrow tables as pandas DataFrames for people: dates and moments are pandas' own, all else stays Arrow's."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["to_frame"]


def to_frame(table: "pa.Table") -> "pd.DataFrame":
    """The table with `datetime64` columns, which pandas compares with text and resamples, in a unit that holds them."""
    frame: pd.DataFrame = table.to_pandas(types_mapper=_dtype, date_as_object=False)
    return frame


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
