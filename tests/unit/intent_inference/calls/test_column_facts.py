"""Facts about several calls of one tool."""

from call_scenes import WorthsOf

from brain.intent_inference.calls.column_facts import ColumnFacts
from brain.intent_inference.calls.columns import Column, Table
from brain.intent_inference.calls.table_search import summed

NUMBER = {"type": "number"}


def column(worths_facts: ColumnFacts, position: int, *values: float) -> Column:
    candidates = worths_facts._scene.candidates[position]
    return Column(tuple(next(each for each in candidates if each.value == value) for value in values))


def test_words_of_the_request_speak_for_several_calls(worths: WorthsOf) -> None:
    facts = ColumnFacts(worths("both 7 and 9, respectively", {"a": NUMBER}, {}))
    found = summed(facts.of_request(2))
    assert {"calls two", "calls cue both", "calls cue respectively", "calls counted True"} <= found.keys()
    assert "calls counted False" in summed(facts.of_request(3))


def test_a_constant_says_only_whether_it_is_there(worths: WorthsOf) -> None:
    facts = ColumnFacts(worths("3 and 4", {"a": NUMBER}, {}))
    assert summed(facts.of_column(0, column(facts, 0, 3, 3))) == {"column same value": 1}
    assert summed(facts.of_column(0, column(facts, 0, None, None))) == {"column same absent": 1}


def test_a_run_tells_what_it_leaves_out(worths: WorthsOf) -> None:
    facts = ColumnFacts(worths("3, 4 and 5", {"a": NUMBER}, {"number:any": 1.0}))
    short = summed(facts.of_column(0, column(facts, 0, 3, 4)))
    whole = summed(facts.of_column(0, column(facts, 0, 3, 4, 5)))
    assert {"column leaves out 1", "column begins earlier not"} <= short.keys()
    assert {"column leaves out 0", "column goes on not"} <= whole.keys()
    assert whole["step forward"] == 1


def test_a_run_is_as_weak_as_its_weakest_member(worths: WorthsOf) -> None:
    weights = {"number:type number decimal": -3.0}
    facts = ColumnFacts(worths("3 and 4.5", {"a": NUMBER}, weights))
    assert summed(facts.of_column(0, column(facts, 0, 3, 4.5)))["column weakest"] == -0.5


def test_runs_lie_beside_each_other_in_a_pattern(worths: WorthsOf) -> None:
    facts = ColumnFacts(worths("3 by 4 and 5 by 6", {"a": NUMBER, "b": NUMBER}, {}))
    table = Table((column(facts, 0, 3, 5),))
    found = summed(facts.beside(1, column(facts, 1, 4, 6), table))
    assert {"columns before 1", "columns in turns"} <= found.keys()
    assert found["number:behind the one before True"] == 1
    assert "columns overlap" in summed(facts.beside(1, column(facts, 1, 3, 6), table))
