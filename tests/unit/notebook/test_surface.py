"""Which side of a surface fits which front end."""

from types import SimpleNamespace
from typing import Any

import pytest

from brain.notebook.surface import kind_for, somebody_is_there


def shell(*, is_kernel: bool, may_ask: bool = True) -> Any:
    parent = {"content": {"allow_stdin": may_ask}}
    return SimpleNamespace(kernel=SimpleNamespace(get_parent=lambda _: parent) if is_kernel else None)


def test_a_person_at_a_notebook_sees_widgets_and_papermill_plain_lines() -> None:
    assert kind_for(shell(is_kernel=True), "auto") == "widget"
    assert kind_for(shell(is_kernel=True, may_ask=False), "auto") == "plain"
    assert not somebody_is_there(shell(is_kernel=True, may_ask=False))


def test_where_widgets_are_not_installed_html_is_redrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert kind_for(shell(is_kernel=True), "auto") == "html"


def test_a_shell_without_kernel_has_bars_only_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kind_for(shell(is_kernel=False), "auto") == "plain"
    monkeypatch.setattr("sys.stdout", SimpleNamespace(isatty=lambda: True))
    assert kind_for(shell(is_kernel=False), "auto") == "bars"


@pytest.mark.parametrize("kind", ["widget", "html", "bars", "plain", "off"])
def test_the_setting_has_the_last_word(kind: str) -> None:
    assert kind_for(shell(is_kernel=True, may_ask=False), kind) == kind
