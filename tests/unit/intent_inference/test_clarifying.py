"""Gaps of a plan as questions with names and types, and answers that fit them or say why not."""

from typing import Any

import pytest

from brain.errors import Clarification, QuestionsError, UsageError
from brain.intent_inference.clarifying import Gap, checked_answers, clarified, typed


def gap(argument: str, tool: str = "rates.convert", step: int = 0, **more: Any) -> Gap:
    schema = more.pop("schema", {"type": "string", "description": "A code, as in EUR."})
    where = f"steps.s{step}.arguments.{argument}"
    return Gap(step, ("arguments", argument), where, tool, schema, "nothing says it", **more)


def question(name: str, **schema: Any) -> Clarification:
    return Clarification(name, f"Which {name}?", schema, f"steps.s.arguments.{name}", "nothing says it")


def test_a_question_says_what_is_wanted_for_which_tool_and_keeps_the_type() -> None:
    units = {
        "enum": ["metric", "imperial"],
        "default": "metric",
        "description": "The units",
        "x-cues": {"metric": ["m"]},
    }
    [(_, currency), (_, unit)] = clarified([gap("currency"), gap("units", schema=units)])
    assert currency.question == "What should currency be for rates.convert? A code, as in EUR."
    assert (currency.name, currency.where, currency.why) == (
        "currency",
        "steps.s0.arguments.currency",
        "nothing says it",
    )
    assert unit.question == 'What should units be for rates.convert? The units. One of "metric", "imperial".'
    assert unit.schema == {"enum": ["metric", "imperial"], "default": "metric", "description": "The units"}


def test_the_words_of_the_model_are_taken_where_it_asks_itself() -> None:
    [(_, asked)] = clarified([gap("currency", asked="Into which\n currency? " + "x" * 500)])
    assert asked.question.startswith("Into which currency? xxx")
    assert len(asked.question) == 300


def test_two_questions_of_one_name_are_told_apart() -> None:
    gaps = [gap("path", "table.read"), gap("path", "files.write", 1), gap("path", "table.read", 2)]
    assert [asked.name for _, asked in clarified(gaps)] == ["read_path", "write_path", "read_path_2"]


def test_a_value_within_a_text_is_asked_for_by_what_stands_there() -> None:
    [(_, asked)] = clarified([gap("sql", "table.query", instead_of=250, schema={"type": "number"})])
    assert (asked.name, asked.question) == ("sql_value", "What should stand in the sql of table.query in place of 250?")


def test_what_only_a_step_can_give_is_no_question() -> None:
    assert not gap("table", schema={"type": "object", "format": "table"}).can_be_asked
    assert gap("city").can_be_asked


@pytest.mark.parametrize(
    ("said", "schema", "value"),
    [
        ("5", {"type": "integer"}, 5),
        ("5", {"type": "string"}, "5"),
        ("yes", {"type": "boolean"}, True),
        ('["a", "b"]', {"type": "array", "items": {"type": "string"}}, ["a", "b"]),
        ("metric", {"enum": ["metric"]}, "metric"),
        ("2", {"enum": [1, 2]}, 2),
        ("2026-11-03", {"type": "string", "format": "date"}, "2026-11-03"),
        (7, {"type": "number"}, 7),
        ("Oslo", {}, "Oslo"),
    ],
)
def test_an_answer_becomes_a_value_of_the_right_type(said: Any, schema: dict[str, Any], value: Any) -> None:
    assert typed(said, schema) == value
    assert type(typed(said, schema)) is type(value)


@pytest.mark.parametrize(
    ("said", "schema", "why"),
    [
        ("many", {"type": "integer"}, 'takes a whole number, not "many"'),
        ("0", {"type": "integer", "minimum": 1}, "0 is less than the minimum of 1"),
        ("metrical", {"enum": ["metric", "imperial"]}, 'takes "metric" or "imperial"'),
        ("tomorrow", {"type": "string", "format": "date"}, "'tomorrow' is not a 'date'"),
    ],
)
def test_an_answer_that_does_not_fit_says_why(said: Any, schema: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        typed(said, schema)
    assert why in str(caught.value)


def test_all_that_is_wrong_with_answers_is_told_at_once_and_defaults_need_none() -> None:
    asked = [question("city", type="string"), question("count", type="integer"), question("unit", default="metric")]
    assert checked_answers(asked, {"city": "Oslo", "count": "3"}) == {"city": "Oslo", "count": 3, "unit": "metric"}
    with pytest.raises(UsageError) as caught:
        checked_answers(asked, {"town": "Oslo", "count": "few"})
    told = str(caught.value)
    assert "town: there is no such question." in told
    assert 'count: takes a whole number, not "few"' in told
    assert "city: is not answered. Which city?" in told


def test_the_error_lists_every_question_and_has_an_exit_code_of_its_own() -> None:
    error = QuestionsError([question("city", type="string"), question("count", type="integer")])
    assert error.exit_code == 4
    assert str(error).startswith(
        "There are 2 questions to answer before there is a plan:\n  - city: Which city? (nothing"
    )
    assert [each.blank for each in error.questions] == ["city=TEXT", "count=NUMBER"]
