"""What two texts have in common and where they differ, each point with quotes that stand in the texts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from brain.language_models.text_parts import cut
from brain.language_models.tokens import tokens_of
from brain.runs import Json
from brain.tool_registry.context import ToolContext
from brain.tool_registry.definitions import JsonSchema
from brain.tools.text_asking import Task, answer_tokens, each, longest
from brain.tools.text_grounding import Original
from brain.tools.text_joined import joined
from brain.tools.text_passages import excerpts
from brain.untrusted import readable

__all__ = ["compare"]

MOST_ANSWER_TOKENS = 7000
POINT_TOKENS = 350
"""Of the longest point with its quotes."""
LONGEST = 300
"""Characters of a point and of a quote."""
ROLE = (
    "You compare two texts. Give what they have in common and where they differ; for each point the passage of the "
    "first text and of the second, copied word for word, and then the point in one sentence. Where only one text "
    "speaks of something, the passage of the other is null. Use nothing but the texts."
)
REQUEST = "What do the first and the second text have in common, and where do they differ?"


COMMON, DIFFERENCES = KINDS = ("common", "differences")
FIELDS = ("first", "second", "point")
"""Of a point, in the order in which a model writes them: first what it rests on."""


async def compare(first: str, second: str, *, context: ToolContext) -> dict[str, Any]:
    """The points that the texts share and those that they differ in; long texts are compared in pairs of parts."""
    one, other = joined(first, "compare"), joined(second, "compare")
    tokens = answer_tokens(context, MOST_ANSWER_TOKENS)
    most = max(1, tokens // POINT_TOKENS // len(KINDS))
    task = Task(ROLE, REQUEST, tokens, _schema(most, longest(context, LONGEST)))
    pairs = _pairs(one, other, task.room(context))
    answers = await each(pairs, partial(_compared, task, context), context, "pairs of parts")
    both = _Both(Original(one), Original(other))
    said = {kind: [answer[kind] for answer in answers] for kind in KINDS}
    common = [point for each_said in chain(*said[COMMON]) if (point := both.shared(each_said))]
    differences = [point for each_said in chain(*said[DIFFERENCES]) if (point := both.differing(each_said))]
    lists = [*said[COMMON], *said[DIFFERENCES]]
    left_out = sum(map(len, lists)) - len(common) - len(differences)
    is_full = any(len(points) >= most for points in lists)
    return {
        COMMON: _distinct(common),
        DIFFERENCES: _distinct(differences),
        "pairs": len(pairs),
        "notes": list(_notes(left_out, len(pairs), is_full=is_full)),
    }


def _schema(most: int, characters: int) -> JsonSchema:
    text, text_or_null = ({"type": kind, "maxLength": characters} for kind in ("string", ["string", "null"]))
    return {
        "type": "object",
        "properties": {COMMON: _list_of(text, text, most), DIFFERENCES: _list_of(text_or_null, text, most)},
        "required": list(KINDS),
        "additionalProperties": False,
    }


def _list_of(quote: JsonSchema, point: JsonSchema, most: int) -> JsonSchema:
    fields = dict(zip(FIELDS, (quote, quote, point), strict=True))
    item = {"type": "object", "properties": fields, "required": list(FIELDS), "additionalProperties": False}
    return {"type": "array", "items": item, "maxItems": most}


def _pairs(first: str, second: str, room: int) -> list[tuple[str, str]]:
    """Both texts, where they fit; else each part of one with what is nearest to it in the other, and the reverse."""
    if tokens_of(first) + tokens_of(second) <= room:
        return [(first, second)]
    half = room // 2
    ahead = [(part, _nearest(second, part, half)) for part in cut(first, half)]
    return [*ahead, *((_nearest(first, part, half), part) for part in cut(second, half))]


def _nearest(text: str, part: str, tokens: int) -> str:
    found, _ = excerpts([text], part, tokens)
    return found[0].text


async def _compared(task: Task, context: ToolContext, pair: tuple[str, str]) -> dict[str, Any]:
    first, second = pair
    return await task.fields(context, ("the first text", first.strip()), ("the second text", second.strip()))


@dataclass(frozen=True, slots=True)
class _Both:
    """The two texts that quotes are to come from."""

    first: Original
    second: Original

    def shared(self, said: Json) -> dict[str, str | None] | None:
        """A point that both texts speak of, in their wording; None where a quote does not stand there."""
        point = self._point(said)
        return point if point and point["first"] and point["second"] else None

    def differing(self, said: Json) -> dict[str, str | None] | None:
        """A point that the texts differ in; None where a quote does not stand there, or stands in both."""
        point = self._point(said)
        if point is None or not (point["first"] or point["second"]):
            return None
        is_in_both = (
            self.second.wording(point["first"] or "") is not None
            or self.first.wording(point["second"] or "") is not None
        )
        return None if is_in_both else point

    def _point(self, said: Json) -> dict[str, str | None] | None:
        """What was said, in the texts' own wording; None where that cannot be."""
        given = {name: said.get(name) for name in FIELDS} if isinstance(said, Mapping) else {}
        point = given.get("point")
        if not isinstance(point, str) or not point.strip() or self._strange_numbers(point):
            return None
        quotes = {
            name: _quoted(given[name], original) for name, original in (("first", self.first), ("second", self.second))
        }
        if any(quotes[name] is None and given[name] for name in quotes):
            return None
        return {**quotes, "point": readable(point).strip()}

    def _strange_numbers(self, point: str) -> bool:
        return not set(self.first.strange_numbers(point)).isdisjoint(self.second.strange_numbers(point))


def _quoted(said: Json, original: Original) -> str | None:
    return original.quote(readable(said)) if isinstance(said, str) else None


def _distinct(points: list[dict[str, str | None]]) -> list[dict[str, str | None]]:
    """Points about the same passages are one."""
    return list({(point["first"], point["second"]): point for point in reversed(points)}.values())[::-1]


def _notes(left_out: int, pairs: int, *, is_full: bool) -> Iterator[str]:
    """What a reader of the result should know."""
    if left_out:
        yield f"Points whose quotes do not stand in the texts, or in both alike, were left out: {left_out}."
    if is_full:
        yield "There may be more: the model gave as many points as one answer has room for."
    if pairs > 1:
        yield (
            "The texts do not fit into one question: each part of one was compared with the passages of the other "
            "that are nearest to it."
        )
