"""How soon a listener hears of an event, what a widget costs its run, and how long the extension takes to load.

Events: from just before `publish` in one process to the callback in another, for 1, 10 and 50 runs that each tell of
something about ten times a second, at odd moments. redis-py = its `publish` and its pub/sub alone, with the same
messages on the same Redis; it keeps nothing, counts nothing, and a listener who comes late has missed what was said.
Ours keeps the history and the snapshot in the same transaction, on Redis or on PostgreSQL alone.

Widget: a run of two seconds in a kernel, shown by widgets and not shown at all; the run's own time, and the cell's.
Updates: processor time of 1,000 updates a millisecond apart, by tqdm.notebook and by our widget, above the same loop
alone. Load: `%load_ext brain` in a fresh kernel, beside `import ipywidgets` in another.
"""

import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from uuid import UUID

from redis.asyncio import Redis

from benchmarks.harness import Row, Sample, Side, compare, take_turns
from benchmarks.services import Services, remove_services
from benchmarks.widget_kernel import Cells, opened_kernel
from benchmarks.widget_listener import UNCOUNTED, channel_of, tracker_of
from brain.database.engine import Database
from brain.database.tables import Run
from brain.runs import EventType, RunEvent, new_run_id, utc_now

__all__ = ["measure"]

RUNS = {1: 200, 10: 60, 50: 40}
"""Runs at the same time, and events of each."""
PAUSE_SECONDS = (0.08, 0.12)
EVENT_ROUNDS = 3
EVENT_LIMIT = 5.0
"""p99 of ours over that of redis-py."""
COST_ROUNDS = 9
COST_LIMIT = 1.02
LOAD_ROUNDS = 9
LOAD_LIMIT = 1.5
UPDATE_ROUNDS = 7
SIDES = ("redis", "postgres", "redis-py")


def measure() -> list[Row]:
    """All of it; sides take turns."""
    with Services() as services:
        rows = [row for runs in RUNS for row in _event_rows(services, runs)]
    with (
        _project() as project,
        opened_kernel(project, BRAIN_PROGRESS="widget") as shown,
        opened_kernel(project, BRAIN_PROGRESS="off") as hidden,
    ):
        for cells in (shown, hidden):
            cells.run(SET_UP)
        rows += [*_cost_rows(shown, hidden), _update_row(shown)]
        rows.append(_load_row(project))
    return rows


def _event_rows(services: Services, runs: int) -> Iterator[Row]:
    """p50 and p99 of each round, and their medians over the rounds."""
    p50: dict[str, list[float]] = {side: [] for side in SIDES}
    p99: dict[str, list[float]] = {side: [] for side in SIDES}
    for turn in range(EVENT_ROUNDS):
        for side in SIDES[turn % 3 :] + SIDES[: turn % 3]:
            late = sorted(asyncio.run(_told(services, side, runs, RUNS[runs])))
            p50[side].append(statistics.median(late))
            p99[side].append(late[int(len(late) * 0.99)])
    for ours in SIDES[:2]:
        for metric, found, limit in (("p50", p50, None), ("p99", p99, EVENT_LIMIT)):
            samples = {side: Sample(tuple(found[side])) for side in (ours, "redis-py")}
            many = "1 run" if runs == 1 else f"{runs} runs"
            yield compare(
                samples, case=f"{many}, progress through {ours}", metric=f"published to heard, {metric}", unit="ms",
                scale=1e3, ours=ours, against="redis-py", limit=limit,
            )  # fmt: skip


async def _told(services: Services, side: str, runs: int, events: int) -> list[float]:
    """How late each event came."""
    ids = await _new_runs(services, runs) if side == "postgres" else [new_run_id() for _ in range(runs)]
    listener = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.widget_listener", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        limit=2**24,
    )  # fmt: skip
    assert listener.stdin is not None
    assert listener.stdout is not None
    asked = {
        "side": side, "database": services.database_url, "redis": services.redis_url, "events": events,
        "runs": [str(run) for run in ids],
    }  # fmt: skip
    listener.stdin.write(f"{json.dumps(asked)}\n".encode())
    await listener.stdin.drain()
    assert (await listener.stdout.readline()).strip() == b"ready"
    await (_publish_raw if side == "redis-py" else _publish)(services, side, ids, events)
    late: list[float] = json.loads(await listener.stdout.readline())
    assert await listener.wait() == 0
    assert len(late) == runs * (events - UNCOUNTED)
    return late


async def _new_runs(services: Services, count: int) -> list[UUID]:
    runs = [Run(id=new_run_id()) for _ in range(count)]
    ids = [run.id for run in runs]
    async with Database(services.database_url) as database, database.session() as session:
        session.add_all(runs)
    return ids


async def _publish(services: Services, side: str, runs: list[UUID], events: int) -> None:
    async with tracker_of(side, services.database_url, services.redis_url) as tracker:

        async def tell(run: UUID, moments: Iterator[float]) -> None:
            async with tracker.publisher(run) as publisher:
                for number, pause in enumerate(moments):
                    await asyncio.sleep(pause)
                    publisher.publish(
                        EventType.STEP_RETRYING, step_id="weather", item=number, message=f"{time.perf_counter()}"
                    )

        await asyncio.gather(*(tell(run, _pauses(run, events)) for run in runs))


async def _publish_raw(services: Services, _side: str, runs: list[UUID], events: int) -> None:
    client = Redis.from_url(services.redis_url)

    async def tell(run: UUID, moments: Iterator[float]) -> None:
        for number, pause in enumerate(moments):
            await asyncio.sleep(pause)
            event = RunEvent(run, number + 1, EventType.STEP_RETRYING, utc_now(), "weather", number)
            told = {**event.to_json(), "message": f"{time.perf_counter()}"}
            await client.publish(channel_of(str(run)), json.dumps(told))

    await asyncio.gather(*(tell(run, _pauses(run, events)) for run in runs))
    await client.aclose()


def _pauses(run: UUID, events: int) -> Iterator[float]:
    chance = random.Random(run.int)
    return (chance.uniform(*PAUSE_SECONDS) for _ in range(events))


def _cost_rows(shown: Cells, hidden: Cells) -> Iterator[Row]:
    """The same run in two kernels, of which one shows widgets."""
    taken: dict[str, list[tuple[float, float]]] = {"widget": [], "none": []}

    def run(side: str, cells: Cells) -> float:
        seconds: tuple[float, float] = tuple(cells.run(RUN))
        taken[side].append(seconds)
        return seconds[0]

    own = take_turns({"widget": partial(run, "widget", shown), "none": partial(run, "none", hidden)}, COST_ROUNDS)
    cell = {side: Sample(tuple(whole for _, whole in both[1:])) for side, both in taken.items()}
    for metric, samples, limit in (("its own time", own, COST_LIMIT), ("of the cell", cell, None)):
        yield compare(
            samples, case="a run of 330 calls in a kernel", metric=metric, unit="ms", scale=1e3, ours="widget",
            against="none", limit=limit,
        )  # fmt: skip


def _update_row(cells: Cells) -> Row:
    cells.run(LOOPS)
    sides: dict[str, Side] = {
        name: lambda name=name: cells.run(f"print({name}())") for name in ("ours", "tqdm_notebook", "alone")
    }
    samples = take_turns(sides, UPDATE_ROUNDS)
    alone = samples.pop("alone").median
    above = {name: Sample(tuple(taken - alone for taken in each.seconds)) for name, each in samples.items()}
    return compare(
        above, case="1,000 updates in a second", metric="processor time", unit="ms", scale=1e3, ours="ours",
        against="tqdm_notebook", limit=None,
    )  # fmt: skip


def _load_row(folder: Path) -> Row:
    sides: dict[str, Side] = {
        "ours": partial(_loaded, folder, "get_ipython().run_line_magic('load_ext', 'brain')"),
        "import ipywidgets": partial(_loaded, folder, "import ipywidgets"),
    }
    samples = take_turns(sides, LOAD_ROUNDS)
    return compare(
        samples, case="%load_ext brain in a fresh kernel", metric="time", unit="ms", scale=1e3, ours="ours",
        against="import ipywidgets", limit=LOAD_LIMIT,
    )  # fmt: skip


def _loaded(folder: Path, line: str) -> float:
    with opened_kernel(folder) as cells:
        seconds: float = cells.run(
            f"import time\nbegin = time.perf_counter()\n{line}\nprint(time.perf_counter() - begin)"
        )
    return seconds


@contextmanager
def _project() -> Iterator[Path]:
    """A folder with one tool, and services of its own."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "tools.json").write_text(json.dumps({"tools": [TOOL]}), encoding="utf-8")
        (project / "bench_nap.py").write_text(NAP, encoding="utf-8")
        yield project
        remove_services(project / ".brain")


TOOL = {
    "name": "bench.nap",
    "description": "Waits.",
    "inputSchema": {"type": "object", "properties": {"seconds": {"type": "number"}}, "required": ["seconds"]},
    "annotations": {"readOnlyHint": True},
    "run": {"python": "bench_nap:nap"},
}
NAP = """
import asyncio

async def nap(seconds):
    await asyncio.sleep(seconds)
    return seconds
"""
PIPELINE = {
    "name": "naps",
    "steps": [
        *(
            {
                "id": f"chain_{number}", "tool": "bench.nap", "needs": [f"chain_{number - 1}"] if number else [],
                "arguments": {"seconds": 0.05},
            }
            for number in range(30)
        ),
        {
            "id": "items", "tool": "bench.nap", "foreach": [0.02] * 300, "max_parallel": 4,
            "arguments": {"seconds": "${item}"},
        },
    ],
}  # fmt: skip
"""A chain and a fan-out side by side, 1.5 s each."""
SET_UP = f"""
%load_ext brain
import json, time
pipeline = json.loads({json.dumps(PIPELINE)!r})
"""
RUN = """
begin = time.perf_counter()
r = %brain run pipeline
seconds = time.perf_counter() - begin
print()
print(json.dumps([r.seconds, seconds]))
"""
LOOPS = """
import time
from uuid import uuid4
from tqdm.notebook import tqdm
from brain.notebook.surface import Subject
from brain.notebook.widget import WidgetSurface
from brain.runs import EventType, RunEvent, utc_now

def alone():
    begin = time.process_time()
    for _ in range(1000):
        time.sleep(0.001)
    return time.process_time() - begin

def tqdm_notebook():
    begin = time.process_time()
    with tqdm(total=1000, desc="items") as bar:
        for _ in range(1000):
            time.sleep(0.001)
            bar.update()
    return time.process_time() - begin

def ours():
    run, begin = uuid4(), time.process_time()
    surface = WidgetSurface(Subject("0b04575c", "items", lambda: None, lambda: None))
    surface.take(RunEvent(run, 1, EventType.RUN_RUNNING, utc_now()))
    surface.take(RunEvent(run, 2, EventType.STEP_RUNNING, utc_now(), "items"))
    for number in range(1000):
        time.sleep(0.001)
        surface.take(RunEvent(
            run, number + 3, EventType.STEP_PROGRESS, utc_now(), "items", None, f"{number + 1} of 1000", number / 10
        ))
        surface.draw()
    surface.draw(is_over=True)
    return time.process_time() - begin
"""
