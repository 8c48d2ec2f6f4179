"""All commands in one Typer app, and what becomes of an error."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from brain.cli import (
    CANCELLED,
    EXIT_CODES,
    batches,
    data,
    evaluation,
    notebooks,
    secrets,
    services,
    tools,
    watching,
    work,
)
from brain.cli.calling import call
from brain.cli.cluster import cluster
from brain.cli.demo import demo

__all__ = ["app", "run"]

log = logging.getLogger(__name__)


WHICH_RUN = "Which one: its id, as `brain runs` lists them, or `last` for the newest?"


class _Commands(TyperGroup):
    """Says what an interrupt means where a command does not know better, and how to name a run."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        with _told_if_interrupted():
            return super().make_context(*arguments, **options)

    def invoke(self, *arguments: Any, **options: Any) -> Any:
        with _told_if_interrupted(), _told_to_name_a_run():
            return super().invoke(*arguments, **options)


@contextmanager
def _told_if_interrupted() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        _complain("interrupted; brain runs shows what was begun")
        raise typer.Exit(CANCELLED) from None


@contextmanager
def _told_to_name_a_run() -> Iterator[None]:
    try:
        yield
    except typer.BadParameter as exc:
        if exc.param is not None and exc.param.name == "run" and not exc.message:  # it is missing
            exc.message = WHICH_RUN
        raise


app = typer.Typer(
    name="brain",
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Plain words become a checked pipeline of tools that runs while you watch and is remembered.",
    epilog="Exit codes: " + "; ".join(" ".join(line.split()) for line in EXIT_CODES.splitlines()) + ".",
)
WORK, REMEMBER, SERVE = "Plan and run", "Look and find", "Services"


def _add(command: Callable[..., None], panel: str, example: str) -> None:
    app.command(rich_help_panel=panel, epilog=f"Example: {example}")(command)


_add(demo, WORK, "brain demo")
_add(work.ask, WORK, 'brain ask "average price by city in prices.csv"')
_add(work.plan, WORK, 'brain plan "average price by city in prices.csv" --out prices.yaml')
_add(work.run, WORK, "brain run prices.yaml --input path=prices.csv")
_add(call, WORK, "brain call table.read path=prices.csv")
app.add_typer(batches.batch, name="batch", rich_help_panel=WORK)
_add(watching.watch, WORK, "brain watch last")
_add(work.approve, WORK, "brain approve 1a2b3c4d")
_add(work.answer, WORK, "brain answer 1a2b3c4d city=Oslo")
_add(work.resume, WORK, "brain resume 1a2b3c4d --budget 0.50")
_add(watching.cancel, WORK, "brain cancel last")
_add(data.runs, REMEMBER, "brain runs --status failed --since 2026-11-01")
_add(data.show, REMEMBER, "brain show last --save results")
_add(data.steps, REMEMBER, "brain steps last --items")
_add(notebooks.export, REMEMBER, "brain export last prices.ipynb")
_add(data.rate, REMEMBER, 'brain rate last 4 --comment "right, but slow"')
_add(evaluation.judge, REMEMBER, "brain judge last")
app.add_typer(evaluation.evaluation, name="eval", rich_help_panel=REMEMBER)
_add(data.search, REMEMBER, 'brain search "prices of cities"')
_add(data.sql, REMEMBER, 'brain sql "SELECT status, count(*) FROM runs GROUP BY status"')
app.add_typer(tools.tools, name="tools", rich_help_panel=REMEMBER)
_add(services.up, SERVE, "brain up")
_add(services.down, SERVE, "brain down")
_add(services.status, SERVE, "brain status --json")
_add(services.doctor, SERVE, "brain doctor")
_add(cluster, SERVE, "brain cluster --workers 2")
app.add_typer(secrets.secrets, name="secrets", rich_help_panel=SERVE)
app.add_typer(services.db, name="db", rich_help_panel=SERVE)


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"brain {version('the-brain')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None: ...


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. An error of ours is one message on standard error, never a traceback."""
    from brain.errors import BrainError

    try:
        code = app(args=list(arguments), standalone_mode=True)
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else 1
    except BrainError as exc:
        _complain(_without_secrets(str(exc)))
        return exc.exit_code
    except KeyboardInterrupt:
        return CANCELLED
    except Exception as exc:
        log.debug("unexpected", exc_info=True)
        reason = f"{type(exc).__name__}: {exc}".rstrip(": ")
        hint = "Set BRAIN_LOG_LEVEL=DEBUG to see where; brain doctor looks at the installation."
        _complain(f"something unexpected happened ({_without_secrets(reason)}). {hint}")
        return 1
    return code if isinstance(code, int) else 0


def _complain(text: str) -> None:
    from brain.cli.live import note

    note(f"brain: {text}")


def _without_secrets(text: str) -> str:
    from brain.config_secrets import redacted

    return redacted(text)
