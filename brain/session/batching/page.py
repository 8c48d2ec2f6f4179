"""A batch as people look at it: how many sets ended how, what was recorded, and what can be done next."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from brain.display.bundles import Views, table_in_markdown
from brain.display.html import render
from brain.display.words import duration
from brain.figures import plain
from brain.runs import RunStatus
from brain.shortened import shown
from brain.visible import visible

if TYPE_CHECKING:
    from brain.session.batching.result import BatchRun, SetRun

__all__ = ["batch_rows", "batch_views", "below"]

WORDS = {
    "succeeded": "succeeded", "cached": "served from earlier runs", "failed": "failed", "running": "running",
    "cancelled": "cancelled", "interrupted": "interrupted", "queued": "not begun",
}  # fmt: skip
"""By status, in the order in which they are told."""
SHOWN_SETS = 50
"""Those without a result first; the frame has all."""


def batch_views(batch: "BatchRun") -> Views:
    """The batch in each form."""

    def html() -> str:
        titles, rows = batch_rows(batch)
        return render("listing.html", titles=titles, rows=rows) + render("note.html", text=below(batch))

    def markdown() -> str:
        titles, rows = batch_rows(batch)
        return f"{table_in_markdown(titles, rows)}\n\n{below(batch)}"

    def plain_text() -> str:
        return visible(below(batch))

    return Views(plain_text, html, markdown)


def _summary(batch: "BatchRun") -> str:
    """How many sets ended how, and how long that took."""
    counts = batch.counts
    parts = [f"{counts[status]} {words}" for status, words in WORDS.items() if status in counts]
    if batch.finished_at is not None:
        parts.append(f"in {duration((batch.finished_at - batch.created_at).total_seconds())}")
    return " · ".join([*parts, f"batch {batch.id}"])


def _next_step(batch: "BatchRun") -> str:
    """What can be done about the sets without a result."""
    if batch.status is RunStatus.RUNNING or not batch.unfinished:
        return ""
    return f"To run the {len(batch.unfinished)} without a result again: brain batch {batch.id} --resume"


def batch_rows(batch: "BatchRun") -> tuple[list[str], list[list[str]]]:
    """A row a set with its parameters and what it recorded, at most SHOWN_SETS of them."""
    shown_sets = sorted(batch.sets, key=lambda one: one.status is RunStatus.SUCCEEDED)[:SHOWN_SETS]
    names = list(dict.fromkeys(name for one in shown_sets for name in (*one.parameters, *one.recorded)))
    rows = [[str(one.position), one.outcome, *_cells(one, names), _time(one), one.error or ""] for one in shown_sets]
    return ["set", "status", *names, "time", "error"], rows


def _cells(one: "SetRun", names: Sequence[str]) -> Iterator[str]:
    for name in names:
        value = one.parameters.get(name, one.recorded.get(name))
        yield "" if value is None else plain(value) if isinstance(value, int | float) else _text(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else shown(value)


def _time(one: "SetRun") -> str:
    return "" if one.seconds is None else duration(one.seconds)


def below(batch: "BatchRun") -> str:
    """What is said under the sets, a line each."""
    hidden = len(batch.sets) - SHOWN_SETS
    more = f"and {hidden} more, which the whole table has (--table, .frame)" if hidden > 0 else ""
    return "\n".join(filter(None, [more, _summary(batch), *batch.notes, _next_step(batch)]))
