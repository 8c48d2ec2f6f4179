"""A chat model that rates answers by a written rubric; what it says stands apart from the score by checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from brain.evaluator.attempt import Judgement
from brain.language_models import ChatModel
from brain.shortened import shortened
from brain.untrusted import mark

__all__ = ["JUDGE_PROMPT", "Judge", "Judged"]

JUDGE_PROMPT = "judge-1"
"""The file in `prompts/`; its name is kept with each judgement."""
CRITERIA = ("addresses_request", "rests_on_results", "complete", "clear")
WORST, BEST = 1, 5
LONGEST_REASONS = 600
"""Characters."""
SCHEMA = {
    "type": "object",
    "properties": {
        "reasons": {"type": "string"},
        **{name: {"type": "integer", "minimum": WORST, "maximum": BEST} for name in CRITERIA},
    },
    "required": ["reasons", *CRITERIA],
    "additionalProperties": False,
}
"""The reasons come first: a model that has written them rates by them."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer, and what it is judged by."""

    request: str
    answer: str
    results: Sequence[tuple[str, str]]
    """Label and text of each result that it may rest on."""
    rubric: str = ""
    """What the author of the case wants to be looked at as well."""


class Judge:
    """Asks a chat model."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    async def judge(self, judged: Judged) -> Judgement:
        """Its ratings and reasons; raises ModelError where it gives none."""
        data = mark(*judged.results, ("answer", judged.answer))
        prompt = f"Request: {judged.request}\n\n{data.text}"
        reply = await self._model.structured(prompt, SCHEMA, system=f"{_instructions(judged.rubric)}\n\n{data.rule}")
        criteria = {name: int(reply.value[name]) for name in CRITERIA}
        mean = sum(criteria.values()) / len(criteria)
        return Judgement(
            score=(mean - WORST) / (BEST - WORST), criteria=criteria,
            reasons=shortened(reply.value["reasons"], LONGEST_REASONS), model=self._model.name, prompt=JUDGE_PROMPT,
            tokens_in=reply.tokens_in, tokens_out=reply.tokens_out,
        )  # fmt: skip


def _instructions(rubric: str) -> str:
    text = (resources.files("brain.evaluator") / "prompts" / f"{JUDGE_PROMPT}.md").read_text(encoding="utf-8")
    own = f"\n\nThe author of this case wants you to look at this as well:\n{rubric.strip()}" if rubric.strip() else ""
    return text.strip().replace("{rubric}", own)
