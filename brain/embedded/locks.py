"""Locks on files that the kernel releases when their holder dies (flock(2)), so that none is ever stale."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["exclusive", "is_locked", "try_exclusive", "wait_for"]

POLL_SECONDS = 0.01
PATIENCE_SECONDS = 0.05
"""Longer than a glance of `is_locked` from another process, which must not look like a holder."""


@contextmanager
def exclusive(path: Path, seconds: float) -> Iterator[None]:
    """Hold the lock alone; raises TimeoutError where somebody else keeps it that long."""
    file = _open(path)
    try:
        wait_for(file, fcntl.LOCK_EX, seconds)
        yield
    finally:
        os.close(file)


def try_exclusive(path: Path) -> int | None:
    """A descriptor that holds the lock, or None where somebody has it; processes that inherit it hold the lock too."""
    file = _open(path)
    try:
        wait_for(file, fcntl.LOCK_EX, PATIENCE_SECONDS)
    except TimeoutError:
        os.close(file)
        return None
    return file


def is_locked(path: Path) -> bool:
    """Whether anybody holds the lock exclusively."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def wait_for(file: int, kind: int, seconds: float) -> None:
    """Take a lock of the kind (`fcntl.LOCK_SH`, `fcntl.LOCK_EX`) on a descriptor; raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            return
        if time.monotonic() > deadline:
            raise TimeoutError(None, "another process of this project has been busy with it for too long")
        time.sleep(POLL_SECONDS)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
