"""Whether memory helps: new requests that are like rated ones, planned with the runs remembered and without.

The rated runs lie in an embedded PostgreSQL as the Brain keeps them, and `brain plan --requests` plans offline, with no
key. The requests of `memory/held_out` were written for this, and nothing was fitted to them. `swapped` are the rated
requests with other values in their places, `reworded` ones have nearly the same words; so have `lures`, which ask for
something else. `other` requests are like none; the planner without memory was fitted to these, as to the rated ones.
Metrics are plans that are wrong or missing, in percent.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness import Row
from benchmarks.planning.examples import load_pipelines, load_rated
from benchmarks.planning.rated import Again, Box, is_right, spec_of_steps
from brain import embedded
from brain.config_secrets import Redactor
from brain.database.engine import Database
from brain.database.tables import Run
from brain.database.upgrade import ensure_schema
from brain.embedded import postgres
from brain.intent_inference.plan import Example
from brain.intent_inference.similarity import Similarity
from brain.knowledge_base.store import RunStore
from brain.language_models import WordLlamaEmbedder
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import RunStatus, new_run_id, today
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["measure"]

DATA = ("notebooks/data", "benchmarks/planning/memory/data")
"""Folders of the files that requests about tables name."""
ROOT = Path(__file__).parents[2]
WELL, BADLY = 5, 1

type Plans = Mapping[str, PipelineSpec | None]
"""By the request's number."""


@dataclass(frozen=True)
class _Set:
    """Requests, the runs that are remembered, and the tools at hand."""

    name: str
    examples: Sequence[Example]
    asked: Sequence[Again]
    tools: Sequence[ToolDefinition] = ()
    """None of its own: those that come with the Brain."""


def measure(part: str = "held_out") -> list[Row]:
    """A row for each kind of request, and one for all where the same runs were rated badly."""
    return [row for each in (_calls(part), _tables(part)) for row in _measured(each)]


def _calls(part: str) -> _Set:
    boxes = [Box(*each) for each in load_rated(part)]
    similarity = Similarity(WordLlamaEmbedder())
    examples = [example for box in boxes for example in box.examples]
    asked = [again for box in boxes for again in box.again(similarity)]
    return _Set("calls", examples, asked, [tool for box in boxes for tool in box.tools.values()])


def _tables(part: str) -> _Set:
    rated = load_pipelines(part)
    asked = [Again(kind, ask, spec_of_steps(steps)) for each in rated for kind, ask, steps in each.again]
    return _Set("tables", [Example(each.ask, spec_of_steps(each.steps)) for each in rated], asked)


def _measured(given: _Set) -> Iterator[Row]:
    without, remembered = _planned(given, WELL, memory="off"), _planned(given, WELL, memory="on")
    for kind in dict.fromkeys(again.kind for again in given.asked):
        yield _row(f"{given.name}, {kind}", given.asked, remembered, without, kind)
    yield _row(f"{given.name}, all, runs rated 1 of 5", given.asked, _planned(given, BADLY, memory="on"), without)


def _row(case: str, asked: Sequence[Again], plans: Plans, without: Plans, kind: str = "") -> Row:
    chosen = [(number, again) for number, again in enumerate(asked) if kind in ("", again.kind)]
    ours, peer = (_wrong(chosen, each) for each in (plans, without))
    return Row(
        f"{case} ({len(chosen)})", "plans wrong or missing", "%", round(ours, 2), {"without memory": round(peer, 2)},
        "without memory", 1.0, round(ours / peer, 4) if peer else None, 1,
    )  # fmt: skip


def _wrong(asked: Sequence[tuple[int, Again]], plans: Plans) -> float:
    wrong = sum(not is_right(plans[str(number)], again.spec) for number, again in asked)
    return 100 * wrong / len(asked)


def _planned(given: _Set, stars: int, memory: str) -> Plans:
    """The plan of each request in a project where each example is a run with so many stars."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.tools:
            tools = [tool.model_dump(mode="json", by_alias=True, exclude_defaults=True) for tool in given.tools]
            (folder / "tools.json").write_text(json.dumps({"tools": tools}), "utf-8")
        else:
            for data in DATA:
                shutil.copytree(ROOT / data, folder / data)
        lines = [json.dumps({"id": str(number), "request": again.ask}) for number, again in enumerate(given.asked)]
        (folder / "requests.jsonl").write_text("\n".join(lines), "utf-8")
        try:
            asyncio.run(_remember(folder / ".brain", given.examples, stars))
            return dict(_plans(folder, memory))
        finally:
            embedded.stop_all(folder / ".brain")


async def _remember(state: Path, examples: Sequence[Example], stars: int) -> None:
    embedder = WordLlamaEmbedder()
    async with Database(postgres.ensure(state).url) as database:
        await ensure_schema(database)
        store = RunStore(database, Redactor({}))
        vectors = embedder.embed([each.request for each in examples])
        for example, vector in zip(examples, vectors, strict=True):
            spec = example.spec.to_json()
            run = Run(id=new_run_id(), request=example.request, spec=spec, status=RunStatus.SUCCEEDED, as_of=today())
            await store.create(run)
            await store.set_embedding(run.id, vector.tolist(), embedder.name)
            await store.rate(run.id, stars)


def _plans(folder: Path, memory: str) -> Iterator[tuple[str, PipelineSpec | None]]:
    brain, requests = Path(sys.executable).with_name("brain"), folder / "requests.jsonl"
    environment = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}
    environment["BRAIN_PLAN_MEMORY"] = memory
    command: list[str | Path] = [brain, "plan", "--project", folder, "--requests", requests]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    for line in done.stdout.splitlines():
        outcome: dict[str, Any] = json.loads(line)
        yield outcome["id"], PipelineSpec.from_value(outcome["plan"]) if outcome["plan"] else None
