"""What SQL says of its own: its literals, and the tables and columns that it names without defining them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from brain.runs import Json
from brain.shortened import shortened

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["SqlParts", "read_expression", "read_select"]

LONGEST_COMPLAINT = 160
"""Characters of what the parser says."""
SQL_WORDS = frozenset({"current_date", "current_time", "current_timestamp", "localtimestamp", "rowid"})
"""Read as columns by the parser, but words of the language."""
NEUTRAL = frozenset({0, 1})
"""Numbers that SQL needs for itself: `coalesce(x, 0)`, `sum(1)`."""
ROUNDING = frozenset({"round", "trunc", "round_even"})
DATE_FUNCTIONS = frozenset(
    {"date_trunc", "date_part", "datetrunc", "datepart", "extract", "date_diff", "datediff", "date_sub", "datesub"}
)
FORMAT_FUNCTIONS = frozenset({"strftime", "strptime", "try_strptime", "to_char", "to_date", "to_timestamp", "format"})
FORMAT = re.compile(r"(?:%[-#]?[a-zA-Z]|[YMDHSIAP:]{1,6}|[\W_])+(?:24|12)?(?:[\W_]|[MSI]{2})*")
"""How dates are written: `%Y-%m` or `YYYY-MM`."""
HUNDRED = 100


@dataclass(frozen=True, slots=True)
class SqlParts:
    """What stands in one SELECT; `problem` is why it cannot be read."""

    literals: tuple[Json, ...] = ()
    columns: frozenset[str] = frozenset()
    """That it reads and does not name itself."""
    tables: frozenset[str] = frozenset()
    """That it reads and does not define itself, and files in their place."""
    names: frozenset[str] = frozenset()
    """That it gives to columns."""
    problem: str = ""


def read_select(sql: str) -> SqlParts:
    """The parts of one SELECT."""
    tree = _tree(sql)
    if tree["error"]:
        return SqlParts(problem=shortened(f"cannot be read as SQL: {tree['error_message']}", LONGEST_COMPLAINT))
    if len(tree["statements"]) != 1:
        return SqlParts(problem="must be one SELECT")
    found = _Walk()
    found.visit(tree["statements"][0]["node"])
    named = {name.lower() for name in found.names}
    return SqlParts(
        tuple(found.literals),
        frozenset(column for column in found.columns if column.lower() not in named | SQL_WORDS | found.tables_named),
        frozenset(table for table in found.tables if table.lower() not in found.tables_named),
        frozenset(found.names),
    )


def read_expression(expression: str) -> SqlParts:
    """The parts of one expression over columns."""
    return read_select(f"SELECT ({expression})")


class _Walk:
    """Goes through DuckDB's syntax tree, whose nodes are objects with `class` or `type`."""

    def __init__(self) -> None:
        self.literals: list[Json] = []
        self.columns: set[str] = set()
        self.tables: set[str] = set()
        self.names: set[str] = set()
        self.tables_named: set[str] = set()
        """By WITH or AS, in lower case."""

    def visit(self, node: Any) -> None:
        if isinstance(node, list):
            for part in node:
                self.visit(part)
        elif isinstance(node, Mapping):
            self._visit_object(node)

    def _visit_object(self, node: Mapping[str, Any]) -> None:
        match node.get("class"), node.get("type"):
            case "CONSTANT", _:
                self._literal(node["literal"])
            case "COLUMN_REF", _:
                self.columns.add(node["column_names"][-1])
            case "FUNCTION", _:
                self._function(node)
            case _, "BASE_TABLE":
                self.tables.add(node["table_name"])
            case _, "SELECT_NODE":
                self._select(node)
                return
        self._name(node)
        if node.get("class") != "FUNCTION":
            for part in node.values():
                self.visit(part)

    def _name(self, node: Mapping[str, Any]) -> None:
        alias = node.get("alias")
        if not alias or alias == node.get("column_names", [""])[-1]:
            return
        if "class" in node:
            self.names.add(alias)
        else:  # of a table or a subquery, whose name may also be read as that of a whole row
            self.tables_named.add(alias.lower())

    def _select(self, node: Mapping[str, Any]) -> None:
        for each in node["cte_map"].get("map", ()):
            self.tables_named.add(each["key"].lower())
        for key, part in node.items():
            if key == "modifiers":
                part = [_without_places(modifier) for modifier in part]  # noqa: PLW2901
            if key == "group_expressions":
                part = [each for each in part if each.get("class") != "CONSTANT"]  # noqa: PLW2901
            self.visit(part)

    def _literal(self, literal: Mapping[str, Any]) -> None:
        match literal.get("kind"):
            case "STRING":
                self.literals.append(literal["text"])
            case "INTEGER" | "NUMERIC":
                number = float(literal["text"])
                if number not in NEUTRAL:
                    self.literals.append(int(number) if number.is_integer() else number)

    def _function(self, node: Mapping[str, Any]) -> None:
        name, arguments = node["function_name"].lower(), [each["expression"] for each in node["arguments"]]
        if name in ROUNDING:
            arguments = arguments[:1]  # how many digits are shown is a matter of taste
        elif name in DATE_FUNCTIONS:
            arguments = [each for each in arguments if not (_text(each) or "").isalpha()]
        elif name in FORMAT_FUNCTIONS:
            arguments = [each for each in arguments if not FORMAT.fullmatch(_text(each) or "")]
        elif name in ("*", "/"):
            arguments = [each for each in arguments if _number(each) != HUNDRED]  # a percentage
        self.visit(arguments)
        self.visit([part for key, part in node.items() if key != "arguments"])


def _without_places(modifier: Mapping[str, Any]) -> Mapping[str, Any]:
    """`ORDER BY 2` names a column by its place."""
    if modifier.get("type") != "ORDER_MODIFIER":
        return modifier
    return {"orders": [each for each in modifier["orders"] if each["expression"].get("class") != "CONSTANT"]}


def _text(node: Mapping[str, Any]) -> str | None:
    literal = node.get("literal") or {}
    return literal["text"] if literal.get("kind") == "STRING" else None


def _number(node: Mapping[str, Any]) -> float | None:
    literal = node.get("literal") or {}
    return float(literal["text"]) if literal.get("kind") in ("INTEGER", "NUMERIC") else None


def _tree(sql: str) -> Mapping[str, Any]:
    import duckdb

    try:
        row = _parser().cursor().execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()
    except duckdb.Error as exc:
        return {"error": True, "error_message": str(exc).partition("\n")[0]}
    tree: Mapping[str, Any] = json.loads(row[0] if row else "{}")
    return tree


@cache
def _parser() -> "DuckDBPyConnection":
    """Only parses: nothing that a plan says is executed here."""
    import duckdb

    return duckdb.connect(":memory:", config={"enable_external_access": "false", "threads": "1"})
