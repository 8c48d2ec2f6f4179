"""`--help` of every command, and `--version`."""

import re
import shlex
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer

import brain
from brain.cli.app import app, run


def commands(group: Any = None, words: tuple[str, ...] = ("brain",)) -> Iterator[Any]:
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        else:
            yield pytest.param(command, (*words, name), id=" ".join((*words[1:], name)))


@pytest.mark.parametrize(("command", "words"), [*commands()])
def test_every_command_has_an_example_that_is_understood(command: Any, words: tuple[str, ...]) -> None:
    said, example = command.epilog.split(": ", 1)
    assert said == "Example"
    given = shlex.split(example)
    assert tuple(given[: len(words)]) == words
    assert command.make_context("brain", given[len(words) :]) is not None  # what it does not take it raises


@pytest.mark.parametrize(("command", "words"), [*commands()])
def test_every_argument_and_option_is_explained(command: Any, words: tuple[str, ...]) -> None:
    unexplained = [parameter.name for parameter in command.params if not getattr(parameter, "help", "")]
    assert unexplained == []


@pytest.mark.parametrize("verb", ["approve", "cancel", "rate"])
def test_what_changes_a_run_must_be_told_which(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([verb]) == 2
    said = " ".join(re.sub("[│╭╮╰╯─]", " ", capsys.readouterr().err).split())
    assert said.endswith(
        "Missing argument 'run'. Which one: its id, as `brain runs` lists them, or `last` for the newest?"
    )


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"brain {version('the-brain')}\n"


def test_help_says_what_it_is_and_how_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    said = capsys.readouterr().out
    assert "Plain words become a checked pipeline" in said
    assert "Exit codes: 0 done" in " ".join(said.split())


def test_messages_send_people_only_to_commands_that_there_are() -> None:
    there = typer.main.get_command(app).commands.keys()  # type: ignore[attr-defined]
    sent = {
        (path.name, name)
        for path in Path(brain.__path__[0]).rglob("*.py")
        for name in re.findall(r"(?:`brain (?=[a-z]+)|brain (?=[a-z]+ \{))([a-z]+)", path.read_text())
    }
    assert ("failures.py", "db") in sent
    assert {place for place in sent if place[1] not in there} == set()
