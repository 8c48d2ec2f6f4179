"""A decorated function becomes an entry of tools.json, and is called as its types say."""

import asyncio
import dataclasses
import enum
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
import pyarrow as pa
import pytest
from pydantic import BaseModel, Field

import brain
from brain.errors import RegistryError, ToolError, UsageError
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.entries import definition_of
from brain.tool_registry.from_function import entry_of
from brain.tool_registry.registry import load
from brain.tool_registry.typed import speaking_json

TABLE = {"type": "object", "format": "table"}


class Size(enum.StrEnum):
    SMALL = "small"
    LARGE = "large"


class Place(BaseModel):
    city: str
    since: date


@dataclasses.dataclass
class Figures:
    total: Decimal
    days: tuple[int, int]


@brain.tool(process=True)
def crunch(numbers: list[int]) -> int:
    """Add numbers up, the long way."""
    return sum(numbers)


@brain.tool(
    name="weather.change",
    title="Change from row to row",
    read_only=True,
    version="2",
    secrets={"WEATHER_KEY": ["api.example.org"]},
    timeout="30s",
    cache="1h",
    concurrent=4,
    rate="5/s",
    cues=["change"],
    examples=[{"description": "Change", "arguments": {"table": "${t}"}, "samples": {"t": {"rows": [{"a": 1}]}}}],
)
def change(
    table: pa.Table,
    column: Annotated[str, Field(json_schema_extra={"format": "column", "x-role": "measure"})] = "a",
    kind: Literal["row", "year"] = "row",
    *,
    limit: Annotated[int | None, "How many rows at the most"] = None,
    context: Any = None,
) -> pa.Table:
    """Add the change of a column.

    Values come in order,
    the first has none.

    Args:
        table: The table,
            in order
        column: The column to compare
        limit: not this text

    Returns:
        The table with one more column
    """
    return table.append_column("change", pa.array([0] * table.num_rows))


@brain.tool
def everything(
    *,
    frames: list[pd.DataFrame],
    picture: brain.File | None,
    day: date,
    size: Size = Size.SMALL,
    where: Path = Path("data"),
    place: Place | None = None,
    ratio: Annotated[float, Field(gt=0)] = 0.5,
) -> dict[str, Figures | Place | None]:
    """Take everything."""
    assert isinstance(frames[0], pd.DataFrame)
    assert isinstance(where, Path)
    total = Decimal(str(frames[0]["a"].sum())) if ratio else Decimal(0)
    return {"figures": Figures(total, (day.day, len(size))), "place": place}


@brain.tool(secrets={"ONE": "a.example.org", "TWO": ["*.example.org"], "URL_OF_IT": {"ownHost": True}}, open_world=True)
async def later(seconds: float) -> str:
    """Wait a little."""
    await asyncio.sleep(seconds)
    return "now"


def checked(function: Callable[..., Any]) -> ToolDefinition:
    entry = entry_of(function)
    definition, problems = definition_of(entry, "here")
    assert problems == []
    assert definition is not None
    return definition


def test_types_docstring_and_decorator_make_the_entry():
    assert entry_of(change) == {
        "name": "weather.change",
        "description": "Add the change of a column. Values come in order, the first has none.",
        "version": "2",
        "annotations": {
            "title": "Change from row to row",
            "readOnlyHint": True,
            "destructiveHint": False,
            "idempotentHint": True,
            "openWorldHint": True,
        },
        "inputSchema": {
            "type": "object",
            "x-cues": ["change"],
            "properties": {
                "table": {**TABLE, "description": "The table, in order"},
                "column": {
                    "type": "string",
                    "format": "column",
                    "x-role": "measure",
                    "default": "a",
                    "description": "The column to compare",
                },
                "kind": {"type": "string", "enum": ["row", "year"], "default": "row"},
                "limit": {"type": ["integer", "null"], "default": None, "description": "How many rows at the most"},
            },
            "required": ["table"],
            "additionalProperties": False,
        },
        "outputSchema": {**TABLE, "description": "The table with one more column"},
        "secrets": [{"name": "WEATHER_KEY", "hosts": ["api.example.org"]}],
        "timeout": "30s",
        "cache": "1h",
        "limits": {"concurrent": 4, "rate": "5/s"},
        "examples": [{"description": "Change", "arguments": {"table": "${t}"}, "samples": {"t": {"rows": [{"a": 1}]}}}],
        "run": {"python": f"{__name__}:change"},
    }
    assert checked(change).is_read_only


def test_what_is_not_said_is_taken_from_the_name_and_assumed_to_be_the_worst():
    entry = entry_of(later)
    assert entry["name"] == f"{__name__.rpartition('.')[2]}.later"
    assert entry["annotations"] == {
        "title": "Later",
        "readOnlyHint": False,
        "destructiveHint": True,
        "idempotentHint": False,
        "openWorldHint": True,
    }
    assert entry["inputSchema"]["properties"] == {"seconds": {"type": "number"}}
    assert entry["outputSchema"] == {"type": "string"}
    assert "timeout" not in entry
    assert "limits" not in entry


def test_a_process_is_asked_for_where_the_function_is_named():
    assert entry_of(crunch)["run"] == {"python": f"{__name__}:crunch", "process": True}
    assert checked(crunch).wants_process


def test_secrets_are_bound_to_hosts_in_few_words():
    bound = {binding.name: (binding.hosts, binding.own_host) for binding in checked(later).secrets}
    assert bound == {
        "ONE": (("a.example.org",), False),
        "TWO": (("*.example.org",), False),
        "URL_OF_IT": ((), True),
    }


def test_what_takes_no_context_reaches_no_network_unless_it_says_so():
    assert entry_of(change)["annotations"]["openWorldHint"]
    assert not entry_of(everything)["annotations"]["openWorldHint"]


def test_other_types_have_their_schema_too():
    definition = checked(everything)
    arguments = definition.parameters
    assert arguments["frames"] == {"type": "array", "items": TABLE}
    assert arguments["picture"] == {"type": ["object", "null"], "format": "file"}
    assert arguments["day"] == {"type": "string", "format": "date"}
    assert arguments["size"] == {"$ref": "#/$defs/Size", "default": "small"}
    assert arguments["where"] == {"type": "string", "format": "path", "default": "data"}
    assert arguments["ratio"] == {"type": "number", "exclusiveMinimum": 0, "default": 0.5}
    assert definition.input_schema["$defs"]["Size"] == {"type": "string", "enum": ["small", "large"]}
    assert definition.required == {"frames", "picture", "day"}
    assert "title" not in str(definition.output_schema)


def test_the_decorated_function_stays_as_it_was():
    assert change(pa.table({"a": [1, 2]})).column_names == ["a", "change"]
    assert change.__name__ == "change"
    assert asyncio.run(later(0)) == "now"


def test_a_loaded_tool_gets_what_its_types_say_and_gives_json():
    function = load(checked(everything))
    frame = pa.table({"a": [1, 2]})
    given = {"frames": [frame], "picture": None, "day": "2012-01-31", "size": "large", "where": "x.csv", "ratio": 1}
    place = {"city": "Oslo", "since": "2020-02-03"}
    assert function(**given, place=place) == {"figures": {"total": "3", "days": [31, 5]}, "place": place}
    assert function(**given)["place"] is None


def test_a_loaded_tool_keeps_tables_its_context_and_being_async():
    loaded = load(checked(change))
    table = pa.table({"a": [1, 2]})
    assert loaded(table=table, context="the context").column_names == ["a", "change"]
    assert asyncio.iscoroutinefunction(load(checked(later)))
    assert asyncio.run(load(checked(later))(seconds=0)) == "now"


def test_an_argument_that_its_type_does_not_take_is_one_sentence():
    with pytest.raises(ToolError, match=r"^day: Input should be a valid date"):
        speaking_json(everything)(frames=[], picture=None, day="soon")


def undecorated(text: str) -> str:
    """Say it."""
    return text


@brain.tool
def silent(text: str) -> str:
    return text


@brain.tool
def untyped(text) -> str:  # type: ignore[no-untyped-def]
    """Say it."""
    return str(text)


@brain.tool
def starred(*texts: str) -> str:
    """Say it."""
    return str(texts)


@brain.tool
def positional(text: str, /) -> str:
    """Say it."""
    return text


@brain.tool
def strange(text: "threading.Lock") -> str:  # noqa: F821
    """Say it."""
    return str(text)


@brain.tool
def formless(text: Callable[[int], int]) -> str:
    """Say it."""
    return str(text)


def inner() -> Callable[..., Any]:
    @brain.tool
    def one(text: str) -> str:
        """Say it."""
        return text

    return one


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (undecorated, "undecorated is no tool yet: put @brain.tool above it."),
        (silent, "silent is no tool yet: it has no docstring, which tells planners what it is for."),
        (untyped, "untyped is no tool yet: its argument text has no type."),
        (starred, "starred is no tool yet: arguments are given by name, which *texts: str does not take."),
        (positional, "positional is no tool yet: arguments are given by name, which text: str does not take."),
        (strange, "a type cannot be read (name 'threading' is not defined); import what its types name at the top of"),
        (formless, "formless is no tool yet: the types of its arguments have no form in JSON ("),
        (inner(), "it stands inside something else; move it to the module's top."),
    ],
)
def test_what_can_be_no_tool_is_told_with_what_to_do(function: Callable[..., Any], told: str):
    with pytest.raises(RegistryError) as caught:
        entry_of(function)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_function_of_a_notebook_cannot_be_found_by_other_processes():
    code = "import brain\n@brain.tool\ndef say(text: str) -> str:\n    'Say it.'\n    return text\n"
    code += "from brain.tool_registry.from_function import entry_of\nentry_of(say)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "say is no tool yet: it stands in a notebook or script" in done.stderr


def test_only_functions_are_decorated():
    with pytest.raises(UsageError, match="stands above a function of a module, not above <class"):
        brain.tool(Place)


def test_decorating_loads_neither_pydantic_nor_tables():
    code = "import sys, brain\n@brain.tool(read_only=True)\ndef f(x: int) -> int: return x\n"
    code += "print({'pydantic', 'pyarrow', 'pandas', 'jsonschema', 'docstring_parser'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
