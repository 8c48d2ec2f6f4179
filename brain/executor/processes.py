"""Worker processes for tools that ask for one: each makes one call at a time, and is killed where that is given up."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from brain.config_secrets import ProjectEnvironment
from brain.errors import CallCutShort, ToolError
from brain.executor.messages import Failed, Work, receive, send
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.own_modules import search_path

__all__ = ["Processes", "Worker"]

log = logging.getLogger(__name__)

BEGIN = "import sys; sys.path[:] = sys.argv[4:]; from brain.executor.process_worker import main; main()"
"""What `python -c` runs; a worker finds modules where this process does."""
LONGEST_LINE = 8192
"""Bytes of what a tool prints that make one line of the log."""
LONGEST_END = 5.0
"""Seconds to wait for a process that was killed; only the kernel can keep it longer."""


class Processes:
    """The workers of one project, started when they are needed and kept for the next call; used on one event loop.

    They end with the thread of that loop.
    """

    def __init__(self, project: Path, most: int | None = None) -> None:
        self._project = project
        self._places = asyncio.Semaphore(most or os.process_cpu_count() or 1)
        self._idle: list[Worker] = []
        self._workers: set[Worker] = set()

    @asynccontextmanager
    async def worker(self) -> AsyncIterator["Worker"]:
        """One that nobody else uses meanwhile, ready for a call; raises ToolError where none can be started."""
        async with self._places:
            worker = await self._free()
            try:
                yield worker
            finally:
                self._take_back(worker)

    async def aclose(self) -> None:
        """Kill all of them, whatever they do; who asks for one afterwards gets a new one."""
        workers = tuple(self._workers)
        self._idle.clear()
        for worker in workers:
            worker.kill()
            self._take_back(worker)
        if workers:
            await asyncio.to_thread(lambda: [worker.wait() for worker in workers])

    async def _free(self) -> "Worker":
        while self._idle:
            if (worker := self._idle.pop()).is_usable:
                return worker
            self._take_back(worker)
        worker = Worker(self._project)
        self._workers.add(worker)
        try:
            await asyncio.to_thread(worker.begin)
        except BaseException:
            worker.kill()
            self._take_back(worker)
            raise
        return worker

    def _take_back(self, worker: "Worker") -> None:
        if worker.is_usable:
            self._idle.append(worker)
        else:
            self._workers.discard(worker)


class Worker:
    """One process, in a session of its own: Ctrl-C at the terminal does not reach it, and what it starts dies with it.

    It is started as any program is: a fork would copy locks that threads hold, and `multiprocessing` would run the main
    script once more.
    """

    def __init__(self, project: Path) -> None:
        self._connection, self._process = _started(project)
        self._at_work_on = "A process"
        self._calling = threading.Lock()
        self._killing = threading.Lock()
        self._is_killed = False
        self._watching = threading.Thread(target=self._watch, name="process-end", daemon=True)
        self._watching.start()
        threading.Thread(target=self._log_output, name="process-output", daemon=True).start()

    @property
    def is_usable(self) -> bool:
        """Whether it can take another call."""
        return not self._is_killed

    def begin(self) -> None:
        """Block until it is ready; raises ToolError where it ends instead."""
        self._ask("No process could be started for a tool", None)

    def call(self, tool: ToolDefinition, arguments: dict[str, Any]) -> Any:
        """What a tool gives: JSON values, Arrow tables and files. Blocks until there is an answer.

        Raises ToolError; where the process has ended instead of answering another try may help.
        """
        self._at_work_on = tool.name
        answer = self._ask(f"{tool.name} failed", Work(tool, arguments))
        if isinstance(answer, Failed):
            raise answer.error
        return answer.value

    def _ask(self, otherwise: str, work: Work | None) -> Any:
        """The next that the process says, once it has the work; where it ends instead, `otherwise` begins the error."""
        try:
            with self._calling:
                if work is not None:
                    send(self._connection, work)
                return receive(self._connection)
        except (OSError, EOFError):
            self.kill()
            kind = ToolError if work is None else CallCutShort
            raise kind(f"{otherwise}: {_ended(self.wait())}", transient=True) from None
        except BaseException:  # a part of the message may still be on its way
            self.kill()
            raise

    def kill(self) -> None:
        """End the process and all that it has started, at once; from any thread."""
        with self._killing:
            if not self._is_killed:  # later on its number may be that of another one
                self._is_killed = True
                with suppress(ProcessLookupError, PermissionError):  # macOS: the second where it has just ended
                    os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def wait(self) -> int | None:
        """The exit code of a process that was killed or has hung up; the negative number of a signal."""
        self._watching.join(LONGEST_END)
        return self._process.returncode

    def _watch(self) -> None:
        """See to it that with the process everything ends that it has started, and the wait for its answer.

        Until that is done it is not reaped, so that its number stays its own.
        """
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        self.kill()
        self._process.wait()
        with self._calling:
            self._connection.close()

    def _log_output(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - for mypy; it is a pipe
        with self._process.stdout as output:
            while line := output.readline(LONGEST_LINE):
                log.debug("%s printed: %s", self._at_work_on, line.decode(errors="replace").rstrip())


def _started(project: Path) -> "tuple[socket.socket, subprocess.Popen[bytes]]":
    """The process, and this side of the socket over which it is told what to do."""
    connection, other = socket.socketpair()
    with other:
        try:
            process = subprocess.Popen(  # noqa: S603 - the command is ours
                [
                    *(sys.executable, "-P", "-u", "-c", BEGIN),
                    *(str(other.fileno()), str(os.getpid()), str(project), *search_path(project)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=dict(ProjectEnvironment(project)),
                pass_fds=(other.fileno(),),
                start_new_session=True,
            )
        except BaseException:
            connection.close()
            raise
    return connection, process


def _ended(code: int | None) -> str:
    if code is None or code == -signal.SIGKILL:
        return (
            "its process was killed (SIGKILL) before there was a result, as the system does where memory runs out; "
            "then give it less to do at once."
        )
    how = f"exit code {code}" if code >= 0 else _signal(-code)
    return f"its process ended with {how} before there was a result; BRAIN_LOG_LEVEL=DEBUG shows what it printed."


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
