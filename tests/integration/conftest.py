"""A database with our tables in it, a hardened browser, and a scripted model server, for tests with real services."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from browser_hostiles import Site
from playwright.async_api import Browser, Page, Playwright
from proxy_bench import Origin
from scripted_openai import ScriptedOpenAI

from brain.database.engine import Database
from brain.database.upgrade import upgrade
from brain.egress import Egress
from brain.egress.chromium import driver, find_chromium, launched, open_context
from brain.egress.proxy import FilteringProxy, ProxyPass
from brain.embedded.postgres import PostgresUrls
from brain.language_models import patience


@pytest.fixture
def reader_url(postgres: PostgresUrls, database_url: str) -> str:
    """The same database as `database_url`, as the role that can only read."""
    name = database_url.partition("@/")[2].partition("?")[0]
    return postgres.reader_url.replace("@/brain?", f"@/{name}?")


@pytest.fixture
async def database(database_url: str, reader_url: str) -> AsyncIterator[Database]:
    """A pool on a database at the newest revision."""
    upgrade(database_url)
    async with Database(database_url, reader_url) as pool:
        yield pool


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[Site]:
    async with Site("127.0.0.1", "127.0.0.3") as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def playwright() -> AsyncIterator[Playwright]:
    async with driver() as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def proxy() -> AsyncIterator[FilteringProxy]:
    async with FilteringProxy() as opened:
        yield opened


@pytest.fixture(scope="module")
def program(playwright: Playwright) -> Path:
    named = os.environ.get("BRAIN_CHROMIUM")
    return find_chromium(Path(named) if named else None, Path(playwright.chromium.executable_path))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(playwright: Playwright, program: Path, proxy: FilteringProxy) -> AsyncIterator[Browser]:
    async with launched(playwright, program, proxy) as started:
        yield started


@pytest.fixture
def opened(browser: Browser, proxy: FilteringProxy):
    """Do something in a page of the hardened browser under an egress."""

    async def run[T](egress: Egress, action: Callable[[Page], Awaitable[T]]) -> tuple[T, ProxyPass]:
        async with open_context(browser, proxy, egress, seconds=30, viewport=(800, 600)) as (context, shown):
            return await action(await context.new_page()), shown

    return run


@pytest_asyncio.fixture(loop_scope="module")
async def origin() -> AsyncIterator[Origin]:
    served = Origin()
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    served.port = server.sockets[0].getsockname()[1]
    yield served
    server.close()
    server.close_clients()
    await server.wait_closed()


@pytest.fixture(scope="module")
def shared_server() -> Iterator[ScriptedOpenAI]:
    with ScriptedOpenAI() as server:
        yield server


@pytest.fixture
def server(shared_server: ScriptedOpenAI, monkeypatch: pytest.MonkeyPatch) -> ScriptedOpenAI:
    """A model server that nobody has told what to say yet, and that is asked once."""
    monkeypatch.setattr(patience, "TRANSPORT_RETRIES", 0)
    shared_server.script()
    return shared_server
