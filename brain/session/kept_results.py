"""Results as the rows of earlier runs and attempts keep them, put together again from their artifacts."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from brain.artifacts import ArtifactCodec
from brain.errors import ArtifactError
from brain.pipeline_builder.pipeline import Pipeline
from brain.runs import Json, StepResult

__all__ = ["of_earlier_attempt", "whole"]

log = logging.getLogger(__name__)


def whole(kept: Json, codec: ArtifactCodec) -> Json:
    """The result that a row holds; raises ArtifactError where an artifact that it refers to is missing or damaged."""
    result = codec.restore(kept)
    codec.verify(result)
    return result


def of_earlier_attempt(rows: Sequence[StepResult], pipeline: Pipeline, codec: ArtifactCodec) -> Iterator[StepResult]:
    """What an earlier attempt gave; a call whose result was set aside and is gone is left out, to be made again.

    Raises ArtifactError where it may not be made again, or the result is there and cannot be read now.
    """
    for row in rows:
        try:
            # a whole `foreach` step is no call and has no fingerprint; its items are
            result = codec.restore(row.result) if row.fingerprint else row.result
        except ArtifactError as exc:
            if codec.is_there(row.result):
                raise
            step = pipeline.steps.get(row.step_id)
            if step is not None and not step.definition.is_repeatable:
                raise _lost(row, exc) from exc
            log.info("The call of %s is made again: %s", row.step_id, exc)
        else:
            yield row if result is row.result else replace(row, result=result)


def _lost(row: StepResult, exc: ArtifactError) -> ArtifactError:
    return ArtifactError(
        f"{row.step_id} ({row.tool}) did its work and may not do it twice, but its result is lost: {exc} "
        "Put the artifact back, or run the pipeline anew once you have seen what the step has changed."
    )
