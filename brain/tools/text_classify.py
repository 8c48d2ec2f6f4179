"""Texts under one or several of given labels."""

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from brain.errors import ModelError, ToolError
from brain.language_models.text_parts import cut
from brain.runs import Json
from brain.tool_registry.context import ToolContext
from brain.tools.text_asking import Task, each
from brain.untrusted import readable

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["classify"]

ANSWER_TOKENS = 200
ANSWER = "label"
ROLE = "You sort texts. Choose only from the labels that are given."


async def classify(
    text: str | list[str],
    labels: list[str] | dict[str, str],
    multiple: bool = False,
    *,
    context: ToolContext,
) -> dict[str, Any]:
    """The label of a text, and a table of several texts with theirs.

    Each text is asked about by itself, so that one which says what others should get reaches only its own label.
    """
    texts = [text] if isinstance(text, str) else text
    if not any(map(str.strip, texts)):
        raise ToolError("There is no text to classify: the step before gave an empty one.")
    choice = _Choice(labels if isinstance(labels, dict) else dict.fromkeys(labels, ""), multiple)
    chosen = await each(texts, partial(choice.of, context), context, "texts")
    own = chosen[0] if isinstance(text, str) else []
    return {"label": own[0] if own else None, "labels": own, "table": _table(texts, chosen)}


@dataclass(frozen=True, slots=True)
class _Choice:
    """The labels, each with what it means or nothing, and whether a text may have several."""

    labels: dict[str, str]
    is_multiple: bool

    async def of(self, context: ToolContext, text: str) -> list[str]:
        """A text's labels: all that its parts got, or the one that most parts got; none of a blank text."""
        task = self._task()
        found: Counter[str] = Counter()
        for part in cut(readable(text).strip(), task.room(context)):
            answer = (await task.fields(context, ("text", part.strip())))[ANSWER]
            found.update(self._known(answer, context.model.name))
        return [label for label, _ in found.most_common(None if self.is_multiple else 1)]

    def _task(self) -> Task:
        listed = "\n".join(
            f"- {label}: {meaning}" if meaning else f"- {label}" for label, meaning in self.labels.items()
        )
        one = {"type": "string", "enum": list(self.labels)}
        some = {"type": "array", "items": one, "maxItems": len(self.labels)}
        which = (
            "Choose every label that fits this text, or none" if self.is_multiple else "Choose the label that fits best"
        )
        schema = {
            "type": "object",
            "properties": {ANSWER: some if self.is_multiple else one},
            "required": [ANSWER],
            "additionalProperties": False,
        }
        return Task(ROLE, f"{which}:\n{listed}", ANSWER_TOKENS, schema)

    def _known(self, answer: Json, model: str) -> list[str]:
        """What the model chose, each once; raises ModelError where that is none of the labels."""
        chosen = answer if isinstance(answer, list) and self.is_multiple else [answer]
        if any(not isinstance(label, str) or label not in self.labels for label in chosen):
            raise ModelError(
                f"The model {model} chose a label that there is not; try again or set another BRAIN_CHAT_MODEL."
            )
        return list(dict.fromkeys(chosen))


def _table(texts: list[str], chosen: list[list[str]]) -> "pa.Table":
    """A row for each label of each text; a text without any has one row without."""
    import pyarrow as pa

    rows: list[tuple[str, str | None]] = []
    for text, labels in zip(texts, chosen, strict=True):
        rows += [(text, label) for label in labels] or [(text, None)]
    return pa.table([pa.array(column, pa.string()) for column in zip(*rows, strict=True)], names=["text", "label"])
