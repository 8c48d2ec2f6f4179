"""Commands for secrets of tools: set, list, remove, rotate, key."""

import sys
from typing import Annotated

import typer

from brain.cli.options import AsJson, Project, open_brain
from brain.errors import UsageError

__all__ = ["secrets"]

MOST_BYTES = 300_000
"""Of standard input that are read; more than the longest secret has."""

secrets = typer.Typer(no_args_is_help=True, help="Secrets of tools, encrypted in the database.")

Name = Annotated[str, typer.Argument(help="The name that tools.json binds, as in SHOP_TOKEN.", show_default=False)]
Surplus = Annotated[list[str] | None, typer.Argument(hidden=True, help="Nothing: a value is never given here.")]


@secrets.command("set", epilog="Example: brain secrets set SHOP_TOKEN")
def set_secret(name: Name, surplus: Surplus = None, *, project: Project = None, as_json: AsJson = False) -> None:
    """Keep a secret; its value is asked for without being shown, or comes from standard input."""
    from brain.cli import render
    from brain.cli.live import note
    from brain.cli.screen import print_json
    from brain.vault import KeyRing

    if surplus or "=" in name:
        raise UsageError(
            "A value never stands in the command line, where history and process lists keep it: leave it out, then it "
            "is asked for, or send it to standard input. If it was the real one, consider it known and change it."
        )
    with open_brain(project) as brain:
        KeyRing(brain.settings.secrets_keys).require()  # before anybody types
        info = brain.set_secret(name, _value(name))
    if as_json:
        print_json(info.to_json())
        return
    render.say(f"{name} is kept, encrypted under the key {info.key}.")
    if info.source != "table":
        note(f"{name} is set in {info.source} too, which comes first: remove it there.")
    if not info.uses:
        note(f"No tool binds {name} yet: name it, with its hosts, under `secrets` of a tool in tools.json.")


@secrets.command("list", epilog="Example: brain secrets list")
def list_secrets(*, project: Project = None, as_json: AsJson = False) -> None:
    """List the secrets that tools bind or the table holds: where each comes from, who uses it; never a value."""
    from brain.cli import render

    with open_brain(project) as brain:
        found = brain.secrets()
    render.secrets(found, as_json=as_json)


@secrets.command("remove", epilog="Example: brain secrets remove SHOP_TOKEN")
def remove_secret(name: Name, *, project: Project = None) -> None:
    """Forget a secret that the table holds."""
    from brain.cli import render

    with open_brain(project) as brain:
        brain.remove_secret(name)
    render.say(f"{name} is no longer kept.")


@secrets.command("rotate", epilog="Example: brain secrets rotate")
def rotate_secrets(*, project: Project = None) -> None:
    """Encrypt every secret anew under the first key of BRAIN_SECRETS_KEY."""
    from brain.cli import render

    with open_brain(project) as brain:
        count = brain.rotate_secrets()
    what = "secret is" if count == 1 else "secrets are"
    render.say(f"{count} {what} now encrypted under the first key; the other keys can be taken out.")


@secrets.command("key", epilog="Example: brain secrets key")
def new_key() -> None:
    """Print a fresh key for BRAIN_SECRETS_KEY; it is kept nowhere."""
    from brain.vault import new_key

    typer.echo(new_key())


def _value(name: str) -> str:
    """What a person types unseen, else all of standard input without the line break at its end."""
    if sys.stdin.isatty():
        from getpass import getpass

        return getpass(f"Value of {name} (not shown): ", stream=sys.stderr)
    try:
        text = sys.stdin.buffer.read(MOST_BYTES).decode()
    except UnicodeDecodeError:
        raise UsageError(f"The value for {name} on standard input is not UTF-8 text.") from None
    return text.removesuffix("\n").removesuffix("\r")
