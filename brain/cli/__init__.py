"""The shell door: each command parses, calls one method of Brain, and renders."""

import os
import signal
import sys
import threading
from contextlib import suppress
from typing import NoReturn

__all__ = ["CANCELLED", "EXIT_CODES", "main"]

FAILED = 1
CANCELLED = 130
"""128 + SIGINT, as shells count."""
THREADS = "brain-"
"""How the names of our threads begin: of tools, and of the event loop."""
EXIT_CODES = """\
0  done
1  a run, or a set of a batch, failed and is kept; or it lost its database, or another process runs it; or no plan
2  the input is wrong: an unknown option, run or tool, a broken pipeline or setting; no run was begun
3  a service (database, model) cannot be used, and no run was begun
4  the run waits for approval (brain approve RUN) or for answers (brain answer RUN), or the plan for --answer
5  a case of a suite did not pass; with --min-score: too few did
129  ended because its terminal went away (SIGHUP); a run that it was in is cancelled
130  cancelled by Ctrl-C or from elsewhere
143  ended by SIGTERM, as service managers do; a run that it was in is cancelled"""
STOPPING = (signal.SIGTERM, signal.SIGHUP)
BY_SIGNAL = 128
"""What shells add to the number of a signal that ended a command."""


def main() -> NoReturn:
    """The `brain` command."""
    told = _heed_stopping()
    try:
        from brain.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while it was loaded; later ones have their own words
        with suppress(OSError):
            sys.stderr.write("brain: interrupted; nothing was begun\n")
        code = CANCELLED
    except OSError:  # the terminal went away, and what was to be said with it
        code = FAILED
    _leave(BY_SIGNAL + told[0] if told else code)


def _heed_stopping() -> list[int]:
    """Let whoever ends the process end it as Ctrl-C does; the list holds the signal, once it came.

    One that is ignored, as `nohup` asks for, stays so.
    """
    told: list[int] = []

    def stop(number: int, _frame: object) -> NoReturn:
        told.append(number)
        raise KeyboardInterrupt

    for number in STOPPING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, stop)
    return told


def _leave(code: int) -> NoReturn:
    """End the process; where tools were abandoned, at once, because no interpreter can be taken down around them."""
    for number in (signal.SIGINT, *STOPPING):
        signal.signal(number, signal.SIG_IGN)
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
