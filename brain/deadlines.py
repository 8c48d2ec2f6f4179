"""How long a run may take, as people write it: `10m`, or `none`."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from brain.durations import parse_duration

__all__ = ["NO_DEADLINE", "Deadline"]

NONE_WORDS = frozenset({"none", "off"})
LONGEST = timedelta(days=365)
UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}
TAKES = "takes a number and s, m, h or d, as in 10m, or the word none"


@dataclass(frozen=True, slots=True)
class Deadline:
    """How long each attempt of a run may take, planning and answer included.

    Raises ValueError where that is nothing, or more than a year.
    """

    after: timedelta | None = None
    """None: as long as it takes."""

    def __post_init__(self) -> None:
        if self.after is not None and self.after <= timedelta():
            raise ValueError(f"'{self}' is no deadline, because nothing is done in no time; it {TAKES}")
        if self.after is not None and self.after > LONGEST:
            raise ValueError(f"'{self}' is no deadline, because it is longer than a year; it {TAKES}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """`500ms`, `30s`, `10m`, `1h`, `2d` or `none`; raises ValueError on anything else."""
        if text.strip().lower() in NONE_WORDS:
            return cls()
        try:
            after = parse_duration(text)
        except ValueError:
            raise ValueError(f"{text[:40]!r} is no deadline; it {TAKES}") from None
        return cls(after)

    @property
    def seconds(self) -> float | None:
        """The same as a number."""
        return None if self.after is None else self.after.total_seconds()

    @property
    def twice(self) -> Self:
        """One that leaves double the time."""
        return type(self)(None if self.after is None else min(2 * self.after, LONGEST))

    def __str__(self) -> str:
        """As `parse` reads it: in the largest unit of which it is a whole number, else in seconds."""
        if self.after is None:
            return "none"
        for unit, length in UNITS.items():
            if self.after >= length and not self.after % length:
                return f"{self.after // length}{unit}"
        return f"{self.after.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"


NO_DEADLINE = Deadline()
