"""How often the small planner is right, through `brain plan --tools --requests`, with no key and no model server.

BFCL v4 sets are scored with an AST match like BFCL's own, ComplexFuncBench (first 500) by tools, arguments and edges.
Metrics are what is wrong, in percent, so that less is better. Peers are figures of the public board ("non-live AST":
simple, multiple, parallel and parallel multiple together) for those models; their rows were not run here.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import Row
from benchmarks.planning.right_values import same
from benchmarks.planning.scoring import Tally, calls_match, tally
from benchmarks.planning.sets import Case, bfcl, complexfuncbench, in_files

__all__ = ["measure"]

BOARD = {"Gemma-3-1b": 20.2, "Llama-3.2-1B": 38.4, "Hammer2.1-0.5b": 66.0, "Qwen3-0.6B": 71.8}
"""Percent right, from the public board."""
GOAL = "Hammer2.1-0.5b"
HALF_GOAL = "half of Hammer2.1-0.5b"
MISSING = "missing"

type Outcome = Mapping[str, Any]
"""A line of `brain plan --requests`."""


def measure() -> list[Row]:
    """All sets."""
    wrong = {name: 100 - right for name, right in BOARD.items()}
    half = {HALF_GOAL: 100 - BOARD[GOAL] / 2}
    rows = [*_bfcl("simple_python", wrong, GOAL), *_bfcl("parallel", half, HALF_GOAL)]
    for name in ("multiple", "parallel_multiple", "live_simple"):
        rows += _bfcl(name, {}, "")
    return [*rows, *_irrelevance("irrelevance"), *_irrelevance("live_irrelevance"), *_complexfuncbench()]


def _bfcl(name: str, peers: dict[str, float], against: str) -> Iterator[Row]:
    cases = bfcl(name)
    outcomes = _planned(cases)
    right = sum(calls_match(_calls(outcomes[case.id]), case.calls) for case in cases)
    yield _row(f"BFCL {name} ({len(cases)})", "calls wrong", "%", 100 * (1 - right / len(cases)), peers, against)
    yield from _ends(f"BFCL {name} ({len(cases)})", outcomes)


def _ends(case: str, outcomes: Mapping[str, Outcome]) -> Iterator[Row]:
    """What came back, and in what time."""
    count = len(outcomes)
    seconds = sorted(outcome["seconds"] for outcome in outcomes.values())
    yield _row(
        case, "came back as questions", "%", 100 * sum(bool(each["questions"]) for each in outcomes.values()) / count
    )
    broken = sum("cannot be run" in (each["declined"] or "") for each in outcomes.values())
    yield _row(case, "plans that build refused", "%", 100 * broken / count)
    yield _row(case, "one request, median", "ms", 1000 * seconds[count // 2])
    yield _row(case, "one request, 95th percentile", "ms", 1000 * seconds[int(count * 0.95)])


def _irrelevance(name: str) -> Iterator[Row]:
    """Requests that none of the tools at hand can serve."""
    cases = bfcl(name)
    outcomes = _planned(cases)
    planned = sum(each["plan"] is not None for each in outcomes.values())
    yield _row(f"BFCL {name} ({len(cases)})", "not declined", "%", 100 * planned / len(cases))


def _complexfuncbench() -> Iterator[Row]:
    cases = complexfuncbench()
    outcomes = _planned(cases)
    tools = arguments = edges = Tally()
    for case in cases:
        found, wanted = _steps(outcomes[case.id]), list(case.steps)
        tools += tally(Counter(step["tool"] for step in found), Counter(step["name"] for step in wanted))
        arguments += _arguments(found, wanted)
        edges += tally(Counter(_edges_found(found)), Counter(_edges_wanted(wanted)))
    name = f"ComplexFuncBench ({len(cases)})"
    yield _row(name, "tools, 100 − F1", "%", 100 * (1 - tools.f1))
    yield _row(name, "arguments wrong or missing", "%", 100 * (1 - arguments.accuracy))
    yield _row(name, "edges, 100 − F1", "%", 100 * (1 - edges.f1))
    yield from _ends(name, outcomes)


def _planned(cases: Sequence[Case]) -> dict[str, Outcome]:
    """The outcome of each case, by its id; each file of tools is a process of its own."""
    outcomes: dict[str, Outcome] = {}
    with tempfile.TemporaryDirectory() as folder:
        for tools, requests, _ in in_files(cases, Path(folder)):
            command = [Path(sys.executable).with_name("brain"), "plan", "--project", folder, "--tools", str(tools)]
            environment = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}
            done = subprocess.run(
                [*command, "--requests", str(requests)], check=True, capture_output=True, text=True, env=environment
            )
            outcomes |= {(line := json.loads(text))["id"]: line for text in done.stdout.splitlines()}
    return outcomes


def _steps(outcome: Outcome) -> list[Mapping[str, Any]]:
    return outcome["plan"]["steps"] if outcome["plan"] else []


def _calls(outcome: Outcome) -> list[tuple[str, Mapping[str, Any]]]:
    return [(step["tool"], step.get("arguments", {})) for step in _steps(outcome)]


def _arguments(found: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]) -> Tally:
    """Of the arguments that there are to give, those that a call of the same tool gives; each call counts once."""
    total, left = Tally(), list(found)
    for step in wanted:
        alike = [
            (each, _hits(each.get("arguments", {}), step["arguments"])) for each in left if each["tool"] == step["name"]
        ]
        best, right = max(alike, key=lambda each: each[1], default=(None, 0))
        if best is not None:
            left.remove(best)
        given = len(best.get("arguments", {})) if best is not None else 0
        total += Tally(right, given, len(step["arguments"]))
    return total


def _hits(given: Mapping[str, Any], wanted: Mapping[str, Any]) -> int:
    return sum(_alike(given.get(name, MISSING), value) for name, value in wanted.items())


def _alike(given: Any, wanted: Any) -> bool:
    """References count where both refer, whichever part of the result they take."""
    if isinstance(wanted, str) and wanted.startswith("$"):
        return isinstance(given, str) and given.startswith("${")
    return same(given, wanted) or same(str(given), str(wanted))


def _edges_found(steps: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    tools = {step["id"]: step["tool"] for step in steps}
    for step in steps:
        heads = {_head(value) for value in step.get("arguments", {}).values() if isinstance(value, str)}
        yield from ((tools[head], step["tool"]) for head in heads if head in tools)


def _head(value: str) -> str:
    return value[2:].partition(".")[0].rstrip("}") if value.startswith("${") else ""


def _edges_wanted(steps: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    tools = {step["label"]: step["name"] for step in steps}
    for step in steps:
        values = (value for value in step["arguments"].values() if isinstance(value, str) and value.startswith("$"))
        yield from {
            (tools[label], step["name"])
            for value in values
            if (label := value[1:].partition(".")[0].rstrip("$")) in tools
        }


def _row(  # noqa: PLR0917 - a row as it reads
    case: str, metric: str, unit: str, ours: float, peers: dict[str, float] | None = None, against: str = ""
) -> Row:
    peers = {name: round(value, 2) for name, value in (peers or {}).items()}
    ratio = round(ours / peers[against], 4) if peers else None
    return Row(case, metric, unit, round(ours, 2), peers, against, 1.0 if peers else None, ratio, 1)
