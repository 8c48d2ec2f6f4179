"""What a batch is to do, as a door hands it over, and where each of its notebooks is written."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from errno import EACCES
from pathlib import Path
from string import Formatter
from typing import Any

from brain.errors import Problem, UsageError
from brain.nearest import did_you_mean
from brain.notebook_runs.parameter_sets import SetsLike, from_text
from brain.notebook_runs.parameters import Inspected
from brain.runs import Json

__all__ = ["BatchOrder", "Places", "common_values"]

NOTEBOOK = ".ipynb"
OWN_FIELDS = ("notebook", "position")
"""What a name may hold beside parameters."""
NOT_IN_NAMES = re.compile(r"[^\w.=+-]+")
LONGEST_PART = 80
"""Characters of a parameter in the name of a file."""


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """A notebook and what it is run with."""

    notebook: str | Path | None
    """None, of a batch that is gone on with: the newest one's; or the id of that batch."""
    parameters: SetsLike = None
    """None, of a batch that is gone on with: its own."""
    common: Mapping[str, Any] = field(default_factory=dict)
    """Values that are the same in all sets; texts mean what their parameters take."""
    out: str | Path | None = None
    """A folder, or a path that names each notebook: `reports/{city}-{month}.ipynb`."""
    jobs: int | None = None
    """Notebooks at the same time; None: as many as there are processors, here or in the cluster."""
    retries: int = 0
    """How often one that failed is run again."""
    timeout: str | float | None = None
    """How long one may take: seconds, or a duration (`10m`)."""
    is_fresh: bool = False
    """Whether all are run, also those that an earlier run has the result of."""
    resumes: bool = False
    """Whether the newest batch of this notebook, with these parameters, is gone on with."""
    source: str = "python"

    def __post_init__(self) -> None:
        for name, least in (("jobs", 1), ("retries", 0)):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
                raise UsageError(f"{name} is a number from {least} on, not {value!r}.")


def common_values(common: Mapping[str, Any], inspected: Inspected) -> dict[str, Json]:
    """Values for all sets, those that are texts as their parameters take them."""
    schemas = {parameter.name: parameter.schema for parameter in inspected.parameters}
    return {
        name: from_text(value, schemas.get(name, {})) if isinstance(value, str) else value
        for name, value in common.items()
    }


class Places:
    """Where the notebook of each set is written: in a folder by its number, or as a template names it."""

    def __init__(self, out: Path, stem: str, defaults: Mapping[str, Json]) -> None:
        self._out = out
        self._stem = stem
        self._defaults = defaults
        self._is_template = "{" in out.name or out.suffix == NOTEBOOK

    def problems(self, sets: Sequence[Mapping[str, Json]]) -> list[Problem]:
        """Everything that is wrong with a template: names that there are not, and sets that come to one file."""
        if not self._is_template:
            return []
        try:
            fields = [name for _, name, _, _ in Formatter().parse(str(self._out)) if name is not None]
        except ValueError as exc:
            return [Problem("out", f"{self._out} is no name with {{parameters}} in it ({exc})")]
        known = {*OWN_FIELDS, *self._defaults, *(name for each in sets for name in each)}
        unknown = [name for name in fields if name not in known]
        if unknown:
            return [Problem("out", f"there is no parameter {name!r}.{did_you_mean(name, known)}") for name in unknown]
        if self._out.suffix != NOTEBOOK:
            return [Problem("out", f"{self._out.name} does not end in {NOTEBOOK}")]
        return self._collisions(sets)

    def make_folders(self, sets: Sequence[Mapping[str, Json]]) -> None:
        """Make the folders; raises UsageError where one cannot be, or cannot be written into."""
        for folder in {self.of(position, each, len(sets)).parent for position, each in enumerate(sets, 1)}:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                if not os.access(folder, os.W_OK):
                    raise PermissionError(EACCES, "Permission denied")
            except OSError as exc:
                raise UsageError(f"Notebooks cannot be written into {folder}: {exc.strerror}.") from None

    def of(self, position: int, parameters: Mapping[str, Json], count: int) -> Path:
        """The file for the set of that number, from 1, of so many."""
        if not self._is_template:
            return self._out / f"{self._stem}-{position:0{len(str(count))}}{NOTEBOOK}"
        values = {**self._defaults, **parameters, "notebook": self._stem, "position": position}
        return Path(str(self._out).format_map({name: _part(value) for name, value in values.items()}))

    def _collisions(self, sets: Sequence[Mapping[str, Json]]) -> list[Problem]:
        taken: dict[Path, int] = {}
        problems = []
        for position, each in enumerate(sets, 1):
            path = self.of(position, each, len(sets))
            if (other := taken.setdefault(path, position)) != position:
                problems.append(
                    Problem(f"set {position}", f"its notebook would be {path.name}, as that of set {other}")
                )
        return problems


def _part(value: Json) -> str:
    """A value as a part of a name, which leads to no other folder."""
    return NOT_IN_NAMES.sub("-", str(value)).strip(".-")[:LONGEST_PART] or "-"
