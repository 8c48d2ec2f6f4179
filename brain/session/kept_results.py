"""Results as the rows of earlier runs and attempts keep them, put together again from their artifacts."""

from collections.abc import Iterable
from dataclasses import replace

from brain.artifacts import ArtifactCodec
from brain.errors import ArtifactError
from brain.runs import Json, StepResult

__all__ = ["restored", "whole"]


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
