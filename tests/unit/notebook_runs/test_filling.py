"""Expressions of pipelines with the variables of a notebook."""

import pandas as pd
import pytest

from brain.artifacts import File
from brain.errors import ToolError, UsageError
from brain.notebook_runs.filling import Written, filled, holds

DAYS = pd.DataFrame({"city": ["Oslo", "Rome"], "rain": [3, 1]})


def test_one_reference_keeps_its_type_and_text_becomes_text() -> None:
    assert filled("${count}", count=3) == 3
    assert filled("${inputs.city} has ${count} days, $${so} to say", inputs={"city": "Oslo"}, count=3) == (
        "Oslo has 3 days, ${so} to say"
    )
    assert filled("${links[?n > `1`].url}", links=[{"n": 1, "url": "a"}, {"n": 2, "url": "b"}]) == ["b"]


def test_a_table_is_what_expressions_see_of_it_and_comes_out_whole() -> None:
    assert filled("${days.row_count}", days=DAYS) == 2
    assert filled("${days.columns}", days=DAYS) == ["city", "rain"]
    assert filled("${days.head[0].city}", days=DAYS) == "Oslo"
    assert filled("${days}", days=DAYS) is DAYS
    assert filled("${[a, b]}", a=DAYS, b=1)[0] is DAYS
    chart = File(b"x", "image/png", "a.png")
    assert filled("${chart.name}", chart=chart) == "a.png"
    assert filled("${charts[-1]}", charts=[chart, chart]) is chart


@pytest.mark.parametrize(("value", "true"), [(0, True), ("", False), ([], False), (None, False), (False, False)])
def test_a_condition_is_true_by_the_rule_of_jmespath(value: object, true: bool) -> None:
    assert holds("step", step=value) is true
    assert holds("${step}", step=value) is true


def test_secrets_stay_references_and_only_those_of_the_template() -> None:
    text = filled("Bearer ${secret:KEY} for ${who}", who="${secret:OTHER} $${x}")
    assert isinstance(text, Written)
    assert text == "Bearer ${secret:KEY} for $${secret:OTHER} $$${x}"
    assert not isinstance(filled("for ${who}", who="${secret:OTHER}"), Written)


def test_what_cannot_be_worked_out_is_said_in_a_sentence() -> None:
    with pytest.raises(UsageError, match=r"^\$\{days\.x\}: nothing is given for days; add days=…$"):
        filled("${days.x}")
    with pytest.raises(UsageError, match="no closing brace"):
        filled("${days", days=1)
    with pytest.raises(ToolError, match=r"^filled: \$\{days\.x\} is not there: days holds y\.$"):
        filled("${days.x}", days={"y": 1})
    with pytest.raises(UsageError, match="one expression"):
        holds("${a} ${b}", a=1, b=2)
