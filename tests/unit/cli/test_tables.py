"""DataFrames and Arrow tables as tables and as JSON."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from rich.console import Console

from brain.cli import tables
from brain.data_frames import to_frame

WORDS = "a request of some length that a person wrote about rain"


def shown(
    table: pd.DataFrame, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    monkeypatch.setattr(tables, "screen", lambda: Console(width=width))
    tables.frame(table, as_json=False)
    return capsys.readouterr().out.splitlines()


def test_short_columns_are_never_broken_and_text_gives_way(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.DataFrame({"id": ["0a1b2c3d"], "status": ["succeeded"], "request": [WORDS], "error": [WORDS]})
    wide = shown(table, 160, monkeypatch, capsys)
    assert len(wide) == 2
    assert wide[1].split("  ")[:2] == ["0a1b2c3d", "succeeded"]
    narrow = shown(table, 60, monkeypatch, capsys)
    assert narrow[0].split() == ["id", "status", "request", "error"]
    assert narrow[1].startswith("0a1b2c3d  succeeded  a request")
    assert all(len(line) <= 60 for line in narrow)


def test_a_column_without_room_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    table = pd.DataFrame({"id": ["0a1b2c3d"], "request": [WORDS], "error": [WORDS], "answer": [WORDS]})
    lines = shown(table, 50, monkeypatch, capsys)
    assert lines[0].split() == ["id", "request", "error"]
    assert lines[-1] == "No room for answer: --json has all."


def test_missing_values_are_blank_and_moments_are_local(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    table = pd.DataFrame({"at": [moment, pd.NaT], "figure": [1234567.5, None], "text": ["[bold]x[/]", None]})
    table = table.convert_dtypes(dtype_backend="pyarrow")
    lines = shown(table, 100, monkeypatch, capsys)
    assert lines[1].split("  ") == [moment.astimezone().strftime("%Y-%m-%d %H:%M:%S"), "1,234,567.5", "[bold]x[/]"]
    assert lines[2].strip() == ""


def test_a_cut_and_an_empty_table_are_told_beside_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    table = pd.DataFrame({"id": [1]})
    table.attrs["cut"] = "the newest 1 of 9 rows; limit=None reads all"
    tables.frame(table, as_json=True)
    said = capsys.readouterr()
    assert json.loads(said.out) == [{"id": 1}]
    assert said.err == "These are the newest 1 of 9 rows; --limit takes more.\n"
    tables.frame(pd.DataFrame({"id": []}), as_json=False)
    assert capsys.readouterr().err == "Nothing was found.\n"


def test_an_arrow_table_looks_like_its_dataframe(capsys: pytest.CaptureFixture[str]) -> None:
    rows = pa.table({
        "year": [2012, None], "amount": [1234.5, float("nan")], "price": [Decimal("1200.50"), None],
        "on": [date(2026, 1, 2), None], "at": [datetime(2026, 1, 2, 3, 4, tzinfo=UTC), None],
        "name": ["[bold]x[/]", None], "open": [True, None], "parts": [[1, 2], None], "raw": [b"\x01", None],
    })  # fmt: skip
    tables.arrow(rows)
    of_arrow = capsys.readouterr().out
    tables.frame(to_frame(rows), as_json=False)
    assert capsys.readouterr().out == of_arrow
    local = datetime(2026, 1, 2, 3, 4, tzinfo=UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    cells = ["2012", "1,234.5", "1,200.50", "2026-01-02", local, "[bold]x[/]", "true", "[1, 2]", "\\x01"]
    lines = of_arrow.splitlines()
    assert [cell for cell in map(str.strip, lines[1].split("  ")) if cell] == cells
    assert lines[2].strip() == ""


def test_two_columns_of_an_arrow_table_may_have_one_name(capsys: pytest.CaptureFixture[str]) -> None:
    tables.arrow(pa.table([pa.array([1]), pa.array([2])], names=["n", "n"]))
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [["n", "n_2"], ["1", "2"]]


def test_a_result_is_drawn_without_waiting_for_pandas() -> None:
    program = (
        "import sys, duckdb\nfrom brain.cli import tables\n"
        "tables.arrow(duckdb.sql('SELECT 1 AS n, 2.5::DOUBLE AS m').to_arrow_table())\nprint('pandas' in sys.modules)"
    )
    drawn = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert drawn.stdout.split() == ["n", "m", "1", "2.5", "False"]
