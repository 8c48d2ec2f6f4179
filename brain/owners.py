"""Who runs or holds something: a process, written so that its end is noticed although process ids are reused."""

import os
import socket
from dataclasses import dataclass
from functools import cache
from typing import Self

import psutil

__all__ = ["Owner"]

START_TOLERANCE_SECONDS = 1.0
"""Start times are counted from boot in clock ticks; the wall clock they are added to may have been set since."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process by host, id and start time (seconds since 1970)."""

    host: str
    pid: int
    started: float

    @classmethod
    def this_process(cls) -> Self:
        """The process that asks."""
        pid = os.getpid()
        return cls(socket.gethostname(), pid, _started(pid))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The owner that `str` wrote; raises ValueError."""
        host, pid, started = text.rsplit(":", 2)
        return cls(host, int(pid), float(started))

    @classmethod
    def has_gone(cls, text: str) -> bool:
        """Whether the owner that `str` wrote is gone, as `is_gone` tells; what is none counts as there."""
        try:
            return cls.parse(text).is_gone()
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}:{self.started:.2f}"

    def is_gone(self) -> bool:
        """Whether the process has ended, as far as this machine can tell; False for one of another machine."""
        if self.host != socket.gethostname():
            return False
        try:
            process = psutil.Process(self.pid)
            is_same = abs(process.create_time() - self.started) <= START_TOLERANCE_SECONDS
            return not is_same or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False


@cache
def _started(pid: int) -> float:
    return psutil.Process(pid).create_time()
