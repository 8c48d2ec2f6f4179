"""Adapts the plan of an earlier run, which people were content with, to a request that is nearly the same.

The steps and what flows between them stay; what the earlier request said is swapped for what the new one says.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from brain.errors import SpecError
from brain.intent_inference.calls.arguments import Argument, ArgumentPath, Kind
from brain.intent_inference.calls.beside import CallBeside, WorthsBeside
from brain.intent_inference.calls.candidate import ABSENT, Candidate
from brain.intent_inference.calls.contents import Contents
from brain.intent_inference.calls.features import Features
from brain.intent_inference.calls.origins import origin_of
from brain.intent_inference.calls.planned_tool import PlannedTool
from brain.intent_inference.calls.precedent import Given, Used, is_same
from brain.intent_inference.calls.ranker import Choice, Worths, fill
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.carried_over import origins_of
from brain.intent_inference.draft import literally, title
from brain.intent_inference.plan import Example, Provenance, Question
from brain.intent_inference.similarity import Similarity
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import Json
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["Adapted", "Means", "Swap", "adapt"]

NAMES_SOMETHING = re.compile(r"[\d@/\\]")
"""In texts that stand for one thing only: codes, dates, addresses, paths."""


@dataclass(frozen=True, slots=True)
class Swap:
    """An argument of an earlier call beside what the new request says for it."""

    argument: Argument
    given: Given | None
    """None where the earlier call had nothing for it."""
    candidate: Candidate
    gain: float
    """By how much it is worth more than the absence of a value."""

    @property
    def is_unsaid(self) -> bool:
        """Whether the earlier call had a value that neither request says."""
        return self.given is not None and not self.given.said and self.candidate.is_absent

    @property
    def is_kept(self) -> bool:
        """Whether the new request says the same, or as little."""
        if self.given is None:
            return self.candidate.is_absent
        return self.is_unsaid or is_same(self.given.value, self.candidate.value)

    @property
    def is_missing(self) -> bool:
        """Whether the tool needs a value that only the earlier request said."""
        return self.argument.is_required and self.candidate.is_absent and not self.is_unsaid


@dataclass(frozen=True)
class Adapted:
    """An adapted plan, and what was swapped."""

    example: Example
    spec: PipelineSpec
    provenance: tuple[Provenance, ...]
    swaps: tuple[Swap, ...]
    certainty: float
    """The share that these values have among the best ways to fill the calls, of the step where it is least."""
    before: Contents = field(repr=False)
    """Of the earlier request."""
    now: Contents = field(repr=False)
    """Of the new one."""


@dataclass(frozen=True)
class Means:
    """What plans are adapted with."""

    tools: Mapping[str, ToolDefinition]
    """By name."""
    weights: Mapping[str, float]
    similarity: Similarity


def adapt(example: Example, question: Question, now: Contents, means: Means) -> Adapted | None:
    """The example's plan with what the request says; None where something of it does not fit the request.

    `now` is what the request holds.
    """
    is_known = all(step.tool in means.tools for step in example.spec.steps)
    if not is_known or not example.spec.inputs.keys() <= question.inputs.keys():
        return None
    return _Adapting(example, question, now, means).made()


class _Adapting:
    def __init__(self, example: Example, question: Question, now: Contents, means: Means) -> None:
        self._example = example
        self._question = question
        self._means = means
        self._before = Contents(Reading(example.request), example.as_of)
        self._now = now
        self._certainty = 1.0
        self._swaps = list(self._swapped())
        self._is_changed = not all(swap.is_kept for step in self._swaps for swap in step)

    def _swapped(self) -> Iterator[list[Swap]]:
        """Step by step; words that stand for one value stand for no other."""
        used: Used = []
        for step in self._example.spec.steps:
            tool = PlannedTool.of(self._means.tools[step.tool])
            call = CallBeside.of(step, tool, self._before, self._now, used, self._means.similarity)
            worths = WorthsBeside(Features(call.scene), self._means.weights, call.precedent)
            choice = self._same(call) if self._is_same_request else fill(worths)[0]
            self._certainty = min(self._certainty, choice.probability)
            used = [*used, *call.taken(choice.candidates)]
            yield [_swap(call, worths, at, candidate) for at, candidate in enumerate(choice.candidates)]

    @cached_property
    def _is_same_request(self) -> bool:
        """Whether it has the same words; words such as `tomorrow` may mean another day by now."""
        return self._before.reading.lowers == self._now.reading.lowers

    def _same(self, call: CallBeside) -> Choice:
        """For each argument what now stands where the earlier value stood."""
        chosen = []
        for at, argument in enumerate(call.arguments):
            given = call.precedent.given.get(argument.path)
            said = [(each.first, each.last, each.rule_family) for each in given.said] if given else []
            now = call.scene.candidates[at]
            there = (each for each in now if (each.first, each.last, each.rule_family) in said)
            chosen.append(next(there, ABSENT))
        return Choice(tuple(chosen), 0.0, 1.0)

    def made(self) -> Adapted | None:
        everything = tuple(swap for step in self._swaps for swap in step)
        if any(map(self._is_lost, everything)):
            return None
        try:
            spec = self._spec()
        except SpecError:
            return None
        told, example = self._told(spec), self._example
        origins = origins_of(spec, example, self._question, self._means.tools, told=told, may_stay=self._may_stay)
        if origins is None:
            return None
        return Adapted(example, spec, origins, everything, self._certainty, self._before, self._now)

    def _is_lost(self, swap: Swap) -> bool:
        """Whether there is no value for what needs one, or a day that words say which nobody understands."""
        if swap.given is not None and swap.is_unsaid:
            is_dated = self._example.is_dated(swap.given.value, self._question.as_of)
            return is_dated or (self._is_stale(swap) and swap.argument.is_required)
        return swap.is_missing

    def _is_stale(self, swap: Swap) -> bool:
        return swap.given is not None and swap.argument.kind is not Kind.OPTION and not self._may_stay(swap.given.value)

    def _may_stay(self, value: Json) -> bool:
        """Whether a value that neither request says may still be right: if it stands for nothing that has changed."""
        if isinstance(value, bool | int | float) or self._is_same_request:
            return True
        return not self._is_changed and not NAMES_SOMETHING.search(json.dumps(value))

    def _spec(self) -> PipelineSpec:
        """Raises SpecError."""
        written = copy.deepcopy(self._example.spec.to_json())
        for step, swaps in zip(written["steps"], self._swaps, strict=True):
            for swap in swaps:
                if not swap.is_unsaid or self._is_stale(swap):
                    _put(step.setdefault("arguments", {}), swap.argument.path, swap.candidate)
        text = self._question.request.text
        return PipelineSpec.from_value({**written, "name": title(text), "request": text})

    def _told(self, spec: PipelineSpec) -> list[Provenance]:
        """Where the values come from that the request says."""
        return [
            Provenance(
                f"steps.{step.id}.arguments.{'.'.join(swap.argument.path)}",
                swap.candidate.value,
                *origin_of(swap.candidate, self._now.reading),
            )
            for step, swaps in zip(spec.steps, self._swaps, strict=True)
            for swap in swaps
            if not swap.candidate.is_absent
        ]


def _swap(call: CallBeside, worths: Worths, at: int, candidate: Candidate) -> Swap:
    alone, given = worths.alone(at), call.precedent.given.get(call.arguments[at].path)
    return Swap(call.arguments[at], given, candidate, alone[call.scene.number(at, candidate)] - alone[0])


def _put(arguments: dict[str, Any], path: ArgumentPath, candidate: Candidate) -> None:
    *outer, last = path
    for name in outer:
        arguments = arguments.setdefault(name, {})
    if candidate.is_absent:
        arguments.pop(last, None)
    else:
        arguments[last] = literally(candidate.value)
