"""Words that changed nothing in a plan: the few that may be left out, and the others, with which there is no plan."""

import re
from collections.abc import Collection, Iterator, Sequence

from brain.intent_inference.column_links import ColumnLink, is_spelt_out
from brain.intent_inference.done import Done, is_used
from brain.intent_inference.draft import DraftStep
from brain.intent_inference.inflection import root
from brain.intent_inference.linking import Links
from brain.intent_inference.mentions import LIGHT, Kind, Request, Word
from brain.intent_inference.sources import CALENDAR, Source
from brain.intent_inference.units import unit_of_name, unit_of_word

__all__ = ["unknown_names", "unknown_words", "unused_words"]

RESTRICTING = re.compile(
    r"\b(?:in|during|on|at|for|from|among|within|near|through|via|with|to|inside|outside)\s+"
    r"(?:the\s+|an?\s+|my\s+|our\s+)?$",
    re.IGNORECASE,
)
"""Before a word that narrows the request down: `in winter`."""
NARROWS_NOTHING = frozenset(
    re.findall(
        r"\w+",
        """average total general detail details short order record records comparison particular fact people person
        persons everybody everyone anybody anyone individual individuals one ones row rows entry entries item items
        reading readings measurement measurements observation observations sample samples case cases event events
        transaction transactions value values data dataset file table figure figures number numbers amount amounts
        money everything level levels score scores speed speeds kind kinds type types sort sorts me us""",
    )
)
"""Whatever a row is called, and what adds nothing to the name of a column: `wind speed`."""
PART_OF_ANOTHER = re.compile(r"\bof\s+(?:the|a|each|every)\s+$", re.IGNORECASE)
"""Before `year` in `month of the year`."""
LETTERS_OF_A_CODE = 2
"""`IT` and `US` are names, though `it` and `us` say nothing; `NOT` is only loud."""
NAMES_OF_FORMATS = frozenset({"csv", "tsv", "json", "jsonl", "parquet", "png", "sql", "id", "i"})
"""Written in capitals without being a name of something."""


def unused_words(request: Request, source: Source, steps: Sequence[DraftStep]) -> list[Word]:
    """Words with a meaning of their own that changed nothing in the plan."""
    used = [span for step in steps for span in step.spans]
    return [
        word for word in request.words if not word.is_stop and word.text not in source.nouns and not is_used(word, used)
    ]


def unknown_names(plan: Done) -> Iterator[str]:
    """Names, and words that narrow the request down (`winter` in `in winter`), as reasons to decline."""
    yield from (_unknown(word, plan) for word in plan.request.words if _is_code(word, plan) and plan.leaves(word))
    for word in unused_words(plan.request, plan.source, plan.steps):
        is_name = plan.request.stands_out(word) and word.text not in NAMES_OF_FORMATS
        narrows = RESTRICTING.search(plan.request.before(word)) and word.text not in NARROWS_NOTHING
        if is_name or (narrows and not _is_about_what_is_done(word, (), plan)):
            yield _unknown(word, plan)


def _is_code(word: Word, plan: Done) -> bool:
    """Whether a word of the language is written as a name: `IT`."""
    said = plan.request.text[word.start : word.end]
    is_short = len(said) == LETTERS_OF_A_CODE and word.text not in ("or", "id")
    return word.is_stop and is_short and said.isupper() and plan.request.stands_out(word)


def unknown_words(links: Links, plan: Done, synonyms: Collection[str]) -> Iterator[str]:
    """Other words that may well say something, as reasons to decline; `synonyms` are words for the table itself."""
    for word in unused_words(plan.request, plan.source, plan.steps):
        if not _may_be_left_out(word, links, plan, synonyms):
            yield _unknown(word, plan)


def _unknown(word: Word, plan: Done) -> str:
    return f"what {plan.quote(word)} is: {plan.source.name} has no such value or column"


def _may_be_left_out(word: Word, links: Links, plan: Done, synonyms: Collection[str]) -> bool:
    return (
        word.text in NARROWS_NOTHING
        or word.text in synonyms
        or root(word.text) in LIGHT
        or (word.text == "daily" and plan.source.has_a_row_a_day)
        or (word.text in CALENDAR and PART_OF_ANOTHER.search(plan.request.before(word)) is not None)
        or _is_unit(word, links, plan)
        or _is_about_what_is_done(word, (*links.columns, *links.conditioned), plan)
    )


def _is_about_what_is_done(word: Word, links: Sequence[ColumnLink], plan: Done) -> bool:
    """Whether the word names a column that the plan makes use of, or one that can be read off a row.

    A verb is near to the column of dates that it tells the time of: `born before 1980`.
    """
    own = [column for column in plan.source.columns if _is_part_of_name(word.text, column.spoken)]
    near = [link.column for link in links if link.start <= word.start < link.end and link.column.is_time]
    return any(column.name in plan.written for column in (*own, *near)) or (plan.shows_rows and bool(own))


def _is_part_of_name(word: str, name: str) -> bool:
    """Whether it is one of the name's words, though an adjective or participle made of one says more: `windy`."""
    parts = name.split()
    says_more = word.endswith(("y", "less", "ful", "ed")) and word not in parts
    return not says_more and (root(word) in map(root, parts) or is_spelt_out([word], parts))


def _is_unit(word: Word, links: Links, plan: Done) -> bool:
    """Whether it is the unit of the number before it, which the column is not known to have another of."""
    numbers = [number for number in plan.request.of(Kind.NUMBER) if number.end <= word.start]
    if not numbers or plan.request.text[numbers[-1].end : word.start].strip():
        return False
    said = unit_of_word(word.text)
    conditions = (*links.conditions, *links.met)
    units = {unit_of_name(condition.column.name) for condition in conditions if is_used(numbers[-1], [condition])}
    return said == "" or (said is not None and units <= {said, None})
