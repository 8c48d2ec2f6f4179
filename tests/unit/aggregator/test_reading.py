"""Results that are longer than the context of the model that reads them."""

import asyncio
from typing import Any

import pytest
from scripted_openai import marked_in

from brain.aggregator import Aggregator, Answer
from brain.aggregator.reading import AT_ONCE, MOST_PARTS
from brain.artifacts import ArtifactCodec, MemoryStore
from brain.errors import ModelError
from brain.language_models import Completion
from brain.language_models.tokens import tokens_of
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import RunResult, RunStatus

NEEDLE = "The harbour was closed for 17 days."
HAY = "Nothing of note happened that day. "


class Reader:
    """A chat model that notes the line about the harbour, and answers with what it is shown of it."""

    name = "gpt-scripted"

    def __init__(self, context_tokens: int = 2000, fails_at: int | None = None) -> None:
        self.context_tokens = context_tokens
        self.fails_at = fails_at
        self.parts: list[str] = []
        self.final = ""
        self.at_once = self.most_at_once = 0

    async def complete(self, prompt: str, *, system: str = "", max_tokens: int = 0) -> Completion:
        assert tokens_of(prompt) + tokens_of(system) + max_tokens <= self.context_tokens
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        [*_, (label, text)] = marked_in(prompt)
        if not label.startswith("part of"):
            self.final = prompt
            return Completion("The harbour was closed for 17 days [page].", 100, 10)
        self.parts.append(text)
        if len(self.parts) == self.fails_at:
            raise ModelError("busy")
        return Completion(f"- {NEEDLE}" if NEEDLE in text else "NOTHING.", 50, 5)

    async def structured(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("an answer is prose")


async def answer(model: Reader, **outputs: Any) -> Answer:
    codec = ArtifactCodec(MemoryStore())
    spec = PipelineSpec.from_value({"request": "How long was the harbour closed?", "steps": []})
    result = RunResult(RunStatus.SUCCEEDED, outputs={name: codec.pack(value) for name, value in outputs.items()})
    return await Aggregator(codec.table, model).answer(spec, result)


async def test_a_result_that_fits_is_read_as_it_is() -> None:
    model = Reader()
    found = await answer(model, page=HAY * 20 + NEEDLE)
    assert (model.parts, found.notes) == ([], ())
    assert NEEDLE in model.final


async def test_a_result_that_is_too_long_is_read_part_by_part_and_nothing_of_it_is_lost() -> None:
    model = Reader()
    text = HAY * 200 + NEEDLE + " " + HAY * 200
    found = await answer(model, page=text)
    assert "".join(f"{part} " for part in model.parts).split() == text.split()
    assert 1 < len(model.parts) <= MOST_PARTS
    assert model.most_at_once <= AT_ONCE
    assert f"- {NEEDLE}" in model.final
    assert HAY not in model.final
    assert (found.text, found.unverified, found.notes) == ("The harbour was closed for 17 days [page].", (), ())


async def test_beside_a_long_result_a_short_one_stays_as_it_is() -> None:
    model = Reader()
    await answer(model, short="wet", page=HAY * 400 + NEEDLE)
    blocks = dict(marked_in(model.final))
    assert blocks["result of step [short]"] == "wet"
    assert blocks["result of step [page]"].endswith(f"parts:\n- {NEEDLE}")


async def test_what_is_beyond_the_bound_of_calls_is_left_out_and_told() -> None:
    model = Reader()
    found = await answer(model, page=NEEDLE + " " + HAY * 5000)
    assert len(model.parts) == MOST_PARTS
    [note] = found.notes
    assert note.startswith(f"The answer rests on {MOST_PARTS} of ")
    assert note.endswith("parts of the result of [page].")


async def test_a_part_that_the_model_does_not_answer_about_is_told_and_the_others_count() -> None:
    model = Reader(fails_at=2)
    found = await answer(model, page=NEEDLE + " " + HAY * 400)
    assert found.written_by == "gpt-scripted"
    parts = len(model.parts)
    assert found.notes == (f"The answer rests on {parts - 1} of {parts} parts of the result of [page].",)


async def test_where_no_part_is_answered_the_results_speak_for_themselves() -> None:
    class Silent(Reader):
        async def complete(self, *_: Any, **__: Any) -> Completion:
            raise ModelError("The model is away.")

    found = await answer(Silent(), page=HAY * 400)
    assert found.written_by == "extract"
    assert found.text.endswith("_gpt-scripted wrote no answer: The model is away._")


@pytest.mark.parametrize("context_tokens", [500, 800])
async def test_a_context_that_the_request_fills_ends_in_the_extract(context_tokens: int) -> None:
    found = await answer(Reader(context_tokens), page=NEEDLE)
    assert found.written_by == "extract"
    assert "The request fills the" in found.text
