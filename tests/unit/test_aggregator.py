"""What a person reads at the end of a run."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from scripted_openai import marked_in

from brain.aggregator import Aggregator, Answer
from brain.aggregator.results import ROWS_FOR_MODEL
from brain.artifacts import ArtifactCodec, File, MemoryStore, with_notes
from brain.errors import ModelError
from brain.language_models import Completion
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import RunResult, RunStatus

REQUEST = "How much rain fell?"
MONTHLY = pa.table({"month": [1, 2, 3], "mean_precipitation": [3.758, 1461.25, 0.48]})


class Speaker:
    """A chat model that says one thing, or fails, and keeps what it was shown."""

    name = "gpt-scripted"
    context_tokens = 4096

    def __init__(self, text: str = "", error: str = "") -> None:
        self.text, self.error = text, error
        self.shown = ""

    async def complete(self, prompt: str, **_: Any) -> Completion:
        self.shown = prompt
        if self.error:
            raise ModelError(self.error)
        return Completion(self.text, tokens_in=100, tokens_out=20)

    async def structured(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("an answer is prose")


async def answer(
    outputs: dict[str, Any],
    model: Speaker | None = None,
    *,
    sources: dict[str, str] | None = None,
    request: str = REQUEST,
) -> Answer:
    codec = ArtifactCodec(MemoryStore())
    result = RunResult(RunStatus.SUCCEEDED, outputs={name: codec.pack(value) for name, value in outputs.items()})
    spec = PipelineSpec.from_value({"request": request, "steps": [], "outputs": sources or {}})
    found = await Aggregator(codec.table, model).answer(spec, result)
    assert json.loads(json.dumps(found.text)) == found.text
    return found


TABLES = {
    "one row": (pa.table({"count_rows": [26]}), "count_rows: **26** [x]"),
    "one row of several columns": (
        pa.table({"date": [dt.date(2014, 8, 11)], "temp_max": [35.6], "weather": ["rain"]}),
        "date: **2014-08-11**, temp_max: **35.6**, weather: **rain** [x]",
    ),
    "several rows": (
        MONTHLY,
        "| month | mean_precipitation |\n| --- | --- |\n| 1 | 3.758 |\n| 2 | 1,461.25 |\n| 3 | 0.48 |\n\n [x]",
    ),
    "with what its tool said about it": (
        with_notes(pa.table({"count_rows": [26]}), ["2 rows found no partner."]),
        "count_rows: **26** 2 rows found no partner. [x]",
    ),
    "no rows": (MONTHLY.slice(0, 0), "No rows match (month, mean_precipitation). [x]"),
    "a file without rows": (
        with_notes(MONTHLY.slice(0, 0), ["rain.csv has a header and no rows."]),
        "No rows (month, mean_precipitation). rain.csv has a header and no rows. [x]",
    ),
    "figures by group": (
        pa.table({"month": list(range(1, 13)), "sum_rain": [5.0, 9.5, None, 1.0, *[4.0] * 8]}),
        "sum_rain by month (12 rows): highest **9.5** (month 2), lowest **1** (month 4). [x]",
    ),
    "figures by two groups": (
        pa.table({"year": [2012] * 6 + [2013] * 6, "month": [*range(1, 7)] * 2, "count_rows": range(1000, 1012)}),
        "count_rows by year, month (12 rows): highest **1,011** (year 2013, month 6), lowest",
    ),
    "figures of which some are alike": (
        pa.table({"month": range(12), "count": [1] * 10 + [3, 3]}),
        "count by month (12 rows): highest **3** (2 rows), lowest **1** (10 rows). [x]",
    ),
    "exact figures by group": (
        pa.table({"month": range(12), "paid": [Decimal(f"{number}.50") for number in range(12)]}),
        "paid by month (12 rows): highest **11.50** (month 11), lowest **0.50** (month 0). [x]",
    ),
    "many rows of several figures": (
        pa.table({"order": [f"o{n}" for n in range(20)], "amount": range(94, 74, -1), "quantity": [1, 6] * 10}),
        "20 rows; the first 10:\n\n| order | amount | quantity |\n| --- | --- | --- |\n| o0 | 94 | 1 |\n"
        + "".join(f"| o{n} | {94 - n} | {1 if n % 2 == 0 else 6} |\n" for n in range(1, 10))
        + "\n [x]",
    ),
    "many rows": (
        pa.table({"text": ["rain"] * 1461}),
        "1,461 rows; the first 10:\n\n| text |\n| --- |\n" + "| rain |\n" * 10 + "\n [x]",
    ),
    "lists in cells": (pa.table({"a": [[1]] * 11, "b": range(11)}), "11 rows; the first 10:"),
    "few rows of many columns": (
        pa.table({name: [1, 2] for name in "abcdef"}),
        "| a | b | c | d | e | f |\n| --- | --- | --- | --- | --- | --- |\n| 1 | 1 | 1 | 1 | 1 | 1 |\n| 2 | 2 |",
    ),
    "more columns than can be named": (
        pa.table({f"c{number}": [1] * 20 for number in range(300)}),
        f"20 rows with the columns {', '.join(f'c{number}' for number in range(20))} and 280 more. [x]",
    ),
    "nothing but missing figures": (
        pa.table({"month": list(range(12)), "mean": pa.array([None] * 12, pa.float64())}),
        "12 rows; the first 10:\n\n| month | mean |",
    ),
    "not a number": (
        pa.table({"month": list(range(12)), "mean": [float("nan")] * 12}),
        "12 rows; the first 10:\n\n| month | mean |",
    ),
    "odd values": (
        pa.table(
            {"a": [None], "b": [float("nan")], "c": [float("inf")], "d": [Decimal("12.50")], "e": [True], "f": [b"x"]}
        ),
        "a: **missing**, b: **missing**, c: **inf**, d: **12.50**, e: **True**, f: **b'x'** [x]",
    ),
    "cells that would break the table": (
        pa.table({"a|b": ["one|two", "three\nfour"]}),
        "| a\\|b |\n| --- |\n| one\\|two |\n| three four |\n\n [x]",
    ),
    "numbers of every size": (
        pa.table(
            {"a": [1234567], "b": [1234567.0], "c": [1e-5], "d": [0.000123456], "e": [1e300], "f": [-2.0], "g": [0.0]}
        ),
        "a: **1,234,567**, b: **1,234,567**, c: **0.00001**, d: **0.0001235**, e: **1e+300**, f: **-2**, g: **0** [x]",
    ),
    "numbers that are no amounts": (
        pa.table({"year": [2012.0], "order_id": [1_000_001], "zipCode": [10115], "hidden": [1_000]}),
        "year: **2012**, order_id: **1000001**, zipCode: **10115**, hidden: **1,000** [x]",
    ),
    "times beyond the calendar": (
        pa.table({"at": pa.array([0] * 6 + [253_402_300_800], pa.timestamp("s"))}),
        "| at |\n| --- |\n" + "| 1970-01-01 00:00:00.000 |\n" * 6 + "| 10000-01-01 00:00:00.000 |\n\n [x]",
    ),
    "midnight": (pa.table({"at": [dt.datetime.fromisoformat("2025-03-01")]}), "at: **2025-03-01** [x]"),
}


@pytest.mark.parametrize("what", TABLES)
async def test_a_table_is_told_in_the_shortest_way_that_says_it(what: str) -> None:
    table, told = TABLES[what]
    text = (await answer({"x": table})).text
    assert text == told if told.endswith("[x]") else text.startswith(told)


OTHERS = {
    "a text": ("It rains.", "It rains. [x]"),
    "a long text": ("rain " * 400, "rain …"),
    "a number": (3.14159, "3.142 [x]"),
    "a chart": (File(b"png", "image/png", "rain.png"), "Chart: rain.png [x]"),
    "another file": (File(b"pdf", "application/pdf", "rain.pdf"), "File: rain.pdf [x]"),
    "a page": ({"title": "Rain", "text": "Rain is water that falls. " * 9}, "Rain is water that falls.  [x]"),
    "a short page": ({"title": "Rain", "text": "Water that falls."}, "title: Rain, text: Water that falls. [x]"),
    "a figure with its unit": ({"unit": "EUR", "total": 1234.5}, "unit: EUR, total: 1,234.5 [x]"),
    "a list of figures": (
        [{"name": "Oslo", "rain": 12.5}, {"name": "Rome", "rain": 3}],
        "- name: Oslo, rain: 12.5\n- name: Rome, rain: 3\n\n [x]",
    ),
    "a receipt": ({"saved": True, "size": 3}, "saved: True, size: 3 [x]"),
    "a list of texts": (["one", "two"], "- one\n- two\n\n [x]"),
    "a list of tables": ([pa.table({"n": [1]}), pa.table({"n": [2]})], "- n: **1**\n- n: **2**\n\n [x]"),
    "a list with failures": ([{"error": "not there"}, {"text": "found"}], "- not there\n- found\n\n [x]"),
    "a long list": (list(range(12)), "- 9\n- and 2 more\n\n [x]"),
    "an empty list": ([], "Nothing. [x]"),
    "a table in a mapping": ({"rows": pa.table({"n": [7]}), "took": 2}, "- rows: n: **7**\n- took: 2\n\n [x]"),
}


@pytest.mark.parametrize("what", OTHERS)
async def test_other_results_are_told_as_they_are(what: str) -> None:
    value, told = OTHERS[what]
    text = (await answer({"x": value})).text
    assert told in text
    assert text.endswith(" [x]")
    assert "sha256-" not in text
    assert len(text) < 1300


async def test_outputs_are_told_in_their_order_each_with_the_step_that_it_came_from() -> None:
    outputs = {"table": pa.table({"n": [1]}), "chart": File(b"png", "image/png", "n.png"), "note": "done"}
    found = await answer(outputs, sources={"table": "${monthly}", "chart": "${plot}", "note": "all ${summary.text}"})
    assert found.text == "n: **1** [monthly]\n\nChart: n.png [plot]\n\ndone [summary]"
    assert found.written_by == "extract"


async def test_an_output_that_was_skipped_is_told() -> None:
    found = await answer({"table": pa.table({"n": [1]}), "chart": None}, sources={"table": "${a}", "chart": "${plot}"})
    assert found.text == "n: **1** [a]\n\n_No result, because it was skipped or has none: [plot]._"
    assert found.cited == ("a", "plot")


async def test_a_run_without_results_says_so_and_asks_no_model() -> None:
    model = Speaker("Something.")
    assert (await answer({}, model)).text == "The run gave no results."
    assert (await answer({"x": None}, model)).text == "_No result, because it was skipped or has none: [x]._"
    assert not model.shown


async def test_a_table_that_is_gone_is_told_and_the_rest_of_the_answer_stays() -> None:
    kept, gone = ArtifactCodec(MemoryStore()), ArtifactCodec(MemoryStore())
    outputs = {"a": kept.pack(pa.table({"n": [1]})), "b": gone.pack(pa.table({"n": [2]}))}
    spec = PipelineSpec.from_value({"request": REQUEST, "steps": []})
    found = await Aggregator(kept.table).answer(spec, RunResult(RunStatus.SUCCEEDED, outputs=outputs))
    assert found.text.startswith("n: **1** [a]\n\nThe artifact sha256-")
    assert "is missing. `brain resume RUN` repeats the step that made it" in found.text
    assert found.text.endswith("[b]")


async def test_a_model_writes_the_answer_and_files_are_added_as_they_are() -> None:
    model = Speaker("It rained most in month 2 [x].")
    found = await answer({"x": MONTHLY, "chart": File(b"png", "image/png", "rain.png")}, model)
    assert found == Answer("It rained most in month 2 [x].\n\nChart: rain.png [chart]", "gpt-scripted", ("x", "chart"))
    assert model.shown.startswith(f"Request: {REQUEST}\n\n<data ")
    assert [label for label, _ in marked_in(model.shown)] == ["result of step [x]", "result of step [chart]"]
    assert "month,mean_precipitation\n1,3.758\n2,1461.25\n3,0.48" in model.shown


async def test_of_a_large_table_a_model_sees_the_summary_and_the_first_rows() -> None:
    model = Speaker("The most was 5000 [x].")
    rows = list(range(1, 5001))
    found = await answer({"x": pa.table({"day": rows, "rain": rows})}, model)
    assert found.written_by == "gpt-scripted", "the highest figure is told although its row is not shown"
    assert f"The first {ROWS_FOR_MODEL} of 5000 rows:" in model.shown
    assert len(model.shown) < 1000
    assert found.notes == (f"Of [x] the model was shown the first {ROWS_FOR_MODEL} of 5,000 rows.",)


GROUNDED = [
    "It was 3.758 mm [x].",
    "It was 3.8 mm, nearly 4 [x].",
    "It was 1,461.25 or 1461.3 or 1,461 mm [x].",
    "That is 48 % or 48% or 48.0% of it [x].",
    "There are 3 months [x].",
    "In the 2014 of the request it rained [x].",
    "It fell by -3.758, or \u22123.758 [x].",
    "1. Rain [x]\n2. Rain again [x]\n3. And rain [x]\n4. More rain [x]\n5. Rain [x]",
    "It was 3.8 and .48 [x].",
    "In three months it rained [x].",
    "That is 1.5k or 1.46 thousand [x].",
    "No number at all [x].",
    "It was 1\u202f461.25 or 1\u2019461 mm [x].",
    "That is 48 percent, or 48 per cent [x].",
]
INVENTED = ["4.1", "1,462", "1462.3", "49 %", "12", "375.9%", "2013", "1461.24", ".37", "3 million", "3k", "twelve"]


@pytest.mark.parametrize("text", GROUNDED)
async def test_numbers_of_the_results_may_be_rounded_and_written_in_any_manner(text: str) -> None:
    found = await answer({"x": MONTHLY}, Speaker(text), request="Rain in 2014?")
    assert (found.text, found.written_by) == (text, "gpt-scripted")


@pytest.mark.parametrize("number", INVENTED)
async def test_a_number_that_no_result_holds_stays_with_a_mark_and_is_told(number: str) -> None:
    found = await answer({"x": MONTHLY}, Speaker(f"It rained {number} mm [x]."), request="Rain in 2014?")
    assert found.text == f"It rained {number} [unverified] mm [x]."
    assert (found.written_by, found.unverified, found.cited) == ("gpt-scripted", (number,), ("x",))
    assert found.notes == (
        f"The steps that the answer cites do not give these numbers, marked [unverified]: {number}.",
    )


@pytest.mark.parametrize("start", ["42. That is how many [x].", "1. So many [x].\n5. And so many [x]."])
async def test_a_number_that_counts_no_list_is_a_number_also_at_the_start_of_a_line(start: str) -> None:
    found = await answer({"x": pa.table({"n": [7.0]})}, Speaker(start), request="How many?")
    assert "[unverified]" in found.text


async def test_numbers_of_the_inputs_may_be_said_but_not_those_of_a_table_that_was_handed_over() -> None:
    codec = ArtifactCodec(MemoryStore())
    spec = PipelineSpec.from_value({"request": REQUEST, "steps": []})
    result = RunResult(RunStatus.SUCCEEDED, outputs={"x": codec.pack(MONTHLY)})
    inputs = {"since": 1987, "names": ["station 64"], "t": codec.pack(pa.table({"n": [555]}))}
    said = "Since 1987 station 64 saw 555 mm [x]."
    found = await Aggregator(codec.table, Speaker(said)).answer(spec, result, inputs)
    assert found.text == "Since 1987 station 64 saw 555 [unverified] mm [x]."


async def test_a_table_that_a_model_copies_is_left_out_and_that_is_told() -> None:
    copied = "It was 3.758 mm [x].\n\n| month | rain |\n| --- | --- |\n| 1 | 3.758 |\n"
    found = await answer({"x": MONTHLY}, Speaker(copied))
    assert found.text == "It was 3.758 mm [x]."
    assert found.notes == ("A table that the model had copied into its answer is left out: the results hold it.",)
    only = await answer({"x": MONTHLY}, Speaker("| a |\n| - |\n| 1 |"))
    assert only.written_by == "extract"


async def test_figures_of_a_mapping_may_be_told_and_are_shown_to_the_model() -> None:
    model = Speaker("It is 1,234.5 EUR [x].")
    found = await answer({"x": {"unit": "EUR", "total": 1234.5}}, model)
    assert found.written_by == "gpt-scripted"
    assert "unit: EUR, total: 1,234.5" in model.shown


async def test_brackets_that_a_result_holds_are_no_citations() -> None:
    found = await answer({"x": "History [edit] of rain"}, Speaker("It says History [edit]."))
    assert (found.text, found.cited) == ("It says History [edit]. [x]", ("x",))


async def test_an_answer_without_citations_gets_those_of_all_results_and_strange_ones_are_taken_out() -> None:
    outputs = {"x": MONTHLY, "y": "wet"}
    assert (await answer(outputs, Speaker("It rained."))).text == "It rained. [x] [y]"
    linked = "It [rained](https://example.org) [y]."
    assert (await answer(outputs, Speaker(linked))).text == linked
    found = await answer(outputs, Speaker("It rained [sky]."))
    assert (found.text, found.cited) == ("It rained. [no source]", ())
    assert found.notes == (
        "The answer names no step for one statement.",
        "The answer cited what gave no result, and this is taken out: sky.",
    )


async def test_a_model_that_fails_costs_nothing_but_the_prose() -> None:
    found = await answer({"x": "wet"}, Speaker(error="The model gpt-scripted cannot be reached."))
    assert found.text == "wet [x]\n\n_gpt-scripted wrote no answer: The model gpt-scripted cannot be reached._"
    assert found.written_by == "extract"


async def test_a_pipeline_without_a_request_is_answered_by_its_results() -> None:
    model = Speaker("Chatter.")
    assert (await answer({"x": "wet"}, model, request="")).text == "wet [x]"
    assert not model.shown
