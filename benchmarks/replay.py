"""The 1,000 call graphs of ComplexFuncBench, replayed: each tool gives what was recorded for the arguments it gets.

A row of the set is a request with the calls that served it, arguments that refer to results of earlier calls, and
what each call gave. It becomes a pipeline of the set's own 40 tools, whose input schemas hold (their output schemas
do not tell lists from objects and are left out), and runs in the engine. A tool finds its response by its name and
its resolved arguments alone, so a reference that is resolved wrongly finds none, or another call's. Each step is then
held against the response that was recorded for it, as JSON text, so that 1, 1.0 and true differ. What the arguments
should come to is worked out here by a plain walk, as the set means its references: of a list the first item.

The set's wheel holds references in place of the arguments that were recorded, so it cannot tell whether a reference
stands where another value once was.
"""

import asyncio
import json
import re
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs

from benchmarks.executor_ours import MAX_PARALLEL, NoEvents, surroundings
from benchmarks.harness import Row
from benchmarks.planning.sets import Case, complexfuncbench
from brain.config_secrets import Redactor
from brain.errors import SpecError, ToolError
from brain.executor.engine import Engine, Job
from brain.executor.local import LocalCaller
from brain.executor.ports import MemoryJournal
from brain.pipeline_builder.build import build
from brain.pipeline_builder.pipeline import Pipeline
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import Json
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.registry import Registry

__all__ = ["Outcome", "contradiction", "outcomes", "pipeline_of", "replay"]

ROWS = 1000
REFERENCE = re.compile(r"\$(\w+)((?:\.\w+)*)\$")
"""`$label.path$`."""
NO_NAME = re.compile(r"[^\w.-]")
"""What the name of a tool does not hold here."""

type Call = tuple[str, str]
"""The tool and its arguments, as canonical JSON."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row."""

    calls: int
    equal: int
    """Steps that gave what was recorded for them."""
    contradiction: str | None = None
    """What is wrong with the row itself, whoever replays it."""
    is_checked: bool = True
    """Whether its calls fit the set's own definitions, and were held against them."""
    error: str | None = None
    """Why the row was refused, or how its run failed."""


def replay() -> list[Row]:
    """Rows of counts; rows of the set that contradict themselves are counted apart."""
    found = outcomes(complexfuncbench(ROWS))
    reasons = Counter(outcome.contradiction for outcome in found if outcome.contradiction is not None)
    sound = [outcome for outcome in found if outcome.contradiction is None]
    for outcome in sound:
        if outcome.error is not None:
            print(f"Not replayed as recorded: {outcome.error}")
    recorded, equal = sum(outcome.calls for outcome in sound), sum(outcome.equal for outcome in sound)
    unchecked = sum(not outcome.is_checked for outcome in sound)
    case = f"ComplexFuncBench, {len(sound):,} of {len(found):,} call graphs"
    return [
        _row(case, "equal results", "calls", equal, {"recorded": recorded}),
        _row(case, "results unlike the recorded", "calls", recorded - equal, {"recorded": recorded}, limit=0.0),
        _row(case, "a call does not fit the set's own definition: not checked", "rows", unchecked, {"all": len(found)}),
        *(
            _row(case, f"left out: {reason}", "rows", count, {"all": len(found)})
            for reason, count in reasons.most_common()
        ),
    ]


def outcomes(cases: Sequence[Case]) -> list[Outcome]:
    """Every row, one after the other in one event loop."""
    tools = {tool["name"]: _definition(tool) for case in cases for tool in case.tools}
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_Replay(tools, Path(folder)).outcomes(cases))


class _Replay:
    def __init__(self, tools: Mapping[str, ToolDefinition], project: Path) -> None:
        self._tools = tools
        self._recorded: dict[Call, str] = {}
        """Of the row at hand."""
        self._caller = LocalCaller(self._function, surroundings(project, Redactor({})), max_parallel=MAX_PARALLEL)

    async def outcomes(self, cases: Sequence[Case]) -> list[Outcome]:
        return [await self._outcome(case) for case in cases]

    async def _outcome(self, case: Case) -> Outcome:
        if (wrong := contradiction(case)) is not None:
            return Outcome(len(case.steps), 0, contradiction=wrong)
        expected = {step["label"]: _canonical(step["response"]) for step in case.steps}
        calls = _calls(case)
        self._recorded = {call: expected[label] for label, call in calls.items()}
        is_checked = all(_fits(call, self._tools) for call in calls.values())
        tools = self._tools.values() if is_checked else map(_unchecked, self._tools.values())
        try:
            given, error = await self._run(build(pipeline_of(case), Registry(tools)))
        except SpecError as exc:
            given, error = {}, str(exc)
        equal = sum(given.get(label) == text for label, text in expected.items())
        return Outcome(len(expected), equal, is_checked=is_checked, error=error and f"row {case.id}: {error}")

    async def _run(self, pipeline: Pipeline) -> tuple[dict[str, str], str | None]:
        """What each step gave, and why the run failed, if it did."""
        engine = Engine(caller=self._caller, events=NoEvents(), journal=MemoryJournal())
        result = await engine.run(Job(pipeline))
        return {label: _canonical(step.result) for label, step in result.steps.items()}, result.error

    def _function(self, tool: ToolDefinition) -> Callable[..., Awaitable[Json]]:
        async def respond(**arguments: Json) -> Json:
            text = self._recorded.get((tool.name, _canonical(arguments)))
            if text is None:
                raise ToolError(f"{tool.name} was never called with {_canonical(arguments)[:200]}.")
            return json.loads(text)

        return respond


def pipeline_of(case: Case) -> PipelineSpec:
    """The calls as steps, references written our way."""
    responses = {step["label"]: step["response"] for step in case.steps}
    steps = [
        {"id": step["label"], "tool": _name(step), "arguments": _translated(step["arguments"], responses)}
        for step in case.steps
    ]
    return PipelineSpec.model_validate({"name": f"row {case.id}", "steps": steps})


def contradiction(case: Case) -> str | None:
    """What keeps a row from being replayed whoever does it, if anything does; the engine is not asked."""
    try:
        calls = _calls(case)
    except (LookupError, TypeError):
        return "a reference leads nowhere in what was recorded"
    if len(calls) < len(case.steps):
        return "two calls have one label"
    responses: dict[Call, set[str]] = {}
    for step in case.steps:
        responses.setdefault(calls[step["label"]], set()).add(_canonical(step["response"]))
    if any(len(different) > 1 for different in responses.values()):
        return "the same call gave two different results"
    return None


def _calls(case: Case) -> dict[str, Call]:
    """By label what was called with which arguments, worked out from what was recorded."""
    memory: dict[str, Json] = {}
    calls: dict[str, Call] = {}
    for step in case.steps:
        calls[step["label"]] = (_name(step), _canonical(_resolved(step["arguments"], memory)))
        response = step["response"]
        memory[step["label"]] = response[0] if isinstance(response, list) and response else response
    return calls


def _resolved(value: Json, memory: Mapping[str, Json]) -> Json:
    if isinstance(value, dict):
        return {name: _resolved(item, memory) for name, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, memory) for item in value]
    if not isinstance(value, str) or not (reference := REFERENCE.fullmatch(value)):
        return value
    found = memory[reference[1]]
    for key in reference[2].split(".")[1:]:
        found = found[key]
    return found


def _translated(value: Json, responses: Mapping[str, Json]) -> Json:
    """`$label.path$` as `${label.path}`, or as `${label[0].path}` where a list was recorded."""
    if isinstance(value, dict):
        return {name: _translated(item, responses) for name, item in value.items()}
    if isinstance(value, list):
        return [_translated(item, responses) for item in value]
    if not isinstance(value, str):
        return value
    if reference := REFERENCE.fullmatch(value):
        first = "[0]" if isinstance(responses[reference[1]], list) else ""
        return f"${{{reference[1]}{first}{reference[2]}}}"
    return value.replace("${", "$${")


def _fits(call: Call, tools: Mapping[str, ToolDefinition]) -> bool:
    """Our definitions take no argument that they do not name; the set's say nothing of that."""
    name, arguments = call
    return jsonschema_rs.is_valid({**tools[name].input_schema, "additionalProperties": False}, json.loads(arguments))


def _definition(tool: Mapping[str, Any]) -> ToolDefinition:
    """The set's tool as one that only reads, and gives anything."""
    taken = {key: value for key, value in tool.items() if key != "outputSchema"}
    return ToolDefinition.model_validate({**taken, "annotations": {"readOnlyHint": True}})


def _unchecked(tool: ToolDefinition) -> ToolDefinition:
    return tool.model_copy(update={"input_schema": {"type": "object"}})


def _name(step: Mapping[str, Any]) -> str:
    return NO_NAME.sub("_", step["name"])


def _canonical(value: Json) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _row(case: str, metric: str, unit: str, ours: float, peers: dict[str, float], *, limit: float | None = None) -> Row:
    (against,) = peers
    return Row(case, metric, unit, ours, peers, against, limit, round(ours / peers[against], 4), 1)
