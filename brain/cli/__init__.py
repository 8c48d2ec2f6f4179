"""The shell door: each command parses, calls one method of Brain, and renders."""

import os
import sys
import threading
from contextlib import suppress
from typing import NoReturn

__all__ = ["CANCELLED", "EXIT_CODES", "main"]

CANCELLED = 130
"""128 + SIGINT, as shells count."""
THREADS = "brain-"
"""How the names of our threads begin: of tools, and of the event loop."""
EXIT_CODES = """\
0  done
1  the run failed and is kept with the reason, or there is no plan for the request
2  the input is wrong: an unknown option, run or tool, a broken pipeline or setting; no run was begun
3  a service cannot be used: database, model; no run was begun
4  the run waits for approval (brain approve RUN)
130  cancelled by Ctrl-C or from elsewhere"""


def main() -> NoReturn:
    """The `brain` command."""
    try:
        from brain.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = CANCELLED
    _leave(code)


def _leave(code: int) -> NoReturn:
    """End the process; where tools were abandoned, at once, because no interpreter can be taken down around them."""
    if any(thread.name.startswith(THREADS) for thread in threading.enumerate()):
        _end_children()
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _end_children() -> None:
    """Whatever abandoned tools have started; embedded services are nobody's children."""
    import psutil

    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            process.kill()
