"""Whether a plan does all that its request says: what is left over is told, never silently dropped."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from brain.intent_inference.column_links import CERTAIN, ColumnLink
from brain.intent_inference.comparisons import BARE_COMPARISON
from brain.intent_inference.conditions import NEGATION, ONE_MORE
from brain.intent_inference.draft import DraftStep
from brain.intent_inference.groupings import ANNOUNCED, COMPARED, IDIOM, Grouping
from brain.intent_inference.inflection import is_plural
from brain.intent_inference.linking import Links
from brain.intent_inference.mentions import Kind, Mention, Request, Word
from brain.intent_inference.orderings import WHO, Ordering
from brain.intent_inference.slots import DEFAULT, ONLY_ONE
from brain.intent_inference.sources import CALENDAR, Source, ends_with, makes_table
from brain.intent_inference.spans import Place, Spanned, overlap
from brain.intent_inference.stated import Condition
from brain.intent_inference.table_flow import TableFlow
from brain.runs import Json
from brain.written_numbers import NUMBER_WORDS

__all__ = ["left_over", "unread_values", "unused_words"]

OPERATIONS = re.compile(
    r"\b(?:percent\w*|share|fraction|ratio|proportion|rate|correlat\w*|forecast\w*|predict\w*|cumulative|running|rolling|"
    r"moving|difference|growth|change[sd]?|increase[sd]?|decrease[sd]?|percentile|quartile|outliers?|regression|"
    r"delete|remove|update|insert|rename|replace|send|e?mail|upload|book|buy|order me|translate)\b",
    re.IGNORECASE,
)
"""Work that a plan either does, because a tool is asked for by the word, or must not pretend to do."""
RESTRICTING = re.compile(
    r"\b(?:in|during|on|at|for|from|among|within|near)\s+(?:the\s+|an?\s+|my\s+|our\s+)?$", re.IGNORECASE
)
"""Before a word that narrows the request down: `in winter`."""
NARROWS_NOTHING = frozenset(
    re.findall(
        r"\w+",
        """average total general detail short order record comparison particular fact people persons rows records
        entries values data dataset file table figures""",
    )
)
EITHER = re.compile(r"\b(?:or|nor)\b", re.IGNORECASE)
HALF_READ = re.compile(
    rf"\b(?:half|halves|thirds?\s+of|quarters?\s+of\s+an?)\b|(?<=\d)\s+(?:k|mln|mio|mn|bn|tn|lakhs?|crores?)\b"
    rf"|(?<=\w)\s+point\s+(?:\d|{'|'.join(NUMBER_WORDS)}|one)\b"
)
"""What makes another number of the one beside it."""
ORDINAL = re.compile(
    r"\b(?:second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|next)[\s-]+(?:\w{2,}est|most|least)\b",
    re.IGNORECASE,
)
"""`the second wettest`, which is not the wettest."""
RELATIVE_TIME = re.compile(
    r"\b(?:today|tonight|yesterday|tomorrow|ago|(?:last|this|next|past|previous|coming) (?:\w+ )?"
    r"(?:days?|weeks?|months?|quarters?|years?))\b",
    re.IGNORECASE,
)
TIME_COMPARISON = re.compile(
    r"\b(?:since|until|till|before|after|prior to|later|earlier|onwards?|up to|as of)\b", re.IGNORECASE
)
"""Of a time, which none of the conditions may have seen: `until the end of 2013`."""
TIMES = frozenset({"day", *(f"{part}s" for part in CALENDAR)})
"""Words for what a row may be."""
OF_ANOTHER = re.compile(r"\b(?:of|in|per|by)\s+(?:(?:the|a|each|every)\s+)?$", re.IGNORECASE)
"""Before `day` in `hour of the day`."""
NAMES_OF_FORMATS = frozenset({"csv", "tsv", "json", "jsonl", "parquet", "png", "sql", "id", "i"})
"""Written in capitals without being a name of something."""


@dataclass(frozen=True, slots=True)
class _Done:
    """A plan as it is written, and the words of the request that made it so."""

    request: Request
    source: Source
    used: tuple[Spanned, ...]
    steps: Sequence[DraftStep]

    def leaves(self, place: Spanned) -> bool:
        """Whether the plan does nothing about these words."""
        return not _is_used(place, self.used)

    def quote(self, place: Spanned) -> str:
        return self.request.quote(place.start, place.end)

    def reads(self, mention: Mention) -> bool:
        """Whether this is the file that the plan starts from."""
        named, path = str(mention.value), self.source.path
        return mention.kind is Kind.PATH and path is not None and (ends_with(path, named) or ends_with(named, path))

    @property
    def shows_rows(self) -> bool:
        """Whether rows are picked and come out whole, so that every column can be read off them."""
        picks = any(step.filled and step.references for step in self.steps)
        return picks and all(
            makes_table(step.tool) and "x-columns" not in step.tool.output_schema for step in self.steps
        )

    @property
    def making(self) -> Sequence[DraftStep]:
        """The steps that make figures, so that no row comes out as it was."""
        return [step for step in self.steps if "x-columns" in step.tool.output_schema]

    @property
    def counts_rows(self) -> bool:
        """Whether figures are made of no column, so that they count rows."""
        return any("measure" not in _roles(step) for step in self.making)

    @property
    def has_default(self) -> bool:
        """Whether nobody said how figures are to be made."""
        return any(
            filled.origin == DEFAULT and "enum" in step.tool.parameters[name]
            for step in self.making
            for name, filled in step.filled.items()
        )

    def is_about_the_table(self, place: Spanned) -> bool:
        """Whether the words may only name the table itself."""
        return any(word.text in self.source.nouns and overlap(word, place) for word in self.request.words)


def _roles(step: DraftStep) -> set[str]:
    """What the arguments that are filled mean."""
    return {step.tool.parameters[name].get("x-role", "") for name in step.filled}


def left_over(request: Request, source: Source, links: Links, flow: TableFlow) -> str | None:
    """The first thing in the request that the steps do nothing about, as a reason to decline."""
    plan = _Done(request, source, tuple(span for step in flow.steps for span in step.spans), flow.steps)
    reasons = (
        *_unordered(links, plan),
        *_words(links, plan),
        *_groups(links, plan),
        *_found(links, plan),
        *(f"what to apply {plan.quote(place)} to" for place in flow.unserved if plan.leaves(place)),
        *_values(plan),
        *_uncounted(plan),
    )
    return next((f"the small planner does not know {reason}" for reason in reasons), None)


def unread_values(request: Request, steps: Sequence[DraftStep]) -> str | None:
    """The first value in the request that the steps do nothing with, as a reason to decline."""
    used = [span for step in steps for span in step.spans]
    left = next((mention for mention in request.mentions if not _is_used(mention, used)), None)
    return f"the small planner does not know what {request.quote(left.start, left.end)} is for" if left else None


def unused_words(request: Request, source: Source, steps: Sequence[DraftStep]) -> list[Word]:
    """Words with a meaning of their own that changed nothing in the plan."""
    used = [span for step in steps for span in step.spans]
    return [
        word
        for word in request.words
        if not word.is_stop and word.text not in source.nouns and not _is_used(word, used)
    ]


def _is_used(place: Spanned, used: Iterable[Spanned]) -> bool:
    return any(overlap(place, span) for span in used)


def _unordered(links: Links, plan: _Done) -> Iterator[str]:
    """An order for which no column was found."""
    if links.ordering is not None and plan.leaves(links.ordering):
        measures = [column.name for column in plan.source.columns if column.is_measure]
        yield f"by which column {plan.quote(links.ordering)} is meant ({', '.join(measures) or 'none holds amounts'})"


def _groups(links: Links, plan: _Done) -> Iterator[str]:
    """Groups that nothing is known of, that are not compared, or in each of which something is to be picked."""
    asked = [grouping for grouping in links.groupings if grouping.is_question]
    if len(asked) > 1:
        yield f"which of {plan.quote(asked[0])} and {plan.quote(asked[1])} is asked for"
    if links.ordering is not None and links.ordering.is_pick:
        yield from _picks(links.ordering, links.groupings, plan)
    for word in plan.request.words:
        is_group = ANNOUNCED.search(plan.request.before(word)) and not IDIOM.fullmatch(word.text)
        if is_group and not word.is_stop and plan.leaves(word) and word.text not in plan.source.nouns:
            yield f"how to group by {plan.quote(word)}: {plan.source.name} has no such column"
    yield from _matches(COMPARED, plan, plan.used)
    if plan.making:
        yield from _matches(WHO, plan, ())


def _picks(ordering: Ordering, groupings: Sequence[Grouping], plan: _Done) -> Iterator[str]:
    """`hottest day of each month` and `department with the oldest person` ask for rows, not for figures."""
    for grouping in groupings:
        is_anew = grouping.announced in ("each", "every") or ordering.start < grouping.start
        if grouping.announced and is_anew:
            yield f"how to pick {plan.quote(ordering)} for {plan.quote(grouping)} anew"
    following = next((word for word in plan.request.words if word.start >= ordering.end), None)
    is_of_rows = ordering.column is not None and ordering.column.is_adjective and following is not None
    if not (groupings and plan.has_default and is_of_rows) or following is None or _is_used(following, groupings):
        return
    is_noun = not following.is_stop or following.text in plan.source.rows
    if is_noun and plan.leaves(following) and not plan.request.text[ordering.end : following.start].strip():
        yield f"what to calculate for {plan.quote(Place(ordering.start, following.end))}"


def _found(links: Links, plan: _Done) -> Iterator[str]:
    """What was understood, and so must be done: conditions, groups, and columns that are named."""
    understood: tuple[Spanned, ...] = (*links.conditions, *links.groupings)
    for place in understood:
        if plan.leaves(place):
            yield f"what {plan.quote(place)} is for"
    if not plan.shows_rows:
        yield from (f"what to do with {plan.quote(link)}" for link in _unwritten(links, plan))


def _unwritten(links: Links, plan: _Done) -> Iterator[ColumnLink]:
    """Columns that are named and that no argument holds."""
    written = set(_texts([step.written()["arguments"] for step in plan.steps]))
    named = [link for link in links.columns if link.score >= CERTAIN and not link.is_adjective]
    for link in named:
        meanings = {other.column.name for other in named if overlap(link, other)}
        if plan.leaves(link) and meanings.isdisjoint(written) and not plan.is_about_the_table(link):
            yield link


def _values(plan: _Done) -> Iterator[str]:
    """What stands in the request as a value: numbers, dates, quotations, paths, addresses."""
    odd = (word for word in plan.request.words if any(letter.isdigit() for letter in word.text))
    places: tuple[Spanned, ...] = (*plan.request.mentions, *odd)
    for place in places:
        if plan.leaves(place) and not (isinstance(place, Mention) and plan.reads(place)):
            yield f"what {plan.quote(place)} is for"


def _words(links: Links, plan: _Done) -> Iterator[str]:
    """Words without which the request says something else: `not`, `warmer than`, `last month`, `share`, `or`, names."""
    named = (condition.named for condition in links.conditions if condition.named is not None)
    conditions: tuple[Spanned, ...] = (*links.conditions, *named)
    yield from _matches(NEGATION, plan, conditions)
    yield from _matches(BARE_COMPARISON, plan, conditions)
    yield from _matches(RELATIVE_TIME, plan, ())
    yield from _matches(ORDINAL, plan, ())
    yield from _matches(HALF_READ, plan, plan.used)
    yield from _matches(OPERATIONS, plan, plan.used)
    yield from _unmet(links.conditions, plan)
    for name in (*_names(plan.request, plan.source), *_restrictions(plan.request)):
        if plan.leaves(name) and name.text not in plan.source.nouns:
            yield f"what {plan.quote(name)} is: {plan.source.name} has no such value or column"
    yield from _matches(TIME_COMPARISON, plan, conditions)


def _unmet(conditions: Sequence[Condition], plan: _Done) -> Iterator[str]:
    """Alternatives, unless they are values of one column; and limits between which nothing lies."""
    listed = [
        Place(one.end, other.start)
        for one, other in pairwise(conditions)
        if _are_values(one, other) and ONE_MORE.fullmatch(plan.request.text, one.end, other.start)
    ]
    for one, other in pairwise(conditions):
        place = Place(one.end, other.start)
        if EITHER.search(plan.request.text, one.end, other.start) and place not in listed:
            yield f"how to ask for rows that meet one of two conditions: {plan.quote(Place(one.start, other.end))}"
    yield from _matches(EITHER, plan, (*plan.used, *listed))
    for one, other in combinations(conditions, 2):
        if _is_never_both(one, other) or _is_never_both(other, one):
            yield f"which rows could meet both {plan.quote(one)} and {plan.quote(other)}"


def _are_values(one: Condition, other: Condition) -> bool:
    """`paid or shipped`, and `not paid or shipped`."""
    same = (one.column, one.part, one.operator) == (other.column, other.part, other.operator)
    return same and one.operator in ("equals", "not_equals")


def _is_never_both(one: Condition, other: Condition) -> bool:
    if (one.column, one.part) != (other.column, other.part):
        return False
    match one.operator, other.operator, one.value, other.value:
        case "greater_or_equal", "less_or_equal", int() | float() as low, int() | float() as high:
            return low > high
        case "greater" | "greater_or_equal", "less" | "less_or_equal", int() | float() as low, int() | float() as high:
            return low >= high
        case "greater" | "greater_or_equal", "less" | "less_or_equal", str() as low, str() as high:
            return low >= high
        case "equals", "not_equals", wanted, ruled_out:
            return bool(wanted == ruled_out)
        case _:
            return False


def _matches(pattern: re.Pattern[str], plan: _Done, done: Sequence[Spanned]) -> Iterator[str]:
    """Words that are neither seen to nor part of a quotation, path or address."""
    values = [mention for mention in plan.request.mentions if mention.kind is not Kind.NUMBER]
    for match in pattern.finditer(plan.request.text):
        place = Place(match.end() - len(match[0].lstrip()), match.end())
        if not _is_used(place, (*done, *values)):
            yield f"what to do about {plan.quote(place)}"


def _uncounted(plan: _Done) -> Iterator[str]:
    """Rows are counted where they are what the request counts, and without being asked only where it speaks of such."""
    origins = [filled.origin for step in plan.steps for filled in step.filled.values()]
    unused = unused_words(plan.request, plan.source, plan.steps)
    for word in unused if ONLY_ONE in origins else ():
        if not is_plural(word.text):
            yield f"what {plan.quote(word)} is: {plan.source.name} has no such column"
    things = [word for word in plan.request.words if word.text in plan.source.nouns or is_plural(word.text)]
    if ONLY_ONE in origins and not any(word.text in plan.source.nouns or plan.leaves(word) for word in things):
        yield f"what to calculate from {plan.source.name}"
    for word in plan.request.words if plan.counts_rows else ():
        is_time = word.text in TIMES and plan.leaves(word) and not OF_ANOTHER.search(plan.request.before(word))
        if is_time and word.text not in plan.source.rows:
            yield f"how to count {plan.quote(word)}: a row of {plan.source.name} is not one"


def _names(request: Request, source: Source) -> Iterator[Word]:
    """Words with a capital in mid-sentence, unless the whole request is written so."""
    for word in request.words:
        if request.stands_out(word) and word.text not in source.nouns | NAMES_OF_FORMATS and not word.is_stop:
            yield word


def _restrictions(request: Request) -> Iterator[Word]:
    """Words that narrow the request down: `winter` in `in winter`."""
    for word in request.words:
        if not word.is_stop and word.text not in NARROWS_NOTHING and RESTRICTING.search(request.before(word)):
            yield word


def _texts(value: Json) -> Iterator[str]:
    """Every text in a JSON value."""
    match value:
        case str():
            yield value
        case Mapping():
            yield from (text for item in value.values() for text in _texts(item))
        case list():
            yield from (text for item in value for text in _texts(item))
