"""What the tests of filled calls share: arguments by their schema, requests beside a tool, and what is offered."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from brain.intent_inference.calls.arguments import Argument, arguments_of
from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.features import Features
from brain.intent_inference.calls.offer import Offer
from brain.intent_inference.calls.ranker import Worths
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.calls.scene import Scene
from brain.intent_inference.similarity import Similarity

__all__ = ["FactsOf", "WorthsOf", "argument_of", "offered", "said", "schema_of", "values_of", "worths_of"]

type WorthsOf = Callable[..., Worths]
"""`worths(text, properties, weights, name="tool")`: a request beside a tool."""
type FactsOf = Callable[..., dict[str, float]]
"""`facts(text, properties, value, name="tool")`: about a value for the first argument, at its first place."""


def schema_of(properties: Mapping[str, Any], required: Sequence[str] = ()) -> dict[str, Any]:
    """The schema of a tool's arguments."""
    return {"type": "object", "properties": dict(properties), "required": list(required)}


def argument_of(name: str = "value", description: str = "", **schema: Any) -> Argument:
    """The one argument of a tool; a text unless the schema says otherwise."""
    (argument,) = arguments_of(schema_of({name: {"type": "string", "description": description, **schema}}))
    return argument


def offered(text: str, argument: Argument, as_of: date | None = None) -> list[Candidate]:
    """The candidates that a request offers for an argument, without its absence."""
    return Offer(Reading(text), as_of).of(argument)[1:]


def values_of(text: str, argument: Argument, rule: str | None = None) -> list[Any]:
    """Their values, of one rule or of all."""
    return [each.value for each in offered(text, argument) if rule in (None, each.rule)]


def said(text: str, candidate: Candidate) -> str:
    """The words of the request that a candidate stands in."""
    return Reading(text).quote(candidate.first, candidate.last)


def worths_of(
    text: str, properties: Mapping[str, Any], weights: Mapping[str, float], similarity: Similarity, name: str = "tool"
) -> Worths:
    """A request beside a tool, under these weights."""
    arguments = arguments_of(schema_of(properties))
    return Worths(Features(Scene(Offer(Reading(text)), name, "", arguments, similarity)), weights)
