"""Which of the earlier runs that people were content with, if any, serves a new request once it is adapted."""

import math
from collections.abc import Mapping, Sequence

from brain.intent_inference.calls.adapting import Adapted, adapt
from brain.intent_inference.calls.nearness import nearness
from brain.intent_inference.calls.planned_tool import PlannedTool
from brain.intent_inference.calls.ranker import weigh
from brain.intent_inference.plan import Question
from brain.intent_inference.similarity import Similarity
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["recall"]

LEAST_LIKELY = 0.3
"""Probability that an adapted plan is right: without it a request that is like an earlier one is mostly not served."""


def recall(
    question: Question,
    tools: Mapping[str, ToolDefinition],
    near: Sequence[PlannedTool],
    weights: Mapping[str, float],
    similarity: Similarity,
) -> Adapted | None:
    """The likeliest of the adapted examples; None where none is likely enough.

    `near` are the tools that the request could mean.
    """
    found = [adapted for each in question.examples if (adapted := adapt(each, question, tools, weights, similarity))]
    likely = [(_likelihood(adapted, tools, near, weights, similarity), adapted) for adapted in found]
    probability, best = max(likely, key=lambda each: each[0], default=(0.0, None))
    return best if probability >= LEAST_LIKELY else None


def _likelihood(
    adapted: Adapted,
    tools: Mapping[str, ToolDefinition],
    near: Sequence[PlannedTool],
    weights: Mapping[str, float],
    similarity: Similarity,
) -> float:
    """That the plan serves the request, by a logistic regression; certain for the very same request."""
    if adapted.before.reading.lowers == adapted.now.reading.lowers:
        return 1.0
    used = {step.tool for step in adapted.spec.steps} - {tool.name for tool in near}
    own = [PlannedTool.of(tools[name]) for name in sorted(used)]
    return 1 / (1 + math.exp(-weigh(nearness(adapted, [*near, *own], similarity), weights)))
