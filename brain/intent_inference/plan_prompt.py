"""What a model is told and may say, to write a plan: the prompt, and the schema made from the tools that fit."""

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from typing import Any

from brain.intent_inference.drafts import ASK
from brain.intent_inference.plan import Question
from brain.pipeline_builder.schemas import inlined
from brain.runs import Json
from brain.tool_registry.definitions import JsonSchema, ToolDefinition
from brain.untrusted import mark

__all__ = ["PROMPT", "answer_schema", "asked", "instructions"]

PROMPT = "plan-3"
"""The files in `prompts/`; its name is stored with the run."""
EXAMPLE_REQUEST = "Median salary by department in people.csv, highest first, as a bar chart"
ASKS: JsonSchema = {
    "type": "object", "properties": {ASK: {"type": "string"}}, "required": [ASK], "additionalProperties": False,
}  # fmt: skip
STORED = ("table", "file")


def instructions(tools: Sequence[ToolDefinition], question: Question) -> str:
    """What holds for every try: the tools, the data, and examples."""
    data = mark(*((f"source {number}", source.describe()) for number, source in enumerate(question.sources, start=1)))
    values = {
        "tools": "\n".join(map(_describe, tools)),
        "sources": f"{data.rule}\n\n{data.text}" if question.sources else "none",
        "examples": "\n\n".join(_examples(question)),
    }
    text = _file(f"{PROMPT}.md")
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def asked(question: Question) -> str:
    """The request, the day, and what the person has answered."""
    lines = [f"Request: {question.request.text}"]
    if question.as_of is not None:
        lines.append(f"Today: {question.as_of:%A}, {question.as_of}")
    lines += [
        f"The person was asked, and answered {name}: {_written(value)}" for name, value in question.answers.items()
    ]
    return "\n".join(lines)


def answer_schema(tools: Sequence[ToolDefinition]) -> JsonSchema:
    """A plan of these tools and nothing else."""
    return {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "steps": {"type": "array", "items": {"anyOf": [_step_schema(tool) for tool in tools]}},
            "outputs": {"type": "object", "additionalProperties": {"type": "string"}},
            "problem": {"type": "string"},
        },
        "required": ["name", "steps", "outputs"],
        "additionalProperties": False,
    }


def _step_schema(tool: ToolDefinition) -> JsonSchema:
    return {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "tool": {"const": tool.name},
            "foreach": {"type": "string"},
            "arguments": _arguments_schema(tool),
        },
        "required": ["id", "tool", "arguments"],
        "additionalProperties": False,
    }


def _arguments_schema(tool: ToolDefinition) -> JsonSchema:
    takes = inlined(tool.input_schema)
    schemas: Mapping[str, JsonSchema] = takes.get("properties", {})
    arguments = {name: _sayable(schema, may_ask=name in tool.required) for name, schema in schemas.items()}
    others = _plain(takes.get("additionalProperties", not schemas))
    return {
        "type": "object",
        "properties": arguments,
        "required": sorted(tool.required),
        "additionalProperties": others,
    }


def _sayable(schema: JsonSchema, *, may_ask: bool) -> JsonSchema:
    """The value itself, a reference to one, or that a person has to say it."""
    if schema.get("format") in STORED:
        return {"type": "string"}
    plain: JsonSchema = _plain(schema)
    options = [plain] if plain.get("type") == "string" and "enum" not in plain else [plain, {"type": "string"}]
    options += [ASKS] if may_ask else []
    return plain if options == [plain] else {"anyOf": options}


def _describe(tool: ToolDefinition) -> str:
    schema = json.dumps(_plain(tool.input_schema), ensure_ascii=False)
    gives = json.dumps(_plain(tool.output_schema), ensure_ascii=False)
    return f"## {tool.name}\n{tool.description}\nArguments: {schema}\nResult: {gives}\n"


def _plain(schema: Any) -> Any:
    """The schema without annotations that are only ours."""
    match schema:
        case Mapping():
            return {key: _plain(value) for key, value in schema.items() if not str(key).startswith("x-")}
        case list():
            return [_plain(value) for value in schema]
        case _:
            return schema


def _examples(question: Question) -> Iterator[str]:
    yield f"Request: {EXAMPLE_REQUEST}\n{_file(f'{PROMPT}.example.json').strip()}"
    for example in question.examples:
        spec = example.spec.to_json()
        said = {name: spec[name] for name in ("name", "steps", "outputs") if name in spec}
        yield f"Request: {example.request}\n{_written(said)}"


def _file(name: str) -> str:
    return (resources.files("brain.intent_inference") / "prompts" / name).read_text(encoding="utf-8")


def _written(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
