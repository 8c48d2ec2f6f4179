"""Facts out of a text, by a JSON schema; what does not stand in the text is not passed on."""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from brain.language_models.text_parts import cut
from brain.tool_registry.context import ToolContext
from brain.tool_registry.definitions import JsonSchema
from brain.tools.text_asking import Task, answer_tokens, each, in_halves, longest
from brain.tools.text_findings import Findings, merge, missing, rows
from brain.tools.text_grounding import Original
from brain.tools.text_joined import joined
from brain.tools.text_shapes import Record, model_schema, most_items, read_shape

__all__ = ["extract"]

MOST_ANSWER_TOKENS = 4000
LONGEST = 300
"""Characters of a value."""
LIST = "items"
"""The field that a list stands in, because an answer is an object."""
REQUEST = "Extract what this schema describes as JSON, with null for what the text does not say"
ROLE = (
    "You extract facts from text. Copy every value as the text writes it, numbers as plain numbers and dates as "
    "YYYY-MM-DD. What the text does not say is null. Never guess."
)


async def extract(text: str | list[str], schema: JsonSchema, *, context: ToolContext) -> dict[str, Any]:
    """The values that the schema asks for and the text holds, as `data`, and as a table where they are flat rows."""
    shape = read_shape(schema)
    asked = shape if isinstance(shape, Record) else Record({LIST: shape})
    tokens = answer_tokens(context, MOST_ANSWER_TOKENS)
    most = most_items(asked, tokens)
    answer_schema = model_schema(asked, most, longest(context, LONGEST))
    task = Task(ROLE, f"{REQUEST}:\n{json.dumps(schema, ensure_ascii=False)}", tokens, answer_schema)
    parts = cut(joined(text, "extract from"), task.room(context))
    work = partial(in_halves, work=partial(_found, asked, most, task, context), is_partial=lambda each: bool(each.full))
    found = [findings for halves in await each(parts, work, context, "parts") for findings in halves]
    differing: list[str] = []
    data = merge(asked, [findings.data for findings in found], differing)
    return {
        "data": data if asked is shape else data[LIST],
        "not_found": list(missing(asked, data)),
        "table": rows(asked, data),
        "parts": len(parts),
        "notes": list(_notes(differing, found)),
    }


async def _found(asked: Record, most: int, task: Task, context: ToolContext, part: str) -> Findings:
    findings = Findings(Original(part), most)
    findings.data = findings.read(asked, await task.fields(context, ("text", part.strip())))
    return findings


def _notes(differing: Sequence[str], found: Sequence[Findings]) -> Iterator[str]:
    """What a reader of the result should know."""
    if refused := sum(each_part.refused for each_part in found):
        yield f"Values that the model gave and the text does not hold were left out: {refused}."
    for where in dict.fromkeys(differing):
        yield f"Parts of the text differ about {where}: it is the first that they say."
    for where in dict.fromkeys(where for each_part in found for where in each_part.full):
        yield f"{where} may be longer: the model listed as many as one answer has room for."
