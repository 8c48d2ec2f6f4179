"""Lists: numbers one behind the other, quotations, and phrases that commas and conjunctions join."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from brain.intent_inference.calls.arguments import Argument
from brain.intent_inference.calls.candidate import Candidate, Rule
from brain.intent_inference.calls.contents import Contents
from brain.intent_inference.calls.offers.numbers import of_figure
from brain.intent_inference.calls.phrases import BREAKS
from brain.intent_inference.calls.reading import Range, Reading

__all__ = ["number_lists", "text_lists"]

BETWEEN_NUMBERS = frozenset({*re.findall(r"\S+", ", and or to - – & ; then by x % $ € £ cm m kg y = n e °"), ""})
"""What may stand between the numbers of one list."""
FEWEST_FOR_ALL = 3
"""Numbers of a request from which all of them, whatever stands between, may be one list."""
JOINS = frozenset({",", "and", "or", "&", "/"})
LONGEST_JOIN = 3
"""Tokens between two quotations of a list."""
LONGEST_MEMBER = 5
"""Tokens, without an article."""
MOST_MEMBERS = 12
"""Of a list of phrases."""
ARTICLES = frozenset({"the", "a", "an"})


def number_lists(contents: Contents, argument: Argument) -> Iterator[Candidate]:
    """Every number alone, with those that follow it, and all numbers."""
    members = list(_members(contents, argument))
    for at, head in enumerate(members):
        yield Candidate([head.value], head.first, head.last, Rule.LIST)
        run = [head]
        for member in members[at + 1 :]:
            if not BETWEEN_NUMBERS.issuperset(contents.reading.lowers[run[-1].last : member.first]):
                break
            run.append(member)
            yield Candidate([each.value for each in run], head.first, member.last, Rule.LIST)
    if len(members) >= FEWEST_FOR_ALL:
        yield Candidate([each.value for each in members], members[0].first, members[-1].last, Rule.ALL)


def _members(contents: Contents, argument: Argument) -> Iterator[Candidate]:
    """The first reading of each number; none lies in two."""
    end = 0
    for figure in contents.figures:
        if figure.first >= end and (member := next(of_figure(figure, argument), None)):
            end = member.last
            yield member


def text_lists(contents: Contents) -> Iterator[Candidate]:
    """Every text alone, runs of quotations, and phrases that are joined."""
    reading = contents.reading
    for place in [*contents.phrases, *reading.quotes]:
        yield Candidate([reading.quote(*place)], *place, Rule.LIST)
    yield from _quotations(reading)
    yield from _coordinated(reading)


def _quotations(reading: Reading) -> Iterator[Candidate]:
    quotes = reading.quotes
    for begin in range(len(quotes)):
        for end in range(begin + 2, len(quotes) + 1):
            run = quotes[begin:end]
            if all(_are_joined(reading, one, two) for one, two in pairwise(run)):
                yield Candidate([reading.quote(*each) for each in run], run[0][0], run[-1][1], Rule.LIST)


def _are_joined(reading: Reading, one: Range, two: Range) -> bool:
    """Whether only marks and conjunctions stand between two quotations and their quotation marks."""
    between = reading.lowers[one[1] + 1 : two[0] - 1]
    return 0 < len(between) <= LONGEST_JOIN and JOINS.issuperset(between)


def _coordinated(reading: Reading) -> Iterator[Candidate]:
    """`apples, pears and plums`: around every run of commas and conjunctions."""
    for group in _joints(reading):
        for begin in range(len(group)):
            for end in range(begin + 1, len(group) + 1):
                yield from _joined(reading, group[begin:end])


def _joints(reading: Reading) -> list[list[int]]:
    """Where commas and conjunctions stand, in groups that are near enough to each other to join one list."""
    groups: list[list[int]] = []
    for place in range(1, len(reading.tokens) - 1):
        if reading.lowers[place] not in JOINS:
            continue
        if groups and place - groups[-1][-1] <= LONGEST_MEMBER + 2:  # an article, and the joint itself
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups


def _joined(reading: Reading, joints: Sequence[int]) -> Iterator[Candidate]:
    """Lists whose members these joints join; the outermost may be of any length."""
    pairs = pairwise(joints)
    inner = [_without_article(reading, one + 1, two) for one, two in pairs if two > one + 1]
    if len(inner) + 2 > MOST_MEMBERS or not all(_is_member(reading, *each) for each in inner):
        return
    middle = [reading.quote(*each) for each in inner]
    for first in _firsts(reading, joints[0]):
        for last in _lasts(reading, joints[-1] + 1):
            end = _without_article(reading, joints[-1] + 1, last)
            if _is_member(reading, *end):
                value = [reading.quote(first, joints[0]), *middle, reading.quote(*end)]
                yield Candidate(value, first, last, Rule.LIST)


def _firsts(reading: Reading, joint: int) -> Iterator[int]:
    """Where the member before a joint may begin."""
    for first in range(joint - 1, max(joint - 1 - LONGEST_MEMBER, -1), -1):
        if _parts(reading, first):
            return
        if _is_member(reading, first, joint):
            yield first


def _lasts(reading: Reading, first: int) -> Iterator[int]:
    """Where the member that begins at a token may end."""
    for last in range(first + 1, min(first + LONGEST_MEMBER, len(reading.tokens)) + 1):
        if _parts(reading, last - 1):
            return
        yield last


def _parts(reading: Reading, at: int) -> bool:
    return reading.tokens[at].text in BREAKS or reading.lowers[at] in JOINS


def _without_article(reading: Reading, first: int, last: int) -> Range:
    has_article = reading.tokens[first].text in ARTICLES and last - first > 1
    return (first + 1, last) if has_article else (first, last)


def _is_member(reading: Reading, first: int, last: int) -> bool:
    ends = (reading.tokens[first], reading.tokens[last - 1])
    return not any(end.is_mark or end.text in BREAKS or (end.is_function_word and not end.is_capital) for end in ends)
