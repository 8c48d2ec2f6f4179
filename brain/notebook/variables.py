"""`{{name}}`: how variables of the notebook get into a cell of prose, a pipeline, SQL, or a line."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from brain.errors import UsageError
from brain.nearest import did_you_mean

__all__ = ["in_pipeline", "in_prose", "in_sql", "insert", "is_table"]

PLACE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
BEFORE_VALUE, AFTER_VALUE = re.compile(r"(^|[:\-\[,{]\s*)$"), re.compile(r"\s*($|[\n,\]}#])")
"""What stands around a placeholder that is a whole value of YAML or JSON."""

type Write = Callable[[str, Any, str, str], str]
"""Takes a variable's name, its value, and what stands before and behind it in the text; gives what stands there."""


def insert(text: str, variables: Mapping[str, Any], write: Write) -> tuple[str, dict[str, Any]]:
    """The text with its placeholders filled in, and the tables among them by name, which become inputs.

    Raises UsageError where there is no such variable.
    """
    tables: dict[str, Any] = {}

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name not in variables:
            names = [each for each in variables if not each.startswith("_")]
            raise UsageError(f"{{{{{name}}}}}: the notebook has no variable {name!r}.{did_you_mean(name, names)}")
        value = variables[name]
        if is_table(value):
            tables[name] = value
        return write(name, value, text[: found.start()], text[found.end() :])

    return PLACE.sub(fill, text), tables


def is_table(value: Any) -> bool:
    """Whether it is a DataFrame or an Arrow table; neither library is loaded to find out."""
    kind = type(value)
    return (kind.__module__.partition(".")[0], kind.__name__) in {("pandas", "DataFrame"), ("pyarrow", "Table")}


def in_prose(name: str, value: Any, _before: str, _behind: str) -> str:
    """A table by its name, anything else as it is printed."""
    return name if is_table(value) else str(value)


def in_pipeline(name: str, value: Any, before: str, behind: str) -> str:
    """JSON where it is a whole value, text within other text; a table as the input that it becomes."""
    if is_table(value):
        return f'"${{inputs.{name}}}"'
    is_whole = BEFORE_VALUE.search(before.rpartition("\n")[2]) and AFTER_VALUE.match(behind)
    if not is_whole and isinstance(value, str):
        return value
    try:
        return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        raise UsageError(
            f"{{{{{name}}}}}: a pipeline holds JSON values, and this is a {type(value).__name__}."
        ) from None


def in_sql(name: str, value: Any, before: str, behind: str) -> str:
    """A literal of SQL; a list as what stands behind IN."""
    if isinstance(value, list | tuple):
        return f"({', '.join(in_sql(name, each, before, behind) for each in value)})"
    value = _plain(value)
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return repr(value)
        case str():
            quoted = value.replace("'", "''")
            return f"'{quoted}'"
        case _:
            raise UsageError(
                f"{{{{{name}}}}}: SQL takes numbers, texts, dates and lists of them, not a {type(value).__name__}."
            )


def _plain(value: Any) -> Any:
    """Dates as text, NumPy's and pandas' numbers as Python's."""
    if isinstance(value, date):
        return value.isoformat()
    return value.item() if type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "item") else value
