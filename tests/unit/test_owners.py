"""Whether the process that runs a run is still there."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest

from brain.owners import Owner


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def owner_of(process: subprocess.Popen[bytes]) -> Owner:
    return replace(Owner.this_process(), pid=process.pid, started=psutil.Process(process.pid).create_time())


def test_an_owner_is_the_same_after_being_written_down() -> None:
    owner = Owner.this_process()
    assert str(Owner.parse(str(owner))) == str(owner)
    assert not Owner.parse(str(owner)).is_gone()


def test_a_host_name_may_hold_colons() -> None:
    assert Owner.parse("fe80::1:17:3.5") == Owner("fe80::1", 17, 3.5)


def test_a_killed_process_is_gone_before_and_after_it_is_collected(sleeper: subprocess.Popen[bytes]) -> None:
    owner = owner_of(sleeper)
    assert not owner.is_gone()
    sleeper.kill()
    psutil.wait_procs([psutil.Process(sleeper.pid)], timeout=0.2)
    assert owner.is_gone()
    sleeper.wait()
    assert owner.is_gone()


def test_another_process_with_the_same_id_is_not_the_owner(sleeper: subprocess.Popen[bytes]) -> None:
    owner = owner_of(sleeper)
    assert replace(owner, started=owner.started - 60).is_gone()


def test_a_process_of_another_machine_is_never_called_gone() -> None:
    assert not Owner("another-machine.invalid", 1, 1.0).is_gone()
