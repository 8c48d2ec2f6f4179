"""What `brain secrets` says and ends with, in this process and over a real database."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from brain.cli.app import run
from brain.config_secrets import Settings
from brain.database.upgrade import upgrade
from brain.vault import new_key

VALUE = "kept-in-the-table-5521"
BINDS = {
    "name": "shop.send",
    "description": "A tool of this project's own that binds a secret.",
    "inputSchema": {"type": "object", "properties": {}, "additionalProperties": False},
    "secrets": [{"name": "SHOP_TOKEN", "hosts": ["api.shop.example", "*.cdn.example"]}],
}


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


type Command = Callable[..., Ended]


@pytest.fixture
def command(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    """`brain secrets` with something at its standard input."""
    upgrade(database_url)
    (tmp_path / "tools.json").write_text(json.dumps({"tools": [BINDS]}))
    for name in (*Settings.model_fields, "shop_token"):
        monkeypatch.setenv(name.upper(), "")
    for name, value in {
        "BRAIN_HOME": str(tmp_path),
        "DATABASE_URL": database_url,
        "BRAIN_SECRETS_KEY": new_key(),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "300")

    def call(*arguments: str, given: bytes = b"") -> Ended:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
        code = run(["secrets", *arguments])
        return Ended(code, *capsys.readouterr())

    root, factory = logging.getLogger(), logging.getLogRecordFactory()
    before = (root.level, root.handlers[:])
    yield call
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    logging.setLogRecordFactory(factory)


def test_a_secret_is_kept_listed_and_removed(command: Command) -> None:
    kept = command("set", "SHOP_TOKEN", given=f"{VALUE}\r\n".encode())
    assert (kept.code, kept.err) == (0, "")
    assert kept.out.startswith("SHOP_TOKEN is kept, encrypted under the key ")
    [info] = command("list", "--json").json
    assert (info["name"], info["source"], info["in_table"]) == ("SHOP_TOKEN", "table", True)
    assert info["tools"] == [{"name": "shop.send", "hosts": ["api.shop.example", "*.cdn.example"]}]
    shown = command("list")
    assert "shop.send → api.shop.example, *.cdn.example" in shown.out
    assert VALUE not in str(info) + shown.out
    removed = command("remove", "SHOP_TOKEN")
    assert (removed.code, removed.out) == (0, "SHOP_TOKEN is no longer kept.\n")
    assert [info["source"] for info in command("list", "--json").json] == ["not set"]
    again = command("remove", "SHOP_TOKEN")
    assert (again.code, again.out) == (2, "")
    assert again.err.startswith("brain: The table holds no secret of that name.")


def test_what_wins_over_the_table_and_what_nobody_uses_is_said(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = command("set", "LONELY_KEY", given=VALUE.encode())
    assert said.err.startswith("No tool binds LONELY_KEY yet: name it, with its hosts, under `secrets` of a tool")
    monkeypatch.setenv("SHOP_TOKEN", "from-elsewhere")
    said = command("set", "SHOP_TOKEN", given=VALUE.encode())
    assert said.err == "SHOP_TOKEN is set in environment too, which comes first: remove it there.\n"
    said = command("set", "SHOP_TOKEN", "--json", given=VALUE.encode())
    assert (said.err, said.json["source"], said.json["in_table"]) == ("", "environment", True)
    assert "environment (table too)" in command("list").out


def test_the_key_is_changed_by_rotation(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = command("key").out.strip(), command("key").out.strip()
    monkeypatch.setenv("BRAIN_SECRETS_KEY", old)
    command("set", "SHOP_TOKEN", given=VALUE.encode())
    monkeypatch.setenv("BRAIN_SECRETS_KEY", f"{new},{old}")
    rotated = command("rotate")
    assert (rotated.code, rotated.err) == (0, "")
    assert rotated.out == "1 secret is now encrypted under the first key; the other keys can be taken out.\n"
    monkeypatch.setenv("BRAIN_SECRETS_KEY", new)
    assert [info["source"] for info in command("list", "--json").json] == ["table"]
    monkeypatch.setenv("BRAIN_SECRETS_KEY", old)
    assert [info["source"] for info in command("list", "--json").json] == ["no key"]
    refused = command("rotate")
    assert refused.code == 2
    assert "which BRAIN_SECRETS_KEY does not hold: add that key, or store" in refused.err


@pytest.mark.parametrize("arguments", [("SHOP_TOKEN", VALUE), (f"SHOP_TOKEN={VALUE}",)], ids=["apart", "joined"])
def test_a_value_in_the_command_line_is_refused_and_not_repeated(command: Command, arguments: tuple[str, ...]) -> None:
    refused = command("set", *arguments)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("brain: A value never stands in the command line")
    assert VALUE not in refused.err


WRONG = {
    "no key": ("", VALUE.encode(), "SHOP_TOKEN", "BRAIN_SECRETS_KEY is not set"),
    "a key of another shape": (VALUE, VALUE.encode(), "SHOP_TOKEN", "BRAIN_SECRETS_KEY is a value that is not shown"),
    "the Brain's own": (None, VALUE.encode(), "OPENAI_API_KEY", "OPENAI_API_KEY belongs to the Brain itself"),
    "a value as name": (None, b"", VALUE, "What was given as a name (it is not shown) is no name for a secret"),
    "nothing": (None, b"\n", "SHOP_TOKEN", "The value for SHOP_TOKEN has fewer than 6 characters"),
    "no text": (None, b"\xff\xfe" * 10, "SHOP_TOKEN", "The value for SHOP_TOKEN on standard input is not UTF-8 text."),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_kept_is_one_clear_sentence(
    what: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, value, name, expected = WRONG[what]
    if key is not None:
        monkeypatch.setenv("BRAIN_SECRETS_KEY", key)
    refused = command("set", name, given=value)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(f"brain: {expected}")
    assert VALUE not in refused.err


def test_an_error_that_repeats_a_secret_is_told_without_it(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    command("set", "SHOP_TOKEN", given=VALUE.encode())
    assert run(["show", VALUE]) == 2
    told = capsys.readouterr()
    assert "${secret:SHOP_TOKEN}" in told.err
    assert VALUE not in told.err + told.out
