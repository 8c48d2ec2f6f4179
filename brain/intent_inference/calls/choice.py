"""Which tools a request asks for: how near each is to it, as a whole and clause by clause, and how well its arguments fill."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from brain.intent_inference.calls.arguments import Argument, arguments_of
from brain.intent_inference.calls.candidates import Offer
from brain.intent_inference.calls.features import Scene
from brain.intent_inference.calls.meaning import Meaning
from brain.intent_inference.calls.ranker import Choice, fill, weigh
from brain.intent_inference.calls.reading import FUNCTION_WORDS, Reading, split_name
from brain.intent_inference.inflection import root
from brain.tool_registry.definitions import JsonSchema

__all__ = ["Callable", "Field", "clauses_of", "judge"]

JOINTS = re.compile(
    r"(?<=[.?!;])\s+|\s*[,;]?\s+\b(?:and then|then|after that|afterwards|also|plus|finally|next|as well as)\b\s*,?|,?\s+\band\b\s+(?=[a-z]+\b)|,\s+", re.IGNORECASE
)
LEAST_WORDS = 2
"""Telling words of a clause."""


@dataclass(frozen=True, slots=True)
class Field:
    """Something that a tool gives."""

    name: str
    type: str
    description: str
    path: str = ""
    """How a reference reaches it (JMESPath)."""


@dataclass(frozen=True)
class Callable:
    """A tool as it is planned with."""

    name: str
    description: str
    schema: JsonSchema = field(hash=False)
    gives: tuple[Field, ...] = ()

    @cached_property
    def arguments(self) -> list[Argument]:
        """Its arguments, taken apart."""
        return arguments_of(self.schema)

    @cached_property
    def name_words(self) -> str:
        """The words of its name."""
        return " ".join(split_name(self.name))

    @cached_property
    def roots(self) -> frozenset[str]:
        """Roots of the words of its name."""
        return frozenset(root(word) for word in split_name(self.name)) - {root("get"), root("api")}

    @cached_property
    def told(self) -> frozenset[str]:
        """Roots of the telling words of its description."""
        words = re.findall(r"[^\W\d_]+", self.description.lower())
        return frozenset(root(word) for word in words if word not in FUNCTION_WORDS)

    @cached_property
    def verb(self) -> str:
        """The first word of its description."""
        return root(next(iter(re.findall(r"[^\W\d_]+", self.description.lower())), ""))


def clauses_of(text: str) -> list[str]:
    """The parts of a request that may ask for something each; parts without telling words go with the one before."""
    found: list[str] = []
    for part in JOINTS.split(text):
        telling = [word for word in re.findall(r"[^\W_]+", part.lower()) if word not in FUNCTION_WORDS]
        if len(telling) >= LEAST_WORDS or not found:
            found.append(part)
        else:
            found[-1] = f"{found[-1]} {part}"
    return [part for part in found if part.strip()]


@dataclass(frozen=True)
class Judged:
    """A tool beside a request."""

    tool: Callable
    scene: Scene
    choice: Choice
    features: dict[str, float] = field(hash=False)


def judge(request: str, tools: Sequence[Callable], weights: Mapping[str, float], meaning: Meaning, offer: Offer | None = None) -> list[Judged]:
    """Every tool with what speaks for it; `choose:` weights of the features say how much."""
    offer = offer or Offer(Reading(request))
    clauses = clauses_of(request)
    texts = meaning.of([f"{tool.name_words}. {tool.description}" for tool in tools])
    names = meaning.of([tool.name_words for tool in tools])
    asked = meaning.of([request])[0]
    parts = meaning.of(clauses)
    whole = texts @ asked
    named = names @ asked
    by_clause = np.maximum(texts @ parts.T, names @ parts.T)
    roots = [root(token.lower) for token in offer.reading.tokens]
    found = []
    for at, tool in enumerate(tools):
        scene = Scene(offer, tool.name, tool.description, tool.arguments, meaning)
        choice = fill(scene, weights)[0]
        features = dict(_facts(at, tool, whole, named, by_clause, roots))
        features |= dict(_of_filling(scene, choice, weights))
        setting = "alone" if len(tools) == 1 else "among"
        found.append(Judged(tool, scene, choice, {f"choose {setting}: {name}": value for name, value in features.items()}))
    return found


def _facts(at: int, tool: Callable, whole: np.ndarray, named: np.ndarray, by_clause: np.ndarray, roots: Sequence[str]) -> Iterator[tuple[str, float]]:
    yield "any", 1.0
    yield "alone" if len(whole) == 1 else "among others", 1.0
    yield "whole", float(whole[at])
    yield "named", float(named[at])
    yield "clause", float(by_clause[at].max())
    if len(whole) > 1:
        yield "whole margin", float(whole[at] - np.delete(whole, at).max())
        yield "named margin", float(named[at] - np.delete(named, at).max())
        margins = by_clause[at] - np.delete(by_clause, at, axis=0).max(axis=0)
        yield "clause margin", float(margins.max())
        yield f"best of a clause {bool(margins.max() >= 0)}", 1.0
        yield f"rank {min(int((whole > whole[at]).sum()), 4)}", 1.0
        yield f"clause rank {min(int((by_clause > by_clause[at]).sum(axis=0).min()), 4)}", 1.0
    said = set(roots)
    yield "name said", len(tool.roots & said) / max(len(tool.roots), 1)
    yield f"name wholly said {bool(tool.roots) and tool.roots <= said}", 1.0
    yield f"name said at all {bool(tool.roots & said)}", 1.0
    yield "told said", len(tool.told & said) / max(len(tool.told), 1) ** 0.5
    yield f"told said {min(len(tool.told & said), 4)}", 1.0
    yield f"verb said {tool.verb in said}", 1.0
    if roots:
        yield f"opens with its verb {roots[0] == tool.verb or roots[0] in tool.roots}", 1.0


def _of_filling(scene: Scene, choice: Choice, weights: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    required = [at for at, argument in enumerate(scene.arguments) if argument.is_required]
    missing = [at for at in required if choice.candidates[at].is_absent]
    yield f"required {min(len(required), 3)}", 1.0
    yield f"missing {min(len(missing), 3)}", 1.0
    yield f"all required are said {not missing}", 1.0
    worths = [
        weigh(scene.alone(at, scene.number(at, candidate)), weights) - weigh(scene.alone(at, 0), weights)
        for at, candidate in enumerate(choice.candidates)
        if not candidate.is_absent
    ]
    if worths:
        yield "mean worth", max(-5.0, min(sum(worths) / len(worths), 10.0)) / 5
        yield "least worth", max(-5.0, min(*worths, 10.0)) / 5
    said = sum(bool(argument.roots & set(scene.roots)) for argument in scene.arguments)
    yield "arguments said", said / max(len(scene.arguments), 1)
    covered = {place for each in choice.candidates if each.first >= 0 for place in range(each.first, each.last)}
    telling = [at for at, token in enumerate(scene.reading.tokens) if token.kind != "mark" and not token.is_function_word]
    yield "covered", len(covered & set(telling)) / max(len(telling), 1)
    figures = [place for place in scene.figure_starts if place not in covered]
    yield f"figures left {min(len(figures), 3)}", 1.0
    yield f"quotes left {min(sum(quote[0] not in covered for quote in scene.reading.quotes), 2)}", 1.0
