"""Facts about one value of an argument that follows another."""

from call_scenes import WorthsOf

from brain.intent_inference.calls.facts.repetition import peers


def steps(worths: WorthsOf, text: str, value: object, following: object, kind: str = "number") -> set[str]:
    tried = worths(text, {"value": {"type": kind}}, {})
    before, now = (
        next(each for each in tried.scene.candidates[0] if each.value == wanted) for wanted in (value, following)
    )
    return {name for name, _ in tried.features.steps(0, before, now)}


def test_values_of_a_list_follow_each_other_directly(worths: WorthsOf) -> None:
    found = steps(worths, "for 3, 4 and 5", 3, 4)
    assert {"forward", "next in list True", "leaves out 0", "rule True", "length True"} <= found


def test_a_step_may_leave_values_out(worths: WorthsOf) -> None:
    assert {"next in list False", "leaves out 1"} <= steps(worths, "for 3, 4 and 5", 3, 5)


def test_a_step_may_go_back(worths: WorthsOf) -> None:
    assert "back" in steps(worths, "for 3 and 4", 4, 3)


def test_texts_are_compared_by_their_case_and_meaning(worths: WorthsOf) -> None:
    found = steps(worths, "in Oslo and in Rome", "Oslo", "Rome", "string")
    assert {"case True", "left True", "alike"} <= found


def test_peers_of_a_name_are_names_of_its_length(worths: WorthsOf) -> None:
    scene = worths("from Oslo to Rome with bags to New York", {"city": {"type": "string"}}, {}).scene
    oslo = next(each for each in scene.candidates[0] if each.value == "Oslo")
    assert {each.value for each in peers(scene, 0, oslo)} == {"Oslo", "Rome", "New", "York"}
