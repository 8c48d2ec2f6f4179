"""Writes a run's results where a person wants them: tables as CSV, files as they are."""

from pathlib import Path
from typing import TYPE_CHECKING

from brain.artifacts import File
from brain.cli.live import note
from brain.errors import UsageError

if TYPE_CHECKING:
    from brain.session import Run

__all__ = ["save"]


def save(run: "Run", folder: Path) -> None:
    """Write every table and file among the outputs; raises UsageError where the folder cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in run.outputs.items():
            if isinstance(value, File):
                path = folder / Path(value.name).name
                path.write_bytes(value.content)
            elif hasattr(value, "to_csv"):
                path = folder / f"{name}.csv"
                value.to_csv(path, index=False)
            else:
                continue
            note(f"saved {path}")
    except OSError as exc:
        raise UsageError(f"The results could not be saved in {folder}: {exc.strerror}.") from exc
