"""How planners ask a chat model: they check every part of what it says themselves."""

from typing import Any

from brain.errors import AnswerMisfit
from brain.language_models import ChatModel, Hear, StructuredCompletion

__all__ = ["said"]


async def said(
    model: ChatModel, prompt: str, schema: dict[str, Any], *, system: str = "", hear: Hear | None = None
) -> StructuredCompletion:
    """What the model says, whether it follows the schema or not; raises ModelError where it says no JSON."""
    try:
        return await model.structured(prompt, schema, system=system, hear=hear)
    except AnswerMisfit as exc:
        return StructuredCompletion(exc.value, exc.tokens_in, exc.tokens_out)
