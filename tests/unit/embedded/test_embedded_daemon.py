import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from brain.embedded.daemon import LARGEST_LOG_BYTES, START_MARK, Daemon


def start(daemon: Daemon, *command: str, **environment: str) -> bool:
    with daemon.claim() as lock:
        if lock is not None:
            daemon.launch(command, environment, lock)
        return lock is not None


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Daemon]:
    (tmp_path / "work").mkdir()
    daemon = Daemon("sleeper", tmp_path, "sleep", tmp_path / "work", ((signal.SIGTERM, 0.3), (signal.SIGKILL, 5)))
    yield daemon
    daemon.stop()


def eventually(pid_of: Daemon) -> int:
    deadline = time.monotonic() + 5
    while (pid := pid_of.pid()) is None:
        assert time.monotonic() < deadline, "the daemon did not appear"
        time.sleep(0.01)
    return pid


def test_a_daemon_is_detached_from_whoever_started_it(sleeper: Daemon) -> None:
    assert start(sleeper, "sleep", "60")
    pid = eventually(sleeper)
    assert os.getsid(pid) != os.getsid(0)
    assert pid not in {child.pid for child in psutil.Process().children(recursive=True)}
    assert psutil.Process(pid).terminal() is None


def test_a_daemon_is_alive_until_it_is_stopped(sleeper: Daemon) -> None:
    assert not sleeper.is_alive()
    start(sleeper, "sleep", "60")
    pid = eventually(sleeper)
    assert sleeper.is_alive()
    assert sleeper.stop()
    assert not sleeper.is_alive()
    assert sleeper.pid() is None
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert not sleeper.stop()


def test_a_second_daemon_is_not_started(sleeper: Daemon) -> None:
    assert start(sleeper, "sleep", "60")
    assert not start(sleeper, "sleep", "61")


def test_a_daemon_that_ignores_the_polite_signal_is_killed(sleeper: Daemon) -> None:
    start(sleeper, "sh", "-c", "trap '' TERM; exec sleep 60")
    eventually(sleeper)
    assert sleeper.stop()
    assert not sleeper.is_alive()


def test_other_programs_in_the_same_folder_are_left_alone(sleeper: Daemon) -> None:
    start(sleeper, "sleep", "60")
    eventually(sleeper)
    bystander = psutil.Popen(["tail", "-f", "/dev/null"], cwd=sleeper.folder)
    sleeper.stop()
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_waiting_for_a_daemon_that_died_ends_at_once_with_its_last_words(sleeper: Daemon) -> None:
    sleeper.log.write_text("words of an earlier life\n")
    start(sleeper, "sh", "-c", "echo cannot go on; exit 1")
    started = time.monotonic()
    assert sleeper.wait_for(lambda: None, seconds=30) is None
    assert time.monotonic() - started < 20
    assert sleeper.last_words() == "cannot go on"


def test_a_daemon_gets_no_secrets_from_the_environment(sleeper: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    start(sleeper, "sh", "-c", "env; exit", LC_ALL="C")
    sleeper.wait_for(lambda: None, seconds=5)
    log = sleeper.log.read_text()
    assert "LC_ALL=C" in log
    assert "sk-secret" not in log


def test_a_log_is_private_and_does_not_grow_for_ever(sleeper: Daemon) -> None:
    sleeper.log.write_text("x" * (LARGEST_LOG_BYTES + 1))
    sleeper.log.chmod(0o600)
    start(sleeper, "true")
    assert sleeper.log.read_text().startswith(START_MARK)
    sleeper.log.unlink()
    sleeper.wait_for(lambda: None, seconds=5)
    start(sleeper, "true")
    assert sleeper.log.stat().st_mode & 0o777 == 0o600
