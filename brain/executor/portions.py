"""How many items of a `foreach` step are handed to a worker of a cluster at a time."""

__all__ = ["Portions"]

PORTION_SECONDS = 0.25
"""Of work in one portion: long beside the way to a worker and back, short beside what a lost worker costs."""
MOST_ITEMS = 500
"""In one portion: its results come back together."""
PORTIONS_LEFT = 4
"""So many for each of those who take them are left to the end, so that all are done at about the same time."""
MEMORY = 0.5
"""The weight of the portion before in what the next one is expected to take."""


class Portions:
    """Begins with single items and learns from what they take."""

    def __init__(self, takers: int) -> None:
        self._takers = takers
        self._seconds: float | None = None

    def size(self, left: int) -> int:
        """The next portion of so many items that are left."""
        if self._seconds is None:
            return 1
        fair = left // (self._takers * PORTIONS_LEFT)
        return max(1, min(MOST_ITEMS, fair, int(PORTION_SECONDS / max(self._seconds, PORTION_SECONDS / MOST_ITEMS))))

    def learn(self, items: int, seconds: float) -> None:
        """So many items took a worker so long, from the first to the last."""
        each = seconds / items
        self._seconds = each if self._seconds is None else MEMORY * self._seconds + (1 - MEMORY) * each
