"""Facts about a text beside the examples that the argument's description gives."""

from collections.abc import Iterator

from brain.intent_inference.calls.arguments import Kind
from brain.intent_inference.calls.scene import Fact, Trial

__all__ = ["examples"]

MOST_DIFFERENCE = 3
"""Words by which a text is longer or shorter than the examples; more makes no difference."""


def examples(trial: Trial) -> Iterator[Fact]:
    """Whether it looks like them; nothing where there are none, or where they are the options."""
    given, text = trial.argument.examples, trial.text
    if not given or trial.argument.kind is Kind.OPTION:
        return
    case = trial.scene.reading.case(trial.first, trial.last)
    vectors = trial.scene.similarity.vectors([*given, text])
    capitals = sum(example[:1].isupper() for example in given)
    length = sum(len(example.split()) for example in given) / len(given)
    yield "like examples", float((vectors[:-1] @ vectors[-1]).max())
    yield f"examples capital={capitals * 2 > len(given)} {case}", 1.0
    yield f"examples length {min(abs(case.words - length), MOST_DIFFERENCE):.0f}", 1.0
    if text in given:
        yield "is example", 1.0
    if all(_has_digit(example) for example in given):
        yield f"examples digits {_has_digit(text)}", 1.0
    if any("," in example for example in given):
        yield f"examples comma {',' in text}", 1.0


def _has_digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text)
