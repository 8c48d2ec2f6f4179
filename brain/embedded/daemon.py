"""A background program of a project: started detached, alive exactly as long as the kernel holds its lock."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

from brain.embedded.account import Account
from brain.embedded.locks import is_locked, try_exclusive

if TYPE_CHECKING:
    import psutil

__all__ = ["Daemon", "python_environment"]

POLL_SECONDS = 0.02
LARGEST_LOG_BYTES = 1_000_000
LOG_LINES_SHOWN = 3
START_MARK = "--- start "
KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME")
"""A daemon outlives whoever starts it, so it gets no keys and passwords from that environment."""

type Patience = tuple[tuple[signal.Signals, float], ...]
"""Signals to send one after the other, each with the seconds to wait for the end."""
TERMINATE: Patience = ((signal.SIGTERM, 10), (signal.SIGKILL, 5))


@dataclass(frozen=True, slots=True)
class Daemon:
    """One background program; its processes are those of that program's name that work in its folder."""

    name: str
    state_folder: Path
    program: str
    """The start of the executable's name, as process lists show it."""
    folder: Path
    """Its working folder, which no other program uses."""
    patience: Patience = TERMINATE

    @property
    def alive_lock(self) -> Path:
        """The file whose lock the daemon and its children inherit."""
        return self.state_folder / f"{self.name}.alive"

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.state_folder / f"{self.name}.log"

    def is_alive(self) -> bool:
        """Whether any process of the daemon is there; says nothing about whether it works."""
        return is_locked(self.alive_lock)

    @contextmanager
    def claim(self) -> Iterator[int | None]:
        """The lock that makes a process part of the daemon, once nobody has it; None where somebody does."""
        lock = try_exclusive(self.alive_lock)
        try:
            yield lock
        finally:
            if lock is not None:
                os.close(lock)

    def launch(
        self, command: Sequence[str | Path], environment: Mapping[str, str], lock: int, account: Account | None = None
    ) -> None:
        """Start the program with the lock from `claim`, in its own session, with its output in the log.

        A shell in between makes it nobody's child: it leaves no zombie with whoever started it.
        """
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        with self._open_log() as log:
            subprocess.run(  # noqa: S603 # the command is ours
                ["/bin/sh", "-c", '"$@" &', "sh", *map(str, command)],
                check=True,
                cwd=self.folder,
                env={**kept, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(lock,),
                start_new_session=True,
                umask=0o077,
                **(account.of_process() if account else {}),
            )

    def wait_for[T](self, probe: Callable[[], T | None], seconds: float) -> T | None:
        """What `probe` finds, as soon as it finds something; None where time is up or the daemon has ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if (found := probe()) is not None:
                return found
            if not self.is_alive():
                return None
            time.sleep(POLL_SECONDS)
        return None

    def stop(self) -> bool:
        """End the daemon, politely first; returns whether it was alive."""
        if not (was_alive := self.is_alive()):
            return False
        for number, seconds in self.patience:
            if self._ends_by(number, seconds):
                return was_alive
        raise TimeoutError(None, f"the old {self.name} processes do not end")

    def send(self, number: signal.Signals) -> bool:
        """Signal the main process, and its children too where they must not survive; False where none was found."""
        import psutil

        processes = self._processes()
        pids = {process.pid for process in processes}
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                if number == signal.SIGKILL or process.ppid() not in pids:
                    process.send_signal(number)
        return bool(processes)

    def pid(self) -> int | None:
        """The process id of the main process."""
        processes = self._processes() if self.is_alive() else []
        pids = {process.pid for process in processes}
        return next((process.pid for process in processes if process.ppid() not in pids), None)

    def last_words(self) -> str:
        """The end of what the daemon wrote since its latest start, on one line."""
        try:
            lines = self.log.read_text(errors="replace").strip().splitlines()
        except OSError:
            return "it wrote no log"
        begin = max((number for number, line in enumerate(lines, 1) if line.startswith(START_MARK)), default=0)
        return " | ".join(lines[begin:][-LOG_LINES_SHOWN:]) or "it said nothing"

    def _ends_by(self, number: signal.Signals, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        sent = False
        while self.is_alive() and time.monotonic() < deadline:
            sent = sent or self.send(number)  # one that was just started may not have its name yet
            time.sleep(POLL_SECONDS)
        return not self.is_alive()

    def _processes(self) -> "list[psutil.Process]":
        import psutil

        found = []
        for process in psutil.process_iter():
            try:
                if process.name().startswith(self.program) and process.cwd() == str(self.folder):
                    found.append(process)
            except (psutil.Error, OSError):
                continue  # it has just ended, or is somebody else's
        return found

    def _open_log(self) -> FileIO:
        full = self.log.exists() and self.log.stat().st_size > LARGEST_LOG_BYTES
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if full else 0)
        log = os.fdopen(os.open(self.log, flags, 0o600), "ab", buffering=0)
        log.write(f"{START_MARK}{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n".encode())
        return log


def python_environment() -> dict[str, str]:
    """What a Python daemon needs to import the same packages as this process."""
    return {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
