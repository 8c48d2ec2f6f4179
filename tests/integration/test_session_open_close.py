"""What a `Brain` holds, and that it lets go of it: services, connections, its thread."""

import os
import signal
import threading
import time
from pathlib import Path

import psycopg
import pytest
from command_line import new_project

from brain import Brain, embedded
from brain.config_secrets import load_settings
from brain.embedded.postgres import PostgresUrls
from brain.errors import SchemaMismatch

IDLE_MINUTES = 0.005  # 0.3 seconds
BARE = {"openai_base_url": "http://127.0.0.1:1/v1"}
"""No model is started."""


def running(project: Path) -> set[str]:
    return {service.name for service in embedded.status(project / ".brain") if service.state == "running"}


def loops() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "brain-loop"]


def test_the_services_of_a_closed_brain_stop_once_they_are_idle_although_the_process_goes_on(project: Path) -> None:
    settings = load_settings(project, brain_idle_minutes=IDLE_MINUTES, **BARE)
    with Brain(settings=settings) as one:
        with Brain(settings=settings) as two:
            assert len(two.runs()) == 0
        time.sleep(3 * IDLE_MINUTES * 60)
        assert len(one.runs()) == 0
        assert running(project) == {"postgres", "redis"}
    deadline = time.monotonic() + 20
    while running(project):
        assert time.monotonic() < deadline, "the services never stopped"
        time.sleep(0.05)


@pytest.mark.parametrize("look", [Brain.runs, lambda brain: brain.sql("SELECT 1"), lambda brain: brain.search("rain")])
def test_an_open_brain_starts_its_database_again_where_it_was_killed(project: Path, look) -> None:
    with Brain(settings=load_settings(project, **BARE)) as brain:
        brain.runs()
        [pid] = [service.pid for service in embedded.status(project / ".brain") if service.name == "postgres"]
        os.kill(pid, signal.SIGKILL)
        look(brain)
        assert running(project) == {"postgres", "redis"}


def test_an_open_that_fails_keeps_no_connection(project: Path, database_url: str, postgres: PostgresUrls) -> None:
    name = database_url.partition("@/")[2].partition("?")[0]
    with Brain(settings=load_settings(project, database_url=database_url, **BARE)) as brain:
        for _ in range(3):
            with pytest.raises(SchemaMismatch, match="has no tables yet"):
                brain.runs()
        with psycopg.connect(postgres.admin_url.replace("+psycopg", "")) as admin:
            query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
            assert admin.execute(query, [name]).fetchone() == (0,)


def test_a_brain_whose_closing_fails_leaves_no_thread(project: Path) -> None:
    async def fail() -> None:
        raise OSError("the network is gone")

    brain = Brain(settings=load_settings(project, **BARE))
    brain._core._stack.push_async_callback(fail)
    assert loops() != []
    with pytest.raises(OSError, match="the network is gone"):
        brain.close()
    assert loops() == []
    brain.close()


def test_tools_of_the_same_name_are_each_projects_own(tmp_path: Path) -> None:
    shops = [new_project(tmp_path / name) for name in ("first", "second")]
    for shop in shops:
        (shop.project / "shop_tools.py").write_text(f"def hang():\n    return {shop.project.name!r}\n")
    opened = [Brain(shop.project) for shop in shops]
    try:
        tools = [brain._core.registry.get("shop.hang") for brain in opened]
        functions = [brain._core._caller._function(tool) for brain, tool in zip(opened, tools, strict=True)]
        assert [function.call() for function in functions] == ["first", "second"]
    finally:
        for brain in opened:
            brain.close()
