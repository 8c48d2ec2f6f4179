"""An answer claim by claim: which step each rests on, and whether what it says stands there.

A claim reaches from one citation to the next, or to the end of its sentence behind one. What cites nothing up to the
end of its paragraph is a claim of its own.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from brain.aggregator.grounding import Written, written_numbers

__all__ = ["NO_SOURCE", "UNVERIFIED", "Checked", "Grounds", "check"]

UNVERIFIED = "[unverified]"
"""Behind a number that stands in none of the steps that its claim cites."""
NO_SOURCE = "[no source]"
"""Behind a claim that cites nothing, and of which no step is known to say it."""
CITATION = re.compile(r"\[([a-z_][a-z0-9_]*)\](?!\()")
"""`[monthly]`, but not the text of a link."""
SEVERAL = re.compile(r"\[([a-z_][a-z0-9_]*(?:\s*[,;]\s*[a-z_][a-z0-9_]*)+)\](?!\()")
"""`[monthly, heavy]`, which models write as well."""
BETWEEN_CITATIONS = re.compile(r"[\s,;]*(?:and\s+)?")
SENTENCE_END = re.compile(r"[.!?][*_\"')]*(?=\s|$)")
BLOCK_START = re.compile(r"\n(?:[ \t]*\n)+|\n(?=[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t])|\n(?=[ \t]*#)|(?<=:)\n")
"""A blank line, an item of a list, a heading, and what follows a line that announces it."""
WORD_END = re.compile(r"[\w%°]*")
NO_CLAIM = re.compile(r"^[\s#>*_|:-]*$|^\s*#|^\s*\||:[*_]*\s*$")
"""Nothing but marks; a heading, a row of a table, and what announces something."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What an answer may rest on."""

    steps: Mapping[str, frozenset[float]]
    """The numbers in the result of each step that the model was shown."""
    exempt: frozenset[float] = frozenset()
    """Numbers that may always be said: those of the request and its inputs."""
    literal: str = ""
    """The results themselves: what stands in brackets there is no citation, as `[edit]` on many pages."""


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer with its marks."""

    text: str
    cited: tuple[str, ...]
    """Steps, each once, in their order."""
    unverified: tuple[str, ...] = ()
    """Numbers as they are written."""
    unsourced: int = 0
    """Claims that name no step."""
    strangers: tuple[str, ...] = ()
    """What was cited and gave no result."""


@dataclass(frozen=True, slots=True)
class _Claim:
    start: int
    end: int
    steps: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    """Steps that it is found to rest on although it cites none."""
    is_unsourced: bool = False


@dataclass(frozen=True, slots=True)
class _Group:
    """Citations that stand together."""

    start: int
    end: int
    steps: tuple[str, ...]


def check(text: str, grounds: Grounds) -> Checked:
    """The answer with a mark behind each number and each claim that its steps do not bear out."""
    text = SEVERAL.sub(lambda found: _one_by_one(found, grounds), text)
    strangers = tuple(dict.fromkeys(name for name in CITATION.findall(text) if _is_stranger(name, grounds)))
    text = _without(text, strangers).strip()
    numbers = written_numbers(text)
    claims = [
        _sourced(claim, text, numbers, grounds) for block in _blocks(text) for claim in _claims(text, *block, grounds)
    ]
    claims = claims if strangers else _cite_everything(claims, grounds)
    wrong = [number for claim in claims for number in _unknown(claim, numbers, grounds)]
    return Checked(
        _marked(text, claims, wrong),
        tuple(dict.fromkeys(step for claim in claims for step in (*claim.steps, *claim.added))),
        tuple(dict.fromkeys(number.text for number in wrong)),
        sum(claim.is_unsourced for claim in claims),
        strangers,
    )


def _one_by_one(found: re.Match[str], grounds: Grounds) -> str:
    """Citations in brackets of their own, where what stands in these is some."""
    names = re.split(r"\s*[,;]\s*", found[1])
    return " ".join(f"[{name}]" for name in names) if grounds.steps.keys() & set(names) else found[0]


def _is_stranger(name: str, grounds: Grounds) -> bool:
    return name not in grounds.steps and f"[{name}]" not in grounds.literal


def _without(text: str, strangers: Sequence[str]) -> str:
    for name in strangers:
        text = re.sub(rf" ?\[{name}\](?!\()", "", text)
    return text


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for border in BLOCK_START.finditer(text):
        yield start, border.start()
        start = border.end()
    yield start, len(text)


def _claims(text: str, start: int, end: int, grounds: Grounds) -> Iterator[_Claim]:
    """The claims of a paragraph: a citation is for what stands before it, and for the rest of its sentence."""
    here, before = start, None
    for group in _groups(text, start, end, grounds):
        if before is not None and (stop := _sentence_end(text, here, group.start)) is not None:
            yield _Claim(here, stop, before.steps)
            here = stop
        yield _Claim(here, group.start, group.steps)
        here, before = group.end, None if _is_behind_sentence(text, group) else group
    if before is not None:
        stop = _sentence_end(text, here, end)
        yield _Claim(here, end if stop is None else stop, before.steps)
        here = end if stop is None else stop
    if text[here:end].strip():
        yield _Claim(here, end)


def _groups(text: str, start: int, end: int, grounds: Grounds) -> Iterator[_Group]:
    group: _Group | None = None
    for found in CITATION.finditer(text, start, end):
        if found[1] not in grounds.steps:
            continue
        if group is not None and BETWEEN_CITATIONS.fullmatch(text, group.end, found.start()):
            group = _Group(group.start, found.end(), (*group.steps, found[1]))
            continue
        if group is not None:
            yield group
        group = _Group(found.start(), found.end(), (found[1],))
    if group is not None:
        yield group


def _is_behind_sentence(text: str, group: _Group) -> bool:
    """Whether the citation stands behind the full stop of its sentence, as in `It rained. [x]`."""
    return text[: group.start].rstrip().endswith((".", "!", "?"))


def _sentence_end(text: str, start: int, end: int) -> int | None:
    found = SENTENCE_END.search(text, start, end)
    return None if found is None else found.end()


def _sourced(claim: _Claim, text: str, numbers: Sequence[Written], grounds: Grounds) -> _Claim:
    """A claim that cites nothing with the steps that hold its numbers; where it has none, with the only step."""
    if claim.steps or NO_CLAIM.search(text[claim.start : claim.end]):
        return claim
    own = [number for number in _within(claim, numbers) if not number.is_one_of(grounds.exempt)]
    if own:
        held = {step: sum(number.is_one_of(known) for number in own) for step, known in grounds.steps.items()}
        best = max(held.values(), default=0)
        found = tuple(step for step, count in held.items() if count == best and best)
    else:
        found = tuple(grounds.steps) if len(grounds.steps) == 1 else ()
    return _Claim(claim.start, claim.end, (), found, is_unsourced=not found and not own)


def _cite_everything(claims: list[_Claim], grounds: Grounds) -> list[_Claim]:
    """Where no claim names a step, all of them stand behind the last: so much is true."""
    if any(claim.steps or claim.added for claim in claims) or not any(claim.is_unsourced for claim in claims):
        return claims
    last = max(number for number, claim in enumerate(claims) if claim.is_unsourced)
    return [
        _Claim(claim.start, claim.end, (), tuple(grounds.steps) if number == last else ())
        for number, claim in enumerate(claims)
    ]


def _within(claim: _Claim, numbers: Sequence[Written]) -> list[Written]:
    return [number for number in numbers if claim.start <= number.start < claim.end]


def _unknown(claim: _Claim, numbers: Sequence[Written], grounds: Grounds) -> Iterator[Written]:
    """The numbers of a claim that none of its steps holds."""
    known = [grounds.exempt, *(grounds.steps[step] for step in (*claim.steps, *claim.added))]
    for number in _within(claim, numbers):
        if not any(number.is_one_of(some) for some in known):
            yield number


def _marked(text: str, claims: Sequence[_Claim], wrong: Sequence[Written]) -> str:
    marks = [(_word_end(text, number.end), f" {UNVERIFIED}") for number in wrong]
    for claim in claims:
        behind = [f"[{step}]" for step in claim.added] + [NO_SOURCE] * claim.is_unsourced
        marks += [(_trimmed_end(text, claim), "".join(f" {mark}" for mark in behind))] if behind else []
    for place, mark in sorted(marks, key=lambda each: each[0], reverse=True):
        text = text[:place] + mark + text[place:]
    return text


def _word_end(text: str, place: int) -> int:
    """The end of a number with the unit that is written right behind it."""
    found = WORD_END.match(text, place)
    return place if found is None else found.end()


def _trimmed_end(text: str, claim: _Claim) -> int:
    return claim.start + len(text[claim.start : claim.end].rstrip())
