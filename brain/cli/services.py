"""Commands for the services behind the Brain: up, down, status, doctor, db."""

from typing import TYPE_CHECKING, Annotated

import typer

from brain.cli import CANCELLED
from brain.cli.options import AsJson, Project, agrees, log_to_standard_error

if TYPE_CHECKING:
    from brain.config_secrets import Settings

__all__ = ["db", "doctor", "down", "status", "up"]

db = typer.Typer(no_args_is_help=True, help="The schema of the database.")


def up(*, project: Project = None, as_json: AsJson = False) -> None:
    """Start the services that no setting names: PostgreSQL, Redis, the chat model."""
    from brain.cli import render
    from brain.cli.live import waiting
    from brain.session import health

    with waiting("Starting the services"):
        started = health.up(_settings(project))
    render.services(started, as_json=as_json)


def down(*, project: Project = None, as_json: AsJson = False) -> None:
    """Stop the embedded services; their data stays."""
    from brain.cli import render
    from brain.cli.live import waiting
    from brain.session import health

    with waiting("Stopping the services"):
        stopped = health.down(_settings(project))
    render.names("stopped", stopped, as_json=as_json)


def status(*, project: Project = None, as_json: AsJson = False) -> None:
    """Show the embedded services of the project; starts none."""
    from brain.cli import render
    from brain.session import health

    render.services(health.service_status(_settings(project)), as_json=as_json)


def doctor(*, project: Project = None, as_json: AsJson = False) -> None:
    """Look at everything that the Brain needs, and say what to do about what is missing."""
    from brain.cli import render
    from brain.cli.live import waiting
    from brain.session import health

    with waiting("Looking"):
        findings = health.doctor(_settings(project))
    render.findings(findings, as_json=as_json)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(3)


@db.command("upgrade", epilog="Example: brain db upgrade")
def db_upgrade(
    *,
    to: Annotated[str, typer.Option("--to", help="The revision to move up to.")] = "head",
    project: Project = None,
) -> None:
    """Move the schema up; a hosted database is only ever moved by this command."""
    from brain.cli.live import waiting

    with waiting("Moving the schema"):
        from brain.database.upgrade import upgrade

        url = _database_url(project)
        upgrade(url, to)
    _tell_revision(url)


@db.command("downgrade", epilog="Example: brain db downgrade 0001")
def db_downgrade(
    revision: Annotated[str, typer.Argument(help="The revision to move down to; `base` removes everything.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    project: Project = None,
) -> None:
    """Move the schema down; what later revisions hold is lost."""
    from brain.cli.live import note, waiting

    if not yes and not agrees(f"Everything that came after {revision} will be lost. Go on?"):
        note("Nothing was changed; --yes goes on without a question.")
        raise typer.Exit(CANCELLED)
    with waiting("Moving the schema"):
        from brain.database.upgrade import downgrade

        url = _database_url(project)
        downgrade(url, revision)
    _tell_revision(url)


@db.command("current", epilog="Example: brain db current --json")
def db_current(*, project: Project = None, as_json: AsJson = False) -> None:
    """Show which revision the database is at."""
    from brain.cli.live import waiting

    with waiting("Opening the database"):
        url = _database_url(project)
    _tell_revision(url, as_json=as_json)


def _tell_revision(url: str, *, as_json: bool = False) -> None:
    import asyncio

    from brain.cli import render
    from brain.database.engine import Database
    from brain.database.upgrade import HEAD, current_revision

    async def ask() -> str | None:
        async with Database(url) as database:
            return await current_revision(database)

    render.revision(asyncio.run(ask()), HEAD, as_json=as_json)


def _database_url(project: Project) -> str:
    import asyncio

    from brain.session.services import open_services

    return asyncio.run(open_services(_settings(project))).database


def _settings(project: Project) -> "Settings":
    from brain.config_secrets import Redactor, install_log_redaction, load_settings

    settings = load_settings(project)
    install_log_redaction(Redactor.of_environment(settings.project))
    log_to_standard_error(settings.brain_log_level)
    return settings
