"""Several calls of one tool, column by column."""

import pytest

from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.columns import Column, Pattern, Table, pattern_of


def column(*places: int) -> Column:
    """A run of values that are called as the places at which they stand."""
    return Column(tuple(Candidate(place, place, place + 1, "digits") for place in places))


def calls(*columns: Column, is_paired: bool = False) -> list[list[object]]:
    return [[candidate.value for candidate in call] for call in Table(columns, is_paired).calls]


@pytest.mark.parametrize(
    ("one", "other", "pattern"),
    [
        (column(1, 5), column(3, 7), Pattern.IN_TURNS),
        (column(3, 7), column(1, 5), Pattern.IN_TURNS),
        (column(1, 3), column(5, 7), Pattern.IN_BLOCKS),
        (column(5, 7), column(1, 3), Pattern.IN_BLOCKS),
        (column(1, 9), column(3, 5), Pattern.MIXED),
    ],
)
def test_two_runs_lie_in_a_pattern(one: Column, other: Column, pattern: Pattern) -> None:
    assert pattern_of(one, other) is pattern


def test_runs_in_turns_are_pairs() -> None:
    assert calls(column(1, 5), column(3, 7)) == [[1, 3], [5, 7]]


def test_of_runs_in_blocks_each_member_goes_with_each() -> None:
    assert calls(column(1, 3), column(5, 7)) == [[1, 5], [1, 7], [3, 5], [3, 7]]


def test_runs_in_blocks_are_pairs_where_the_request_says_respectively() -> None:
    assert calls(column(1, 3), column(5, 7), is_paired=True) == [[1, 5], [3, 7]]


def test_a_constant_goes_with_every_call() -> None:
    constant = Column.constant(Candidate(9, 9, 10, "digits"), 2)
    assert not constant.is_run
    assert calls(constant, column(1, 3)) == [[9, 1], [9, 3]]
    assert calls(constant, column(1, 3), column(5, 7))[1] == [9, 1, 7]


def test_three_runs_are_not_combined() -> None:
    assert calls(column(1, 2), column(4, 5), column(7, 8)) == [[1, 4, 7], [2, 5, 8]]


def test_a_table_without_columns_has_empty_rows_to_stand_beside() -> None:
    assert [row.candidates for row in Table().first_rows(2)] == [(), ()]
    assert len(Table((column(1, 2, 3, 4),)).first_rows(4)) == 3
