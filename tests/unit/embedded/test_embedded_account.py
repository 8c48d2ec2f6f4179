import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from brain.embedded import account
from brain.embedded.account import Account, new_home, runnable, service_account

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has an account for services")
NOBODY = Account("nobody", 65534, 65534)


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A system folder that every account can reach, in place of the real one."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    monkeypatch.setattr(account, "SYSTEM_FOLDER", folder / "the-brain")
    yield folder / "the-brain"
    shutil.rmtree(folder)


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Installed by a root with umask 077, below a folder that only root can enter."""
    program = tmp_path / "packages" / "tool" / "bin" / "tool"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\ncat "$(dirname "$0")/../share"\n')
    (program.parent.parent / "share").write_text("1.0")
    tmp_path.chmod(0o700)
    program.chmod(0o700)
    (program.parent.parent / "share").chmod(0o600)
    return tmp_path / "packages"


def test_root_gets_an_account_that_is_not_root() -> None:
    found = service_account()
    assert found is not None
    assert found.uid != 0
    assert service_account() == found


def test_programs_that_the_account_cannot_reach_are_copied_once(system: Path, packages: Path) -> None:
    before = os.umask(0o077)
    try:
        copy = runnable(packages, ["tool"], "tool/bin/tool", "1.0", NOBODY)
        again = runnable(packages, ["tool"], "tool/bin/tool", "1.0", NOBODY)
    finally:
        os.umask(before)
    assert copy == again == system / "tool-1.0"
    assert account._can_run(copy / "tool/bin/tool", NOBODY)
    assert [path.name for path in system.iterdir()] == ["tool-1.0"]
    assert stat.S_IMODE(packages.parent.stat().st_mode) == 0o700


def test_programs_that_the_account_can_reach_stay_where_they_are(system: Path, packages: Path) -> None:
    reachable = system / "packages"
    shutil.copytree(packages, reachable)
    for path in (system, reachable, *reachable.rglob("*")):
        path.chmod(0o755)
    assert runnable(reachable, ["tool"], "tool/bin/tool", "1.0", NOBODY) == reachable


def test_a_home_tells_its_project_and_is_never_used_twice(system: Path) -> None:
    project = Path("/root") / ("a very long name of a project " * 3)
    homes = {new_home(project) for _ in range(3)}
    assert len(homes) == 3
    assert {(home / "project").read_text() for home in homes} == {f"{project}\n"}
    assert max(len(home.name) for home in homes) < 45
