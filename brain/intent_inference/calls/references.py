"""Arguments that an earlier step gives: which field of which tool fits an argument, by names, types and descriptions."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from brain.intent_inference.calls.arguments import Argument, Kind
from brain.intent_inference.calls.choice import Callable, Field
from brain.intent_inference.calls.meaning import Meaning
from brain.intent_inference.calls.ranker import weigh
from brain.intent_inference.calls.reading import FUNCTION_WORDS, split_name
from brain.intent_inference.inflection import root

__all__ = ["Source", "sources_of"]

HANDLES = frozenset(root(word) for word in "id ids key token slug code latitude longitude lat lng lon uuid ref reference hash handle ufi iata sku number".split())
SAME = {"lat": "latitude", "lng": "longitude", "lon": "longitude", "long": "longitude"}
GENERIC = frozenset(root(word) for word in "id name value number code key type list result data".split())
TYPES = {
    Kind.INTEGER: {"integer", "number"}, Kind.NUMBER: {"number", "integer"}, Kind.BOOLEAN: {"boolean"},
    Kind.TEXT: {"string", "number", "integer"}, Kind.DATE: {"string"}, Kind.TIME: {"string"}, Kind.OPTION: {"string"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """A field of another tool's result that could be an argument."""

    tool: Callable
    field: Field
    score: float


def sources_of(
    consumer: Callable, argument: Argument, producers: Sequence[Callable], weights: Mapping[str, float], meaning: Meaning, worth: float,
    looks: str, said: frozenset[str], judged: Mapping[str, float],
) -> list[Source]:
    """The fields that fit an argument better than leaving it to the request, best first; `worth` is what the request offers."""
    own = weigh(dict(nothing(argument, worth, looks)), weights)
    found = [
        Source(tool, given, weigh(dict(facts(consumer, argument, tool, given, meaning, said, judged.get(tool.name, 0.0))), weights) - own)
        for tool in producers
        if tool is not consumer
        for given in tool.gives
        if _fits(argument, given)
    ]
    return sorted((each for each in found if each.score > 0), key=lambda each: -each.score)


def nothing(argument: Argument, worth: float, looks: str = "absent") -> Iterator[tuple[str, float]]:
    """What speaks for taking the argument from the request, or leaving it out; `looks`: what kind of token it would be."""
    need = "required" if argument.is_required else "optional"
    handle = bool(argument.roots & HANDLES)
    yield f"refer: none {looks} handle={handle}", 1.0
    yield f"refer: none {looks} {need}", 1.0
    yield f"refer: none {looks} {argument.kind}", 1.0
    yield f"refer: none {need}", 1.0
    yield f"refer: none worth {need}", max(-5.0, min(worth, 10.0)) / 5
    yield f"refer: none handle={bool(argument.roots & HANDLES)}", 1.0
    yield f"refer: none {argument.kind}", 1.0
    if argument.has_default:
        yield "refer: none default", 1.0


def facts(consumer: Callable, argument: Argument, tool: Callable, given: Field, meaning: Meaning, said: frozenset[str] = frozenset(), judged: float = 0.0) -> Iterator[tuple[str, float]]:
    """What speaks for one field."""
    wanted, offered = _named(argument.name), _named(given.name)
    entity = tool.roots | tool.told
    yield "refer: any", 1.0
    yield f"refer: same name {wanted == offered}", 1.0
    shared = wanted & offered
    yield "refer: shared words", len(shared) / max(len(wanted | offered), 1)
    yield f"refer: shares a telling word {bool(shared - GENERIC)}", 1.0
    yield f"refer: offered is part of wanted {offered < wanted}", 1.0
    yield f"refer: wanted is part of offered {wanted < offered}", 1.0
    handles = wanted & HANDLES
    yield f"refer: handle {bool(handles)} shared {bool(handles & offered)}", 1.0
    rest = (wanted - HANDLES - offered) - _NEUTRAL
    yield f"refer: the rest names the tool {bool(rest & entity) if rest else 'nothing'}", 1.0
    yield f"refer: type {given.type} for {argument.kind}", 1.0
    yield f"refer: list {given.type == 'array'} for {argument.is_list}", 1.0
    told = argument.description.lower()
    yield f"refer: tool is told {tool.name.lower() in told}", 1.0
    yield f"refer: field is told {given.name.lower() in re.findall(r'\w+', told)}", 1.0
    pair = meaning.of([argument.text, f"{' '.join(split_name(given.name))}. {given.description}", " ".join(argument.words), " ".join(split_name(given.name)), f"{tool.name_words} {' '.join(split_name(given.name))}"])
    yield "refer: similar", float(pair[0] @ pair[1])
    yield "refer: similar names", float(pair[2] @ pair[3])
    yield "refer: similar with tool", float(pair[2] @ pair[4])
    yield f"refer: depth {min(given.path.count('.') , 3)}", 1.0
    extra = offered - wanted - GENERIC - HANDLES
    yield f"refer: field is asked for {bool(extra & said) if extra else 'nothing'}", 1.0
    yield "refer: judged", max(-4.0, min(judged, 4.0)) / 4
    yield f"refer: judged {judged > 0}", 1.0
    yield f"refer: judged {judged > 0} handle {bool(handles & offered)}", 1.0
    yield f"refer: same family {consumer.name.partition('.')[0] == tool.name.partition('.')[0] and '.' in tool.name}", 1.0
    yield f"refer: gives back what it takes {given.name in tool.schema.get('properties', {})}", 1.0


_NEUTRAL = frozenset(root(word) for word in "from to pick drop up off start end source target origin destination first second new old".split())


def _named(name: str) -> frozenset[str]:
    return frozenset(root(SAME.get(word, word)) for word in split_name(name.replace("[]", "")))


def _fits(argument: Argument, given: Field) -> bool:
    if argument.is_list:
        return given.type in ("array", "")
    return not given.type or given.type in TYPES.get(argument.kind, {given.type}) or given.type == "array"
