"""Values of a notebook as tools take them: JSON, with tables and files in it as they are."""

import os
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from math import isnan
from typing import Any
from uuid import UUID

from brain.artifacts import File
from brain.errors import UsageError

__all__ = ["holds_more_than_json", "plain"]

NOTHING = frozenset({"NAType", "NaTType"})
"""What pandas writes where there is no value."""
IN_WORDS = frozenset({"Period", "Timedelta", "datetime64", "timedelta64"})
"""Types of pandas and numpy that are best told as text."""
ROWS = frozenset({"Categorical", "DatetimeArray", "Index", "Series", "ndarray"})
STANDARD = (date, time, timedelta, Decimal, UUID, os.PathLike)
TAKEN = (
    "tools take text, numbers, True or False, dates, lists and mappings of these, DataFrames, Arrow tables and files"
)


def plain(value: Any, where: str) -> Any:
    """The value, with dates and paths as text and rows of values as lists; raises UsageError, which names `where`."""
    match value:
        case Mapping():
            return {str(name): plain(item, f"{where}.{name}") for name, item in value.items()}
        case list() | tuple():
            return [plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
        case AbstractSet():
            return [plain(item, where) for item in sorted(value, key=str)]
        case Enum():
            return plain(value.value, where)
        case None | bool() | int() | float() | str() | File():
            return value
        case _:
            return _of_standard_library(value) if isinstance(value, STANDARD) else _of_libraries(value, where)


def _of_standard_library(value: Any) -> Any:
    match value:
        case date() | time():
            return None if type(value).__name__ in NOTHING else value.isoformat()
        case Decimal():
            return float(value)
        case os.PathLike():
            return os.fspath(value)
        case _:
            return str(value)


def holds_more_than_json(value: Any) -> bool:
    """Whether a plain value has tables or files in it."""
    match value:
        case None | bool() | int() | float() | str():
            return False
        case Mapping():
            return any(map(holds_more_than_json, value.values()))
        case list():
            return any(map(holds_more_than_json, value))
        case _:
            return True


def _of_libraries(value: Any, where: str) -> Any:
    """Numpy and pandas, neither of which is loaded to find out."""
    kind = type(value).__name__
    if kind in NOTHING:
        return None
    if kind in IN_WORDS:
        return str(value)
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        return plain(value.item(), where)
    if getattr(value, "ndim", None) == 1 and (kind in ROWS or hasattr(value, "tolist")):
        is_pandas = type(value).__module__.startswith("pandas")  # for which not a number means that there is nothing
        items = [None if is_pandas and isinstance(item, float) and isnan(item) else item for item in value]
        return [plain(item, f"{where}[{index}]") for index, item in enumerate(items)]
    if hasattr(value, "__arrow_c_stream__") or (kind, getattr(value, "ndim", None)) == ("DataFrame", 2):
        return value
    raise UsageError(f"{where} is a {kind}: {TAKEN}.")
