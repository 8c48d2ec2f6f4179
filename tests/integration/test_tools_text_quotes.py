"""Comparisons and answers, with a scripted chat model behind a real socket: what has no quote is left out."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from scripted_openai import Answer, Asked, ScriptedOpenAI, says_json
from text_bench import BERGEN, RAIN, context_of

from brain.tool_registry.context import ToolContext
from brain.tools.text_answer import answer
from brain.tools.text_compare import compare


@pytest.fixture
def context(server: ScriptedOpenAI, tmp_path: Path) -> ToolContext:
    return context_of(server, tmp_path, 8192)


@pytest.fixture
def small(server: ScriptedOpenAI, tmp_path: Path) -> ToolContext:
    """A model that holds no more than a few sentences at once."""
    return context_of(server, tmp_path, 1400)


async def test_points_are_given_with_quotes_of_both_texts(server: ScriptedOpenAI, context: ToolContext) -> None:
    umbrellas = "residents seldom carry umbrellas"
    common = [
        {"first": umbrellas, "second": umbrellas, "point": "Few people have umbrellas."},
        {"first": umbrellas, "second": "nobody has one at all", "point": "A made-up quote."},
        {"first": umbrellas, "second": None, "point": "Only one speaks of it."},
        {"first": umbrellas, "second": umbrellas, "point": "The same once more."},
        "no point",
    ]
    differences = [
        {"first": "It gets 950 mm a year", "second": "Bergen gets 2,250 mm of rain", "point": "950 and 2250 mm."},
        {"first": "mostly in November", "second": None, "point": "Only the first names a month."},
        {"first": None, "second": "It rains on 239 days", "point": "A number of its own: 240."},
        {"first": umbrellas, "second": None, "point": "It stands in both, so it is no difference."},
        {"first": None, "second": None, "point": "Nothing to show."},
        {"first": "It rains on 239 days", "second": None, "point": "A quote of the other text."},
        {"first": "the rain", "second": None, "point": "Too short a quote."},
    ]
    server.script(says_json({"common": common, "differences": differences}))
    found = await compare(RAIN, BERGEN, context=context)
    stands = "Residents seldom carry umbrellas"
    assert found["common"] == [{"first": stands, "second": stands, "point": "Few people have umbrellas."}]
    assert found["differences"] == [
        {"first": "It gets 950 mm a year", "second": "Bergen gets 2,250 mm of rain", "point": "950 and 2250 mm."},
        {"first": "mostly in November", "second": None, "point": "Only the first names a month."},
    ]
    assert found["pairs"] == 1
    assert found["notes"][0] == "Points whose quotes do not stand in the texts, or in both alike, were left out: 8."
    assert server.asked[0].data == [RAIN, BERGEN]


async def test_long_texts_are_compared_part_by_part_with_what_is_nearest(
    server: ScriptedOpenAI, small: ToolContext
) -> None:
    filler = "Nothing is said about that in this place, and nothing more. " * 30
    first = f"{filler}\n\nThe harbour of Bergen opens in May.\n\n{filler}"
    second = f"{filler}\n\n{filler}\n\nThe harbour of Bergen opens in June."

    def about_the_harbour(asked: Asked) -> Answer:
        one, other = (re.search(r"The harbour of Bergen opens in \w+", text) for text in asked.data)
        differences = [{"first": one[0], "second": other[0], "point": "When it opens."}] if one and other else []
        return says_json({"common": [], "differences": differences})

    server.script(about_the_harbour)
    found = await compare(first, second, context=small)
    assert found["pairs"] == len(server.asked) > 4
    assert [(each["first"][-3:], each["second"][-4:]) for each in found["differences"]] == [("May", "June")]
    assert "each part of one was compared with the passages of the other that are nearest" in found["notes"][-1]


def states(document: Any, quote: Any, statement: Any) -> dict[str, Any]:
    return {"document": document, "quote": quote, "statement": statement}


async def ask(server: ScriptedOpenAI, context: ToolContext, *statements: Any, question: str = "How much rain?") -> Any:
    server.script(says_json({"statements": list(statements)}))
    documents = [{"title": "Rain", "url": "https://example.org/rain", "text": RAIN}, BERGEN]
    return await answer(question, documents, context=context)


async def test_an_answer_cites_what_the_documents_say(server: ScriptedOpenAI, context: ToolContext) -> None:
    found = await ask(
        server,
        context,
        states(1, "it gets 950 mm a year", "Seattle gets 950 mm a year [3]."),
        states(1, "Bergen gets 2,250 mm of rain", "Bergen gets 2250 mm of rain a year."),
    )
    assert found["answer"] == "Seattle gets 950 mm a year. [1] Bergen gets 2250 mm of rain a year. [2]"
    assert found["citations"] == [
        {"document": 1, "title": "Rain", "url": "https://example.org/rain", "quote": "It gets 950 mm a year"},
        {"document": 2, "title": None, "url": None, "quote": "Bergen gets 2,250 mm of rain"},
    ]
    assert (found["reason"], found["notes"]) == (None, [])
    (asked,) = server.asked
    assert asked.data == [f"Title: Rain\n\n{RAIN}", BERGEN]
    assert asked.prompt.endswith("Question: How much rain?\nQuote what answers it, then say the answer.")


UNBACKED: Mapping[str, Any] = {
    "a quote of nobody": states(1, "it gets 951 mm a year", "It gets 950 mm a year."),
    "a quote with a gap": states(1, "Seattle gets 950 mm", "Seattle gets 950 mm."),
    "a quote of two documents": states(1, "seldom carry umbrellas. Bergen gets 2,250 mm", "Bergen gets rain."),
    "a quote of one word": states(1, "rain", "There is rain."),
    "a number of its own": states(1, "It gets 950 mm a year", "It gets 37 inches a year."),
    "knowledge of its own": states(1, "Seattle has a reputation for rain", "The Olympic Mountains shield it."),
    "something else": states(1, "Residents seldom carry umbrellas", "New York is larger."),
    "no quote": states(1, None, "It gets 950 mm a year."),
    "no document": states("one", "It gets 950 mm a year", "It gets 950 mm a year."),
    "no statement": states(1, "It gets 950 mm a year", " [1]"),
    "no fields": "It gets 950 mm a year.",
}


@pytest.mark.parametrize("what", UNBACKED)
async def test_what_the_documents_do_not_back_is_no_answer(
    what: str, server: ScriptedOpenAI, context: ToolContext
) -> None:
    found = await ask(server, context, UNBACKED[what], question="What is it like?")
    assert (found["answer"], found["citations"]) == (None, [])
    assert found["reason"].startswith("Nothing that the model said is backed by the documents")
    assert found["notes"] == ["Statements that the documents do not back were left out: 1."]


async def test_what_a_model_knows_by_itself_is_no_answer_even_with_a_real_quote(
    server: ScriptedOpenAI, context: ToolContext
) -> None:
    quote = "Seattle has a reputation for rain"
    found = await ask(
        server, context, states(1, quote, "The capital of France is Paris."), question="What is the capital of France?"
    )
    assert found["answer"] is None


async def test_documents_that_do_not_say_give_no_answer_and_the_reason(
    server: ScriptedOpenAI, context: ToolContext
) -> None:
    found = await ask(server, context)
    assert found == {"answer": None, "citations": [], "reason": "The documents do not say.", "notes": []}


async def test_an_answer_in_another_language_is_held_to_quotes_and_numbers(
    server: ScriptedOpenAI, context: ToolContext
) -> None:
    question = "Wie viel regnet es in der Stadt, und was haben die Leute bei sich?"
    right = states(1, "It gets 950 mm a year", "In der Stadt fallen im Jahr 950 mm Regen, und das ist nicht viel.")
    wrong = states(1, "It gets 950 mm a year", "In der Stadt fallen im Jahr 960 mm Regen, und das ist nicht viel.")
    found = await ask(server, context, right, wrong, question=question)
    assert found["answer"] == f"{right['statement']} [1]"


async def test_of_many_documents_the_passages_that_fit_the_question_are_read(
    server: ScriptedOpenAI, small: ToolContext
) -> None:
    filler = "Nothing is said about that in this place, and nothing more. " * 30
    documents = [f"{filler}\n\nThe harbour of town{number} opens in May.\n\n{filler}" for number in range(20)]
    said = states(14, "The harbour of town13 opens in May", "The harbour of town13 opens in May.")
    server.script(says_json({"statements": [said]}))
    found = await answer("When does the harbour of town13 open?", documents, context=small)
    assert found["answer"] == "The harbour of town13 opens in May. [14]"
    assert any("town13" in text for text in server.asked[0].data)
    assert re.match(r"Only the passages nearest to the question were read.* left out: \d\d\d?\.", found["notes"][-1])
