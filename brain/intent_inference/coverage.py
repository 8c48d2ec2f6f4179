"""Whether a plan does all that its request says: what is left over is told, never silently dropped."""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import combinations, pairwise

from brain.intent_inference.column_links import CERTAIN, ColumnLink
from brain.intent_inference.comparisons import BARE_COMPARISON
from brain.intent_inference.conditions import NEGATION, ONE_MORE
from brain.intent_inference.done import Done, is_used
from brain.intent_inference.draft import DraftStep
from brain.intent_inference.groupings import ANNOUNCED, COMPARED, IDIOM, Grouping
from brain.intent_inference.inflection import is_plural
from brain.intent_inference.left_words import unknown_names, unknown_words
from brain.intent_inference.linking import Links
from brain.intent_inference.mentions import Mention, Request
from brain.intent_inference.orderings import WHO, Ordering
from brain.intent_inference.slots import ONLY_ONE
from brain.intent_inference.sources import CALENDAR
from brain.intent_inference.spans import Place, Spanned, overlap
from brain.intent_inference.stated import Condition
from brain.written_numbers import NUMBER_WORDS

__all__ = ["left_over", "unread_values"]

OPERATIONS = re.compile(
    r"\b(?:percent\w*|share|fraction|ratio|proportion|rate|correlat\w*|forecast\w*|predict\w*|cumulative|running|rolling|"
    r"moving|difference|growth|change[sd]?|increase[sd]?|decrease[sd]?|percentile|quartile|outliers?|regression|"
    r"delete|remove|update|insert|rename|replace|send|e?mail|upload|book|buy|order me|translate)\b",
    re.IGNORECASE,
)
"""Work that a plan either does, because a tool is asked for by the word, or must not pretend to do."""
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
FIGURES_OF_FIGURES = re.compile(
    r"\b(?:average|mean|median|typical)\s+(?:yearly|annual|quarterly|monthly|weekly)\b", re.IGNORECASE
)
"""`average yearly rainfall` is a mean of sums, or a mean for each year: it does not say which."""
EACH_OF_THEM = re.compile(r"\b(?:each|respectively|apiece)(?=\s*(?:[.,;:?!]|$|in\b|of them\b))", re.IGNORECASE)
"""`for Norway and Spain each`."""
OF_ANOTHER = re.compile(r"\b(?:of|in|per|by)\s+(?:(?:the|a|each|every)\s+)?$", re.IGNORECASE)
"""Before `day` in `hour of the day`."""


def left_over(links: Links, plan: Done, unserved: Sequence[Spanned], synonyms: Collection[str]) -> str | None:
    """The first thing in the request that the steps do nothing about, as a reason to decline.

    `unserved` are words that ask for a tool which lacks what it needs, `synonyms` words for the table itself.
    """
    reasons = (
        *_unordered(links, plan),
        *_words(links, plan),
        *_unmet(links.conditions, plan),
        *unknown_names(plan),
        *plan.matches(TIME_COMPARISON, _conditions(links)),
        *(f"what to apply {plan.quote(place)} to" for place in unserved if plan.leaves(place)),
        *_groups(links, plan),
        *_found(links, plan),
        *_values(plan),
        *_times(plan),
        *(unknown_words(links, plan, synonyms) if plan.does_something else ()),
        *_uncounted(plan),
    )
    return next((f"the small planner does not know {reason}" for reason in reasons), None)


def unread_values(request: Request, steps: Sequence[DraftStep]) -> str | None:
    """The first value in the request that the steps do nothing with, as a reason to decline."""
    used = [span for step in steps for span in step.spans]
    left = next((mention for mention in request.mentions if not is_used(mention, used)), None)
    return f"the small planner does not know what {request.quote(left.start, left.end)} is for" if left else None


def _unordered(links: Links, plan: Done) -> Iterator[str]:
    """An order for which no column was found."""
    if links.ordering is not None and plan.leaves(links.ordering):
        measures = [column.name for column in plan.source.columns if column.is_measure]
        yield f"by which column {plan.quote(links.ordering)} is meant ({', '.join(measures) or 'none holds amounts'})"


def _groups(links: Links, plan: Done) -> Iterator[str]:
    """Groups that nothing is known of, that are not compared, or in each of which something is to be picked."""
    asked = [grouping for grouping in links.groupings if grouping.is_question]
    if len(asked) > 1:
        yield f"which of {plan.quote(asked[0])} and {plan.quote(asked[1])} is asked for"
    if links.ordering is not None and links.ordering.is_pick:
        yield from _picks(links.ordering, links.groupings, plan)
    for word in plan.request.words:
        is_group = ANNOUNCED.search(plan.request.before(word)) and not IDIOM.fullmatch(word.text)
        if is_group and not word.is_stop and plan.leaves(word) and word.text not in plan.source.nouns:
            named = any(is_used(word, [link]) for link in links.columns if link.score >= CERTAIN)
            of_none = "" if named else f": {plan.source.name} has no such column"
            yield f"how to group by {plan.quote(word)}{of_none}"
    yield from plan.matches(COMPARED, plan.used)
    if plan.making:
        yield from plan.matches(WHO, ())


def _picks(ordering: Ordering, groupings: Sequence[Grouping], plan: Done) -> Iterator[str]:
    """`hottest day of each month` and `department with the oldest person` ask for rows, not for figures."""
    for grouping in groupings:
        is_anew = grouping.announced in ("each", "every") or ordering.start < grouping.start
        if grouping.announced and is_anew:
            yield f"how to pick {plan.quote(ordering)} for {plan.quote(grouping)} anew"
    following = next((word for word in plan.request.words if word.start >= ordering.end), None)
    is_of_rows = ordering.column is not None and ordering.column.is_adjective and following is not None
    if not (groupings and plan.has_default and is_of_rows) or following is None or is_used(following, groupings):
        return
    is_noun = not following.is_stop or following.text in plan.source.rows
    if is_noun and plan.leaves(following) and not plan.request.text[ordering.end : following.start].strip():
        yield f"what to calculate for {plan.quote(Place(ordering.start, following.end))}"


def _found(links: Links, plan: Done) -> Iterator[str]:
    """What was understood, and so must be done: conditions, groups, and columns that are named."""
    understood: tuple[Spanned, ...] = (*links.conditions, *links.groupings)
    for place in understood:
        if plan.leaves(place):
            yield f"what {plan.quote(place)} is for"
    if not plan.shows_rows:
        yield from (f"what to do with {plan.quote(link)}" for link in _unwritten(links, plan))


def _unwritten(links: Links, plan: Done) -> Iterator[ColumnLink]:
    """Columns that are named and that no argument holds."""
    named = [link for link in links.columns if link.score >= CERTAIN and not link.is_adjective]
    for link in named:
        meanings = {other.column.name for other in named if overlap(link, other)}
        if plan.leaves(link) and meanings.isdisjoint(plan.written) and not plan.is_about_the_table(link):
            yield link


def _values(plan: Done) -> Iterator[str]:
    """What stands in the request as a value: numbers, dates, quotations, paths, addresses."""
    odd = (word for word in plan.request.words if any(letter.isdigit() for letter in word.text))
    places: tuple[Spanned, ...] = (*plan.request.mentions, *odd)
    for place in places:
        if plan.leaves(place) and not (isinstance(place, Mention) and plan.reads(place)):
            yield f"what {plan.quote(place)} is for"


def _words(links: Links, plan: Done) -> Iterator[str]:
    """Words without which the request says something else: `not`, `warmer than`, `last month`, `share`, `or`, names."""
    conditions = _conditions(links)
    yield from plan.matches(NEGATION, conditions)
    yield from plan.matches(BARE_COMPARISON, conditions)
    yield from plan.matches(RELATIVE_TIME, ())
    yield from plan.matches(ORDINAL, ())
    yield from plan.matches(FIGURES_OF_FIGURES, ())
    yield from plan.matches(EACH_OF_THEM, plan.used)
    yield from plan.matches(HALF_READ, plan.used)
    yield from plan.matches(OPERATIONS, plan.used)


def _conditions(links: Links) -> tuple[Spanned, ...]:
    """Where conditions are stated, and the words that name their columns apart from that."""
    return (*links.conditions, *(condition.named for condition in links.conditions if condition.named is not None))


def _unmet(conditions: Sequence[Condition], plan: Done) -> Iterator[str]:
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
    yield from plan.matches(EITHER, (*plan.used, *listed))
    yield from _pairs(conditions, plan)
    for one, other in combinations(conditions, 2):
        if _is_never_both(one, other) or _is_never_both(other, one):
            yield f"which rows could meet both {plan.quote(one)} and {plan.quote(other)}"


def _pairs(conditions: Sequence[Condition], plan: Done) -> Iterator[str]:
    """`paid in Germany and open in France` asks for two things, not for all four of them together."""
    for one, two, three, four in zip(conditions, conditions[1:], conditions[2:], conditions[3:], strict=False):
        is_again = _are_values(one, three) and _are_values(two, four)
        if is_again and not _are_values(one, two) and one.value != three.value and two.value != four.value:
            yield f"how to ask for two kinds of rows at once: {plan.quote(Place(one.start, four.end))}"


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


def _uncounted(plan: Done) -> Iterator[str]:
    """Rows are only counted without being asked where the request speaks of things that can be counted."""
    origins = [filled.origin for step in plan.steps for filled in step.filled.values()]
    things = [word for word in plan.request.words if word.text in plan.source.nouns or is_plural(word.text)]
    if ONLY_ONE in origins and not any(word.text in plan.source.nouns or plan.leaves(word) for word in things):
        yield f"what to calculate from {plan.source.name}"


def _times(plan: Done) -> Iterator[str]:
    """To count rows is to count days or months only where a row is one."""
    for word in plan.request.words if plan.counts_rows else ():
        is_counted = word.text in TIMES and plan.leaves(word) and not OF_ANOTHER.search(plan.request.before(word))
        if is_counted and word.text not in plan.source.rows:
            yield f"how to count {plan.quote(word)}: a row of {plan.source.name} is not one"
