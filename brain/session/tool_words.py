"""A tool in words: what its arguments take, what it gives, what it touches; and the page that tells all of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any

from brain.pipeline_builder.schemas import describe, inlined, members_of, options_of
from brain.rates import parse_rate
from brain.runs import Json
from brain.shortened import shown
from brain.tool_registry.definitions import JsonSchema, ToolDefinition
from brain.tool_registry.tools_file import laid_out

__all__ = ["FieldWords", "arguments_of", "result_of", "tools_page", "touches"]

BY_FORMAT = {"column": "the name of a column", "path": "the path of a file", "uri": "an address"}
LONGEST_LINE = 120
"""Characters of an example on one line."""
HEADER = """\
# Tools, one by one

This page is made from `tools.json` by `make docs`; [Tools](tools.md) tells how to add your own. In a project
`brain tools` lists what there is, and `brain tools show` tells of one tool what stands here.
"""


@dataclass(frozen=True, slots=True)
class FieldWords:
    """One argument, or one field of a result, for people."""

    name: str
    kind: str
    """What it takes or holds."""
    is_required: bool
    about: str
    """What it is for; with what counts where it is left out."""


def arguments_of(tool: ToolDefinition) -> list[FieldWords]:
    """The arguments in the order of the definition."""
    return _fields(tool.input_schema)


def result_of(tool: ToolDefinition) -> tuple[str, list[FieldWords]]:
    """What a call gives in one line, and the fields of an object."""
    schema = inlined(tool.output_schema)
    about = schema.get("description")
    return f"{_kind(schema)}: {about}" if about else _kind(schema), _fields(schema)


def touches(tool: ToolDefinition) -> Iterator[str]:
    """What a call reaches and changes, a sentence each."""
    hints = tool.annotations
    if tool.is_read_only:
        yield "Changes nothing."
    else:
        yield "Changes something, so that it asks first." + " What was there may be lost." * hints.destructive_hint
    if not tool.is_repeatable:
        yield "A call is never made twice by itself."
    if tool.uses_model:
        yield "Asks the chat model."
    elif hints.open_world_hint:
        yield "Reaches the network."
    for binding in tool.secrets:
        hosts = "the host in it" if binding.own_host else ", ".join(binding.hosts) or "no host"
        yield f"May use the secret {binding.name}, which goes to {hosts}."
    if tool.timeout:
        yield f"A call may take {tool.timeout}."
    yield from _limits(tool)
    if tool.cache:
        yield f"A result stands for the same call for {tool.cache}."


def _limits(tool: ToolDefinition) -> Iterator[str]:
    if (most := tool.limits.concurrent) is not None:
        yield f"At most {most:,} {'call goes' if most == 1 else 'calls go'} on at the same time."
    if tool.limits.rate is not None:
        rate = parse_rate(tool.limits.rate)
        yield f"At most {rate.words} {'begins' if rate.amount == 1 else 'begin'}."


def tools_page(tools: Iterable[ToolDefinition]) -> str:
    """All tools as one page of Markdown, by family."""
    in_families = sorted(tools, key=lambda tool: tool.family)
    families = (
        f"## {family}\n\n" + "\n".join(_section(tool) for tool in members)
        for family, members in groupby(in_families, key=lambda tool: tool.family)
    )
    return "\n".join((HEADER, *families))


def _section(tool: ToolDefinition) -> str:
    arguments, (gives, fields) = arguments_of(tool), result_of(tool)
    parts = [
        f"### {tool.name}",
        _text(tool.description),
        _table(("argument", "takes", "needed", "meaning"), arguments) if arguments else "It takes nothing.",
        f"Gives {_text(gives).rstrip('.')}{':' if fields else '.'}",
        *([_table(("field", "holds", "always", "meaning"), fields)] if fields else []),
        _text(" ".join(touches(tool))),
        *(_example(example.description, example.arguments) for example in tool.examples),
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: Iterable[str], fields: Iterable[FieldWords]) -> str:
    rows = [
        ("`" + field.name + "`", _cell(field.kind), "yes" * field.is_required, _cell(field.about)) for field in fields
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ("---",) * 4, *rows))


def _example(description: str, arguments: dict[str, Any]) -> str:
    return f"{_text(description).rstrip('.')}:\n\n```json\n{laid_out(arguments, room=LONGEST_LINE)}\n```"


def _fields(schema: JsonSchema) -> list[FieldWords]:
    whole = inlined(schema)
    properties: dict[str, JsonSchema] = whole.get("properties", {})
    required = whole.get("required", ())
    return [FieldWords(name, _kind(inner), name in required, _about(inner)) for name, inner in properties.items()]


def _kind(schema: Json) -> str:
    words = dict.fromkeys(word for option in options_of(schema) for word in _option(option))
    return " or ".join(words) or "any value"


def _option(schema: JsonSchema) -> Iterator[str]:
    if (members := members_of(schema)) is not None:
        yield from map(shown, members)
    elif schema.get("format") in BY_FORMAT and "string" in str(schema.get("type")):
        yield BY_FORMAT[schema["format"]]
    elif schema.get("type") == "array" and schema.get("items"):
        yield f"a list ({_kind(schema['items'])})"
    elif (words := describe(schema)) != "any value":
        yield words


def _about(schema: JsonSchema) -> str:
    default = f"Left out: {shown(schema['default'])}." if schema.get("default") is not None else ""
    described = schema.get("description", "")
    sentence = f"{described}." if described and not described.endswith((".", "?", "!")) else described
    return f"{sentence} {default}".strip()


def _text(words: str) -> str:
    """Prose that Markdown shows as it is."""
    return escape(words, quote=False).replace("*", r"\*").replace("_", r"\_")


def _cell(words: str) -> str:
    return _text(" ".join(words.split())).replace("|", r"\|")
