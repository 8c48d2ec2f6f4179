"""Two projects in one process whose modules have the same names."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brain.tool_registry import own_modules
from brain.tool_registry.own_modules import OwnModules, search_path

NAMES = ("shop_tools_for_test", "shop_helper_for_test", "shop_package_for_test", "only_b_for_test")
TOOLS = """
import shop_helper_for_test
from shop_package_for_test import inner

def who():
    return shop_helper_for_test.NAME, inner.NAME
"""


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(own_modules, "_projects", {})
    yield
    for name in [name for name in sys.modules if name.startswith(NAMES)]:
        del sys.modules[name]


def project(folder: Path, name: str) -> Path:
    made = folder / name
    (made / "shop_package_for_test").mkdir(parents=True)
    (made / "shop_tools_for_test.py").write_text(TOOLS)
    (made / "shop_helper_for_test.py").write_text(f"NAME = 'helper of {name}'")
    (made / "shop_package_for_test" / "__init__.py").write_text("")
    (made / "shop_package_for_test" / "inner.py").write_text(f"NAME = 'package of {name}'")
    return made


def who(modules: OwnModules) -> Any:
    return modules.load("shop_tools_for_test").who()


def test_each_project_gets_its_own_and_keeps_it(tmp_path: Path) -> None:
    a, b = (OwnModules(project(tmp_path, name)) for name in "ab")
    first = a.load("shop_tools_for_test")
    assert who(a) == ("helper of a", "package of a")
    assert who(b) == ("helper of b", "package of b")
    assert first.who() == ("helper of a", "package of a")
    assert a.load("shop_tools_for_test") is first
    assert b.load("shop_tools_for_test") is b.load("shop_tools_for_test")
    assert OwnModules(tmp_path / "b").load("shop_package_for_test.inner").NAME == "package of b"


def test_the_modules_of_the_first_project_stand_where_python_puts_them(tmp_path: Path) -> None:
    a, b = (OwnModules(project(tmp_path, name)) for name in "ab")
    who(b)
    assert "shop_helper_for_test" not in sys.modules
    who(a)
    who(b)
    assert importlib.import_module("shop_helper_for_test").NAME == "helper of a"
    assert sys.path[-2:] == [str(tmp_path / "a"), str(tmp_path / "b")]


def test_a_process_that_works_for_one_project_finds_its_modules_first(tmp_path: Path) -> None:
    a, b = (str(tmp_path / name) for name in "ab")
    for name in "ab":
        OwnModules(project(tmp_path, name))
    assert search_path(tmp_path / "a")[-2:] == [a, b]
    assert search_path(tmp_path / "b")[-2:] == [b, a]
    assert sorted(search_path(tmp_path / "b")) == sorted(sys.path)


def test_a_module_that_only_one_has_and_libraries_are_found_from_there(tmp_path: Path) -> None:
    a, b = (OwnModules(project(tmp_path, name)) for name in "ab")
    (tmp_path / "b" / "only_b_for_test.py").write_text("import json")
    who(a)
    assert b.load("only_b_for_test").json is sys.modules["json"]
    assert b.load("brain.errors") is sys.modules["brain.errors"]


def test_what_a_module_adds_to_the_path_stays_and_a_broken_one_harms_nobody(tmp_path: Path) -> None:
    a, b = (OwnModules(project(tmp_path, name)) for name in "ab")
    (tmp_path / "b" / "only_b_for_test.py").write_text("import sys\nsys.path.append('/added')\n1 / 0")
    who(a)
    with pytest.raises(ZeroDivisionError):
        b.load("only_b_for_test")
    assert sys.path[-1] == "/added"
    assert (who(a), who(b)) == (("helper of a", "package of a"), ("helper of b", "package of b"))


def test_the_package_itself_is_never_moved_although_it_stands_in_the_project(tmp_path: Path) -> None:
    folder = project(tmp_path, "c")
    (folder / "only_b_for_test.py").write_text("import sys\nSEEN = sys.modules['brain']")
    code = """
import sys; from pathlib import Path
import brain
from brain.tool_registry.own_modules import OwnModules
OwnModules(Path(brain.__file__).parents[1])
assert OwnModules(Path(sys.argv[1])).load("only_b_for_test").SEEN is brain
"""
    subprocess.run([sys.executable, "-c", code, folder], check=True)
