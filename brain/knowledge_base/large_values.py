"""What is too large for a row is set aside as an artifact; the row holds a reference that shows how it begins."""

import asyncio
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cachetools import LRUCache

from brain.artifacts import ArtifactCodec, is_file, is_table, looks_set_aside
from brain.config_secrets import Redactor
from brain.errors import ArtifactError
from brain.knowledge_base.cleaning import Cleaner
from brain.runs import ApprovalRequest, Json, StepResult

__all__ = ["LARGEST_IN_ROW", "LargeValues"]

log = logging.getLogger(__name__)

LARGEST_IN_ROW = 256 * 2**10
"""Characters of JSON text of one result, argument or output; a longer one is set aside."""
REMEMBERED = 64 * 2**20
"""Bytes of JSON text of values that were set aside and may come again: a result is soon an argument and an output."""
LONGEST_ESCAPE = 6
"""Characters that one character of a text may take in JSON."""
LONGEST_FLOAT = 26
"""Characters of a number with a fraction, and of what separates values."""
BITS_OF_A_DIGIT = 3
MOST_COUNTED = 1000
"""Values that stand side by side; of more the text is made faster than they are counted."""


class LargeValues:
    """Sets values aside, cleaned as rows are; whoever runs the pipeline goes on with the values themselves.

    Where a value cannot be kept outside, it stays in the row: nothing is lost, and a warning says why.
    """

    def __init__(self, codec: ArtifactCodec, redactor: Redactor) -> None:
        self._codec = codec
        self._clean = Cleaner(redactor)
        self._known: LRUCache[int, tuple[Json, Json]] = LRUCache(REMEMBERED, getsizeof=lambda known: known[1]["size"])
        """By identity: the value, which is held so that its identity stays its own, and its reference."""
        self._using = threading.Lock()

    async def of_steps(self, steps: Sequence[StepResult]) -> Sequence[StepResult]:
        """The steps as rows hold them."""
        if all(is_surely_small(step.result) and is_surely_small(step.arguments) for step in steps):
            return steps
        return await asyncio.to_thread(lambda: [self._step(step) for step in steps])

    async def of_outputs(self, outputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """Each value as a row holds it."""
        return outputs if is_surely_small(outputs) else await asyncio.to_thread(self._each, outputs)

    async def of_requests(self, requests: Sequence[ApprovalRequest]) -> Sequence[ApprovalRequest]:
        """What a person is asked to approve as a row holds it; of a `foreach` step each item's arguments."""
        if all(is_surely_small(request.arguments) for request in requests):
            return requests
        return await asyncio.to_thread(lambda: [self._request(request) for request in requests])

    def _step(self, step: StepResult) -> StepResult:
        return replace(step, arguments=self._each(step.arguments), result=self._of(step.result))

    def _request(self, request: ApprovalRequest) -> ApprovalRequest:
        match request.arguments:
            case {"items": list() as items, **rest} if not rest:
                return replace(request, arguments={"items": [self._each(item) for item in items]})
            case arguments:
                return replace(request, arguments=self._each(arguments))

    def _each(self, values: Mapping[str, Json]) -> dict[str, Json]:
        return {name: self._of(value) for name, value in values.items()}

    def _of(self, value: Json) -> Json:
        """The value as a row holds it; one that looks like a reference is set aside lest it be taken for one."""
        if is_surely_small(value) or is_table(value) or is_file(value):
            return value
        with self._using:
            known = self._known.get(id(value))
        return self._set_aside(value) if known is None else known[1]

    def _set_aside(self, value: Json) -> Json:
        text, is_misleading = self._clean.json(value), looks_set_aside(value)
        if len(text) <= LARGEST_IN_ROW and not is_misleading:
            return value
        try:
            reference = self._codec.set_aside(text)
        except ArtifactError as exc:
            if is_misleading:
                raise
            log.warning("A value of %s characters stays in its row: %s", f"{len(text):,}", exc)
            return value
        if reference["size"] <= REMEMBERED:
            with self._using:
                self._known[id(value)] = (value, reference)
        return reference


def is_surely_small(value: Json) -> bool:
    """Whether a row takes a value as it is, told without making its text, which cannot be longer than what is counted.

    False where that is not sure, also because there is much to count.
    """
    pending, room = [value], LARGEST_IN_ROW
    while pending and room >= 0 and len(pending) < MOST_COUNTED:
        match pending.pop():
            case str() as text:
                room -= LONGEST_ESCAPE * len(text) + LONGEST_FLOAT
            case None | bool() | float():
                room -= LONGEST_FLOAT
            case int() as number:
                room -= number.bit_length() // BITS_OF_A_DIGIT + LONGEST_FLOAT
            case dict() as mapping if mapping.get("format") != "json":
                room -= LONGEST_ESCAPE * sum(map(len, map(str, mapping))) + LONGEST_FLOAT * (len(mapping) + 1)
                pending.extend(mapping.values())
            case list() as items:
                room -= LONGEST_FLOAT
                pending.extend(items)
            case _:
                return False
    return room >= 0 and not pending
