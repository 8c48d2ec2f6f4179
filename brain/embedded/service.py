"""The life of an embedded service, the same for all: join the one that runs, else start it, once for all processes."""

import errno
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from brain.embedded import ServiceState, ServiceStatus, watchdog
from brain.embedded.daemon import Daemon
from brain.embedded.locks import exclusive
from brain.embedded.state import drop_socket_folder, open_state_folder
from brain.errors import ServiceError

__all__ = ["Service"]

START_SECONDS = 60.0
TURN_SECONDS = 120.0
"""How long to wait while another process starts or stops the service."""
GRACE_SECONDS = 15.0
"""How long a living service may take to answer (it may be starting or replaying its log) before it is replaced."""


class Service[T](ABC):
    """A daemon of a project, running or not; `T` is how to reach it.

    What differs from one to another is how it proves that it works (`join`) and how it starts.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    """As people call it: PostgreSQL."""
    wheel: ClassVar[str]
    """The package that brings the program."""
    error: ClassVar[type[ServiceError]] = ServiceError
    instead: ClassVar[str]
    """What a person can do without the service, as the end of a message."""
    turn_seconds: ClassVar[float] = TURN_SECONDS

    def __init__(self, state_folder: Path) -> None:
        self.state_folder = state_folder.resolve()

    @property
    def record_file(self) -> Path:
        """Where the service's record is, if there is one."""
        return self.state_folder / f"{self.name}.json"

    @abstractmethod
    def join(self) -> T | None:
        """A real handshake: how to reach the service, or None where it does not answer."""

    @abstractmethod
    def start(self, lock: int) -> None:
        """Called with no process of the service alive, and with the lock that its processes inherit."""

    @abstractmethod
    def describe(self, joined: T) -> tuple[str, str]:
        """Version and address, without secrets, of a service that was joined; raises ServiceError where it is gone."""

    @abstractmethod
    def daemon(self) -> Daemon:
        """Its program as a daemon."""

    def sockets(self) -> Path | None:
        """The folder of its unix socket, if it has one."""
        return None

    def stuck(self, where: str, what: str = "does not answer") -> ServiceError:
        """What to raise where the service is there and of no use."""
        return self.error(
            f"The embedded {self.title} {where} {what}; `brain down` stops it, and the next use starts it again."
        )

    def ensure(self, idle_minutes: float) -> T:
        """Join the service or start it; this process counts as a user of it from now on."""
        with self._clear_errors():
            open_state_folder(self.state_folder)
            watchdog.hold(self.state_folder, idle_minutes)
            watchdog.launch(self.state_folder)  # first: it must be there even if this process is killed in the middle
            if (found := self.join()) is not None:
                return found
            with self._alone():
                return self._join_or_start()

    def stop(self) -> bool:
        """End the service for everybody; returns whether it was alive."""
        with self._clear_errors():
            if not self.daemon().is_alive():
                return False
            with self._alone():
                stopped = self.daemon().stop()
                if (sockets := self.sockets()) is not None:
                    drop_socket_folder(sockets)
                return stopped

    def status(self) -> ServiceStatus:
        """What the service does right now; starts nothing."""
        if find_spec(self.wheel) is None:
            return ServiceStatus(self.name, ServiceState.UNAVAILABLE, detail=f"{self.wheel} is not installed")
        try:
            with self._clear_errors():
                return self._proven_status()
        except ServiceError as exc:
            return ServiceStatus(self.name, ServiceState.STOPPED, detail=str(exc))

    def _proven_status(self) -> ServiceStatus:
        try:
            found = self.join()
        except ServiceError as exc:
            return ServiceStatus(self.name, ServiceState.RUNNING, pid=self.daemon().pid(), detail=str(exc))
        if found is None:
            return ServiceStatus(self.name, ServiceState.STOPPED, detail="starts when it is needed")
        version, address = self.describe(found)
        detail = f"data in {self.daemon().folder}"
        return ServiceStatus(self.name, ServiceState.RUNNING, version, address, self.daemon().pid(), detail)

    def _join_or_start(self) -> T:
        if (found := self.daemon().wait_for(self.join, GRACE_SECONDS)) is not None:
            return found
        self.daemon().stop()
        with self.daemon().claim() as lock:
            if lock is None:
                raise TimeoutError(None, "its old processes do not end")
            self.start(lock)
        if (found := self.daemon().wait_for(self.join, START_SECONDS)) is not None:
            return found
        raise self._error(f"did not start: {self.daemon().last_words()} (the whole log: {self.daemon().log})")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with exclusive(self.state_folder / f"{self.name}.lock", self.turn_seconds):
            yield

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            reason = (exc.strerror or str(exc)) + (f" ({exc.filename})" if exc.filename else "")
            raise self._error(f"cannot be used: {reason}. {_remedy(exc)}") from exc

    def _error(self, what: str) -> ServiceError:
        return self.error(f"The embedded {self.title} of {self.state_folder} {what.rstrip('.')}. {self.instead}")


def _remedy(exc: OSError) -> str:
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Make room on the disk"
    if exc.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "Make the folder writable, or set BRAIN_HOME to a project folder that is"
    return "Try again; `brain doctor` says more"
