"""From what a door orders to the row of a batch: everything about it is checked before anything runs."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from brain.config_secrets import SECRET_REFERENCE
from brain.durations import parse_duration
from brain.errors import ParametersError, Problem, UsageError
from brain.nearest import did_you_mean
from brain.notebook_runs.parameter_sets import sets_of
from brain.notebook_runs.parameters import Inspected, problems_of
from brain.runs import Json, new_run_id, short_id
from brain.session.batching.order import NOTEBOOK, BatchOrder, Places, common_values

if TYPE_CHECKING:
    # loaded where the stores are opened: SQLAlchemy takes longer to load than everything else here
    from brain.database.tables import Batch as BatchRow
    from brain.knowledge_base.batches import BatchStore
    from brain.session.core import Core

__all__ = ["Prepared", "Preparer", "places_of"]

OUTPUTS = "outputs"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch that can be carried out."""

    order: BatchOrder
    batch: "BatchRow"
    inspected: Inspected
    """The notebook as it is now."""


def places_of(batch: "BatchRow", project: Path) -> Places:
    """Where the notebooks of a batch are written; a folder that nobody named is one of the project."""
    return Places(project / batch.options["out"], batch.name, batch.options["defaults"])


class Preparer:
    """Reads parameters, and holds them against the notebook."""

    def __init__(self, core: "Core") -> None:
        self._core = core

    async def new(self, order: BatchOrder) -> Prepared:
        """A batch that is not stored yet; raises UsageError, ToolError, ParametersError with every problem."""
        if order.parameters is None and not order.common:
            raise UsageError("Which parameters? Give a table, a file or a grid of them: --params FILE.")
        path = self._path(order.notebook)
        inspected = await self._inspected(path, await self._soon(order))
        sets = await asyncio.to_thread(self._sets, order, inspected)
        batch = _row(order, path, inspected, sets)
        places = places_of(batch, self._core.settings.project)
        wrong = [*problems_of(sets, inspected), *await self._wrong_secrets(sets), *places.problems(sets)]
        if wrong:
            raise ParametersError(path, wrong)
        await asyncio.to_thread(places.make_folders, sets)
        return Prepared(order, batch, inspected)

    async def earlier(self, order: BatchOrder, store: "BatchStore") -> Prepared:
        """The batch that is gone on with, and its notebook as it is by now; raises as `new` does."""
        if order.is_fresh:
            raise UsageError("--fresh runs all sets anew and --resume what is left: leave one of them out.")
        batch, _ = await store.load(await self._id_of_earlier(order, store))
        inspected = await self._inspected(batch.notebook, await self._soon(order))
        if problems := problems_of(batch.parameters, inspected):
            raise ParametersError(batch.notebook, problems)
        if order.timeout is not None:
            batch.options = {**batch.options, "timeout": _duration(order.timeout)}
        return Prepared(order, batch, inspected)

    async def _id_of_earlier(self, order: BatchOrder, store: "BatchStore") -> UUID:
        if order.notebook is None:
            return await store.newest()
        if isinstance(order.notebook, str) and not order.notebook.endswith(NOTEBOOK):
            return await store.resolve(order.notebook)
        path = self._path(order.notebook)
        if order.parameters is None and not order.common:
            return await store.newest(path)
        sets = await asyncio.to_thread(self._sets, order, await self._inspected(path))
        return await store.newest(path, sets)

    def _sets(self, order: BatchOrder, inspected: Inspected) -> list[Mapping[str, Json]]:
        """The sets, in which the value of a secret is a reference to it."""
        schemas = {parameter.name: parameter.schema for parameter in inspected.parameters}
        common = common_values(order.common, inspected)
        sets = ({},) if order.parameters is None else sets_of(order.parameters, schemas)
        clean: list[Mapping[str, Json]] = self._core.redactor.value([{**each, **common} for each in sets])
        return clean

    async def _wrong_secrets(self, sets: Sequence[Mapping[str, Json]]) -> list[Problem]:
        """What is wrong with references to secrets, which `brain.secret` takes in the notebook."""
        names = {name for each in sets for value in each.values() for name in _secrets_in(value)}
        if not names:
            return []
        problems = {name: await self._core.secrets.problem(name) for name in names}
        return [
            Problem(f"set {number}", f"{parameter}: {what}")
            for number, each in enumerate(sets, 1)
            for parameter, value in each.items()
            for what in _about_secrets(value, problems)
        ]

    async def _soon(self, order: BatchOrder) -> int:
        """How many notebooks are soon run in this process's name at the same time."""
        return 0 if self._core.settings.brain_executor == "dask" else order.jobs or await self._core.places()

    async def _inspected(self, path: str, soon: int = 0) -> Inspected:
        return await self._core.inspect_notebook(self._core.settings.project / path, soon=soon)

    def _path(self, notebook: str | Path | None) -> str:
        """As seen from the project folder, from which tools see files."""
        if notebook is None:
            raise UsageError("Which notebook? Name its file.")
        project = self._core.settings.project.resolve()
        here, there = Path(notebook).resolve(), (project / notebook).resolve()
        whole = there if there.is_file() and not here.is_file() else here
        if not here.exists() and not there.exists():
            others = [other.stem for other in here.parent.glob(f"*{NOTEBOOK}")]
            raise UsageError(f"There is no notebook {notebook}.{did_you_mean(here.stem, others)}")
        if not whole.is_relative_to(project):
            raise UsageError(f"{notebook} is outside the project folder {project}: copy it there, or give --project.")
        if not whole.is_file() or whole.suffix != NOTEBOOK:
            raise UsageError(f"{notebook} is no notebook: a batch runs files that end in {NOTEBOOK}.")
        inside = whole.relative_to(project)
        if any(part.startswith(".") for part in inside.parts):
            raise UsageError(f"{notebook} is hidden (a name in it starts with a dot): tools do not read hidden files.")
        return inside.as_posix()


def _secrets_in(value: Json) -> list[str]:
    return SECRET_REFERENCE.findall(value) if isinstance(value, str) else []


def _about_secrets(value: Json, problems: Mapping[str, str | None]) -> Iterator[str]:
    names = _secrets_in(value)
    if names and not SECRET_REFERENCE.fullmatch(value):
        yield f"a secret is given alone, not amid other text: ${{secret:{names[0]}}}"
    yield from (problem for name in names if (problem := problems[name]) is not None)


def _row(order: BatchOrder, path: str, inspected: Inspected, sets: list[Mapping[str, Json]]) -> "BatchRow":
    from brain.database.tables import Batch

    batch_id, stem = new_run_id(), Path(path).stem
    out = Path(order.out).absolute() if order.out is not None else Path(OUTPUTS) / f"{stem}-{short_id(batch_id)}"
    defaults = {parameter.name: parameter.value for parameter in inspected.parameters if parameter.value is not None}
    names = list(dict.fromkeys(name for each in sets for name in each))
    options: dict[str, Json] = {
        "out": str(out), "timeout": _duration(order.timeout), "defaults": defaults, "names": names,
        "fresh": order.is_fresh
    }  # fmt: skip
    return Batch(
        id=batch_id, name=stem, notebook=path, parameters=[dict(each) for each in sets], options=options,
        source=order.source,
    )  # fmt: skip


def _duration(timeout: str | float | None) -> str | None:
    """As steps have it."""
    if timeout is None:
        return None
    written = timeout if isinstance(timeout, str) and not timeout.replace(".", "", 1).isdigit() else f"{timeout}s"
    try:
        if not parse_duration(written):
            raise UsageError("A timeout is longer than nothing, as in 10m.")
    except ValueError as exc:
        raise UsageError(f"A timeout is a number of seconds or a duration: {exc}.") from None
    return written
