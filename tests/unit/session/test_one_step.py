"""Calls of a tool as pipelines of one step."""

from datetime import date

import pandas as pd
import pytest

from brain.errors import SpecError, UsageError
from brain.notebook_runs.filling import filled
from brain.session.one_step import order_of_call, step_id_of

TABLE = pd.DataFrame({"a": [1]})


def test_values_are_written_down_and_tables_are_inputs() -> None:
    order = order_of_call("table.filter", {"table": TABLE, "where": [{"value": date(2026, 1, 2)}], "n": (1, 2)}, {})
    assert order.spec is not None
    [step] = order.spec.steps
    assert (step.id, step.tool) == ("table_filter", "table.filter")
    assert step.arguments == {"table": "${inputs.table}", "where": [{"value": "2026-01-02"}], "n": [1, 2]}
    assert order.inputs == {"table": TABLE}


def test_text_is_text_whatever_it_looks_like_but_for_what_is_written_so() -> None:
    order = order_of_call("x.y", {"a": "${inputs.b} ${secret:KEY}", "b": filled("${secret:KEY}")}, {})
    assert order.spec is not None
    assert order.spec.steps[0].arguments == {"a": "$${inputs.b} $${secret:KEY}", "b": "${secret:KEY}"}


def test_many_calls_share_what_is_the_same() -> None:
    secret = {"authorization": filled("Bearer ${secret:KEY}")}
    calls = [{"table": TABLE, "my-value": value, "headers": dict(secret)} for value in ("a", "${b}")]
    order = order_of_call("x.y", calls, {"retry": 2, "max_parallel": 3, "on_error": "collect", "timeout": "5s"})
    assert order.spec is not None
    [step] = order.spec.steps
    assert step.foreach == "${inputs.items}"
    assert step.arguments == {
        "table": "${inputs.table}",
        "headers": {"authorization": "Bearer ${secret:KEY}"},
        "my-value": '${item."my-value"}',
    }
    assert order.inputs["items"] == [{"my-value": "a"}, {"my-value": "${b}"}]
    assert (step.retry and step.retry.attempts, step.max_parallel, step.timeout) == (2, 3, "5s")


def test_one_and_true_are_not_the_same() -> None:
    order = order_of_call("x.y", [{"a": 1, "b": [0]}, {"a": True, "b": [0]}], {})
    assert order.inputs["items"] == [{"a": 1}, {"a": True}]


@pytest.mark.parametrize("wrong", ["path", ["path"], [{"a": 1}, "b"], 3])
def test_what_are_no_arguments_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError, match="Arguments are a mapping from names to values, or a list of such"):
        order_of_call("x.y", wrong, {})  # type: ignore[arg-type]


def test_many_calls_name_the_same_arguments_and_hide_no_secret() -> None:
    with pytest.raises(UsageError, match=r"and not all have b\.$"):
        order_of_call("x.y", [{"a": 1}, {"a": 1, "b": 2}], {})
    with pytest.raises(UsageError, match="holds a secret"):
        order_of_call("x.y", [{"a": filled("1 ${secret:KEY}")}, {"a": filled("2 ${secret:KEY}")}], {})
    with pytest.raises(SpecError, match=r"steps\.x_y\.timeout"):
        order_of_call("x.y", {}, {"timeout": "soon"})


@pytest.mark.parametrize(
    ("tool", "step"),
    [("table.read", "table_read"), ("Shop.Nap", "shop_nap"), ("item", "call_item"), ("1st", "call_1st")],
)
def test_the_step_is_named_after_the_tool(tool: str, step: str) -> None:
    assert step_id_of(tool) == step
