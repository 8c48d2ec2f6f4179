"""All commands in one Typer app, and what becomes of an error."""

import logging
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from brain.cli import CANCELLED, EXIT_CODES, data, secrets, services, work
from brain.cli.demo import demo

__all__ = ["app", "run"]

log = logging.getLogger(__name__)


class _Commands(TyperGroup):
    def invoke(self, *arguments: Any, **options: Any) -> Any:
        """Say what an interrupt means where a command does not know better."""
        try:
            return super().invoke(*arguments, **options)
        except KeyboardInterrupt:
            _complain("interrupted; brain runs shows what was begun")
            raise typer.Exit(CANCELLED) from None


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

app.command(rich_help_panel=WORK)(demo)
app.command(rich_help_panel=WORK)(work.ask)
app.command(rich_help_panel=WORK)(work.plan)
app.command(rich_help_panel=WORK)(work.run)
app.command(rich_help_panel=WORK)(work.watch)
app.command(rich_help_panel=WORK)(work.approve)
app.command(rich_help_panel=WORK)(work.cancel)
app.command(rich_help_panel=REMEMBER)(data.runs)
app.command(rich_help_panel=REMEMBER)(data.show)
app.command(rich_help_panel=REMEMBER)(data.search)
app.command(rich_help_panel=REMEMBER)(data.sql)
app.command(rich_help_panel=REMEMBER)(data.tools)
app.command(rich_help_panel=SERVE)(services.up)
app.command(rich_help_panel=SERVE)(services.down)
app.command(rich_help_panel=SERVE)(services.status)
app.command(rich_help_panel=SERVE)(services.doctor)
app.add_typer(secrets.secrets, name="secrets", rich_help_panel=SERVE)
app.add_typer(services.db, name="db", rich_help_panel=SERVE)


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
