"""What the shell offers at the tab key: names of runs and tools, quickly, and nothing where something is wrong."""

import os
import shlex
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from brain.config_secrets import Settings

__all__ = ["executors", "runs", "steps", "tools"]

OFFERED_RUNS = 20
LONGEST_WORDS = 60
"""Columns for what a run or tool is about; some shells show it."""


def executors() -> list[tuple[str, str]]:
    """Where tools may be called."""
    return [("local", "in this process"), ("dask", "on the workers of a cluster")]


def runs(ctx: typer.Context) -> list[tuple[str, str]]:
    """The newest runs, where a database can be asked without starting one."""
    try:
        from brain.session.recent import recent_runs

        return [(run, _brief(words)) for run, words in recent_runs(_settings(ctx), OFFERED_RUNS)]
    except Exception:  # noqa: BLE001 - nobody wants to read about it in the middle of a command line
        return []


def batches(ctx: typer.Context) -> list[tuple[str, str]]:
    """The newest batches, likewise."""
    try:
        from brain.session.recent import recent_batches

        return [(batch, _brief(words)) for batch, words in recent_batches(_settings(ctx), OFFERED_RUNS)]
    except Exception:  # noqa: BLE001 - as above
        return []


def steps(ctx: typer.Context) -> list[tuple[str, str]]:
    """The steps of the run that was named before, likewise; first those that were begun and did not end well."""
    try:
        from brain.session.recent import steps_of

        return [(step, _brief(words)) for step, words in steps_of(_settings(ctx), _named_run(ctx))]
    except Exception:  # noqa: BLE001 - as above
        return []


def tools(ctx: typer.Context) -> list[tuple[str, str]]:
    """The names of the tools."""
    try:
        from brain.session.services import tools_file_of
        from brain.tool_registry.registry import Registry

        file = ctx.params.get("tools") or tools_file_of(_settings(ctx))
        return [(tool.name, _brief(tool.description)) for tool in Registry.from_file(file)]
    except Exception:  # noqa: BLE001 - as above
        return []


def _named_run(ctx: typer.Context) -> str:
    """The run on the command line: click gives up before it where an option stands last that has no value yet."""
    words = shlex.split(os.environ.get("COMP_WORDS") or os.environ["_TYPER_COMPLETE_ARGS"])
    given = words[words.index(str(ctx.info_name)) + 1 :]
    if given[-1:] and given[-1].startswith("-"):
        given.pop()
    return str(ctx.command.make_context(ctx.info_name, given, resilient_parsing=True).params["run"])


def _settings(ctx: typer.Context) -> "Settings":
    from brain.config_secrets import load_settings

    return load_settings(ctx.params.get("project"))


def _brief(words: str) -> str:
    from brain.visible import visible

    return visible(" ".join(words.split()))[:LONGEST_WORDS]
