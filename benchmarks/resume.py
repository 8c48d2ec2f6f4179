"""How soon a run of 1,000 steps, of which 999 are done, comes to its first new step, beside reading its rows alone.

A chain: each step refers to the one before it, and the last one fails at first. ours = `Brain.start_resumed`, from
the call until the function of the last step is entered. That is everything a person waits for: noticing runs whose
process is gone, the run's row with its pipeline, its step rows, what is left of the pipeline, taking the run over,
its place in the events, and the schedule. raw = `SELECT *` of as many rows of the same kind with psycopg, on a
connection of its own that is open, until all are Python objects.

Each side has a run of its own, which was made just before by running it. Not in it: starting the services, importing
the Brain, opening connections, and whatever happens after the last step has begun. The results of the steps are a
number each, where reading takes least and everything else counts most, or what tools of ComplexFuncBench gave (half
of them less than 1.5 kB of JSON, a tenth more than 20 kB).
"""

import gc
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from benchmarks.harness import Row, Side, compare, take_turns
from benchmarks.planning.sets import complexfuncbench
from benchmarks.services import Services
from brain import Brain
from brain.config_secrets import load_settings
from brain.errors import ToolError
from brain.runs import Json, RunStatus

__all__ = ["measure", "step"]

STEPS = 1000
ROUNDS = 15
LIMIT = 2.0
TOOL = {
    "name": "bench.step",
    "description": "Returns a prepared result; the last step fails at first.",
    "inputSchema": {
        "type": "object",
        "properties": {"number": {"type": "integer"}, "after": {"type": "integer"}},
        "required": ["number"],
        "additionalProperties": False,
    },
    "annotations": {"readOnlyHint": True},
    "run": {"python": "benchmarks.resume:step"},
}


@dataclass(slots=True)
class _Stage:
    """What the tool gives, and when it was called last."""

    results: Sequence[Json] = ()
    is_whole: bool = False
    """Whether the last step works by now."""
    entered: float = 0.0


stage = _Stage()


async def step(number: int, after: int | None = None) -> Json:
    """The tool."""
    stage.entered = time.perf_counter()
    assert after == (number - 1 if number else None)
    if number == STEPS - 1 and not stage.is_whole:
        raise ToolError("the last step fails at first")
    return {"number": number, "result": stage.results[number]}


def measure() -> list[Row]:
    """A row for each kind of results."""
    with _opened() as (brain, connection):
        return [_row(name, results, brain, connection) for name, results in _results().items()]


def _results() -> dict[str, Sequence[Json]]:
    recorded = [each["response"] for case in complexfuncbench(STEPS) for each in case.steps]
    return {"a number": range(STEPS), "recorded ones": recorded[:: len(recorded) // STEPS][:STEPS]}


@contextmanager
def _opened() -> Iterator[tuple[Brain, psycopg.Connection[Any]]]:
    with ExitStack() as stack:
        services = stack.enter_context(Services())
        project = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (project / "tools.json").write_text(json.dumps({"tools": [TOOL]}), encoding="utf-8")
        settings = load_settings(project, database_url=services.database_url, redis_url=services.redis_url)
        brain = stack.enter_context(Brain(settings=settings))
        plain = services.database_url.replace("postgresql+psycopg://", "postgresql://")
        yield brain, stack.enter_context(psycopg.connect(plain, autocommit=True))


def _row(name: str, results: Sequence[Json], brain: Brain, connection: psycopg.Connection[Any]) -> Row:
    stage.results = results
    sides: dict[str, Side] = {
        "ours": lambda: _resumed(brain, _failed(brain)),
        "raw": lambda: _read(connection, _failed(brain)),
    }
    samples = take_turns(sides, ROUNDS)
    case = f"{STEPS - 1} of {STEPS:,} done, results: {name}"
    return compare(
        samples, case=case, metric="first new step", unit="ms", scale=1e3, ours="ours", against="raw", limit=LIMIT
    )


def _failed(brain: Brain) -> UUID:
    """A fresh run of which only the last step is not done; what it left in memory is collected, as between rounds."""
    stage.is_whole = False
    run = brain.run(_pipeline())
    assert run.status is RunStatus.FAILED, run.error
    assert sum(each.status.has_result for each in run.step_results) == STEPS - 1
    run_id = run.run_id
    del run
    gc.collect()
    return run_id


def _resumed(brain: Brain, run_id: UUID) -> float:
    stage.is_whole, stage.entered = True, 0.0
    begin = time.perf_counter()
    brain.start_resumed(run_id)
    run = brain.wait(run_id)
    assert run.status is RunStatus.SUCCEEDED, run.error
    assert run.outputs["last"]["number"] == STEPS - 1
    return stage.entered - begin


def _read(connection: psycopg.Connection[Any], run_id: UUID) -> float:
    begin = time.perf_counter()
    rows = connection.execute("SELECT * FROM brain.steps WHERE run_id = %s", (run_id,)).fetchall()
    seconds = time.perf_counter() - begin
    assert len(rows) == STEPS
    return seconds


def _pipeline() -> dict[str, Any]:
    steps = [
        {"id": f"step_{number:03}", "tool": TOOL["name"], "arguments": _arguments(number)} for number in range(STEPS)
    ]
    return {"name": "chain", "steps": steps, "outputs": {"last": f"${{{steps[-1]['id']}}}"}}


def _arguments(number: int) -> dict[str, Any]:
    return {"number": number, "after": f"${{step_{number - 1:03}.number}}"} if number else {"number": number}
