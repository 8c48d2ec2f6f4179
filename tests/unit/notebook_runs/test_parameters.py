"""What a notebook takes, from its `parameters` cell."""

import pytest

from brain.notebook_runs.parameters import Inspected, Parameter, problems_of

INSPECTED = Inspected(
    parameters=(
        Parameter("month", "int", "1", "1 to 12"),
        Parameter("city", "None", "'Oslo'", ""),
        Parameter("share", "None", "1", ""),
        Parameter("since", "None", "today()", "a day"),
        Parameter("tags", "list[str]", "[]", ""),
    ),
    has_cell=True, modules=("pandas",), can_fork=True, digest="0" * 64,
)  # fmt: skip


@pytest.mark.parametrize(
    ("parameter", "schema"),
    [
        (Parameter("a", "int", "1", "months"), {"type": "integer", "default": 1, "description": "months"}),
        (Parameter("a", "None", "1", ""), {"type": "number", "default": 1}),
        (Parameter("a", "None", "None", ""), {}),
        (Parameter("a", "str", "None", ""), {"type": "string"}),
        (Parameter("a", "List[int]", "[1]", ""), {"default": [1], "type": "array"}),
        (Parameter("a", "None", "True", ""), {"type": "boolean", "default": True}),
        (Parameter("a", "None", "Path('x') / 'y'", ""), {}),
        (Parameter("a", "", "{'a': 1}", ""), {"type": "object", "default": {"a": 1}}),
    ],
)
def test_a_type_is_what_is_written_beside_it_or_what_its_default_has(parameter: Parameter, schema: object) -> None:
    assert parameter.schema == schema


def test_every_problem_is_told_with_its_set() -> None:
    sets = [
        {"month": 7, "city": "Rome", "share": 0.5, "since": [1], "tags": []},
        {"month": "July", "mounth": 1},
        {"city": 5, "month": None},
    ]
    assert [str(problem) for problem in problems_of(sets, INSPECTED)] == [
        'set 2: month: takes a whole number, not "July"',
        "set 2: the notebook has no parameter 'mounth'. Did you mean month?",
        "set 3: city: takes text, not 5",
    ]


def test_without_the_cell_there_are_no_parameters() -> None:
    bare = Inspected(parameters=(), has_cell=False, modules=(), can_fork=True, digest="")
    assert [problem.what for problem in problems_of([{}, {"a": 1}], bare)] == [
        "the notebook takes no parameters: tag the cell that assigns them with `parameters`"
    ]
