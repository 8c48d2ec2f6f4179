"""Whole processes, from start to exit.

`import brain` beside an empty program, `brain --help` beside `--help` of a Typer app with one command.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.harness import Row, Side, compare, take_turns

__all__ = ["measure"]

ROUNDS = 21
IMPORT_LIMIT = 2.5
HELP_LIMIT = 1.5
PYTHON = sys.executable
BRAIN = str(Path(PYTHON).parent / "brain")

TYPER_APP = '''\
import typer

app = typer.Typer()


@app.command()
def greet(name: str, loud: bool = False) -> None:
    """Say hello."""
    typer.echo(f"Hello {name}{'!' if loud else ''}")


app()
'''


def measure() -> list[Row]:
    """Both comparisons; the warm-up round compiles the bytecode."""
    with tempfile.TemporaryDirectory() as folder:
        app = Path(folder) / "app.py"
        app.write_text(TYPER_APP)
        importing = {"ours": process(PYTHON, "-c", "import brain"), "python": process(PYTHON, "-c", "pass")}
        helping = {"ours": process(BRAIN, "--help"), "typer": process(PYTHON, str(app), "--help")}
        return [
            _row("import brain", importing, "python", IMPORT_LIMIT),
            _row("brain --help", helping, "typer", HELP_LIMIT),
        ]


def _row(case: str, sides: dict[str, Side], against: str, limit: float) -> Row:
    samples = take_turns(sides, ROUNDS)
    return compare(
        samples, case=case, metric="process", unit="ms", scale=1e3, ours="ours", against=against, limit=limit
    )


def process(*command: str) -> Side:
    """A side that starts the command and waits for its end."""

    def run() -> float:
        begin = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - begin

    return run
