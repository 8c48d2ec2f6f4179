"""From a request and tools to the calls that serve it: which tools, with which arguments, and what flows between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from brain.intent_inference.calls.arguments import Argument
from brain.intent_inference.calls.candidates import ABSENT, Candidate, Offer
from brain.intent_inference.calls.choice import Callable, Field, Judged, judge
from brain.intent_inference.calls.columns import Columns, fill_all
from brain.intent_inference.calls.features import Scene
from brain.intent_inference.calls.meaning import Meaning
from brain.intent_inference.calls.ranker import fill, weigh
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.calls.references import Source, sources_of
from brain.intent_inference.inflection import root

__all__ = ["Call", "Link", "plan_calls"]

DEEPEST = 4
"""Tools behind each other that only give what the next one takes."""


@dataclass(frozen=True, slots=True)
class Link:
    """A value that an earlier call gives."""

    call: "Call"
    field: Field


@dataclass(eq=False, slots=True)
class Call:
    """One call of a tool: what the request says, and what earlier calls give."""

    tool: Callable
    values: dict[tuple[str, ...], Candidate]
    links: dict[tuple[str, ...], Link] = field(default_factory=dict)


@dataclass
class _Wanted:
    """A tool of the plan, before its calls are made."""

    tool: Callable
    judged: float
    sources: dict[tuple[str, ...], Source] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)


def plan_calls(
    request: str, tools: Sequence[Callable], weights: Mapping[str, float], meaning: Meaning, as_of: date | None = None, least: float = 0.0
) -> list[Call]:
    """The calls in an order in which each comes after those that it takes from; none where no tool serves the request."""
    offer = Offer(Reading(request), as_of)
    judged = judge(request, tools, weights, meaning, offer)
    scores = {each.tool.name: weigh(each.features, weights) for each in judged}
    wanted = {each.tool.name: _Wanted(each.tool, scores[each.tool.name]) for each in judged if scores[each.tool.name] > least}
    said = frozenset(root(token.lower) for token in offer.reading.tokens)
    agenda = [(each, 0) for each in judged if each.tool.name in wanted]
    by_name = {each.tool.name: each for each in judged}
    while agenda:
        each, depth = agenda.pop(0)
        entry = wanted[each.tool.name]
        for argument, source in _sources(each, tools, weights, meaning, said, scores).items():
            if _goes_round(source.tool.name, each.tool.name, wanted):
                continue
            entry.sources[argument] = source
            if source.tool.name not in wanted and depth < DEEPEST:
                wanted[source.tool.name] = _Wanted(source.tool, scores[source.tool.name])
                agenda.append((by_name[source.tool.name], depth + 1))
    order = _ordered(wanted)
    for name in order:
        entry = wanted[name]
        entry.calls = _calls(entry, wanted, offer, weights, meaning)
    return [call for name in order for call in wanted[name].calls]


def _sources(each: Judged, tools: Sequence[Callable], weights: Mapping[str, float], meaning: Meaning, said: frozenset[str], scores: Mapping[str, float]) -> dict[tuple[str, ...], Source]:
    found = {}
    for at, argument in enumerate(each.scene.arguments):
        candidate = each.choice.candidates[at]
        worth = 0.0 if candidate.is_absent else weigh(each.scene.alone(at, each.scene.number(at, candidate)), weights) - weigh(each.scene.alone(at, 0), weights)
        sources = sources_of(each.tool, argument, tools, weights, meaning, worth, looks(each.scene, candidate), said, scores)
        if sources:
            found[argument.path] = sources[0]
    return found


def looks(scene: Scene, candidate: Candidate) -> str:
    """What kind of token a candidate begins with."""
    if candidate.is_absent:
        return "absent"
    if candidate.first < 0:
        return "meant"
    token = scene.reading.tokens[candidate.first]
    if any(quote[0] <= candidate.first < quote[1] for quote in scene.reading.quotes):
        return "quoted"
    if token.kind != "word":
        return token.kind
    return "name" if token.is_capital and candidate.first not in scene.reading.sentence_starts else "words"


def _goes_round(producer: str, consumer: str, wanted: Mapping[str, _Wanted]) -> bool:
    """Whether the producer itself takes from the consumer."""
    if producer == consumer:
        return True
    entry = wanted.get(producer)
    return entry is not None and any(_goes_round(source.tool.name, consumer, wanted) for source in entry.sources.values())


def _ordered(wanted: Mapping[str, _Wanted]) -> list[str]:
    order: list[str] = []

    def place(name: str) -> None:
        if name in order:
            return
        for source in wanted[name].sources.values():
            if source.tool.name in wanted:
                place(source.tool.name)
        order.append(name)

    for name in wanted:
        place(name)
    return order


def _calls(entry: _Wanted, wanted: Mapping[str, _Wanted], offer: Offer, weights: Mapping[str, float], meaning: Meaning) -> list[Call]:
    linked = {path: source for path, source in entry.sources.items() if source.tool.name in wanted}
    literal = [argument for argument in entry.tool.arguments if argument.path not in linked]
    scene = Scene(offer, entry.tool.name, entry.tool.description, literal, meaning)
    roles = _roles(entry, wanted)
    rows = _rows(scene, weights, roles)
    calls = [Call(entry.tool, dict(zip((argument.path for argument in literal), row, strict=True))) for row in rows]
    most = max((len(wanted[source.tool.name].calls) for source in linked.values()), default=1)
    sharing = max((sum(other.tool.name == source.tool.name and other.field == source.field for other in linked.values()) for source in linked.values()), default=1)
    if len(calls) == 1 and sharing == 1 and most > 1:
        calls = [Call(entry.tool, dict(calls[0].values)) for _ in range(most)]
    for number, call in enumerate(calls):
        used: dict[tuple[str, str], int] = {}
        for path, source in linked.items():
            givers = wanted[source.tool.name].calls
            key = (source.tool.name, source.field.path)
            turn = used.get(key, 0)
            used[key] = turn + 1
            at = turn if sharing > 1 else number
            call.links[path] = Link(givers[min(at, len(givers) - 1)], source.field)
    return calls


def _roles(entry: _Wanted, wanted: Mapping[str, _Wanted]) -> int:
    """How many arguments of one consumer want the same field of this tool, each from a call of its own."""
    most = 1
    for other in wanted.values():
        counts: dict[str, list[tuple[str, ...]]] = {}
        for path, source in other.sources.items():
            if source.tool.name == entry.tool.name:
                counts.setdefault(source.field.path, []).append(path)
        most = max([most, *(len(paths) for paths in counts.values())])
    return most


def _rows(scene: Scene, weights: Mapping[str, float], roles: int) -> list[tuple[Candidate, ...]]:
    if not scene.arguments:
        return [()]
    rows = fill_all(scene, weights)
    if roles > len(rows) == 1:
        tables = Columns(scene, weights).search(roles)
        return tables[0][1].calls[:roles] if tables else rows
    return rows
