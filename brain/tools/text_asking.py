"""How the text tools ask the chat model: others' text marked as data, as much as fits, a few questions at once."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from brain.errors import AnswerCutOff, AnswerMisfit, ModelError, ToolError
from brain.language_models import LARGE_CONTEXT
from brain.language_models.text_parts import halves
from brain.language_models.tokens import tokens_of
from brain.runs import Json
from brain.tool_registry.context import ToolContext
from brain.tool_registry.definitions import JsonSchema
from brain.untrusted import mark, readable

__all__ = ["Task", "answer_tokens", "each", "in_halves", "longest"]

AT_ONCE = 4
"""Questions that one call of a tool has under way."""
FRAME_TOKENS = 300
"""Around the text: the rule about data, the names of the blocks, the marks of the model's chat format."""
LARGEST_PART = 32_000
"""Tokens of text in one question, however much the model's context holds: in longer ones models overlook things."""
SMALLEST_PART = 100
"""Tokens of text that are not divided any more."""
HALVINGS = 2
"""How often a part whose answer is too long is divided."""
SHARE_OF_CONTEXT = 8
"""An answer takes at most one in so many of the model's tokens: small models go on until they are stopped."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked about a text: who the model is to be, what it is to do, and how long its answer may be."""

    role: str
    request: str
    """Stands behind the text, where small models look."""
    answer_tokens: int
    schema: JsonSchema | None = None
    """What the answer follows."""

    def room(self, context: ToolContext) -> int:
        """Tokens of text that one question takes; raises ToolError where the task alone fills the context."""
        own = tokens_of(self.role) + tokens_of(self.request) + tokens_of(json.dumps(self.schema)) * bool(self.schema)
        left = int(context.model.context_tokens - own - self.answer_tokens - FRAME_TOKENS)
        if left < SMALLEST_PART:
            raise ToolError(
                f"The task fills the {context.model.context_tokens:,} tokens of the model {context.model.name} "
                "and leaves no room for the text: ask for less at once, or set another BRAIN_CHAT_MODEL."
            )
        return min(left, LARGEST_PART)

    async def prose(self, context: ToolContext, *texts: tuple[str, str]) -> tuple[str, bool]:
        """The answer about labelled texts, and whether it is whole."""
        data = mark(*texts)
        said = await context.model.complete(
            f"{data.text}\n\n{self.request}", system=f"{self.role} {data.rule}", max_tokens=self.answer_tokens
        )
        if not (answer := readable(said.text).strip()):
            raise ModelError(f"The model {context.model.name} answered with nothing; set another BRAIN_CHAT_MODEL.")
        return answer, not said.is_cut

    async def fields(self, context: ToolContext, *texts: tuple[str, str]) -> dict[str, Any]:
        """The answer as JSON with the fields of the schema; what else is in it does not count.

        An answer that does not follow the schema is asked for once more. Of what is still wrong then, a missing list is
        empty, and single values are the tool's to leave out and to tell. Raises ModelError where none of the fields is
        there, AnswerCutOff where the answer is too long.
        """
        schema = self.schema or {}
        said = await self._said(context, schema, *texts)
        wanted: Mapping[str, JsonSchema] = schema.get("properties", {})
        if not isinstance(said, Mapping) or not said.keys() & wanted.keys():
            raise _not_what_was_asked(context, wanted)
        answer = {name: said.get(name) for name in wanted}
        for name in (name for name in wanted if wanted[name].get("type") == "array"):
            if not isinstance(answer[name], list | None):
                raise _not_what_was_asked(context, [name])
            answer[name] = answer[name] or []
        return answer

    async def _said(self, context: ToolContext, schema: JsonSchema, *texts: tuple[str, str]) -> Json:
        data = mark(*texts)
        prompt, system = f"{data.text}\n\n{self.request}", f"{self.role} {data.rule}"
        ask = partial(context.model.structured, schema=schema, system=system, max_tokens=self.answer_tokens)
        try:
            return (await ask(prompt)).value
        except AnswerMisfit as exc:
            wrong = f"Your last answer was not what was asked for: {exc.finding}. Answer again."
        try:
            return (await ask(f"{prompt}\n\n{wrong}")).value
        except AnswerMisfit as exc:
            return exc.value


def _not_what_was_asked(context: ToolContext, wanted: Iterable[str]) -> ModelError:
    return ModelError(
        f"The model {context.model.name} answered with JSON that is not what was asked for ({', '.join(wanted)}); "
        "try again or set another BRAIN_CHAT_MODEL."
    )


async def each[T, R](items: Sequence[T], work: Callable[[T], Awaitable[R]], context: ToolContext, what: str) -> list[R]:
    """The results of the work on each item in their order, a few at once; progress is told in `what` (parts)."""
    turn, done = asyncio.Semaphore(AT_ONCE), 0

    async def one(item: T) -> R:
        nonlocal done
        async with turn:
            result = await work(item)
        done += 1
        if len(items) > 1:
            context.report(100 * done / len(items), f"{done} of {len(items)} {what}")
        return result

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in items]
    except ExceptionGroup as exc:
        raise exc.exceptions[0] from None
    return [task.result() for task in tasks]


def answer_tokens(context: ToolContext, most: int) -> int:
    """How long an answer may be, `most` for a model that holds much."""
    return min(most, context.model.context_tokens // SHARE_OF_CONTEXT)


def longest(context: ToolContext, characters: int) -> int:
    """How long one text in an answer may be: of a small model a third, because it may go on at a token a character."""
    return characters if context.model.context_tokens >= LARGE_CONTEXT else characters // 3


async def in_halves[R](
    part: str,
    work: Callable[[str], Awaitable[R]],
    is_partial: Callable[[R], bool] = lambda _result: False,
    halvings: int = HALVINGS,
) -> list[R]:
    """The result of the work on a part, or those on its halves where the answer about all of it was too long.

    So it is where it is cut off, and where it says less than there may be: the last such answers are returned.
    """
    is_last = not halvings or tokens_of(part) < SMALLEST_PART
    try:
        result = await work(part)
        if is_last or not is_partial(result):
            return [result]
    except AnswerCutOff:
        if is_last:
            raise
    results = [await in_halves(half, work, is_partial, halvings - 1) for half in halves(part)]
    return [result for each_half in results for result in each_half]
