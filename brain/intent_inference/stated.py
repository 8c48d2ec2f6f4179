"""What a request states about a table, as it is handed from linking to planning."""

from dataclasses import dataclass

from brain.intent_inference.sources import Column
from brain.runs import Json

__all__ = ["Condition", "Doubt"]

NONE_YET = Column("", "")


@dataclass(frozen=True, slots=True)
class Doubt:
    """Words that fit several columns about as well, best first."""

    words: str
    start: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """A restriction: of a column (or a part of its dates) to a value."""

    column: Column
    operator: str
    value: Json
    start: int
    end: int
    part: str | None = None
    doubt: Doubt | None = None
