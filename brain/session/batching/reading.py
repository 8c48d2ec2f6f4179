"""Batches as their rows tell of them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brain.artifacts import ArtifactCodec
from brain.errors import BrainError
from brain.runs import Json, RunStatus
from brain.session.batching.preparing import places_of
from brain.session.batching.result import BatchRun, SetRun
from brain.session.run import Results

if TYPE_CHECKING:
    # loaded where the stores are opened: SQLAlchemy takes longer to load than everything else here
    from brain.database.tables import Batch as BatchRow
    from brain.knowledge_base.batches import BatchPlace, BatchStanding

__all__ = ["batch_run_of", "parameters_of", "status_of"]


def status_of(wanted: int, places: "Sequence[BatchPlace]", standing: "BatchStanding") -> RunStatus:
    """How a whole batch of so many sets stands."""
    if standing.is_live:
        return RunStatus.RUNNING
    ended = [place.status for place in places if place.status in (RunStatus.SUCCEEDED, RunStatus.FAILED)]
    if len(ended) == wanted:
        return RunStatus.FAILED if RunStatus.FAILED in ended else RunStatus.SUCCEEDED
    return RunStatus.CANCELLED if standing.is_cancelled else RunStatus.INTERRUPTED


def batch_run_of(
    batch: "BatchRow", places: "Sequence[BatchPlace]", status: RunStatus, project: Path, codec: ArtifactCodec
) -> BatchRun:
    """The batch with every set; reads what of it is too large for a row."""
    by_position = {place.position: place for place in places}
    files, count = places_of(batch, project), len(batch.parameters)
    sets = []
    for position, parameters in enumerate(parameters_of(batch), 1):
        one = SetRun(position, parameters, files.of(position, parameters, count))
        place = by_position.get(position)
        sets.append(one if place is None else _run_of(one, place, batch.notebook, codec))
    return BatchRun(
        batch.id, batch.notebook, status, tuple(sets), batch.created_at, batch.finished_at, Results({}, codec),
        _notes(places),
    )  # fmt: skip


def parameters_of(batch: "BatchRow") -> list[dict[str, Json]]:
    """The sets with their names in the order in which they were given: PostgreSQL has another one."""
    order = {name: place for place, name in enumerate(batch.options["names"])}
    return [dict(sorted(each.items(), key=lambda item: order[item[0]])) for each in batch.parameters]


def _run_of(one: SetRun, place: "BatchPlace", notebook: str, codec: ArtifactCodec) -> SetRun:
    result: Any = None
    error = place.error and place.error.removeprefix(f"{notebook}: ")
    try:
        result = codec.restore(place.result)
    except BrainError as exc:  # what it recorded is gone
        error = error or str(exc)
    return replace(
        one, run_id=place.run_id, status=RunStatus(place.status), attempt=place.attempt, error=error,
        seconds=place.seconds, cached_from=place.cached_from,
        recorded=dict(sorted((result or {}).get("recorded", {}).items())),
    )  # fmt: skip


def _notes(places: "Sequence[BatchPlace]") -> tuple[str, ...]:
    latest = max(places, key=lambda place: place.run_id, default=None)
    if latest is None:
        return ()
    done = [place for place in places if place.status == RunStatus.SUCCEEDED]
    older = sum(place.digest != latest.digest for place in done)
    return (f"{older} of the results are of an earlier version of the notebook: --fresh runs all anew.",) * bool(older)
