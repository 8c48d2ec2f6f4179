"""The `brain` command in a process that has loaded the libraries already: forked, which takes a tenth of a start.

Each command is a process of its own, with its own code of the Brain, folder, environment, streams and group, and ends
as any other. What differs from a start at a shell is only that other people's modules are loaded before it.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Protocol

__all__ = ["Command", "start"]

REPOSITORY = str(Path(__file__).parents[1])
LIBRARIES = [
    "adbc_driver_postgresql.dbapi", "alembic.command", "alembic.runtime.migration", "cachetools", "dotenv", "duckdb",
    "fsspec.implementations.local", "httpx", "jsonschema", "langchain_openai", "numpy", "openai", "orjson", "pandas",
    "pgvector.sqlalchemy", "psutil", "psycopg", "psycopg_pool", "pyarrow.compute", "pyarrow.csv", "pyarrow.parquet",
    "pydantic", "redis.asyncio", "requests", "rich.live", "rich.markdown", "rich.progress", "rich.table", "rich.tree",
    "safetensors", "sqlalchemy.dialects.postgresql", "sqlalchemy.ext.asyncio", "stamina", "tokenizers", "typer",
    "yaml",
]  # fmt: skip


class Descriptor(Protocol):
    """A file descriptor on its way to another process."""

    def detach(self) -> int:
        """The descriptor as it is numbered in this process."""


class Command:
    """A process as `subprocess.Popen` has it."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Also of its group."""
        assert self._process.pid is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def terminate(self) -> None:
        """SIGTERM."""
        self._process.terminate()

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """The exit code; minus the number of a signal that ended it."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise TimeoutError
        return self._process.exitcode


def start(arguments: Sequence[str], folder: Path, variables: Mapping[str, str], out: int, err: int) -> Command:
    """Begin a command that writes to two descriptors, which the caller closes; nobody is at its standard input."""
    process = _server().Process(target=_become, args=(arguments, folder, dict(variables), DupFd(out), DupFd(err)))
    process.start()
    return Command(process)


def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    return context


def _become(
    arguments: Sequence[str], folder: Path, variables: Mapping[str, str], out: Descriptor, err: Descriptor
) -> None:
    os.setsid()
    for number, descriptor in enumerate((out, err), 1):
        given = descriptor.detach()
        os.dup2(given, number)
        os.close(given)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", buffering=1, errors="backslashreplace", closefd=False)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    time.tzset()
    sys.argv = ["brain", *arguments]
    sys.path = [entry for entry in sys.path if entry == REPOSITORY or entry.startswith((sys.prefix, sys.base_prefix))]

    from brain.cli import main

    main()
