"""The doors of the notebook and of the shell open on the same rooms: the same verbs with the same options."""

from typing import Any

import pytest
import typer

from brain.cli.app import app
from brain.notebook.verbs import VERBS

COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
ONLY_IN_A_SHELL = {
    "--help",
    "--json",  # a cell's result is an object
    "--overwrite",
    "--project",  # the folder that the notebook is in; BRAIN_HOME names another
    "--tools",  # BRAIN_TOOLS names another
}
ELSEWHERE = {
    "plan": {
        "--file",  # %brain pipeline
        "--jobs",
        "--out",  # the plan is the cell's result: plan.spec.to_yaml()
        "--requests",  # Brain.plan_each
        "--svg",
    },
    "show": {"--save"},  # run.outputs
}
ONLY_IN_A_CELL = {"--background", "--help", "--out"}


def options_of_command(name: str) -> set[str]:
    command = COMMANDS[name]
    command = command.commands.get("run", command) if hasattr(command, "commands") else command
    return {text for each in command.params for text in each.opts if text.startswith("--")}


BOTH = sorted(VERBS.keys() & COMMANDS.keys() - {"tools", "eval", "batch"})


def test_most_verbs_are_in_both() -> None:
    assert len(BOTH) >= 18
    assert VERBS.keys() - COMMANDS.keys() == {"pipeline"}
    assert COMMANDS.keys() - VERBS.keys() == {"cluster", "db", "demo", "doctor", "down", "secrets", "up"}


@pytest.mark.parametrize("name", BOTH)
def test_a_verb_takes_the_same_options_in_a_shell_and_in_a_cell(name: str) -> None:
    in_cell = {flag for flag in VERBS[name].parser().flags if flag.startswith("--")}
    in_shell = options_of_command(name)
    assert in_shell - ONLY_IN_A_SHELL - ELSEWHERE.get(name, set()) - in_cell == set()
    assert in_cell - ONLY_IN_A_CELL - in_shell == set()


@pytest.mark.parametrize("name", ["batch", "eval", "tools"])
def test_so_do_groups_of_commands(name: str) -> None:
    in_cell = {flag for flag in VERBS[name].parser().flags if flag.startswith("--")} - ONLY_IN_A_CELL
    group = COMMANDS[name].commands
    in_shell = {text for command in group.values() for each in command.params for text in each.opts}
    assert in_cell - in_shell == set()
