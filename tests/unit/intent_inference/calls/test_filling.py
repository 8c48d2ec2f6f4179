"""Facts about a filled call."""

from call_scenes import schema_of, worths_of

from brain.intent_inference.calls.arguments import arguments_of
from brain.intent_inference.calls.features import Features
from brain.intent_inference.calls.filling import filling
from brain.intent_inference.calls.offer import Offer
from brain.intent_inference.calls.ranker import Worths, fill
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.calls.scene import Scene
from brain.intent_inference.similarity import Similarity

NUMBER = {"type": "number"}


def facts(text: str, required: list[str], similarity: Similarity) -> dict[str, float]:
    arguments = arguments_of(schema_of({"radius": NUMBER, "height": NUMBER}, required))
    scene = Scene(Offer(Reading(text)), "tool", "", arguments, similarity)
    worths = Worths(Features(scene), {"number:any": 3.0, "number:used alike True": -9.0})
    return dict(filling(worths, fill(worths)[0].candidates))


def test_what_is_needed_may_be_missing(similarity: Similarity) -> None:
    found = facts("a radius of 5", ["radius", "height"], similarity)
    assert {"required 2", "missing 1", "all required are said False"} <= found.keys()


def test_what_is_said_is_worth_something(similarity: Similarity) -> None:
    found = facts("a radius of 5", ["radius"], similarity)
    assert (found["mean worth"], found["least worth"], found["arguments said"]) == (0.6, 0.6, 0.5)


def test_what_no_value_stands_in_is_left(similarity: Similarity) -> None:
    found = facts("radius 5, height 6, and 7 of 'them'", ["radius"], similarity)
    assert {"figures left 1", "quotes left 1"} <= found.keys()
    assert found["covered"] == 2 / 5


def test_a_tool_without_arguments_needs_nothing(similarity: Similarity) -> None:
    worths = worths_of("now", {}, {}, similarity)
    assert dict(filling(worths, ()))["all required are said True"] == 1
