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
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import Row
from benchmarks.planning.examples import load_rated
from benchmarks.planning.rated import Again, Box, is_right
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

__all__ = ["measure"]

KINDS = ("swapped", "reworded", "paraphrase", "variation", "lure", "other")
WELL, BADLY = 5, 1

type Plans = Mapping[str, PipelineSpec | None]
"""By the request's number."""


def measure(part: str = "held_out") -> list[Row]:
    """A row for each kind of request, and one for all where the same runs were rated badly."""
    boxes = [Box(*each) for each in load_rated(part)]
    examples = [example for box in boxes for example in box.examples]
    asked = [again for box in boxes for again in box.again(Similarity(WordLlamaEmbedder()))]
    without = _planned(boxes, asked, examples, WELL, memory="off")
    remembered = _planned(boxes, asked, examples, WELL, memory="on")
    rated_badly = _planned(boxes, asked, examples, BADLY, memory="on")
    rows = [_row(kind, asked, remembered, without, kind) for kind in KINDS]
    return [*rows, _row("all, where the runs were rated 1 of 5", asked, rated_badly, without)]


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


def _planned(
    boxes: Sequence[Box], asked: Sequence[Again], examples: Sequence[Example], stars: int, memory: str
) -> Plans:
    """The plan of each request in a project with all tools, where each example is a run with so many stars."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tools = [
            tool.model_dump(mode="json", by_alias=True, exclude_defaults=True)
            for box in boxes
            for tool in box.tools.values()
        ]
        (folder / "tools.json").write_text(json.dumps({"tools": tools}), "utf-8")
        lines = [json.dumps({"id": str(number), "request": again.ask}) for number, again in enumerate(asked)]
        (folder / "requests.jsonl").write_text("\n".join(lines), "utf-8")
        try:
            asyncio.run(_remember(folder / ".brain", examples, stars))
            return dict(_plans(folder, memory))
        finally:
            embedded.stop_all(folder / ".brain")


async def _remember(state: Path, examples: Sequence[Example], stars: int) -> None:
    embedder = WordLlamaEmbedder()
    async with Database(postgres.ensure(state).url) as database:
        await ensure_schema(database)
        store = RunStore(database, Redactor({}))
        for example, vector in zip(examples, embedder.embed([each.request for each in examples]), strict=True):
            run = Run(
                id=new_run_id(),
                request=example.request,
                spec=example.spec.to_json(),
                status=RunStatus.SUCCEEDED,
                as_of=today(),
            )
            await store.create(run)
            await store.set_embedding(run.id, vector.tolist(), embedder.name)
            await store.rate(run.id, stars)


def _plans(folder: Path, memory: str) -> Iterator[tuple[str, PipelineSpec | None]]:
    environment = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}
    command = [
        Path(sys.executable).with_name("brain"),
        "plan",
        "--project",
        folder,
        "--requests",
        folder / "requests.jsonl",
    ]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**environment, "BRAIN_PLAN_MEMORY": memory}
    )
    for line in done.stdout.splitlines():
        outcome: dict[str, Any] = json.loads(line)
        yield outcome["id"], PipelineSpec.from_value(outcome["plan"]) if outcome["plan"] else None
