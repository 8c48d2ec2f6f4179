"""Who uses the services of a project, and the small program that stops them once nobody has for a while."""

import fcntl
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from brain.embedded import services
from brain.embedded.daemon import Daemon, python_environment
from brain.embedded.locks import wait_for
from brain.embedded.state import drop_socket_folder

__all__ = ["hold", "in_use", "launch", "main", "release", "watchdog_of"]

LONGEST_POLL_SECONDS = 2.0
POLLS_PER_IDLE_TIME = 4
IDLE_BYTES = 20
"""Width of the idle time in seconds, which is all that the in-use file holds."""
DEFAULT_IDLE_SECONDS = 30 * 60
"""Where the in-use file is empty: its maker was killed before it wrote, or another did on a full disk."""
LONGEST_STOP_SECONDS = 120.0
"""How long a watchdog may need to stop the services; who comes in the middle of it waits."""

_held: dict[Path, int] = {}
"""State folder -> descriptor of the shared lock that says `in use`; the kernel drops it with the process."""
_inside: Counter[Path] = Counter()
"""State folder -> how many in this process are inside `in_use`."""
_guard = threading.RLock()


@contextmanager
def in_use(state_folder: Path) -> Iterator[None]:
    """Whoever wants the services is in here; when the last one of this process has left, it uses them no longer."""
    with _guard:
        _inside[state_folder] += 1
    try:
        yield
    finally:
        with _guard:
            _inside[state_folder] -= 1
            if not _inside[state_folder]:
                release(state_folder)


def hold(state_folder: Path, idle_minutes: float) -> None:
    """Count this process as a user until it ends or calls `release`; the latest user's idle time counts."""
    with _guard:
        if not _is_held(state_folder):
            if (gone := _held.pop(state_folder, None)) is not None:
                os.close(gone)
            _held[state_folder] = _take(_in_use(state_folder))
        os.pwrite(_held[state_folder], f"{idle_minutes * 60:<{IDLE_BYTES}.3f}".encode(), 0)


def release(state_folder: Path) -> None:
    """This process no longer uses the services; others and the idle time decide how long they stay."""
    with _guard:
        if (file := _held.pop(state_folder, None)) is not None:
            os.utime(file)
            os.close(file)


def launch(state_folder: Path) -> None:
    """Start the watchdog of the folder where there is none alive."""
    daemon = watchdog_of(state_folder)
    if daemon.is_alive():
        return
    daemon.folder.mkdir(mode=0o700, exist_ok=True)
    with daemon.claim() as lock:
        if lock is not None:
            daemon.launch([sys.executable, "-m", "brain.embedded.watchdog", state_folder], python_environment(), lock)


def watchdog_of(state_folder: Path) -> Daemon:
    """The watchdog as a daemon."""
    return Daemon("watchdog", state_folder, "python", state_folder / "watchdog")


def main(state_folder: Path) -> None:
    """Stop the services when nobody has used them for the idle time; end where none is left to watch."""
    last_used = time.time()
    known = _daemons(state_folder)
    while (file := _open(state_folder)) is not None:
        known = _daemons(state_folder)
        idle_seconds = float(os.pread(file, IDLE_BYTES, 0) or DEFAULT_IDLE_SECONDS)
        if _is_free(file):
            last_used = max(last_used, os.fstat(file).st_mtime)
            if time.time() - last_used >= idle_seconds or not any(daemon.is_alive() for daemon in known):
                for service in services(state_folder):
                    service.stop()
                return  # still with the lock, so that nobody joins what is about to stop
        else:
            last_used = time.time()
        os.close(file)
        time.sleep(min(LONGEST_POLL_SECONDS, idle_seconds / POLLS_PER_IDLE_TIME))
    _end(known)


def _daemons(state_folder: Path) -> dict[Daemon, Path | None]:
    """Each service's daemon with the folder of its socket."""
    return {service.daemon(): service.sockets() for service in services(state_folder)}


def _end(daemons: dict[Daemon, Path | None]) -> None:
    """Stop what still works in a folder that was deleted, with its locks and records."""
    for daemon, sockets in daemons.items():
        polite, _ = daemon.patience[0]
        daemon.send(polite)
        if sockets is not None:
            drop_socket_folder(sockets)


def _open(state_folder: Path) -> int | None:
    with suppress(FileNotFoundError):
        return os.open(_in_use(state_folder), os.O_RDWR | os.O_CLOEXEC)
    return None


def _take(path: Path) -> int:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        wait_for(file, fcntl.LOCK_SH, LONGEST_STOP_SECONDS)
    except BaseException:
        os.close(file)
        raise
    return file


def _is_held(state_folder: Path) -> bool:
    """Whether this process holds the lock, and on the file that stands there now."""
    if (file := _held.get(state_folder)) is None:
        return False
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file), _in_use(state_folder).stat())
    return False


def _is_free(file: int) -> bool:
    """Take the lock alone if nobody uses the services."""
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _in_use(state_folder: Path) -> Path:
    return state_folder / "in-use.lock"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
