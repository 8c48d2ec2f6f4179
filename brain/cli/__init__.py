"""The shell door: each command parses, calls one method of Brain, and renders."""

import sys

__all__ = ["EXIT_CODES", "main"]

EXIT_CODES = """\
0  done
1  the run failed, or nothing serves the request
2  the input is wrong: an unknown option, run or tool, a broken pipeline or setting
3  a service is missing: database, model
4  the run waits for approval (brain approve RUN)
130  cancelled by Ctrl-C or from elsewhere"""


def main() -> None:
    """The `brain` command."""
    from brain.cli.app import run

    sys.exit(run(sys.argv[1:]))
