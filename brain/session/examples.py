"""Makes the calls that a tool's examples show, through the same caller as runs do, and looks at what they give."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from brain.artifacts import ArtifactCodec, is_file, is_table
from brain.durations import parse_duration
from brain.errors import StepTimeout, ToolError, UsageError
from brain.executor.ports import ToolCall, ToolCaller
from brain.pipeline_builder.references import Template, compile_template
from brain.pipeline_builder.schemas import Validator
from brain.runs import Json
from brain.shortened import shown
from brain.tool_registry.definitions import JsonSchema, Sample, ToolDefinition, ToolExample
from brain.tool_registry.registry import Registry

__all__ = ["ExampleResult", "ExampleStatus", "Examples"]

LONGEST_SECONDS = 60.0
"""For one call, where the tool does not say."""
SHOWN_RESULT = 200
"""Characters of a result that a person sees."""


class ExampleStatus(StrEnum):
    """What came of an example."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """One example: what came of it, and why."""

    description: str
    status: ExampleStatus
    detail: str
    """What it gave, or the reason, in one sentence."""
    seconds: float | None = None
    result: Json = None

    def to_json(self) -> dict[str, Json]:
        """All of it."""
        return asdict(self)


class _NotRunError(Exception):
    """Why an example cannot be tried."""


class Examples:
    """Runs examples of one registry's tools; a sample is made once and serves all of them."""

    def __init__(self, registry: Registry, caller: ToolCaller, codec: ArtifactCodec) -> None:
        self._registry = registry
        self._caller = caller
        self._codec = codec
        self._made: dict[str, Json] = {}

    async def run(self, tool: ToolDefinition, *, yes: bool) -> list[ExampleResult]:
        """Every example in its order; those of a tool that changes something only with `yes`."""
        return [await self._result(tool, example, yes=yes) for example in tool.examples]

    async def _result(self, tool: ToolDefinition, example: ToolExample, *, yes: bool) -> ExampleResult:
        started = time.perf_counter()
        try:
            _refuse_changes(tool, yes=yes)
            result = await self._call(tool, *await self._arguments(example.arguments, example.samples))
            _refuse_misfits(tool.output_schema, result, "its result does not fit outputSchema: result")
        except _NotRunError as exc:
            return ExampleResult(example.description, ExampleStatus.NOT_RUN, str(exc))
        except ToolError as exc:
            return ExampleResult(example.description, ExampleStatus.FAILED, str(exc), time.perf_counter() - started)
        seconds = time.perf_counter() - started
        return ExampleResult(example.description, ExampleStatus.PASSED, _told(result), seconds, result)

    async def _arguments(
        self, arguments: Mapping[str, Any], own: Mapping[str, Sample], seen: tuple[str, ...] = ()
    ) -> tuple[Template, dict[str, Json]]:
        """The arguments compiled, and what their references see."""
        template = compile_template(dict(arguments), "arguments")
        if template.problems:
            raise ToolError(f"{template.problems[0]}.")
        heads = dict.fromkeys(reference.head for reference in template.references)
        return template, {head: await self._sample(head, own, seen) for head in heads}

    async def _sample(self, name: str, own: Mapping[str, Sample], seen: tuple[str, ...]) -> Json:
        if name in seen:
            raise _NotRunError(f"its samples go in a circle: {' -> '.join((*seen, name))}")
        if name in own:
            return await self._of_sample(name, own[name], own, seen)
        if name not in self._registry.samples:
            raise _NotRunError(f"nothing says what ${{{name}}} stands for; give the example `samples` for it")
        if name not in self._made:
            self._made[name] = await self._of_sample(name, self._registry.samples[name], own, seen)
        return self._made[name]

    async def _of_sample(self, name: str, sample: Sample, own: Mapping[str, Sample], seen: tuple[str, ...]) -> Json:
        if sample.rows is not None:
            return await asyncio.to_thread(self._packed, sample.rows)
        if sample.tool is None:
            value: Json = sample.value
            return value
        try:
            tool = self._registry.get(sample.tool)
            if not tool.is_read_only:
                raise _NotRunError(f"its sample ${{{name}}} would call {tool.name}, which changes something")
            return await self._call(tool, *await self._arguments(sample.arguments, own, (*seen, name)))
        except (ToolError, UsageError) as exc:
            raise _NotRunError(f"its sample ${{{name}}} could not be made: {exc}") from exc

    def _packed(self, rows: Iterable[Mapping[str, Any]]) -> Json:
        import pyarrow as pa

        try:
            return self._codec.pack(pa.Table.from_pylist([dict(row) for row in rows]))
        except pa.ArrowException as exc:
            raise _NotRunError(f"the rows of a sample are no table ({exc})") from exc

    async def _call(self, tool: ToolDefinition, template: Template, scope: Mapping[str, Json]) -> Json:
        arguments: Any = template.resolve(scope)
        _refuse_misfits(tool.input_schema, arguments, "arguments")
        reveal: Any = (lambda secret: template.resolve(scope, secret)) if template.secrets else None
        limit = parse_duration(tool.timeout).total_seconds() if tool.timeout else LONGEST_SECONDS
        call = ToolCall(tool, arguments, lambda _percentage, _message: None, timeout=limit, reveal=reveal)
        try:
            async with self._caller.slot():
                return await self._caller.call(call)
        except StepTimeout:
            raise ToolError(f"{tool.name} took longer than {limit:g} s.") from None


def _refuse_changes(tool: ToolDefinition, *, yes: bool) -> None:
    if not tool.is_read_only and not yes:
        raise _NotRunError("it changes something, which it may only where that is allowed (--yes)")


def _refuse_misfits(schema: JsonSchema, value: Json, where: str) -> None:
    if misfit := next(Validator(schema).misfits(value), None):
        end = "" if misfit.what.endswith("?") else "."
        raise ToolError(f"{where}{misfit.path}: {misfit.what}{end}")


def _told(result: Json) -> str:
    if is_table(result):
        rows = "1 row" if result["row_count"] == 1 else f"{result['row_count']:,} rows"
        return f"a table of {rows}: {', '.join(result['columns'])}"
    if is_file(result):
        return f"a file {result['name']} of {result['size']:,} bytes"
    return shown(result, SHOWN_RESULT)
