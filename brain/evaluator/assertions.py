"""What a suite says of one value, as in `{approx: 3.4}`: a few operators, each told in words where it does not hold."""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from brain.nearest import did_you_mean
from brain.runs import Json
from brain.shortened import shown

__all__ = ["OPERATORS", "Assertion", "Expected", "is_assertion", "same"]

SHARE = 0.01
"""How far `approx` may be off without `within`: 1 percent."""
SLACK = 1e-9
"""What adding and subtracting floats costs."""


def _is_pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as exc:
        raise ValueError(f"is no regular expression ({exc})") from None
    return text


def _is_finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError("takes a number that is finite")
    return number


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _is_bound(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("takes a number, or text such as a date")  # noqa: TRY004 - what Pydantic reports
    return value


type Number = Annotated[float, AfterValidator(_is_finite)]
type Bound = Annotated[Any, AfterValidator(_is_bound)]
type Several = Annotated[tuple[Json, ...], BeforeValidator(_as_list)]
type Pattern = Annotated[str, AfterValidator(_is_pattern)]


class Assertion(BaseModel):
    """What one value must be; all that is said must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    equals: Json = None
    approx: Number | None = None
    within: Annotated[Number, Field(ge=0)] | None = None
    """How far from `approx` it may be; not said: 1 percent."""
    at_least: Bound = None
    at_most: Bound = None
    above: Bound = None
    below: Bound = None
    contains: Several = ()
    """All of these: parts of a text, whatever their case, or members of a list."""
    lacks: Several = ()
    """None of these."""
    matches: Pattern | None = None
    """A regular expression that is found somewhere in a text."""
    one_of: Annotated[tuple[Json, ...], Field(min_length=1)] | None = None
    length: Annotated[int, Field(ge=0)] | None = None
    exists: bool | None = None
    """Whether there is a value at all: `null` is none."""

    @model_validator(mode="after")
    def _within_what(self) -> "Assertion":
        if self.within is not None and self.approx is None:
            raise ValueError("`within` says how far from `approx` a number may be: say both")
        if not self.model_fields_set:
            raise ValueError(f"says nothing: take one of {', '.join(OPERATORS)}")
        return self

    def misfits(self, value: Json) -> Iterator[str]:
        """Everything that does not hold of a value, as in `is 11, not 12`."""
        for name in OPERATORS:
            if name in self.model_fields_set and (wrong := CHECKS[name](value, getattr(self, name), self)):
                yield wrong


def is_assertion(value: Any) -> bool:
    """Whether what is written uses operators, rather than being the value itself."""
    return isinstance(value, Mapping) and bool(value) and value.keys() <= Assertion.model_fields.keys()


def same(one: Json, other: Json) -> bool:
    """Whether two JSON values are the same: 1 is 1.0, and true is not 1."""
    match one, other:
        case bool() | None, _:
            return one is other
        case int() | float(), int() | float():
            return not isinstance(other, bool) and one == other
        case list() | tuple(), list() | tuple():
            return len(one) == len(other) and all(map(same, one, other))
        case Mapping(), Mapping():
            return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
        case _:
            return type(one) is type(other) and bool(one == other)


def _equals(value: Json, wanted: Json, _: Assertion) -> str | None:
    return None if same(value, wanted) else f"is {shown(value)}, not {shown(wanted)}"


def _approx(value: Json, wanted: float, asked: Assertion) -> str | None:
    room = asked.within if asked.within is not None else abs(wanted) * SHARE
    number = _number(value)
    if number is not None and abs(number - wanted) <= room + SLACK * max(1.0, abs(wanted)):
        return None
    return f"is {shown(value)}, not {wanted:g} within {room:g}"


def _ordered(words: str, holds: Callable[[Any, Any], bool]) -> "Check":
    def check(value: Json, wanted: Any, _: Assertion) -> str | None:
        given = value if isinstance(wanted, str) else _number(value)
        fits = isinstance(given, str) == isinstance(wanted, str) and given is not None and holds(given, wanted)
        return None if fits else f"is {shown(value)}, not {words} {shown(wanted)}"

    return check


def _contains(value: Json, wanted: Sequence[Json], _: Assertion) -> str | None:
    missing = [part for part in wanted if not _holds(value, part)]
    return f"is {shown(value)} without {', '.join(map(shown, missing))}" if missing else None


def _lacks(value: Json, unwanted: Sequence[Json], _: Assertion) -> str | None:
    there = [part for part in unwanted if _holds(value, part)]
    return f"is {shown(value)} with {', '.join(map(shown, there))}" if there else None


def _matches(value: Json, pattern: str, _: Assertion) -> str | None:
    fits = isinstance(value, str) and re.search(pattern, value)
    return None if fits else f"is {shown(value)}, which does not match {pattern}"


def _one_of(value: Json, members: Sequence[Json], _: Assertion) -> str | None:
    if any(same(value, member) for member in members):
        return None
    return f"is {shown(value)}, none of {', '.join(map(shown, members))}"


def _length(value: Json, wanted: int, _: Assertion) -> str | None:
    if not isinstance(value, Sized):
        return f"is {shown(value)}, which has no length"
    return None if len(value) == wanted else f"has a length of {len(value)}, not {wanted}"


def _exists(value: Json, wanted: bool, _: Assertion) -> str | None:
    if (value is not None) is wanted:
        return None
    return "is not there" if wanted else f"is {shown(value)} and should not be there"


def _number(value: Json) -> float | None:
    """The number that a value is, or that its text is: exact decimals travel as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _holds(value: Json, part: Json) -> bool:
    match value:
        case str():
            return _text(part).casefold() in value.casefold()
        case list() | tuple():
            return any(same(member, part) for member in value)
        case Mapping():
            return part in value
        case _:
            return False


def _text(part: Json) -> str:
    return str(int(part)) if isinstance(part, float) and part.is_integer() else str(part)


type Check = Callable[[Json, Any, Assertion], str | None]
CHECKS: Mapping[str, Check] = {
    "exists": _exists,
    "equals": _equals,
    "approx": _approx,
    "at_least": _ordered("at least", lambda value, wanted: value >= wanted),
    "at_most": _ordered("at most", lambda value, wanted: value <= wanted),
    "above": _ordered("above", lambda value, wanted: value > wanted),
    "below": _ordered("below", lambda value, wanted: value < wanted),
    "contains": _contains,
    "lacks": _lacks,
    "matches": _matches,
    "one_of": _one_of,
    "length": _length,
}
OPERATORS = tuple(CHECKS)


def _as_assertion(value: Any) -> Any:
    """A mapping of operators as it is, anything else as what the value must equal."""
    if isinstance(value, Assertion) or is_assertion(value):
        return value
    if isinstance(value, Mapping) and value.keys() & Assertion.model_fields.keys():
        [strange, *_] = sorted(value.keys() - Assertion.model_fields.keys())
        raise ValueError(f"has no operator {strange!r}.{did_you_mean(strange, OPERATORS)} There are {_listed()}")
    if isinstance(value, Mapping) and len(value) == 1 and (hint := did_you_mean(next(iter(value)), OPERATORS)):
        raise ValueError(f"{next(iter(value))!r} is no operator.{hint} A mapping is compared with `equals`")
    return {"equals": value}


def _listed() -> str:
    return ", ".join(OPERATORS)


type Expected = Annotated[Assertion, BeforeValidator(_as_assertion)]
"""An assertion as a suite writes it: operators, or the value itself."""
