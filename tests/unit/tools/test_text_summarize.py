import pytest

from brain.errors import ToolError
from brain.language_models import Completion
from brain.tools.text_summarize import summarize


async def test_a_short_text_is_summarized_in_one_go(context, model):
    result = await summarize("It rained all day. Then it stopped.", 1, context=context)
    assert result == {"summary": "It rained all day. Then it stopped.", "parts": 1, "notes": []}
    assert len(model.asked) == 1
    assert "in 1 sentence" in model.asked[0][0]


async def test_several_texts_are_summarized_together(context, model):
    await summarize(["first text", " ", "second text"], context=context)
    assert "first text\n\nsecond text" in model.asked[0][0]


@pytest.mark.parametrize("text", ["word " * 30_000, "x" * 100_000, "雨が降った。" * 5000, "A sentence. " * 9000])
async def test_a_long_text_is_summarized_in_parts_that_fit(context, model, text):
    result = await summarize(text, context=context)
    assert result["summary"]
    assert len(model.asked) > 3
    for prompt, answer_tokens in model.asked:
        ascii_characters = len(prompt.encode("ascii", "ignore"))
        tokens = ascii_characters / 3 + (len(prompt) - ascii_characters) * 1.5
        assert tokens + answer_tokens <= model.context_tokens + 50


async def test_every_part_of_a_long_text_is_read(context, model):
    text = " ".join(f"fact{number}" for number in range(5000))
    await summarize(text, context=context)
    asked = " ".join(prompt for prompt, _ in model.asked)
    assert all(f"fact{number}" in asked for number in range(0, 5000, 97))


async def test_progress_is_told_part_by_part(context):
    told = []
    watched = type(context)(
        context.project, context.egress, context.model, context.secret, lambda share, text: told.append((share, text))
    )
    await summarize("word " * 6000, context=watched)
    assert told[0] == (pytest.approx(100 / 3), "1 of 3 parts")
    assert told[-1] == (100.0, "3 of 3 parts")


async def test_a_model_that_repeats_its_input_comes_to_an_end(context):
    class Parrot:
        name, context_tokens = "parrot", 600

        async def complete(self, prompt: str, *, system: str = "", max_tokens: int = 400) -> Completion:  # noqa: ARG002
            return Completion(prompt, 1, max_tokens)

    stubborn = type(context)(context.project, context.egress, Parrot(), context.secret, context.report)
    assert (await summarize("word " * 5000, context=stubborn))["summary"]


@pytest.mark.parametrize("text", ["", "  \n", [], ["", " "]])
async def test_nothing_to_summarize_is_told(context, text):
    with pytest.raises(ToolError, match="There is no text to summarize"):
        await summarize(text, context=context)
