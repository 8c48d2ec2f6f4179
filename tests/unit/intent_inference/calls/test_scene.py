"""One request beside one tool."""

from call_scenes import WorthsOf

NUMBER = {"type": "number"}


def test_the_tools_words_are_those_of_its_name_and_description(worths: WorthsOf) -> None:
    assert worths("x", {}, {}, name="get_weatherReport").scene.tool_roots == {"get", "weather", "report"}


def test_a_candidate_has_its_number(worths: WorthsOf) -> None:
    scene = worths("5 and 5", {"a": NUMBER}, {}).scene
    assert [scene.number(0, each) for each in scene.candidates[0]] == [0, 1, 2]


def test_a_trial_knows_its_words_and_the_other_arguments(worths: WorthsOf) -> None:
    scene = worths("take twenty-five", {"a": NUMBER, "b": NUMBER}, {}).scene
    trial = scene.trial(0, scene.candidates[0][1])
    assert (trial.text, [other.name for other in trial.others]) == ("twenty-five", ["b"])


def test_arguments_may_be_in_an_order(worths: WorthsOf) -> None:
    assert worths("x", {"a": NUMBER, "b": NUMBER}, {}).scene.ordered_pairs == {(0, 1)}
