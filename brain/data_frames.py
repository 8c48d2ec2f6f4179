"""Arrow tables as pandas DataFrames for people: dates and moments are pandas' own, all else stays Arrow's."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["to_frame", "with_days"]

DAYS = "days"
"""The name in `attrs` under which a frame remembers columns of days, for which pandas has no type."""

ZONED_YEARS = range(2, 9999)
"""pandas shows moments of other years without a zone only."""


def to_frame(table: "pa.Table") -> "pd.DataFrame":
    """The table with `datetime64` columns, which pandas compares with text and resamples, in a unit that holds them."""
    for number, column in enumerate(table.columns):
        if _is_beyond_zones(column):
            table = table.set_column(number, table.field(number).name, _without_zone(column))
    frame: pd.DataFrame = table.to_pandas(types_mapper=_dtype, date_as_object=False)
    if days := [field.name for field in table.schema if _is_day(field.type)]:
        frame.attrs[DAYS] = days
    return frame


def with_days(table: "pa.Table", frame: Any) -> "pa.Table":
    """The table of a frame, with days where `to_frame` was given days; moments that are no midnight stay moments."""
    for name in getattr(frame, "attrs", {}).get(DAYS, ()):
        if (number := table.schema.get_field_index(name)) >= 0 and _holds_days(table.column(number)):
            table = table.set_column(number, name, table.column(number).cast("date32"))
    return table


def _is_day(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_date(kind))


def _holds_days(column: "pa.ChunkedArray") -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_timestamp(column.type) or column.type.tz is not None:
        return False
    return pc.all(pc.equal(pc.floor_temporal(column, unit="day"), column)).as_py() is not False


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
