"""The embedded Redis as its clients meet it."""

import os
import signal
import stat
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import psutil
import pytest
from redis import Redis

from brain import embedded
from brain.embedded import redis as embedded_redis
from brain.errors import ServiceError

CLIENT = """
import sys
from pathlib import Path
from brain.embedded import redis
print(redis.ensure(Path(sys.argv[1]), idle_minutes=1), flush=True)
"""


@pytest.fixture
def state(project: Path) -> Path:
    return project / ".brain"


def pid_of(state: Path) -> int:
    pid = embedded.status(state)[1].pid
    assert pid is not None
    return pid


def test_it_is_redis_8_with_streams_that_never_drops_what_it_was_told(redis_url: str) -> None:
    with Redis.from_url(redis_url, decode_responses=True) as client:
        assert client.info("server")["redis_version"].startswith("8.")
        assert client.xadd("test:stream", {"a": "1"}, id="1-0") == "1-0"
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}


def test_it_listens_on_no_port_and_on_a_socket_that_only_its_owner_reaches(
    redis_url: str, services_folder: Path
) -> None:
    assert psutil.Process(pid_of(services_folder)).net_connections(kind="inet") == []
    socket = Path(redis_url.removeprefix("unix://").partition("?")[0])
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700


def test_eight_processes_that_start_at_once_get_one_server(state: Path) -> None:
    clients = [
        subprocess.Popen([sys.executable, "-c", CLIENT, state], stdout=subprocess.PIPE, text=True) for _ in range(8)
    ]
    answers = {client.communicate(timeout=60)[0].strip() for client in clients}
    assert len(answers) == 1
    with Redis.from_url(answers.pop()) as client:
        assert client.ping()
    servers = [p for p in psutil.process_iter(["name", "cwd"]) if p.info["name"] == "redis-server"]
    assert [p.pid for p in servers if p.info["cwd"] == str(state / "redis")] == [pid_of(state)]


def test_what_it_was_told_survives_kill_9(state: Path) -> None:
    url = embedded_redis.ensure(state, idle_minutes=1)
    assert url is not None
    with Redis.from_url(url, decode_responses=True) as client:
        client.set("answer", "42")
        os.kill(pid_of(state), signal.SIGKILL)
    assert embedded_redis.ensure(state, idle_minutes=1) == url
    with Redis.from_url(url, decode_responses=True) as client:
        assert client.get("answer") == "42"
    assert embedded.stop_all(state) == ["redis"]


@pytest.mark.parametrize("name", ["d" * 120, "with, comma 'quotes\" und ümläute %41 #?"], ids=["deep", "awkward"])
def test_it_works_in_a_folder_with_an_awkward_path(project: Path, name: str) -> None:
    state = project / name / ".brain"
    url = embedded_redis.ensure(state, idle_minutes=1)
    assert url is not None
    with Redis.from_url(url, decode_responses=True) as client:
        assert client.config_get("dir") == {"dir": str(state / "redis")}
    socket_folder = Path(embedded.status(state)[1].address.removeprefix("unix:")).parent  # type: ignore[union-attr]
    embedded.stop_all(state)
    embedded.release(state)
    assert not (socket_folder / "redis.sock").exists()
    assert not list(
        Path("/tmp").glob(f"{socket_folder.name}" if socket_folder.name.startswith("brain-") else "no-such")
    )


def test_a_hung_server_is_not_killed_but_told_of(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brain.embedded.redis.HANDSHAKE_SECONDS", 0.2)
    embedded_redis.ensure(state, idle_minutes=1)
    pid = pid_of(state)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(ServiceError, match="does not answer; `brain down`"):
            embedded_redis.ensure(state, idle_minutes=1)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert embedded_redis.ensure(state, idle_minutes=1) is not None
    assert pid_of(state) == pid


def test_without_a_wheel_there_is_none(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def find_nothing(_: str) -> ModuleSpec | None:
        return None

    monkeypatch.setattr("brain.embedded.redis.find_spec", find_nothing)
    monkeypatch.setattr("brain.embedded.service.find_spec", find_nothing)
    assert embedded_redis.ensure(state) is None
    assert not state.exists()
    assert embedded.status(state)[1].state == "unavailable"
