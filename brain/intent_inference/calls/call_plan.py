"""Which calls serve a request: tools, what the request says for their arguments, and what flows from call to call."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from brain.clauses import clauses_of
from brain.intent_inference.calls.arguments import ArgumentPath
from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.features import Features
from brain.intent_inference.calls.offer import Offer
from brain.intent_inference.calls.owners import Owners, WorthsWithin
from brain.intent_inference.calls.planned_tool import PlannedTool, ToolOutput
from brain.intent_inference.calls.ranker import Worths, weigh
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.calls.references import Source, sources
from brain.intent_inference.calls.scene import Scene
from brain.intent_inference.calls.table_search import TableSearch, fill_all
from brain.intent_inference.calls.tool_choice import Judged, judge
from brain.intent_inference.similarity import Similarity

__all__ = ["Call", "CallPlan", "Link", "plan_calls"]

OWNS_A_CLAUSE = "choose:best of a clause True"
LEAST_TOLD = 2
"""Words of a tool's description that a request has to share where it shares none of the name."""
LEAST_LIKENESS = 0.4
"""Cosine similarity of a tool with the clause that it fits best that is as good as shared words."""
SURE = 1.0
"""Score from which on the best tool is asked for, whatever its words are."""
DEEPEST = 4
"""Tools behind each other of which each only gives what the next one takes."""


@dataclass(frozen=True, slots=True)
class Link:
    """A part of what an earlier call gives."""

    call: "Call"
    output: ToolOutput


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call of a tool: by argument what the request says, and what earlier calls give."""

    tool: PlannedTool
    values: Mapping[ArgumentPath, Candidate]
    links: Mapping[ArgumentPath, Link]


@dataclass(frozen=True, slots=True)
class CallPlan:
    """The calls, each behind those that it takes from, and the request that they were read from."""

    reading: Reading
    calls: tuple[Call, ...]


@dataclass(slots=True)
class _Entry:
    """A tool of the plan, before its calls are made."""

    judged: Judged
    sources: Mapping[int, Source] = field(default_factory=dict)
    """By position of the argument."""
    calls: list[Call] = field(default_factory=list)

    @property
    def givers(self) -> set[str]:
        """The names of the tools that it takes from."""
        return {source.tool.name for source in self.sources.values()}


def plan_calls(
    request: str,
    tools: Sequence[PlannedTool],
    weights: Mapping[str, float],
    similarity: Similarity,
    as_of: date | None = None,
) -> CallPlan:
    """The calls that serve a request; none where no tool does. The same input gives the same plan."""
    offer = Offer(Reading(request), as_of)
    judged = {each.tool.name: each for each in judge(request, tools, weights, similarity, offer)}
    selection = _Selection(judged, weights, len(clauses_of(request)))
    owners = Owners.of(offer.contents.reading, [judged[name].tool for name in selection.asked], similarity)
    entries = selection.made()
    order = _ordered(entries)
    for name in order:
        entries[name].calls = _Calls(entries, offer, weights, similarity, owners).of(entries[name])
    return CallPlan(offer.contents.reading, tuple(call for name in order for call in entries[name].calls))


def _is_spoken_of(judged: Judged) -> bool:
    """Whether the request has words of the tool: what only could be filled is not asked for."""
    tool, said = judged.tool, judged.worths.scene.said
    is_told = not tool.roots.isdisjoint(said) or len(tool.described & said) >= LEAST_TOLD
    return is_told or judged.facts["choose:clause"] >= LEAST_LIKENESS


class _Selection:
    """The tools of a plan: those that the request asks for, and those that give what they take."""

    def __init__(self, judged: Mapping[str, Judged], weights: Mapping[str, float], clauses: int) -> None:
        self._judged = judged
        self._weights = weights
        self._others = {name: (each.tool, weigh(each.facts, weights)) for name, each in judged.items()}
        scores = {name: score for name, (_, score) in self._others.items()}
        best = max(scores, key=lambda name: scores[name], default="")
        asked = [
            name
            for name, score in scores.items()
            if (score > 0 and _is_spoken_of(judged[name])) or (name == best and score > SURE)
        ]
        asked.sort(key=lambda name: -self._others[name][1])
        best_of_clauses = [name for name in asked[1:] if OWNS_A_CLAUSE in judged[name].facts]
        self.asked = [*asked[:1], *best_of_clauses[: clauses - 1]]
        """The names of those that the request asks for, surest first."""
        self._entries = {name: _Entry(judged[name]) for name in self.asked}

    def made(self) -> dict[str, _Entry]:
        """By name of the tool."""
        agenda = [(name, 0) for name in self._entries]
        for name, depth in agenda:
            entry = self._entries[name]
            found = sources(entry.judged, self._others, self._weights)
            entry.sources = {at: source for at, source in found.items() if self._may_give(source.tool.name, name)}
            for giver in sorted(entry.givers - self._entries.keys()):
                self._entries[giver] = _Entry(self._judged[giver])
                if depth < DEEPEST:
                    agenda.append((giver, depth + 1))
        return self._entries

    def _may_give(self, giver: str, taker: str) -> bool:
        """Whether it is asked for itself, or all that it needs is said, and it does not take from the other."""
        if self._takes_from(giver, taker):
            return False
        judged = self._judged[giver]
        needs = zip(judged.tool.arguments, judged.choice.candidates, strict=True)
        return giver in self._entries or all(
            not argument.is_required or not given.is_absent for argument, given in needs
        )

    def _takes_from(self, name: str, other: str) -> bool:
        """Whether a tool takes from another, be it by way of further ones."""
        if name == other:
            return True
        entry = self._entries.get(name)
        return entry is not None and any(self._takes_from(giver, other) for giver in entry.givers)


def _ordered(entries: Mapping[str, _Entry]) -> list[str]:
    """Each tool behind those that it takes from."""
    order: list[str] = []

    def place(name: str) -> None:
        for giver in sorted(entries[name].givers):
            if giver not in order:
                place(giver)
        if name not in order:
            order.append(name)

    for name in entries:
        place(name)
    return order


class _Calls:
    """Makes the calls of one tool after the other."""

    def __init__(
        self,
        entries: Mapping[str, _Entry],
        offer: Offer,
        weights: Mapping[str, float],
        similarity: Similarity,
        owners: Owners,
    ) -> None:
        self._entries = entries
        self._offer = offer
        self._weights = weights
        self._similarity = similarity
        self._owners = owners

    def of(self, entry: _Entry) -> list[Call]:
        """As many as the request says, or as the calls that it takes from give."""
        tool, worths = entry.judged.tool, self._worths(entry)
        rows = self._rows_within(worths, tool.name)
        shares = _most_alike(entry)
        if len(rows) == 1 and shares == 1:
            rows *= max((len(self._entries[giver].calls) for giver in entry.givers), default=1)
        paths = [argument.path for argument in worths.scene.arguments]
        return [
            Call(tool, dict(zip(paths, row, strict=True)), self._links(entry, number, shares))
            for number, row in enumerate(rows)
        ]

    def _takers(self, name: str) -> int:
        """How many arguments of one tool take the same part of this one's result, each from a call of its own."""
        return max((_most_alike(entry) for entry in self._entries.values() if name in entry.givers), default=1)

    def _worths(self, entry: _Entry) -> Worths:
        """Of the arguments that the request has to say: those that were looked at, where no other call gives any."""
        tool = entry.judged.tool
        if not entry.sources:
            return entry.judged.worths
        literal = [argument for at, argument in enumerate(tool.arguments) if at not in entry.sources]
        scene = Scene(self._offer, tool.name, tool.description, literal, self._similarity)
        return Worths(Features(scene), self._weights)

    def _rows_within(self, worths: Worths, tool: str) -> list[tuple[Candidate, ...]]:
        """With values of the tool's own clauses; with all where something that it needs is said only elsewhere."""
        wanted = self._takers(tool)
        if tool not in self._owners.names:
            return self._rows(worths, wanted)
        within = self._rows(WorthsWithin(worths.features, self._weights, self._owners, tool), wanted)
        missing = _missing(worths.scene, within)
        if not missing:
            return within
        everywhere = self._rows(worths, wanted)
        return everywhere if _missing(worths.scene, everywhere) < missing else within

    def _rows(self, worths: Worths, wanted: int) -> list[tuple[Candidate, ...]]:
        if not worths.scene.arguments:
            return [()]
        rows = fill_all(worths)
        if len(rows) == 1 < wanted:
            tables = TableSearch(worths).best(wanted)
            return tables[0][1].calls[:wanted] if tables else rows
        return rows

    def _links(self, entry: _Entry, number: int, shares: int) -> dict[ArgumentPath, Link]:
        """What the call of this number takes; arguments that share a part take it from one call after the other."""
        links, turns = {}, Counter[tuple[str, str]]()
        for at, source in entry.sources.items():
            key = (source.tool.name, source.output.path)
            givers = self._entries[source.tool.name].calls
            turn = turns[key] if shares > 1 else number
            turns[key] += 1
            links[entry.judged.tool.arguments[at].path] = Link(givers[min(turn, len(givers) - 1)], source.output)
        return links


def _missing(scene: Scene, rows: Sequence[tuple[Candidate, ...]]) -> int:
    """How many arguments that the tool needs some call is not given."""
    columns = zip(scene.arguments, zip(*rows, strict=True), strict=False)
    return sum(argument.is_required and any(each.is_absent for each in column) for argument, column in columns)


def _most_alike(entry: _Entry) -> int:
    """How many arguments of a tool take the same part of the same result."""
    counts = Counter((source.tool.name, source.output.path) for source in entry.sources.values())
    return max(counts.values(), default=1)
