"""A value that a request offers for an argument, where it stands, and the rule that made it."""

from dataclasses import dataclass
from enum import StrEnum

from brain.runs import Json

__all__ = ["ABSENT", "Candidate", "Rule"]


class Rule(StrEnum):
    """How a value was made; numbers have the kinds of figures besides, converted and relative ones say from what."""

    ABSENT = "absent"
    """Nothing is said."""
    OTHER_UNIT = "other unit"
    HOUR_OF_A_TIME = "hour of a time"
    MINUTE_OF_A_TIME = "minute of a time"
    HOUR_ON_A_CLOCK = "hour on a clock"
    SAID = "said"
    DENIED = "denied"
    NEGATION = "negation"
    IMPLIED = "implied"
    TRUE = "true"
    FALSE = "false"
    OPTION = "option"
    MEANT = "meant"
    """An option that stands nowhere."""
    DATE_AS_WRITTEN = "date as written"
    TIME = "time"
    PHRASE = "phrase"
    QUOTED = "quoted"
    REST = "rest"
    """All behind a colon."""
    PART_OF_A_COMPOUND = "part of a compound"
    EXPRESSION = "expression"
    CURRENCY = "currency"
    LITERAL = "literal"
    LIST = "list"
    ALL = "all"
    """All numbers of the request."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value at a half-open range of tokens; the range is -1 to -1 where no word of the request says it."""

    value: Json
    first: int
    last: int
    rule: str

    @property
    def is_absent(self) -> bool:
        """Whether it stands for no value."""
        return self.rule == Rule.ABSENT

    @property
    def is_placed(self) -> bool:
        """Whether it stands in the request."""
        return self.first >= 0

    @property
    def rule_family(self) -> str:
        """The rule, without what a value is converted from and to, or which day it is relative to."""
        return "converted" if " to " in self.rule else self.rule

    @property
    def length(self) -> int:
        """In tokens."""
        return self.last - self.first

    def overlaps(self, other: "Candidate") -> bool:
        """Whether the two share a token."""
        return self.first < other.last and other.first < self.last

    @classmethod
    def unplaced(cls, value: Json, rule: str) -> "Candidate":
        """A value that no word of the request says."""
        return cls(value, -1, -1, rule)


ABSENT = Candidate.unplaced(None, Rule.ABSENT)
