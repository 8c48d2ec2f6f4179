"""What a notebook records for whoever ran it: named values that stand in its outputs and come back in a DataFrame."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from brain.errors import UsageError
from brain.notebook_runs.secrecy import given_here
from brain.runs import Json
from brain.shortened import shown

if TYPE_CHECKING:
    from brain.artifacts import ArtifactCodec

__all__ = ["RECORDED", "record", "recorded_in"]

RECORDED = "application/vnd.brain.recorded+json"
"""The media type of an output that holds a recorded value."""


def record(name: str, value: Any) -> None:
    """Keep a value under a name, beside the output of the cell: JSON, a DataFrame or Arrow table, a `brain.File`.

    The value of a batch's run is a column of the batch's DataFrame. Of a name that is recorded twice the later value
    counts. Raises UsageError for a name that is no text, ArtifactError for a value that cannot be kept.
    """
    if not isinstance(name, str) or not name.strip():
        raise UsageError(f"A value is recorded under a name, as in record('total', 3), not under {name!r}.")
    packed = _codec().pack(value)
    data = {RECORDED: {"name": name, "value": packed}, "text/plain": f"{name} = {shown(packed)}"}
    from IPython.core.getipython import get_ipython

    if get_ipython() is not None:
        from IPython.display import publish_display_data

        publish_display_data(data)  # type: ignore[no-untyped-call] # IPython's own


def recorded_in(cells: Iterable[Mapping[str, Any]]) -> dict[str, Json]:
    """By name what the outputs of a notebook's cells hold; tables and files as references."""
    outputs = (output for cell in cells for output in cell.get("outputs", ()))
    values = (output.get("data", {}).get(RECORDED) for output in outputs)
    return {value["name"]: value["value"] for value in values if value is not None}


def _codec() -> "ArtifactCodec":
    """Of the project that the notebook works in."""
    from brain.artifacts import ArtifactCodec
    from brain.artifacts.fsspec_store import FsspecStore
    from brain.config_secrets import ContentRedactor, Redactor, load_settings

    settings = load_settings()
    redactor = Redactor.of_environment(settings.project)
    redactor.learn(given_here())
    return ArtifactCodec(FsspecStore(settings.artifacts_url), ContentRedactor(redactor))
