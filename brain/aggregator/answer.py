"""The answer to a request: a model's prose where one is set, checked claim by claim, else what the results say."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from brain.aggregator.claims import UNVERIFIED, Checked, Grounds, check
from brain.aggregator.grounding import known_numbers, numbers_of
from brain.aggregator.reading import ANSWER_TOKENS, LongResult, Reader, instructions
from brain.aggregator.results import OpenTable, put_into_words
from brain.artifacts import is_file, is_table
from brain.errors import ArtifactError, ModelError
from brain.language_models import ChatModel
from brain.language_models.tokens import tokens_of
from brain.pipeline_builder.references import read_text
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import Json, RunResult
from brain.untrusted import mark

__all__ = ["ANSWER_PROMPT", "Aggregator", "Answer"]

ANSWER_PROMPT = "answer-1"
"""The file in `prompts/`."""
TABLE = re.compile(r"(?:^[ \t]*\|.*(?:\n|\Z)){2,}", re.MULTILINE)
"""Lines that begin with a bar, as rows of Markdown tables do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person reads."""

    text: str
    written_by: str
    """The model's name, or `extract` where the results speak for themselves."""
    cited: tuple[str, ...] = ()
    """The steps that it rests on, each once."""
    unverified: tuple[str, ...] = ()
    """Its numbers that do not stand in what it cites; they are marked in the text."""
    notes: tuple[str, ...] = ()
    """What a person should know before relying on it, a sentence each."""


@dataclass(frozen=True, slots=True)
class _Finding:
    """What outputs say, with the steps that they rest on; `shown` is empty where a model has nothing to see."""

    steps: tuple[str, ...]
    told: str
    shown: str = ""
    numbers: tuple[float, ...] = ()
    is_file: bool = False
    left_out: str = ""


class Aggregator:
    """Writes answers: with a strong model in prose, else by extracting what the results say."""

    def __init__(self, open_table: OpenTable, model: ChatModel | None = None) -> None:
        self._open_table = open_table
        self._model = model

    async def answer(self, spec: PipelineSpec, result: RunResult, inputs: Mapping[str, Json] | None = None) -> Answer:
        """The answer to the spec's request; never fails, because the extract needs nothing but the results.

        `inputs` are the run's: their numbers may be said without standing in a result.
        """
        findings = await asyncio.to_thread(lambda: list(self._findings(spec, result)))
        text = "\n\n".join(finding.told for finding in findings) or "The run gave no results."
        extract = Answer(text, "extract", _steps_of(findings))
        if self._model is None or not spec.request or not any(finding.shown for finding in findings):
            return extract
        try:
            return await _written(self._model, spec.request, findings, _exempt(spec.request, inputs or {}))
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
        return _Finding((step,), f"{found.told} [{step}]", found.shown, found.numbers, is_file(value), found.left_out)


async def _written(model: ChatModel, request: str, findings: Sequence[_Finding], exempt: frozenset[float]) -> Answer:
    """What the model writes, with marks where it leaves the results; raises ModelError where it writes nothing."""
    seen = [finding for finding in findings if finding.shown]
    own = instructions(ANSWER_PROMPT)
    read = await Reader(model, request).read(
        [(each.steps[0], each.shown) for each in seen], tokens_of(f"{own}{request}")
    )
    data = mark(*((f"result of step [{each.step}]", each.text) for each in read))
    prompt = f"Request: {request}\n\n{data.text}"
    reply = await model.complete(prompt, system=f"{own} {data.rule}", max_tokens=ANSWER_TOKENS)
    text = TABLE.sub("", reply.text).strip()
    if not text:
        raise ModelError("it wrote nothing but a table, which the results hold already")
    checked = await asyncio.to_thread(lambda: check(text, _grounds(seen, exempt)))
    files = [finding for finding in findings if finding.is_file]
    whole = "\n\n".join([checked.text, *(finding.told for finding in files)])
    notes = [*_notes(checked), *_left_out(seen, read)]
    if text != reply.text.strip():
        notes.append("A table that the model had copied into its answer is left out: the results hold it.")
    if reply.is_cut:
        notes.append("The model did not come to an end: the answer breaks off.")
    cited = tuple(dict.fromkeys((*checked.cited, *_steps_of(files))))
    return Answer(whole, model.name, cited, checked.unverified, tuple(notes))


def _grounds(seen: Sequence[_Finding], exempt: frozenset[float]) -> Grounds:
    """The numbers of each step's results; a step may have given several."""
    steps: dict[str, frozenset[float]] = {}
    for finding in seen:
        numbers = known_numbers(finding.shown).union(map(abs, finding.numbers))
        steps[finding.steps[0]] = steps.get(finding.steps[0], frozenset()) | numbers
    return Grounds(steps, exempt, "\n".join(finding.shown for finding in seen))


def _exempt(request: str, inputs: Mapping[str, Json]) -> frozenset[float]:
    """Numbers that the person has said; a table that was handed over is data, not something said."""
    said = (value for value in inputs.values() if not is_table(value) and not is_file(value))
    return frozenset(known_numbers(request).union(*map(numbers_of, said)))


def _notes(checked: Checked) -> Iterator[str]:
    if checked.unverified:
        listed = ", ".join(checked.unverified)
        yield f"The steps that the answer cites do not give these numbers, marked {UNVERIFIED}: {listed}."
    if checked.unsourced:
        times = "one statement" if checked.unsourced == 1 else f"{checked.unsourced} statements"
        yield f"The answer names no step for {times}."
    if checked.strangers:
        yield f"The answer cited what gave no result, and this is taken out: {', '.join(checked.strangers)}."


def _left_out(seen: Sequence[_Finding], read: Sequence[LongResult]) -> Iterator[str]:
    for finding in seen:
        if finding.left_out:
            yield f"Of [{finding.steps[0]}] the model was shown {finding.left_out}."
    for result in read:
        yield from result.notes


def _steps_of(findings: Sequence[_Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(step for finding in findings for step in finding.steps))


def _step_of(source: Json) -> str | None:
    """The step that an output refers to."""
    heads = [getattr(part, "chains", None) for part in read_text(source)] if isinstance(source, str) else []
    return next((chains[0].head for chains in heads if chains), None)
