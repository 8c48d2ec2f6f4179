"""Which steps of a run that is resumed keep their results without another look, so that they need not even be built."""

import json
from collections.abc import Iterable, Iterator, Sequence

from brain.pipeline_builder.references import compile_condition, heads_in
from brain.pipeline_builder.spec import PipelineSpec, StepSpec
from brain.runs import StepResult
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.registry import Registry

__all__ = ["finished", "names_used"]


def finished(
    spec: PipelineSpec, uses: Sequence[frozenset[str]], registry: Registry, results: Iterable[StepResult]
) -> dict[str, ToolDefinition]:
    """The steps that an earlier attempt of the same spec with the same inputs has finished for good, with their tools.

    Nothing that goes into such a step can differ: its tool is of the same version and reads no file, and every step
    that it uses is finished for good as well. A `foreach` step is none, because its items are looked at one by one.
    `uses` is what `names_used` finds in each step.
    """
    done = dict(_with_same_tool(spec, registry, results))
    users: dict[str, list[str]] = {step.id: [] for step in spec.steps}
    for step, names in zip(spec.steps, uses, strict=True):
        for name in names & users.keys():
            users[name].append(step.id)
    unsure = [step_id for step_id in users if step_id not in done]
    while unsure:
        unsure += [user for user in users[unsure.pop()] if done.pop(user, None) is not None]
    return done


def _with_same_tool(
    spec: PipelineSpec, registry: Registry, results: Iterable[StepResult]
) -> Iterator[tuple[str, ToolDefinition]]:
    used = [registry.get(name) for name in {step.tool for step in spec.steps} if name in registry]
    tools = {tool.name: tool for tool in used if not _reads_files(tool)}
    single = {step.id: step.tool for step in spec.steps if step.foreach is None}
    for result in results:
        tool = tools.get(result.tool)
        if tool is None or tool.version != result.tool_version or not result.status.has_result:
            continue
        if result.item is None and single.get(result.step_id) == tool.name:
            yield result.step_id, tool


def names_used(step: StepSpec) -> frozenset[str]:
    """What a step refers to or needs: `inputs`, `item`, `index`, and steps, whether or not there are such."""
    names = heads_in([step.arguments, step.foreach])
    names.update(step.needs)
    if step.when is not None:
        names.update(reference.head for reference in compile_condition(step.when, "when").references)
    return frozenset(names)


def _reads_files(tool: ToolDefinition) -> bool:
    """Whether a call may be another one although its arguments are the same; rather too often than once too little."""
    return '"format": "path"' in json.dumps(tool.input_schema)
