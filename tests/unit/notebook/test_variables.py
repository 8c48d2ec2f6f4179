"""`{{name}}` in prose, in pipelines and in SQL."""

from datetime import date

import pandas as pd
import pytest

from brain.errors import UsageError
from brain.notebook.variables import in_pipeline, in_prose, in_sql, insert

SALES = pd.DataFrame({"price": [1]})
VARIABLES = {"month": 7, "city": "Oslo", "sales": SALES, "path": "a b.csv", "days": [date(2026, 1, 2), None]}


def test_prose_takes_values_as_they_print_and_tables_by_their_name() -> None:
    text, tables = insert("mean {price} in {{ sales }} of {{city}} in {{month}}", VARIABLES, in_prose)
    assert text == "mean {price} in sales of Oslo in 7"
    assert list(tables) == ["sales"]
    assert tables["sales"] is SALES


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("path: {{path}}", 'path: "a b.csv"'),
        ('{"path": {{path}}, "n": {{month}}}', '{"path": "a b.csv", "n": 7}'),
        ("- {{month}}", "- 7"),
        ("days: {{days}}  # two", None),
        ("out: outputs/{{city}}-{{month}}.csv", "out: outputs/Oslo-7.csv"),
        ('request: "Where is {{city}}?"', 'request: "Where is Oslo?"'),
        ("table: {{sales}}", 'table: "${inputs.sales}"'),
    ],
)
def test_a_pipeline_takes_json_where_it_is_a_value_and_text_within_text(written: str, becomes: str | None) -> None:
    if becomes is None:
        with pytest.raises(UsageError, match="a pipeline holds JSON values, and this is a list"):
            insert(written, VARIABLES, in_pipeline)
    else:
        assert insert(written, VARIABLES, in_pipeline)[0] == becomes


def test_sql_takes_literals() -> None:
    text, _ = insert("WHERE a = {{name}} AND b IN {{many}} AND c = {{no}}", {
        "name": "O'Hara", "many": [1, 2.5, True], "no": None,
    }, in_sql)  # fmt: skip
    assert text == "WHERE a = 'O''Hara' AND b IN (1, 2.5, TRUE) AND c = NULL"
    assert insert("{{days}}", VARIABLES, in_sql)[0] == "('2026-01-02', NULL)"
    with pytest.raises(UsageError, match="SQL takes numbers, texts, dates and lists of them, not a DataFrame"):
        insert("FROM {{sales}}", VARIABLES, in_sql)


def test_a_variable_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"\{\{sale\}\}: the notebook has no variable 'sale'\. Did you mean sales\?"):
        insert("{{sale}}", VARIABLES, in_prose)
