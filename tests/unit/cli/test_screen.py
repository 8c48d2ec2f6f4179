"""What is shown to people steers no terminal, whatever it is shown as."""

import json
import logging
from io import StringIO

import pytest
from rich.live import Live
from rich.markdown import Markdown
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from brain.cli import options
from brain.cli.screen import Screen, json_text, note, screen
from brain.visible import visible

FORGED = "to evil\x1b[2K\x1b[1Gto good \x9b2J \u202etxt.exe\u2066 \x07"
SEEN = r"to evil\x1b[2K\x1b[1Gto good \x9b2J \u202etxt.exe\u2066 \x07"


def terminal(width: int = 200) -> Screen:
    return Screen(file=StringIO(), force_terminal=True, color_system=None, width=width, emoji=False)


def cell(text: str) -> Table:
    drawn = Table(box=None)
    drawn.add_column("name")
    drawn.add_column("next")
    drawn.add_row(escape(text), "beside")
    return drawn


def branch(text: str) -> Tree:
    root = Tree("root")
    root.add(escape(text))
    return root


@pytest.mark.parametrize("shape", [str, Text, Markdown, cell, branch])
def test_no_shape_lets_through_what_steers(shape: type) -> None:
    console = terminal()
    with console.capture() as shown:
        console.print(shape(FORGED), markup=False)
    said = shown.get()
    assert not set(said) & set("\x1b\x9b\u202e\u2066\x07")
    assert r"to evil\x1b[2K\x1b[1Gto good \x9b2J \u202etxt.exe" in said


def test_columns_stand_where_the_text_that_is_seen_ends() -> None:
    console = terminal()
    with console.capture() as shown:
        console.print(cell("a\x1bb"))
    head, row = shown.get().splitlines()
    assert head.index("next") == row.index("beside")


def test_what_is_drawn_again_and_again_keeps_richs_own_movements_only() -> None:
    console = terminal()
    with Live(Text(FORGED), console=console, auto_refresh=False) as live:
        live.update(Text(f"{FORGED}!"), refresh=True)
    written = console.file.getvalue()
    assert "\r\x1b[2Kto evil" in written
    assert "\x1b[1G" not in written


def test_a_note_is_seen_too(capsys: pytest.CaptureFixture[str]) -> None:
    note(f"brain: {FORGED}")
    assert capsys.readouterr().err == f"brain: {SEEN}\n"


def test_a_log_line_is_seen_too(capsys: pytest.CaptureFixture[str]) -> None:
    record = logging.LogRecord("a-tool", logging.WARNING, "", 0, FORGED, (), None)
    options._StandardError().handle(record)
    assert capsys.readouterr().err == f"{SEEN}\n"


def test_json_means_the_same_and_steers_nothing() -> None:
    value = {FORGED: [FORGED, "naïve 😀 שלום", 1.5]}
    text = json_text(value, indent=2)
    assert json.loads(text) == value
    assert "naïve 😀 שלום" in text
    assert not set(text) & set("\x1b\x9b\u202e\u2066\x07")


def test_ordinary_text_of_any_language_stays_as_it_is() -> None:
    for text in ("two\nlines\tand tabs", "naïve 😀 👩‍🔬", "שלום עולם", ":cat: [red]x[/]"):
        assert visible(text) == text
    assert visible("Windows\r\nlines") == "Windows\nlines"
    console = terminal()
    with console.capture() as shown:
        console.print(":cat: [red]x[/]", markup=False, highlight=False)
    assert shown.get() == ":cat: [red]x[/]\n"


def test_half_a_character_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    screen().print("caf\udce9", markup=False)
    assert capsys.readouterr().out == "caf\\udce9\n"
