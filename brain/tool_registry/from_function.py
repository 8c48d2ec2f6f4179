"""The entry of `tools.json` that a function which `brain.tool` decorates stands for."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from docstring_parser import Docstring, DocstringStyle, ParseError, parse

from brain.errors import RegistryError
from brain.tool_registry.declared import Declaration, SecretHosts, declaration_of
from brain.tool_registry.definitions import JsonSchema
from brain.tool_registry.typed import CONTEXT, argument_schema, described, result_schema

__all__ = ["entry_of"]

IN_A_SESSION = "__main__"


def entry_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The entry, in the order in which one is written; raises RegistryError in one sentence where there can be none."""
    said = declaration_of(function)
    where = f"{function.__module__}:{function.__qualname__}"
    if said is None:
        raise RegistryError(f"{where} is no tool yet: put @brain.tool above it.")
    _refuse_unreachable(function, where)
    told = _docstring(function, where)
    entry = {
        "name": said.name or f"{function.__module__.rpartition('.')[2]}.{function.__name__}",
        "description": _description(told),
        "version": said.version,
        "annotations": _annotations(function, said),
        "inputSchema": _input_schema(function, said, told),
        "outputSchema": _output_schema(function, told),
        "secrets": [_secret(name, hosts) for name, hosts in said.secrets.items()],
        "usesModel": said.uses_model,
        "timeout": said.timeout,
        "cache": said.cache,
        "limits": _limits(said),
        "examples": [dict(example) for example in said.examples],
        "run": _run(function, said),
    }
    return {key: value for key, value in entry.items() if value}


def _refuse_unreachable(function: Callable[..., Any], where: str) -> None:
    if function.__module__ == IN_A_SESSION:
        raise RegistryError(
            f"{function.__qualname__} is no tool yet: it stands in a notebook or script, where no other process finds "
            "it; put it into a file of the project, such as my_tools.py, and import it from there."
        )
    if function.__qualname__ != function.__name__:
        raise RegistryError(f"{where} is no tool yet: it stands inside something else; move it to the module's top.")


def _docstring(function: Callable[..., Any], where: str) -> Docstring:
    try:
        told = parse(inspect.getdoc(function) or "", style=DocstringStyle.GOOGLE)
    except ParseError as exc:
        raise RegistryError(f"{where} is no tool yet: its docstring cannot be read ({exc}).") from None
    if not told.short_description:
        raise RegistryError(f"{where} is no tool yet: it has no docstring, which tells planners what it is for.")
    return told


def _description(told: Docstring) -> str:
    return _one_line(f"{told.short_description}\n{told.long_description or ''}")


def _annotations(function: Callable[..., Any], said: Declaration) -> dict[str, Any]:
    open_world = CONTEXT in inspect.signature(function).parameters if said.open_world is None else said.open_world
    return {
        "title": said.title or function.__name__.replace("_", " ").capitalize(),
        "readOnlyHint": said.read_only,
        "destructiveHint": said.destructive and not said.read_only,
        "idempotentHint": said.idempotent or said.read_only,
        "openWorldHint": open_world,
    }


def _secret(name: str, hosts: SecretHosts) -> dict[str, Any]:
    match hosts:
        case str():
            return {"name": name, "hosts": [hosts]}
        case Mapping():
            return {"name": name, **hosts}
        case _:
            return {"name": name, "hosts": list(hosts)}


def _limits(said: Declaration) -> dict[str, Any]:
    limits = {"concurrent": said.concurrent, "rate": said.rate}
    return {name: limit for name, limit in limits.items() if limit is not None}


def _run(function: Callable[..., Any], said: Declaration) -> dict[str, Any]:
    return {"python": f"{function.__module__}:{function.__name__}", **({"process": True} if said.process else {})}


def _input_schema(function: Callable[..., Any], said: Declaration, told: Docstring) -> JsonSchema:
    schema = argument_schema(function)
    texts = {parameter.arg_name: parameter.description for parameter in told.params} | described(function)
    properties = {name: _with_text(argument, texts.get(name)) for name, argument in schema["properties"].items()}
    cues = {"x-cues": list(said.cues)} if said.cues else {}
    ordered = {"type": "object", **cues, "properties": properties, "required": schema.get("required", [])}
    return {**ordered, **{key: item for key, item in schema.items() if key not in ordered}}


def _output_schema(function: Callable[..., Any], told: Docstring) -> JsonSchema:
    return _with_text(result_schema(function), told.returns.description if told.returns else None)


def _with_text(schema: JsonSchema, text: str | None) -> JsonSchema:
    """The schema with a description, unless it has its own."""
    return {**schema, "description": _one_line(text)} if text and "description" not in schema else schema


def _one_line(text: str) -> str:
    return " ".join(text.split())
