"""Results as the rows of earlier runs and attempts keep them, put together again from their artifacts."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from brain.artifacts import ArtifactCodec
from brain.errors import ArtifactError, BrainError
from brain.executor.ports import Kept
from brain.runs import Json, StepResult

if TYPE_CHECKING:
    from brain.knowledge_base.store import RunStore  # loads SQLAlchemy

__all__ = ["StoreCache", "restored", "whole", "whole_ones"]

log = logging.getLogger(__name__)


def whole(kept: Json, codec: ArtifactCodec) -> Json:
    """The result that a row holds; raises ArtifactError where an artifact that it refers to is missing or damaged."""
    result = codec.restore(kept)
    codec.verify(result)
    return result


def restored(rows: Iterable[StepResult], codec: ArtifactCodec) -> tuple[StepResult, ...]:
    """The rows with what their calls gave; one that is gone stays the reference that the row holds.

    Raises ArtifactError where it is there and cannot be read now.
    """
    return tuple(_restored(row, codec) for row in rows)


def whole_ones(rows: Iterable[StepResult], codec: ArtifactCodec) -> list[StepResult]:
    """The rows whose results are there with all that they refer to, as far as that can be told."""
    return [row for row in rows if row.result is None or _is_there(row.result, codec)]


def _is_there(result: Json, codec: ArtifactCodec) -> bool:
    try:
        return codec.is_there(result)
    except ArtifactError:
        return False


def _restored(row: StepResult, codec: ArtifactCodec) -> StepResult:
    if row.fingerprint is None:  # a whole `foreach` step is no call; its items are
        return row
    try:
        result = codec.restore(row.result)
    except ArtifactError:
        if codec.is_there(row.result):
            raise
        return row
    return row if result is row.result else replace(row, result=result)


class StoreCache:
    """The executor's cache: what the run store has, as long as its artifacts are there."""

    def __init__(self, store: "RunStore", codec: ArtifactCodec) -> None:
        self._store = store
        self._codec = codec

    async def find(self, fingerprint: str) -> Kept | None:
        """The latest result of the same call; None where there is none, or it cannot be read."""
        try:
            found = await self._store.cached(fingerprint)
            return None if found is None else Kept(await asyncio.to_thread(whole, found[0], self._codec), *found[1:])
        except BrainError as exc:
            log.info("A result is made anew: %s", exc)
            return None
