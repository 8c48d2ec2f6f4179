"""Where the literals of a pipeline come from that was adapted from an earlier run, and which it may carry over."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from brain.intent_inference.grounding import ground
from brain.intent_inference.mentions import Request
from brain.intent_inference.plan import Example, Origin, Provenance, Question
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import Json
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["origins_of"]


def origins_of(
    spec: PipelineSpec,
    example: Example,
    question: Question,
    tools: Mapping[str, ToolDefinition],
    *,
    told: Sequence[Provenance] = (),
    may_stay: Callable[[Json], bool] = lambda _value: True,
) -> tuple[Provenance, ...] | None:
    """Of each literal; None where one comes from the earlier request alone.

    `told` are those that are known. What neither request says is the earlier run's, if it `may_stay` and is no day that
    was counted from another one.
    """
    found = ground(spec, question, tools)
    left = [each.literal for each in found.refused if not _is_told(each.literal.where, told)]
    earlier = replace(question, request=Request(example.request), as_of=example.as_of, answers={})
    refused = ground(example.spec, earlier, tools).refused if left else ()
    unsaid = {(each.literal.where, repr(each.literal.value)) for each in refused}
    for literal in left:
        is_unsaid = (literal.where, repr(literal.value)) in unsaid
        if not is_unsaid or example.is_dated(literal.value, question.as_of) or not may_stay(literal.value):
            return None
    origin = f"as in the run {example.run}"
    others = (each for each in found.provenance if not _is_told(each.where, told))
    return (*told, *others, *(Provenance(each.where, each.value, origin, Origin.MEMORY) for each in left))


def _is_told(where: str, told: Sequence[Provenance]) -> bool:
    return any(where == each.where or where.startswith((f"{each.where}[", f"{each.where}.")) for each in told)
