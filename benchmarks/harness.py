"""How all benchmarks measure: sides take turns within one run, medians are compared, and the noise is shown."""

import gc
import json
import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

__all__ = ["Row", "Sample", "Side", "compare", "missed", "save", "show", "take_turns"]

RESULTS = Path(__file__).parent / "results"
TABLE_WIDTH = 150
"""Columns, where the output is no terminal."""

type Side = Callable[[], float]
"""Does the work once and returns the seconds that it took, measured as close to the work as possible."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one side took, in seconds, once a round."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of all rounds."""
        return statistics.median(self.seconds)

    @property
    def noise(self) -> float:
        """Half of the rounds lie within this part of the median (interquartile range / median)."""
        low, _, high = statistics.quantiles(self.seconds, n=4)
        return (high - low) / self.median


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: `ratio` is ours divided by the peer `against`, and should not be above `limit`."""

    case: str
    metric: str
    unit: str
    ours: float | None
    peers: dict[str, float]
    against: str
    limit: float | None
    ratio: float | None
    rounds: int
    noise: dict[str, float] = field(default_factory=dict)
    """Of ours and of each peer: interquartile range / median."""

    @property
    def holds(self) -> bool | None:
        """Whether the limit is kept; None where there is none, or nothing of ours to hold against it."""
        return None if self.limit is None or self.ratio is None else self.ratio <= self.limit


def take_turns(sides: Mapping[str, Side], rounds: int) -> dict[str, Sample]:
    """Each side once to warm up, then once a round; who goes first moves on, so that drift of the machine hits all."""
    for side in sides.values():
        side()
    taken: dict[str, list[float]] = {name: [] for name in sides}
    names = list(sides)
    for turn in range(rounds):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            gc.collect()
            taken[name].append(sides[name]())
    return {name: Sample(tuple(seconds)) for name, seconds in taken.items()}


def compare(
    samples: Mapping[str, Sample],
    *,
    case: str,
    metric: str,
    ours: str,
    against: str,
    limit: float | None,
    unit: str = "s",
    scale: float = 1.0,
) -> Row:
    """A row out of samples; `scale` turns seconds into `unit`."""
    values = {name: round(sample.median * scale, 3) for name, sample in samples.items()}
    mine = samples.get(ours)
    return Row(
        case=case,
        metric=metric,
        unit=unit,
        ours=values.get(ours),
        peers={name: value for name, value in values.items() if name != ours},
        against=against,
        limit=limit,
        ratio=None if mine is None else round(mine.median / samples[against].median, 4),
        rounds=len(samples[against].seconds),
        noise={"ours" if name == ours else name: round(sample.noise, 3) for name, sample in samples.items()},
    )


def missed(rows: Sequence[Row]) -> list[Row]:
    """The rows whose limit is not kept."""
    return [row for row in rows if row.holds is False]


def save(name: str, rows: Sequence[Row]) -> None:
    """Write the rows as a list of JSON objects."""
    text = json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


def show(name: str, purpose: str | None, rows: Sequence[Row]) -> None:
    """Print the rows as a table with what was measured and where."""
    console = Console()
    console = console if console.is_terminal else Console(width=TABLE_WIDTH)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    machine += f", load {os.getloadavg()[0]:.1f} at the end"
    table = Table(title=f"{name}: medians, sides taking turns ({machine})", caption=purpose, caption_justify="left")
    for heading in ("case", "metric", "ours", "peers", "against", "ratio", "limit", "rounds", "±"):
        table.add_column(heading)
    for before, row in zip([None, *rows], rows, strict=False):
        repeated = before is not None and before.peers == row.peers
        table.add_row(*_cells(row, repeated=repeated), style="bold red" if row.holds is False else None)
    console.print(table)


def _cells(row: Row, *, repeated: bool) -> tuple[str, ...]:
    noise = max(row.noise.get("ours", 0.0), row.noise.get(row.against, 0.0))
    return (
        row.case,
        f"{row.metric} [{row.unit}]".replace("[", r"\["),
        "-" if row.ours is None else f"{row.ours:,.1f}",
        "″" if repeated else "\n".join(f"{peer} {value:,.1f}" for peer, value in row.peers.items()),
        row.against,
        "-" if row.ratio is None else f"{row.ratio:.3f}",
        "-" if row.limit is None else f"≤ {row.limit:g}",
        str(row.rounds),
        f"{noise:.0%}",
    )
