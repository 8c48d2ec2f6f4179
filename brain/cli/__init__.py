"""The shell door: each command parses, calls one method of Brain, and renders."""

import sys

__all__ = ["CANCELLED", "EXIT_CODES", "main"]

CANCELLED = 130
"""128 + SIGINT, as shells count."""
EXIT_CODES = """\
0  done
1  the run failed and is kept with the reason, or there is no plan for the request
2  the input is wrong: an unknown option, run or tool, a broken pipeline or setting; no run was begun
3  a service cannot be used: database, model; no run was begun
4  the run waits for approval (brain approve RUN)
130  cancelled by Ctrl-C or from elsewhere"""


def main() -> None:
    """The `brain` command."""
    try:
        from brain.cli.app import run
    except KeyboardInterrupt:
        sys.exit(CANCELLED)
    sys.exit(run(sys.argv[1:]))
