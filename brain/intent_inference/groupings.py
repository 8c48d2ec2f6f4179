"""What a request wants one row for: each value of a column, or of a part of its dates."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from brain.errors import PlanningError
from brain.intent_inference.column_links import ColumnLink
from brain.intent_inference.inflection import is_plural
from brain.intent_inference.mentions import Word
from brain.intent_inference.sources import CALENDAR, Column
from brain.intent_inference.spans import Place, Spanned
from brain.intent_inference.stated import Condition, Doubt, Reading
from brain.written_numbers import NUMBER_WORDS

__all__ = ["ANNOUNCED", "A_NUMBER", "COMPARED", "IDIOM", "Grouping", "find_groupings"]

PARTS = tuple(part for part in CALENDAR if part != "day")
"""Parts of a date that people group by; a day is no part: it is a date of its own."""
ADVERBS = {"yearly": "year", "annual": "year", "quarterly": "quarter", "monthly": "month", "weekly": "week"}
PHRASES = {"weekday": re.compile(r"day of the week", re.IGNORECASE), "hour": re.compile(r"time of day", re.IGNORECASE)}
A_NUMBER = rf"(?:\d+|{'|'.join(NUMBER_WORDS)})"
ANNOUNCED = re.compile(
    r"(?P<plain>\b(?:by|per|each|every|across))\s+(?:(?:the|kinds?|types?|sorts?|of|single)\s+)*$", re.IGNORECASE
)
"""`by month`, `for each kind of weather`."""
ASKED = re.compile(
    rf"\b(?:(?P<question>which|what|top|bottom)(?:\s+{A_NUMBER})?|(?:most|least)\s+(?!of\b|the\b)\w+|\w{{3,}}est)"
    r"\s+(?:(?:the|kinds?|types?|sorts?|of|single)\s+)*$",
    re.IGNORECASE,
)
"""`which month`, `top 3 products`, `the wettest month`."""
HAVING = re.compile(r"\w*\s+(?:with|having|that (?:has|have|had))\s+the\s+(?:\w{3,}est|most|least)\b", re.IGNORECASE)
"""Behind a group: `the product with the highest amount`."""
AGENT = re.compile(r"\b(?:\w{2,}ed|made|sold|bought|won|lost|given|taken|written|held|paid|run)\s+$", re.IGNORECASE)
"""Before `by` and a plural: `minutes played by women` has no groups."""
SORTED = re.compile(r"\b((?:sort|order|rank|arrang)\w*)\s+(?:[\w'’]+\s+){0,6}$", re.IGNORECASE)
"""Before `by`: what follows is an order, no group."""
BY_DAY = re.compile(r"\b(?:by|per|each|every)\s+(?:single\s+)?(day|date)s?\b(?! of)", re.IGNORECASE)
IDIOM = re.compile(r"\b(?:far|chance|way|mistake|other|one)\b", re.IGNORECASE)
"""Behind `by` or `each` where no group is meant: `by far`, `each other`."""
COMPARED = re.compile(
    r"\b(?:compar\w+|versus|vs|difference between|which of(?=[^?]*\b(?:and|or)\b)|"
    r"higher|lower|better|worse|bigger|larger|smaller)\b",
    re.IGNORECASE,
)
ALSO = re.compile(r"(?:\s*,\s*|\s+)(?:(?:and|by|each|every|per|for)\s+)+(?:the\s+)?|\s*,\s*", re.IGNORECASE)
"""Between one group and the next: `by species and sex`."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """What the request wants one row for: each value of a column, or of a part of its dates."""

    column: Column
    start: int
    end: int
    part: str | None = None
    is_question: bool = False
    """Whether the request asks which one it is: then one of the groups is the answer."""
    noun: str = ""
    """What the request calls a group."""
    doubt: Doubt | None = None
    cue: Spanned | None = None
    """The word that asks for it, where it stands apart."""
    announced: str = ""
    """`by`, `per`, `each`: how it is asked for, where it is so."""


def find_groupings(
    reading: Reading, columns: Sequence[ColumnLink], conditions: Sequence[Condition]
) -> tuple[Grouping, ...]:
    """All of them, in the order of the request; raises PlanningError where times would have to be grouped by day."""
    found: list[Grouping] = []
    for word in reading.request.words:
        found += _announced(reading, word, columns) or _one_more(reading, word, columns, found[-1:])
    found = found or list(_by_day(reading))
    found = list({(grouping.column.name, grouping.part): grouping for grouping in reversed(found)}.values())[::-1]
    comparing = COMPARED.search(reading.request.text)
    if found or comparing:
        cue = Place(*comparing.span()) if comparing else None
        known = {(grouping.column.name, grouping.part) for grouping in found}
        compared = _compared(conditions, cue)
        found += [grouping for grouping in compared if (grouping.column.name, grouping.part) not in known]
        if found and cue and not any(grouping.cue for grouping in found):
            found[-1] = replace(found[-1], cue=cue)
    return tuple(found)


def _announced(reading: Reading, word: Word, columns: Sequence[ColumnLink]) -> list[Grouping]:
    request = reading.request
    if (part := ADVERBS.get(word.text)) is not None:
        return _of_part(reading, Grouping(Column("", ""), word.start, word.end, part, announced="by"))
    before = request.text[: word.start]
    plain, asked = ANNOUNCED.search(before), ASKED.search(before)
    if plain and plain["plain"].lower() == "by":
        is_agent = AGENT.search(before[: plain.start()]) and is_plural(word.text)
        if is_agent or _is_order(before[: plain.start()], reading):
            return []
    having = HAVING.match(request.text, word.end)
    if not (plain or asked or having):
        return []
    announced = plain["plain"].lower() if plain else ""
    start = plain.start() if plain else asked.start() if asked and asked["question"] else word.start
    wanted = Grouping(Column("", ""), start, word.end, is_question=not plain, noun=word.text, announced=announced)
    return _of_part(reading, wanted) or _of_column(word, wanted, columns, may_be_amount=announced not in ("", "by"))


def _is_order(before: str, reading: Reading) -> bool:
    match = SORTED.search(before)
    return match is not None and match[1].lower() not in reading.source.nouns


def _one_more(reading: Reading, word: Word, columns: Sequence[ColumnLink], last: list[Grouping]) -> list[Grouping]:
    for grouping in last:
        if grouping.end <= word.start and ALSO.fullmatch(reading.request.text, grouping.end, word.start):
            wanted = Grouping(Column("", ""), word.start, word.end, noun=word.text)
            return _of_part(reading, wanted) or _of_column(word, wanted, columns, may_be_amount=False)
    return []


def _of_part(reading: Reading, wanted: Grouping) -> list[Grouping]:
    """The grouping by a part of a date, if that is what the words name."""
    part, end = _phrase(reading, wanted) or (wanted.part or _part(wanted.noun), wanted.end)
    if part is None:
        return []
    if own := reading.calendar_column(part):
        return [replace(wanted, column=own, part=None, end=end)]
    column, doubt = reading.time_column(wanted)
    return [] if column is None else [replace(wanted, column=column, part=part, end=end, doubt=doubt)]


def _phrase(reading: Reading, wanted: Grouping) -> tuple[str, int] | None:
    """`day of the week`, and where it ends."""
    start = wanted.end - len(wanted.noun)
    for part, pattern in PHRASES.items():
        if wanted.noun and (match := pattern.match(reading.request.text, start)):
            return part, match.end()
    return None


def _of_column(word: Word, wanted: Grouping, columns: Sequence[ColumnLink], *, may_be_amount: bool) -> list[Grouping]:
    """The grouping by the column that a word means; an amount only where it is of whole numbers and `each` is said."""
    if word.is_stop:
        return []  # in `the windiest on average` nothing is named by `on`
    found = [link for link in columns if link.start <= word.start < link.end and not link.is_adjective]
    best = max(found, key=lambda link: link.score, default=None)
    if best is None or (best.column.is_measure and not (may_be_amount and best.column.type.startswith("int"))):
        return []
    return [replace(wanted, column=best.column, end=max(wanted.end, best.end))]


def _by_day(reading: Reading) -> Iterator[Grouping]:
    if match := BY_DAY.search(reading.request.text):
        wanted = Grouping(Column("", ""), match.start(), match.end(), noun=match[1])
        if own := reading.calendar_column(match[1].lower()):
            yield replace(wanted, column=own)
            return
        column, doubt = reading.time_column(wanted)
        if column is not None and column.has_hours:
            raise PlanningError(
                f"“{match[0]}” is not possible here: {column.name} holds times, "
                f"which can be grouped by {', '.join(PARTS[:-1])} or {PARTS[-1]}."
            )
        if column is not None:
            yield replace(wanted, column=column, doubt=doubt)


def _compared(conditions: Sequence[Condition], cue: Spanned | None) -> Iterator[Grouping]:
    """`sunny and rainy days per year` wants a figure for each of the two; of two years only where they are compared."""
    by_column: dict[tuple[str, str | None], list[Condition]] = {}
    for condition in conditions:
        if condition.operator == "equals" and (condition.part is None or cue):
            by_column.setdefault((condition.column.name, condition.part), []).append(condition)
    for (_, part), same in by_column.items():
        if len({condition.value for condition in same}) > 1:
            yield Grouping(same[0].column, same[0].start, same[-1].end, part, cue=cue)


def _part(word: str) -> str | None:
    return next((part for part in PARTS if word in (part, f"{part}s")), None)
