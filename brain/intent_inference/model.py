"""The planner that asks a strong model: one structured answer, checked by the builder, repaired with its findings."""

import json
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from brain.config_secrets import SECRET_REFERENCE
from brain.errors import PlanningError, Problem, SpecError
from brain.intent_inference.asking import said
from brain.intent_inference.plan import Check, Plan, Question
from brain.intent_inference.sources import table_reader
from brain.language_models import ChatModel
from brain.pipeline_builder.schemas import inlined
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import Json
from brain.tool_registry.definitions import JsonSchema, ToolDefinition
from brain.tool_registry.registry import Registry
from brain.tool_registry.search import ToolSearch
from brain.untrusted import mark

__all__ = ["ModelPlanner"]

PROMPT = "plan-1"
"""The file in `prompts/`; its name is stored with the run."""
SHORTLIST = 12
"""Tools that the model is shown."""
REPAIRS = 2
"""How often the builder's findings go back to the model."""

ADDRESS = re.compile(r"https?://[^\s\"'<>\\]+", re.IGNORECASE)


class ModelPlanner:
    """Plans with any OpenAI-compatible chat model that can answer in JSON."""

    def __init__(self, registry: Registry, search: ToolSearch, model: ChatModel, check: Check) -> None:
        self._registry = registry
        self._search = search
        self._model = model
        self._check = check

    async def plan(self, question: Question) -> Plan:
        """A plan that passed `build`; raises PlanningError with what was still wrong after the last repair."""
        tools = self._shortlist(question)
        system, schema = _instructions(tools, question), _answer_schema(tools)
        prompt = f"Request: {question.request.text}"
        tokens_in = tokens_out = 0
        problems = ""
        for _ in range(1 + REPAIRS):
            reply = await said(self._model, prompt + problems, schema, system=system)
            tokens_in, tokens_out = tokens_in + reply.tokens_in, tokens_out + reply.tokens_out
            try:
                pipeline = self._check(_spec(reply.value, question))
            except SpecError as exc:
                problems = f"\n\nYour last answer was:\n{json.dumps(reply.value)}\n\n{exc}\nAnswer again, mended."
                last = exc
                continue
            return Plan(pipeline, f"{PROMPT} with {self._model.name}", tokens_in=tokens_in, tokens_out=tokens_out)
        raise PlanningError(
            f"The model {self._model.name} wrote no plan that can be run, even after {REPAIRS} repairs. {last}\n"
            "Say the request in other words, name columns as the data does, or write the pipeline yourself (brain run)."
        )

    def _shortlist(self, question: Question) -> Sequence[ToolDefinition]:
        """The tools that fit, in the registry's order, with the one that opens what the request names.

        All of them where no word of the request says which; raises PlanningError where there are none.
        """
        if not len(self._registry):
            raise PlanningError("No plan was found: tools.json lists no tool; `brain tools` shows what there is.")
        found = {scored.definition.name for scored in self._search.search(question.request.text, SHORTLIST)}
        if found and any(source.path for source in question.sources):
            found.add(table_reader(self._registry)[0].name)
        return [tool for tool in self._registry if tool.name in found or not found]


def _instructions(tools: Sequence[ToolDefinition], question: Question) -> str:
    folder = resources.files("brain.intent_inference") / "prompts"
    text = (folder / f"{PROMPT}.md").read_text(encoding="utf-8")
    example = (folder / f"{PROMPT}.example.json").read_text(encoding="utf-8")
    data = mark(*((f"source {number}", source.describe()) for number, source in enumerate(question.sources, start=1)))
    described = f"{data.rule}\n\n{data.text}" if question.sources else "none"
    listed = "\n".join(_describe(tool) for tool in tools)
    for name, value in {"tools": listed, "sources": described, "example": example}.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _describe(tool: ToolDefinition) -> str:
    schema = json.dumps(_plain(tool.input_schema), ensure_ascii=False)
    gives = json.dumps(_plain(tool.output_schema), ensure_ascii=False)
    return f"## {tool.name}\n{tool.description}\nArguments: {schema}\nResult: {gives}\n"


def _plain(schema: Any) -> Any:
    """The schema without annotations that only the small planner reads."""
    match schema:
        case Mapping():
            return {key: _plain(value) for key, value in schema.items() if not str(key).startswith("x-")}
        case list():
            return [_plain(value) for value in schema]
        case _:
            return schema


def _answer_schema(tools: Sequence[ToolDefinition]) -> JsonSchema:
    steps = [_step_schema(tool) for tool in tools]
    return {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "steps": {"type": "array", "items": {"anyOf": steps}},
            "outputs": {"type": "object", "additionalProperties": {"type": "string"}},
            "problem": {"type": "string"},
        },
        "required": ["name", "steps", "outputs"],
    }


def _step_schema(tool: ToolDefinition) -> JsonSchema:
    schemas: Mapping[str, JsonSchema] = inlined(tool.input_schema).get("properties", {})
    arguments = {name: _or_reference(schema) for name, schema in schemas.items()}
    return {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "tool": {"const": tool.name},
            "arguments": {"type": "object", "properties": arguments, "required": sorted(tool.required)},
        },
        "required": ["id", "tool", "arguments"],
    }


def _or_reference(schema: JsonSchema) -> JsonSchema:
    if schema.get("format") in ("table", "file"):
        return {"type": "string"}
    plain: JsonSchema = _plain(schema)
    return plain if plain.get("type") == "string" else {"anyOf": [plain, {"type": "string"}]}


def _spec(answer: Json, question: Question) -> PipelineSpec:
    if not isinstance(answer, Mapping) or answer.keys().isdisjoint({"steps", "problem"}):
        raise SpecError([Problem("answer", "is no plan: an object with name, steps and outputs, or a problem")])
    if not answer.get("steps"):
        reason = answer.get("problem") or "it names no tool that could serve"
        raise PlanningError(f"No plan was found: {reason}. `brain tools` lists what there is.")
    if secret := SECRET_REFERENCE.search(json.dumps(answer["steps"])):
        raise SpecError([Problem("steps", f"a plan holds no secrets; leave {secret[0]} out, tools have their own")])
    if hosts := _unasked_hosts(answer["steps"], question.request.text):
        what = f"{', '.join(hosts)} does not stand in the request, and a plan goes nowhere that nobody asked for"
        raise SpecError([Problem("steps", what)])
    fields = {name: answer[name] for name in ("steps", "outputs") if name in answer}
    name = str(answer.get("name") or "pipeline")[:100]
    return PipelineSpec.from_value(
        {**fields, "name": name, "request": question.request.text, "inputs": question.inputs}
    )


def _unasked_hosts(steps: Json, request: str) -> list[str]:
    """Hosts in a plan that the request does not name, as data that the planner was shown may have talked it into."""
    found = {urlsplit(address[0]).netloc.rpartition("@")[2] for address in ADDRESS.finditer(json.dumps(steps))}
    return sorted(host for host in found if host and "${" not in host and not _is_named(host, request))


def _is_named(host: str, request: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(host)}(?![\w-]|\.\w)", request, re.IGNORECASE) is not None
