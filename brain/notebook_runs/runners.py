"""Processes that run notebooks, as many as are wanted at the same time, and the warm parents of their kernels."""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from brain.errors import ToolError
from brain.notebook_runs.parameters import Inspected
from brain.notebook_runs.warm.imports import scan
from brain.notebook_runs.warm.starting import MOST_PARENTS, WarmParent
from brain.runs import Json

__all__ = ["NotebookJob", "NotebookRunners", "OpenRunners"]

log = logging.getLogger(__name__)

PYTHON = "python"
"""What the names of kernels begin with that a warm parent can most probably become."""
LONGEST_LINE = 2**26
"""Bytes that one answer of a worker may have."""
END_SECONDS = 5.0
"""How long a worker has to end its kernel and save what there is, once it is interrupted."""

type OnCell = Callable[[int, int], None]
"""Hears of a cell as it begins: its number from 1, and how many there are."""


@dataclass(frozen=True, slots=True)
class NotebookJob:
    """One notebook that is to be run once."""

    path: Path
    output: Path
    """Where papermill writes it, cell by cell."""
    parameters: Mapping[str, Json]
    folder: Path
    """Where its kernel works."""
    cell_timeout: float | None = None
    """Seconds that one cell may take."""


@dataclass(frozen=True, slots=True)
class OpenRunners:
    """Opens the processes that run notebooks of a project; for `SharedResources.get`."""

    project: Path
    artifacts_url: str | None = None
    warm_kernels: bool = True

    def __call__(self) -> "NotebookRunners":
        """None of them is started before the first notebook."""
        most_parents = MOST_PARENTS if self.warm_kernels else 0
        return NotebookRunners(self.project, self.artifacts_url, most_parents=most_parents)


class NotebookRunners:
    """Workers that wait are used again, each for one notebook at a time; kernels never are."""

    def __init__(self, project: Path, artifacts_url: str | None = None, *, most_parents: int = MOST_PARENTS) -> None:
        artifacts = {} if artifacts_url is None else {"BRAIN_ARTIFACTS_URL": artifacts_url}
        self._environment = {**os.environ, "BRAIN_HOME": str(project), **artifacts}
        self._most_parents = most_parents
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._parents: dict[tuple[str, ...], _Parent] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        ending = [worker.end(is_idle=worker in self._idle) for worker in self._all]
        await asyncio.gather(*ending, *(parent.end() for parent in self._parents.values()))

    async def inspect(self, path: Path, *, soon: int = 0) -> Inspected:
        """What is known of a notebook beforehand; raises ToolError where it cannot be read.

        `soon` so many of it are to be run at the same time: what they need begins to start meanwhile.
        """
        modules, kernel = scan(path)  # here and now: a warm parent takes the longest of all that has to start
        if soon and kernel.startswith(PYTHON):
            self._parent(modules)
        asked = {"do": "inspect", "path": str(path)}
        others = [self._another_idle() for _ in range(soon - 1 - len(self._idle))]
        known, *_ = await asyncio.gather(self._ask(asked, lambda _cell, _of: None), *others)
        return Inspected.from_json({**known, "modules": modules})

    async def run(self, job: NotebookJob, inspected: Inspected, on_cell: OnCell) -> str | None:
        """The cell that failed, and how, where one did; what came of the others stands in `job.output` all the same.

        Raises ToolError where papermill could not even try. Cancelling it ends its kernel.
        """
        asked = {
            "do": "run", "path": str(job.path), "output": str(job.output), "parameters": dict(job.parameters),
            "cwd": str(job.folder), "timeout": job.cell_timeout, "warm_folder": await self._warm_folder(inspected),
        }  # fmt: skip
        error: str | None = await self._ask(asked, on_cell)
        return error

    async def _ask(self, asked: Mapping[str, Json], on_cell: OnCell) -> Any:
        worker = self._idle.pop() if self._idle else await self._new_worker()
        try:
            answer = await worker.ask(asked, on_cell)
        except BaseException:
            self._all.discard(worker)
            await asyncio.shield(worker.end())
            raise
        self._idle.append(worker)
        if "failed" in answer:
            raise ToolError(f"The notebook {Path(asked['path']).name} cannot be run: {answer['failed']}")
        return answer["done"]

    async def _another_idle(self) -> None:
        self._idle.append(await self._new_worker())

    async def _new_worker(self) -> "_Worker":
        worker = await _Worker.start(self._environment)
        self._all.add(worker)
        return worker

    def _parent(self, modules: tuple[str, ...]) -> "_Parent | None":
        """The warm parent with these modules, which may be starting; None where there are as many as may be."""
        if modules not in self._parents and len(self._parents) < self._most_parents:
            self._parents[modules] = _Parent(modules)
        return self._parents.get(modules)

    async def _warm_folder(self, inspected: Inspected) -> str | None:
        """Where kernels for the notebook can be had; None: plain ones."""
        parent = self._parent(inspected.modules) if inspected.can_fork else None
        return None if parent is None else await parent.folder()


class _Parent:
    """A warm parent, from its start on."""

    def __init__(self, modules: tuple[str, ...]) -> None:
        self._warm = WarmParent(modules, is_quiet=not _is_heard())
        self._starting = asyncio.create_task(asyncio.to_thread(self._warm.wait))

    async def folder(self) -> str | None:
        """Where it listens, once it does; None where that does not come to be."""
        return str(self._warm.folder) if await asyncio.shield(self._starting) else None

    async def end(self) -> None:
        """Also while it starts."""
        await asyncio.to_thread(self._warm.close)
        await self._starting


def _is_heard() -> bool:
    """Whether somebody wants to see what kernels and libraries log."""
    return log.isEnabledFor(logging.DEBUG)


class _Worker:
    """One process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, environment: Mapping[str, str]) -> Self:
        """Begin it; it has loaded nothing yet."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "brain.notebook_runs.worker", str(os.getpid()), stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=None if _is_heard() else asyncio.subprocess.DEVNULL,
            limit=LONGEST_LINE, start_new_session=True,
            env=environment,
        )  # fmt: skip
        return cls(process)

    async def ask(self, asked: Mapping[str, Json], on_cell: OnCell) -> Any:
        """Its last answer; raises ToolError where it ended without one."""
        assert self._process.stdin is not None  # noqa: S101 - they are pipes
        assert self._process.stdout is not None  # noqa: S101
        with suppress(ConnectionError):
            self._process.stdin.write(f"{json.dumps(asked)}\n".encode())
            await self._process.stdin.drain()
        while line := await self._process.stdout.readline():
            answer = json.loads(line)
            if "cell" not in answer:
                return answer
            on_cell(answer["cell"], answer["of"])
        code = await self._process.wait()
        raise ToolError(f"The process that ran the notebook ended with {code}.", transient=True)

    async def end(self, *, is_idle: bool = False) -> None:
        """Have it end its kernel and itself; one that `is_idle` has none, and nothing to lose."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL if is_idle else signal.SIGINT)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), END_SECONDS)
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
