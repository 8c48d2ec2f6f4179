"""The rated runs of the knowledge base, as the planners take them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from brain.errors import SpecError
from brain.intent_inference.memory import NEAREST, RatedPlan, bound
from brain.language_models import Embedder
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import short_id

if TYPE_CHECKING:
    from brain.knowledge_base.records import RatedRun
    from brain.knowledge_base.store import RunStore

__all__ = ["KnowledgeMemory"]

log = logging.getLogger(__name__)

type OpenStore = Callable[[], Awaitable["RunStore | None"]]
"""None where no run was ever stored."""


class KnowledgeMemory:
    """What a run store remembers."""

    def __init__(self, open_store: OpenStore, embedder: Embedder) -> None:
        self._open_store = open_store
        self._embedder = embedder

    async def nearest(self, request: str, /) -> Sequence[RatedPlan]:
        """The rated runs whose requests mean nearly the same, the nearest first; raises DatabaseError, ModelError."""
        store = await self._open_store()
        if store is None:
            return ()
        vectors = await asyncio.to_thread(self._embedder.embed, [request])
        rows = await store.rated(vectors[0].tolist(), model=self._embedder.name, limit=NEAREST)
        return tuple(_plans(rows))


def _plans(rows: "Sequence[RatedRun]") -> "Iterator[RatedPlan]":
    for row in rows:
        try:
            spec = bound(PipelineSpec.from_value(row.spec), row.inputs)
        except SpecError as exc:
            log.info("The plan of the run %s is of another version: %s", row.run_id, exc)
            continue
        yield RatedPlan(
            short_id(row.run_id), row.request, spec, row.as_of, row.status, row.stars, row.rated_at, row.similarity
        )
