"""Which browser is used; that it starts and is hardened is in tests/integration/test_browser_egress.py."""

from pathlib import Path

import pytest

from brain.egress import chromium
from brain.egress.chromium import find_chromium
from brain.errors import ToolError


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Put programs on a PATH that holds nothing else."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def put(name: str, mode: int = 0o755) -> Path:
        program = tmp_path / name
        program.write_text("#!/bin/sh\n")
        program.chmod(mode)
        return program

    return put


def test_the_browser_that_is_named_comes_first(machine):
    named, own = machine("mine"), machine("own")
    machine("chromium")
    assert find_chromium(named, own) == named


def test_then_the_one_that_playwright_has_fetched(machine):
    own = machine("own")
    machine("chromium")
    assert find_chromium(None, own) == own


@pytest.mark.parametrize("name", ["chromium", "google-chrome", "google-chrome-stable"])
def test_then_that_of_the_system(machine, tmp_path, name):
    program = machine(name)
    machine("chromium-browser")
    assert find_chromium(None, tmp_path / "not-fetched") == program


def test_chromium_goes_before_chrome(machine, tmp_path):
    machine("google-chrome")
    program = machine("chromium")
    assert find_chromium(None, tmp_path / "not-fetched") == program


def test_where_there_is_none_the_next_step_is_told(machine, tmp_path):
    with pytest.raises(ToolError, match=r"run `playwright install chromium`, install your system's package") as none:
        find_chromium(None, tmp_path / "not-fetched")
    assert not none.value.transient


@pytest.mark.parametrize("mode", [None, 0o644])
def test_a_name_that_is_no_program_is_not_passed_over(machine, tmp_path, mode):
    machine("chromium")
    named = machine("data", mode) if mode else tmp_path / "missing"
    with pytest.raises(ToolError, match=f"^BRAIN_CHROMIUM is {named}, which is no program"):
        find_chromium(named, tmp_path / "not-fetched")


def test_a_browser_without_a_sandbox_is_told_with_the_way_out():
    told = chromium._explained(Path("/opt/chrome"), "Chromium sandboxing failed!\n====")
    assert told.startswith("/opt/chrome does not start, because this system gives it no sandbox: install ")


def test_only_what_a_browser_needs_of_the_environment_reaches_it():
    given = {"PATH": "/bin", "LC_ALL": "C.UTF-8", "OPENAI_API_KEY": "sk-x", "HTTP_PROXY": "http://x", "HOME": "/root"}
    kept = chromium._environment(given)
    assert kept == {"PATH": "/bin", "LC_ALL": "C.UTF-8", "HOME": "/root", **chromium.SET_VARIABLES}
