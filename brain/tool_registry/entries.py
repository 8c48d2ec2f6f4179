"""Whether an entry of `tools.json` is a tool definition, and everything that is wrong with one that is not."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import jsonschema_rs
from pydantic import TypeAdapter, ValidationError

from brain.nearest import did_you_mean
from brain.placeholders import refers
from brain.shortened import shown
from brain.tool_registry.annotations import annotation_problems
from brain.tool_registry.definitions import JsonSchema, Sample, ToolDefinition, ToolLimits

__all__ = ["definition_of", "samples_of"]

SAMPLES: TypeAdapter[dict[str, Sample]] = TypeAdapter(dict[str, Sample])


def definition_of(entry: Any, where: str) -> tuple[ToolDefinition | None, list[str]]:
    """The definition, where the entry has its shape, and what is wrong with it, each with its place behind `where`."""
    if not isinstance(entry, dict):
        return None, [f"{where}: must be an object"]
    try:
        definition = ToolDefinition.model_validate(entry)
    except ValidationError as exc:
        return None, [f"{where} {_field(error['loc'])}: {_complaint(error)}" for error in exc.errors(include_url=False)]
    return definition, [f"{where} {problem}" for problem in _problems(definition)]


def samples_of(value: Any) -> tuple[dict[str, Sample], list[str]]:
    """The samples of the whole file, and what is wrong with them."""
    try:
        return SAMPLES.validate_python(value), []
    except ValidationError as exc:
        return {}, [f"samples {_field(error['loc'])}: {_complaint(error)}" for error in exc.errors(include_url=False)]


def _problems(definition: ToolDefinition) -> Iterator[str]:
    schemas = {"inputSchema": definition.input_schema, "outputSchema": definition.output_schema}
    broken = [problem for field, schema in schemas.items() for problem in _schema_problems(field, schema)]
    if broken:
        yield from broken
        return
    if definition.input_schema.get("type") != "object":
        yield 'inputSchema.type: must be "object", because arguments are given by name'
    for name in sorted(definition.required - definition.parameters.keys()):
        yield f"inputSchema.required: {name} is not among the properties"
    for name, times in Counter(binding.name for binding in definition.secrets).items():
        if times > 1:
            yield f"secrets: {name} is bound {times} times"
    yield from annotation_problems(definition)
    for number, example in enumerate(definition.examples):
        for problem in _example_problems(definition, example.arguments):
            yield f"examples.{number}.arguments{problem}"


def _schema_problems(field: str, schema: JsonSchema) -> Iterator[str]:
    if not jsonschema_rs.meta.is_valid(schema):
        yield from _against_metaschema(field, schema)
        return
    try:
        jsonschema_rs.Draft202012Validator(schema, offline=True)
    except jsonschema_rs.ValidationError as exc:
        is_reference = isinstance(exc.kind, jsonschema_rs.ValidationErrorKind.Referencing)
        what = "has a $ref that leads nowhere" if is_reference else "is no valid JSON Schema"
        yield f"{field}: {what} ({exc.message})"


def _against_metaschema(field: str, schema: JsonSchema) -> Iterator[str]:
    from jsonschema import Draft202012Validator

    metaschema = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    for error in sorted(metaschema.iter_errors(schema), key=lambda error: error.json_path):
        yield f"{_field((field, *error.absolute_path))}: is no valid JSON Schema ({error.message})"


def _example_problems(definition: ToolDefinition, arguments: Mapping[str, Any]) -> Iterator[str]:
    missing = sorted(definition.required - arguments.keys())
    unknown = sorted(arguments.keys() - definition.parameters.keys())
    yield from (f": {name} is missing" for name in missing)
    yield from (f": {name} is no argument of the tool" for name in unknown)
    if missing or unknown:
        return
    constant = {name: value for name, value in arguments.items() if not refers(value)}
    schema = definition.input_schema
    if len(constant) < len(arguments):
        # what holds for all arguments together cannot be asked of a part of them
        schema = {key: schema[key] for key in ("$defs", "$id", "properties") if key in schema}
    for error in jsonschema_rs.Draft202012Validator(schema, offline=True).iter_errors(constant):
        yield "".join(f".{key}" for key in error.instance_path) + f": {error.message}"


def _complaint(error: Mapping[str, Any]) -> str:
    message = str(error["msg"])
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return f"is not known.{did_you_mean(str(error['loc'][-1]), _field_names(error['loc']))}"
        case "value_error":
            return message.removeprefix("Value error, ")
        case _:
            return f"{message[0].lower()}{message[1:]}, not {shown(error['input'])}"


def _field_names(location: Sequence[Any]) -> list[str]:
    shape = ToolLimits if location[0] == "limits" else ToolDefinition
    return [field.alias or name for name, field in shape.model_fields.items()]


def _field(location: Iterable[Any]) -> str:
    return ".".join(map(str, location))
