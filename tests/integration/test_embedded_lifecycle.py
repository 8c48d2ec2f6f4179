"""How long embedded services live: as long as somebody uses the project and a little longer, and never twice."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from brain import embedded
from brain.embedded import redis as embedded_redis
from brain.embedded.state import drop_socket_folder
from brain.embedded.watchdog import watchdog_of

CLIENT = """
import sys, time
from pathlib import Path
from brain.embedded import redis
redis.ensure(Path(sys.argv[1]), idle_minutes=float(sys.argv[2]))
print("ready", flush=True)
time.sleep(float(sys.argv[3]))
"""
IDLE_MINUTES = 0.005  # 0.3 seconds


@pytest.fixture
def state(project: Path) -> Path:
    return project / ".brain"


def start_client(state: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CLIENT, str(state), str(IDLE_MINUTES), str(seconds)]
    client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert client.stdout is not None
    assert client.stdout.readline() == "ready\n"
    return client


def at_work_in(project: Path) -> list[str]:
    """The names of all processes whose working folder is in the project."""
    names = []
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(str(project)):
                names.append(process.name())
        except psutil.Error:
            continue
    return sorted(names)


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_services_that_nobody_uses_stop_and_leave_nothing_running(project: Path, state: Path) -> None:
    client = start_client(state, seconds=0)
    assert "redis-server" in at_work_in(project)
    client.communicate()
    wait_until(lambda: at_work_in(project) == [])
    assert embedded.status(state)[1].state == "stopped"


def test_services_stay_while_somebody_is_there_even_idle_and_go_when_that_process_is_killed(
    project: Path, state: Path
) -> None:
    client = start_client(state, seconds=60)
    time.sleep(5 * IDLE_MINUTES * 60)
    assert "redis-server" in at_work_in(project)
    client.kill()
    client.communicate()
    wait_until(lambda: at_work_in(project) == [])


def test_a_process_can_say_that_it_is_done(project: Path, state: Path) -> None:
    embedded_redis.ensure(state, idle_minutes=IDLE_MINUTES)
    time.sleep(2 * IDLE_MINUTES * 60)
    assert "redis-server" in at_work_in(project)
    embedded.release(state)
    wait_until(lambda: at_work_in(project) == [])


def test_services_are_let_go_when_the_last_of_a_process_has_left(project: Path, state: Path) -> None:
    with embedded.in_use(state):
        with embedded.in_use(state):
            embedded_redis.ensure(state, idle_minutes=IDLE_MINUTES)
        time.sleep(2 * IDLE_MINUTES * 60)
        assert "redis-server" in at_work_in(project)
    wait_until(lambda: at_work_in(project) == [])
    with embedded.in_use(state):
        embedded_redis.ensure(state, idle_minutes=IDLE_MINUTES)
        time.sleep(2 * IDLE_MINUTES * 60)
        assert "redis-server" in at_work_in(project)
    wait_until(lambda: at_work_in(project) == [])


def test_stop_all_leaves_nothing_running_and_says_what_ran(project: Path, state: Path) -> None:
    embedded_redis.ensure(state, idle_minutes=1)
    assert embedded.stop_all(state) == ["redis"]
    assert at_work_in(project) == []
    assert embedded.stop_all(state) == []


def test_a_killed_watchdog_is_replaced_by_the_next_user(project: Path, state: Path) -> None:
    embedded_redis.ensure(state, idle_minutes=IDLE_MINUTES)
    pid = watchdog_of(state).pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: at_work_in(project) == ["redis-server"])
    embedded_redis.ensure(state, idle_minutes=IDLE_MINUTES)
    embedded.release(state)
    wait_until(lambda: at_work_in(project) == [])


def test_an_empty_in_use_file_does_not_end_the_watchdog(project: Path, state: Path) -> None:
    embedded_redis.ensure(state, idle_minutes=IDLE_MINUTES)
    pid = watchdog_of(state).pid()
    assert pid is not None
    os.truncate(state / "in-use.lock", 0)
    time.sleep(4 * IDLE_MINUTES * 60)
    assert watchdog_of(state).pid() == pid
    embedded_redis.ensure(state, idle_minutes=IDLE_MINUTES)
    embedded.release(state)
    wait_until(lambda: at_work_in(project) == [])


def test_services_of_a_deleted_project_stop(project: Path, state: Path) -> None:
    url = embedded_redis.ensure(state, idle_minutes=IDLE_MINUTES)
    assert url is not None
    shutil.rmtree(project)
    wait_until(lambda: at_work_in(project) == [])
    embedded.release(state)
    drop_socket_folder(Path(url.removeprefix("unix://").partition("?")[0]).parent)  # deleted before it was seen


def test_a_copied_project_gets_services_of_its_own(project: Path, state: Path) -> None:
    url = embedded_redis.ensure(state, idle_minutes=1)
    copy = project.parent / "copy"
    ignore_sockets = shutil.ignore_patterns("*.sock")
    shutil.copytree(project, copy, ignore=ignore_sockets)
    try:
        assert embedded.status(copy / ".brain")[1].state == "stopped"
        assert embedded_redis.ensure(copy / ".brain", idle_minutes=1) != url
        assert embedded.status(copy / ".brain")[1].pid != embedded.status(state)[1].pid
    finally:
        assert embedded.stop_all(copy / ".brain") == ["redis"]
        embedded.release(copy / ".brain")
    assert embedded.status(state)[1].state == "running"


def test_asking_for_the_status_starts_and_makes_nothing(project: Path, state: Path) -> None:
    assert [(service.name, service.state) for service in embedded.status(state)] == [
        ("postgres", "stopped"),
        ("redis", "stopped"),
        ("chat", "stopped"),
    ]
    assert not state.exists()
    assert at_work_in(project) == []


def test_a_link_to_a_project_is_that_project(project: Path, state: Path) -> None:
    link = project.parent / "link"
    link.symlink_to(project)
    url = embedded_redis.ensure(link / ".brain", idle_minutes=1)
    assert embedded_redis.ensure(state, idle_minutes=1) == url
    assert embedded.stop_all(link / ".brain") == ["redis"]
    assert at_work_in(project) == []
