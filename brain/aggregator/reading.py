"""Results for a model to read: as they are where they fit its context, else as notes that it takes part by part."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from brain.errors import ModelError
from brain.language_models import ChatModel
from brain.language_models.text_parts import cut
from brain.language_models.tokens import tokens_of
from brain.untrusted import mark

__all__ = ["ANSWER_TOKENS", "FRAME_TOKENS", "LongResult", "Reader", "instructions"]

NOTE_PROMPT = "note-1"
ANSWER_TOKENS = 400
NOTE_TOKENS = 200
FRAME_TOKENS = 300
"""Around the text: the rule about data, the names of the blocks, the marks of the model's chat format."""
LARGEST_PART = 16_000
"""Tokens in one question, however much the model's context holds: in longer ones models overlook things."""
SMALLEST_ROOM = 100
MOST_PARTS = 12
"""Questions about parts that one answer may take in all."""
AT_ONCE = 4
NOTHING = "NOTHING"


@dataclass(frozen=True, slots=True)
class LongResult:
    """A result as a model reads it."""

    step: str
    text: str
    notes: tuple[str, ...] = ()
    """What of it the model did not read, in sentences for the person."""


class Reader:
    """Makes results short enough for one model to answer one request."""

    def __init__(self, model: ChatModel, request: str) -> None:
        self._model = model
        self._request = request
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def read(self, results: Sequence[tuple[str, str]], own_tokens: float) -> list[LongResult]:
        """Results by step in their order; `own_tokens` is what the question itself takes. Raises ModelError."""
        room = int(self._model.context_tokens - own_tokens - ANSWER_TOKENS - FRAME_TOKENS)
        if room < SMALLEST_ROOM:
            raise ModelError(f"The request fills the {self._model.context_tokens:,} tokens of {self._model.name}.")
        room = min(room, LARGEST_PART)
        taken = [tokens_of(text) for _, text in results]
        if sum(taken) <= room:
            return [LongResult(step, text) for step, text in results]
        is_long = [tokens > room // len(results) for tokens in taken]
        left = room - sum(tokens for tokens, long in zip(taken, is_long, strict=True) if not long)
        count = sum(is_long)
        reading = [
            self._notes(step, text, room, int(left // count), MOST_PARTS // count or 1) if long else _whole(step, text)
            for (step, text), long in zip(results, is_long, strict=True)
        ]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(each) for each in reading]
        except ExceptionGroup as exc:
            raise exc.exceptions[0] from None
        return [task.result() for task in tasks]

    async def _notes(self, step: str, text: str, room: int, share: int, most: int) -> LongResult:
        """What the model notes of each part, as far as that fits into its share."""
        parts = await asyncio.to_thread(cut, text, room)
        asked = await asyncio.gather(*(self._note(step, part) for part in parts[:most]), return_exceptions=True)
        noted = [note for note in asked if isinstance(note, str)]
        failed = [error for error in asked if isinstance(error, BaseException)]
        if failed and not (noted and all(isinstance(error, ModelError) for error in failed)):
            raise failed[0]
        whole = "\n\n".join(note for note in noted if note) or "(Nothing in it has to do with the request.)"
        kept = whole if tokens_of(whole) <= share else cut(whole, share)[0]
        notes = []
        if len(noted) < len(parts):
            notes.append(f"The answer rests on {len(noted)} of {len(parts)} parts of the result of [{step}].")
        if kept != whole:
            notes.append(f"Not all that the model noted of the result of [{step}] went into the answer.")
        return LongResult(step, f"Notes on its {len(parts)} parts:\n{kept}", tuple(notes))

    async def _note(self, step: str, part: str) -> str:
        data = mark((f"part of the result of step [{step}]", part))
        async with self._turn:
            reply = await self._model.complete(
                f"Request: {self._request}\n\n{data.text}", system=f"{instructions(NOTE_PROMPT)} {data.rule}",
                max_tokens=NOTE_TOKENS,
            )  # fmt: skip
        text = reply.text.strip()
        return "" if text.strip(".* ").upper() == NOTHING else text


async def _whole(step: str, text: str) -> LongResult:
    return LongResult(step, text)


def instructions(prompt: str) -> str:
    """The text of a file in `prompts/`."""
    return (resources.files("brain.aggregator") / "prompts" / f"{prompt}.md").read_text(encoding="utf-8").strip()
