"""What a command does not need is not loaded: it would take longer than all that the command does."""

import subprocess
import sys

import pytest

HEAVY = {"sqlalchemy", "sqlmodel", "psycopg", "pandas", "pyarrow", "redis", "langchain_core", "openai", "matplotlib"}


@pytest.mark.parametrize(
    ("module", "needs"),
    [
        ("brain.session.health", set()),
        ("brain.session.brain", set()),
        ("brain.cli.render, brain.session.recent", set()),
        ("brain.session.runner", {"sqlalchemy", "sqlmodel", "psycopg"}),
    ],
)
def test_a_module_loads_no_more_than_it_says(module: str, needs: set[str]) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert HEAVY & set(loaded) == needs
