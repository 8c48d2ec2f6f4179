"""Arguments that an earlier call gives: which part of which tool's result fits, by names, types and descriptions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from brain.identifiers import split_name
from brain.intent_inference.calls.arguments import Argument, Kind
from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.planned_tool import PlannedTool, ToolOutput
from brain.intent_inference.calls.ranker import Worths, weigh
from brain.intent_inference.calls.scene import Fact
from brain.intent_inference.calls.tool_choice import Judged
from brain.intent_inference.inflection import root
from brain.intent_inference.similarity import Similarity

__all__ = ["Source", "from_request", "from_tool", "is_possible", "sources"]


def _roots(words: str) -> frozenset[str]:
    return frozenset(root(word) for word in words.split())


HANDLES = _roots("id ids key token slug code latitude longitude uuid ref reference hash handle sku number")
"""Of names for what one tool gives so that another can take it."""
GENERIC = _roots("id name value number code key type list result data")
ROLES = _roots("from to pick drop up off start end source target origin destination first second new old")
"""Of words that only tell arguments of one tool apart."""
SPELT = {"lat": "latitude", "lng": "longitude", "lon": "longitude", "long": "longitude"}
TYPES = {
    Kind.INTEGER: {"integer", "number"}, Kind.NUMBER: {"number", "integer"}, Kind.BOOLEAN: {"boolean"},
    Kind.TEXT: {"string"}, Kind.DATE: {"string"}, Kind.TIME: {"string"}, Kind.OPTION: {"string"},
}  # fmt: skip
"""Of results that an argument may take."""
LOWEST_WORTH, HIGHEST_WORTH, WORTH_UNIT = -5.0, 10.0, 5.0
SUREST = 4.0
"""Score of a tool from which on more makes no difference."""
DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Source:
    """A part of another tool's result that an argument can be taken from, and how much speaks for it."""

    tool: PlannedTool
    output: ToolOutput
    score: float


def sources(
    judged: Judged, others: Mapping[str, tuple[PlannedTool, float]], weights: Mapping[str, float]
) -> dict[int, Source]:
    """By position the arguments of a tool that are better taken from another one than from the request.

    `others` are the tools at hand by name, each with its score for the request.
    """
    scene = judged.worths.scene
    found = {}
    for at, argument in enumerate(scene.arguments):
        own = weigh(dict(from_request(judged.worths, at, judged.choice.candidates[at])), weights)
        scored = [
            Source(tool, output, weigh(dict(from_tool(judged, argument, tool, output, score)), weights) - own)
            for tool, score in others.values()
            for output in tool.outputs
            if tool.name != judged.tool.name and is_possible(argument, output)
        ]
        best = max(scored, key=lambda each: each.score, default=None)
        if best is not None and best.score > 0:
            found[at] = best
    return found


def is_possible(argument: Argument, output: ToolOutput) -> bool:
    """Whether the types allow it."""
    if argument.is_list:
        return output.type == "array"
    return argument.kind in TYPES and output.type in TYPES[argument.kind]


def from_request(worths: Worths, position: int, candidate: Candidate) -> Iterator[Fact]:
    """What speaks for taking an argument from the request, or for leaving it out."""
    argument = worths.scene.arguments[position]
    alone = worths.alone(position)
    worth = alone[worths.scene.number(position, candidate)] - alone[0]
    looks, handle = _looks(worths, candidate), bool(argument.roots & HANDLES)
    yield f"refer: none {looks} handle={handle}", 1.0
    yield f"refer: none {looks} {argument.need}", 1.0
    yield f"refer: none {looks} {argument.kind}", 1.0
    yield f"refer: none {argument.need}", 1.0
    yield f"refer: none worth {argument.need}", max(LOWEST_WORTH, min(worth, HIGHEST_WORTH)) / WORTH_UNIT
    yield f"refer: none handle={handle}", 1.0
    yield f"refer: none {argument.kind}", 1.0
    if argument.has_default:
        yield "refer: none default", 1.0


def _looks(worths: Worths, candidate: Candidate) -> str:
    """What the request offers: nothing, an option that is only meant, or the kind of its first token."""
    if candidate.is_absent or not candidate.is_placed:
        return "absent" if candidate.is_absent else "meant"
    reading = worths.scene.reading
    if any(first <= candidate.first < last for first, last in reading.quotes):
        return "quoted"
    token = reading.tokens[candidate.first]
    if token.kind != "word":
        return token.kind
    return "name" if token.is_capital and candidate.first not in reading.sentence_starts else "words"


def from_tool(
    judged: Judged, argument: Argument, tool: PlannedTool, output: ToolOutput, score: float
) -> Iterator[Fact]:
    """What speaks for taking an argument from a part of a tool's result; `score` is the tool's own for the request."""
    yield "refer: any", 1.0
    yield from _of_names(argument, tool, output)
    yield f"refer: type {output.type} for {argument.kind}", 1.0
    yield f"refer: depth {min(output.path.count('.'), DEEPEST)}", 1.0
    yield from _of_descriptions(judged.tool, argument, tool, output)
    yield from _of_meaning(judged.worths.scene.similarity, argument, tool, output)
    extra = _named(output.name) - _named(argument.name) - GENERIC - HANDLES
    yield f"refer: output is asked for {bool(extra & judged.worths.scene.said) if extra else 'nothing'}", 1.0
    handle = bool(HANDLES & _named(output.name))
    yield "refer: judged", max(-SUREST, min(score, SUREST)) / SUREST
    yield f"refer: judged {score > 0}", 1.0
    yield f"refer: judged {score > 0} handle {handle}", 1.0


def _of_names(argument: Argument, tool: PlannedTool, output: ToolOutput) -> Iterator[Fact]:
    wanted, offered = _named(argument.name), _named(output.name)
    shared, handles = wanted & offered, wanted & HANDLES
    yield f"refer: same name {wanted == offered}", 1.0
    yield "refer: shared words", len(shared) / max(len(wanted | offered), 1)
    yield f"refer: shares a telling word {bool(shared - GENERIC)}", 1.0
    yield f"refer: offered is part of wanted {offered < wanted}", 1.0
    yield f"refer: wanted is part of offered {wanted < offered}", 1.0
    yield f"refer: handle {bool(handles)} shared {bool(handles & offered)}", 1.0
    rest = wanted - HANDLES - offered - ROLES
    yield f"refer: the rest names the tool {bool(rest & (tool.roots | tool.described)) if rest else 'nothing'}", 1.0


def _of_descriptions(
    consumer: PlannedTool, argument: Argument, tool: PlannedTool, output: ToolOutput
) -> Iterator[Fact]:
    told = argument.description.lower()
    yield f"refer: tool is told {tool.name.lower() in told}", 1.0
    yield f"refer: output is told {output.name.lower() in told.split()}", 1.0
    family = "." in tool.name and consumer.name.partition(".")[0] == tool.name.partition(".")[0]
    yield f"refer: same family {family}", 1.0
    yield f"refer: gives back what it takes {any(each.name == output.name for each in tool.arguments)}", 1.0


def _of_meaning(similarity: Similarity, argument: Argument, tool: PlannedTool, output: ToolOutput) -> Iterator[Fact]:
    name, spoken = " ".join(argument.words), " ".join(split_name(output.name))
    texts = [argument.text, f"{spoken}. {output.description}", name, spoken, f"{tool.spoken_name} {spoken}"]
    wanted, offered, wanted_name, offered_name, with_tool = similarity.vectors(texts)
    yield "refer: similar", float(wanted @ offered)
    yield "refer: similar names", float(wanted_name @ offered_name)
    yield "refer: similar with tool", float(wanted_name @ with_tool)


@cache
def _named(name: str) -> frozenset[str]:
    return frozenset(root(SPELT.get(word, word)) for word in split_name(name))
