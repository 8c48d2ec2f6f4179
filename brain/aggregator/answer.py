"""The answer to a request: a model's prose where one is set and keeps to the results, else what the results say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from brain.aggregator.grounding import cited_steps, known_numbers, unknown_numbers
from brain.aggregator.results import OpenTable, put_into_words
from brain.artifacts import is_file
from brain.errors import ArtifactError, ModelError
from brain.language_models import ChatModel
from brain.pipeline_builder.references import read_text
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import Json, RunResult
from brain.untrusted import mark

__all__ = ["Aggregator", "Answer"]

INSTRUCTIONS = (
    "Answer the request from the results only, in at most three sentences of Markdown. Put the id of the step that a "
    "statement rests on behind it in square brackets, as in [monthly]. Use no number that is not in the results."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person reads."""

    text: str
    written_by: str
    """The model's name, or `extract` where the results speak for themselves."""
    cited: tuple[str, ...] = ()
    """The steps that it rests on, each once."""
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True, slots=True)
class _Finding:
    """What outputs say, with the steps that they rest on; `shown` is empty where a model has nothing to see."""

    steps: tuple[str, ...]
    told: str
    shown: str = ""
    numbers: tuple[float, ...] = ()
    is_file: bool = False


class Aggregator:
    """Writes answers: with a strong model in prose, else by extracting what the results say."""

    def __init__(self, open_table: OpenTable, model: ChatModel | None = None) -> None:
        self._open_table = open_table
        self._model = model

    async def answer(self, spec: PipelineSpec, result: RunResult) -> Answer:
        """The answer to the spec's request; never fails, because the extract needs nothing but the results."""
        findings = list(self._findings(spec, result))
        text = "\n\n".join(finding.told for finding in findings) or "The run gave no results."
        extract = Answer(text, "extract", _steps_of(findings))
        if self._model is None or not spec.request or not any(finding.shown for finding in findings):
            return extract
        try:
            return await _written(self._model, spec.request, findings)
        except ModelError as exc:
            return Answer(f"{text}\n\n_{self._model.name} wrote no answer: {exc}_", "extract", extract.cited)

    def _findings(self, spec: PipelineSpec, result: RunResult) -> Iterator[_Finding]:
        sources = spec.outputs or {step: f"${{{step}}}" for step in result.outputs}
        skipped = []
        for name, value in result.outputs.items():
            step = _step_of(sources.get(name)) or name
            if value is None:
                skipped.append(step)
            else:
                yield self._finding(step, value)
        if skipped:
            listed = ", ".join(f"[{step}]" for step in skipped)
            yield _Finding(tuple(skipped), f"_No result, because it was skipped or has none: {listed}._")

    def _finding(self, step: str, value: Json) -> _Finding:
        try:
            found = put_into_words(value, self._open_table)
        except ArtifactError as exc:
            return _Finding((step,), f"{exc} [{step}]")
        return _Finding((step,), f"{found.told} [{step}]", found.shown, found.numbers, is_file(value))


async def _written(model: ChatModel, request: str, findings: Sequence[_Finding]) -> Answer:
    """What the model writes; raises ModelError where it leaves the results."""
    seen = [finding for finding in findings if finding.shown]
    shown = "\n\n".join(each.shown for each in seen)
    data = mark(*((f"result of step [{each.steps[0]}]", each.shown) for each in seen))
    reply = await model.complete(f"Request: {request}\n\n{data.text}", system=f"{INSTRUCTIONS} {data.rule}")
    known = known_numbers(f"{request} {shown}") | {number for finding in seen for number in finding.numbers}
    if unknown := unknown_numbers(reply.text, known):
        raise ModelError(f"its answer held numbers that no result holds ({', '.join(unknown)})")
    text, cited = _cited(reply.text, shown, _steps_of(seen))
    files = [finding for finding in findings if finding.is_file]
    whole = "\n\n".join([text, *(finding.told for finding in files)])
    steps = tuple(dict.fromkeys((*cited, *_steps_of(files))))
    return Answer(whole, model.name, steps, reply.tokens_in, reply.tokens_out)


def _cited(text: str, shown: str, steps: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The text with the steps that it cites: none but these, and all of them where it cites none."""
    cited = [step for step in cited_steps(text, "") if step in steps]
    if strangers := [step for step in cited_steps(text, shown) if step not in steps]:
        raise ModelError(f"its answer cites steps that gave no result ({', '.join(strangers)})")
    return (text, cited) if cited else (f"{text} {' '.join(f'[{step}]' for step in steps)}", steps)


def _steps_of(findings: Sequence[_Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(step for finding in findings for step in finding.steps))


def _step_of(source: Json) -> str | None:
    """The step that an output refers to."""
    heads = [getattr(part, "chains", None) for part in read_text(source)] if isinstance(source, str) else []
    return next((chains[0].head for chains in heads if chains), None)
