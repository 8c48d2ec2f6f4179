import datetime as dt

import pyarrow as pa
import pytest

from brain.errors import ToolError
from brain.tools.table_columns import compute, select


def new(expression, name="new"):
    return [{"name": name, "expression": expression}]


TABLE = pa.table({"a": [3, 1, 2], "b b": [0.5, None, 2.0], "Žluť": ["x", "y", None]})


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"columns": ["Žluť", "a"]}, ["Žluť", "a"]),
        ({"columns": ["a", "a"]}, ["a"]),
        ({"drop": ["b b"]}, ["a", "Žluť"]),
        ({"rename": {"a": "b", "Žluť": "a"}}, ["b", "b b", "a"]),
        ({"columns": ["b b", "a"], "rename": {"b b": "B"}}, ["B", "a"]),
        ({"drop": ["a"], "rename": {"b b": "a"}}, ["a", "Žluť"]),
    ],
)
def test_columns_are_chosen_ordered_and_renamed(arguments, names):
    chosen = select(TABLE, **arguments)
    assert chosen.column_names == names
    assert chosen.num_rows == 3


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"columns": ["c"]}, r"no column 'c'\. Its columns are: a, b b, Žluť"),
        ({"drop": ["B b"]}, r"no column 'B b'\. Did you mean b b\?"),
        ({"rename": {"zz": "y"}}, "no column 'zz'"),
        ({"columns": ["a"], "drop": ["a"]}, "either the columns to take, in columns, or those to leave out, in drop"),
        ({"columns": ["a"], "rename": {"b b": "x"}}, "b b cannot be renamed, because it is not among the chosen ones"),
        ({"drop": ["a", "b b", "Žluť"]}, "No column would be left; drop fewer"),
        ({"rename": {"a": "b b"}}, "Two columns of the result are called b b; choose another name in rename"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(arguments, complaint):
    with pytest.raises(ToolError, match=complaint):
        select(TABLE, **arguments)


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("a * 2", [6, 2, 4]),
        ('"b b" + a', [3.5, None, 4.0]),
        ("upper(Žluť) -- with a comment", ["X", "Y", None]),
        ("CASE WHEN a > 1 THEN 'much' ELSE 'little' END", ["much", "little", "much"]),
        ("sum(a) OVER (ORDER BY a)", [6, 1, 3]),
        ("lag(a) OVER (ORDER BY a DESC)", [None, 2, 3]),
        ("(SELECT max(a) FROM data)", [3, 3, 3]),
        ("[a, 1]", [[3, 1], [1, 1], [2, 1]]),
        ("1", [1, 1, 1]),
    ],
)
def test_an_expression_gives_one_value_a_row_in_the_order_of_the_table(expression, values):
    made = compute(TABLE, new(expression))
    assert made.column("new").to_pylist() == values
    assert made.drop_columns("new").equals(TABLE)


def test_later_expressions_see_earlier_columns_and_old_ones_are_replaced_in_place():
    made = compute(TABLE, [*new("a + 1", "a"), *new("a * 2", "twice"), *new("twice * 2", "four")])
    assert made.column_names == ["a", "b b", "Žluť", "twice", "four"]
    assert made.to_pydict()["four"] == [16, 8, 12]


def test_other_columns_are_not_touched():
    table = pa.table(
        {
            "t": pa.array([0], pa.timestamp("us", "Asia/Tokyo")),
            "c": pa.array(["a"]).dictionary_encode(),
            "d": [dt.timedelta(1)],
            "row_0": [1],
            "ROW_1": [2],
        }
    )
    made = compute(table, new("hour(t)", "n"))
    assert made.drop_columns("n").equals(table)
    assert made.column("n").to_pylist() == [0]
    assert compute(table.slice(0, 0), new("row_0 + 1")).num_rows == 0


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("a, a", "What new is calculated with is not one SQL expression: .*single expression"),
        ("a) AS x, (a", "not one SQL expression: syntax error"),
        ("a FROM data", "not one SQL expression: .*FROM clause"),
        ("a; DROP TABLE data", "not one SQL expression: .*more than one statement"),
        ("SELECT 1", "not one SQL expression: syntax error"),
        ("a /*", "not one SQL expression: unterminated"),
        ("", "not one SQL expression"),
        ("*", "new cannot be calculated: Two columns of the result"),
        ("COLUMNS(*)", "new cannot be calculated: Two columns of the result"),
        ("sum(a)", "new would be one value for all rows, not one a row: take table.aggregate, or write it with OVER"),
        ("unnest([1, 2])", "new would be several values a row; an expression gives one"),
        ("c + 1", 'new cannot be calculated: Referenced column "c" not found'),
        ("$1", "new cannot be calculated: Values were not provided"),
        ("Žluť::INT", "new cannot be calculated: Could not convert string 'x' to INT32"),
        ("(SELECT content FROM read_text('/etc/passwd'))", "new cannot be calculated: The SQL may only use the tables"),
        ("getenv('HOME')", "new cannot be calculated"),
        ("INTERVAL 1 DAY", "new cannot be calculated: .* of a type that tables cannot keep; CAST it to VARCHAR"),
    ],
)
def test_what_is_no_single_expression_is_refused(expression, complaint):
    with pytest.raises(ToolError, match=complaint) as refusal:
        compute(TABLE, new(expression))
    assert "\n" not in str(refusal.value)


def test_names_that_sql_cannot_tell_apart_are_refused():
    with pytest.raises(
        ToolError, match="The columns a and A differ in capitals only, which SQL does not see; rename one"
    ):
        compute(pa.table({"a": [1], "A": [2]}), new("a + 1"))
