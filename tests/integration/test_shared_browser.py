"""The one browser of a process: bounded, replaced when it dies, and gone when whoever used it is."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

import psutil
import pytest
import pytest_asyncio
from browser_hostiles import Site

from brain.config_secrets import load_settings
from brain.egress import Egress, EgressPolicy
from brain.errors import EgressRefused, ToolError
from brain.tool_registry.context import SharedResources, ToolContext
from brain.tools import browser, visit

pytestmark = pytest.mark.asyncio(loop_scope="module")

TESTS = Path(__file__).parents[1]


class Slow(Site):
    """A site with a page that waits for a part which never comes, until `release` is set."""

    def __init__(self, *addresses: str) -> None:
        super().__init__(*addresses)
        self.release = asyncio.Event()
        self.waiting = 0
        self.most_waiting = 0

    async def respond(self, target: str, writer: asyncio.StreamWriter) -> None:
        if target == "/never":
            self.waiting += 1
            self.most_waiting = max(self.most_waiting, self.waiting)
            await self.release.wait()
            self.waiting -= 1
        await super().respond(target, writer)


@pytest_asyncio.fixture(loop_scope="module")
async def site() -> AsyncIterator[Slow]:
    async with Slow("127.0.0.1") as server:
        server.pages["/slow"] = "<p>slow</p><img src=/never>"
        server.pages["/quick"] = "<p>quick"
        server.pages["/form"] = "<form action=/sent><input name=q><button>Go</button></form>"
        server.pages["/sent"] = "<p>sent</p><img src=/never>"
        yield server
        server.release.set()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared() -> AsyncIterator[SharedResources]:
    """Its files have a folder of their own: a driver that is killed leaves them behind."""
    resources = SharedResources()
    with short_folder() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", folder)
        yield resources
        await resources.aclose()


def short_folder() -> tempfile.TemporaryDirectory[str]:
    """Chromium makes a socket in its folder, whose path may have 107 bytes; that of a test has more."""
    return tempfile.TemporaryDirectory(prefix="brain-", ignore_cleanup_errors=True)


@pytest.fixture
def context(shared: SharedResources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToolContext:
    monkeypatch.setattr(visit, "QUIET_SECONDS", 0.15)
    return ToolContext(
        tmp_path, Egress(EgressPolicy(allow=("127.0.0.1",))), model=None, secret=lambda name: name,
        report=lambda *_: None, shared=shared, chromium=load_settings(tmp_path).brain_chromium,
    )  # fmt: skip


def address(site: Slow, path: str) -> str:
    return f"http://127.0.0.1:{site.port}{path}"


async def until(holds: Callable[[], bool], seconds: float = 20) -> bool:
    """Wait for something to become true."""
    for _ in range(int(seconds / 0.02)):
        if holds():
            return True
        await asyncio.sleep(0.02)
    return False


def running(kind: str, parent: int | None = None) -> set[psutil.Process]:
    """The processes below this one that are a `driver`, the main process of a `browser`, or a `renderer`."""
    found = set()
    for process in psutil.Process(parent).children(recursive=True):
        with suppress(psutil.Error):
            flags = process.cmdline()
            is_child = any(flag.startswith("--type=") for flag in flags)
            if (
                (kind == "driver" and "run-driver" in flags)
                or (kind == "browser" and "--remote-debugging-pipe" in flags and not is_child)
                or (kind == "renderer" and "--type=renderer" in flags)
            ):
                found.add(process)
    return found


def kill(processes: set[psutil.Process]) -> None:
    assert processes
    for process in processes:
        with suppress(psutil.Error):
            process.kill()


@pytest.mark.parametrize("kind", ["browser", "driver", "renderer"])
async def test_a_reading_call_survives_the_death_of_its_browser(context, site, kind, caplog):
    call = asyncio.create_task(browser.scrape(address(site, "/slow"), context=context))
    assert await until(lambda: site.waiting == 1)
    kill(running(kind))
    assert await until(lambda: site.asked.count("/slow") == 2)
    site.release.set()
    read = await call
    assert (read["text"], read["left_out"]) == ("slow", [])
    assert caplog.text == ""


async def test_a_browser_that_dies_again_and_again_makes_an_error_that_may_pass(context, site):
    call = asyncio.create_task(browser.scrape(address(site, "/slow"), context=context))
    for times in (1, 2):
        assert await until(lambda times=times: site.asked.count("/never") == times)
        kill(running("browser"))
    with pytest.raises(ToolError, match="The browser died while it was at this page") as death:
        await call
    assert death.value.transient
    assert site.asked.count("/slow") == 2


async def test_a_form_is_not_sent_again_where_the_browser_died(context, site):
    fields = {"q": "once"}
    call = asyncio.create_task(browser.fill_and_submit(address(site, "/form"), fields, context=context))
    assert await until(lambda: site.waiting == 1)
    kill(running("browser"))
    with pytest.raises(ToolError, match="The browser died") as death:
        await call
    assert death.value.transient
    assert site.asked.count("/sent?q=once") == 1


async def test_a_browser_that_died_in_between_is_replaced(context, site):
    await browser.scrape(address(site, "/quick"), context=context)
    kill(running("browser"))
    assert (await browser.scrape(address(site, "/quick"), context=context))["text"] == "quick"


async def test_a_browser_that_hangs_is_replaced(context, site, monkeypatch):
    monkeypatch.setattr("brain.tools.shared_browser.SPARE_SECONDS", -15)
    monkeypatch.setattr("brain.tools.shared_browser.PROBE_SECONDS", 1)
    monkeypatch.setattr("brain.tools.shared_browser.CLOSE_SECONDS", 1)
    monkeypatch.setattr("brain.egress.chromium.CLOSE_SECONDS", 0.5)
    await browser.scrape(address(site, "/quick"), context=context)
    [hanging] = running("browser")
    hanging.suspend()
    assert (await browser.scrape(address(site, "/quick"), timeout=19, context=context))["text"] == "quick"
    assert await until(lambda: not hanging.is_running())


async def test_few_pages_are_open_at_once_each_with_an_egress_of_its_own(context, site):
    narrow = replace(context, egress=Egress(EgressPolicy(allow=("127.0.0.2",), robots=False)))
    refused = asyncio.create_task(browser.scrape(address(site, "/quick"), context=narrow))
    calls = [asyncio.create_task(browser.scrape(address(site, "/slow"), context=context)) for _ in range(5)]
    assert await until(lambda: site.waiting == 4)
    await asyncio.sleep(0.3)
    site.release.set()
    assert [(await call)["text"] for call in calls] == ["slow"] * 5
    assert site.most_waiting == 4
    with pytest.raises(EgressRefused, match="is not a public address"):
        await refused
    assert len(running("browser")) == 1


async def test_a_cancelled_call_leaves_no_page_open(context, site):
    await browser.scrape(address(site, "/quick"), context=context)
    idle = len(running("renderer"))
    call = asyncio.create_task(browser.scrape(address(site, "/slow"), context=context))
    assert await until(lambda: site.waiting == 1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await until(lambda: len(running("renderer")) <= idle)
    assert (await browser.scrape(address(site, "/quick"), context=context))["text"] == "quick"


async def test_nothing_runs_before_the_first_page_or_after_the_end(context, site):
    before = running("browser") | running("driver")
    async with Closing() as own:
        mine = replace(context, shared=own)
        with pytest.raises(ToolError, match="only http:// and https://"):
            await browser.scrape("file:///etc/passwd", context=mine)
        assert running("browser") | running("driver") == before
        await browser.scrape(address(site, "/quick"), context=mine)
        started = set(psutil.Process().children(recursive=True)) - before
        assert len(running("browser") - before) == 1
    assert await until(lambda: not any(process.is_running() for process in running("browser") - before))
    assert running("driver") <= before
    assert started


async def test_a_call_that_is_cancelled_while_the_browser_starts_leaves_it_to_the_next(context, site):
    async with Closing() as own:
        mine = replace(context, shared=own)
        call = asyncio.create_task(browser.scrape(address(site, "/quick"), context=mine))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert (await browser.scrape(address(site, "/quick"), context=mine))["text"] == "quick"


class Closing(SharedResources):
    """Shared resources that are closed at the end of a block."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


async def test_a_browser_that_is_not_there_is_told_and_looked_for_again(context, site, tmp_path):
    program = tmp_path / "chromium"
    async with Closing() as own:
        mine = replace(context, shared=own, chromium=program)
        with pytest.raises(ToolError, match=r"^BRAIN_CHROMIUM is .*/chromium, which is no program"):
            await browser.scrape(address(site, "/quick"), context=mine)
        program.write_text("#!/bin/sh\nexit 1\n")
        program.chmod(0o755)
        with pytest.raises(ToolError, match=r"/chromium does not start \(.+\): try it by hand, or name another"):
            await browser.scrape(address(site, "/quick"), context=mine)
        program.write_text("#!/bin/sh\necho 'FATAL: No usable sandbox! See the documentation.' >&2\nexit 1\n")
        with pytest.raises(ToolError, match=r"/chromium does not start, because this system gives it no sandbox: "):
            await browser.scrape(address(site, "/quick"), context=mine)


PROGRAM = """
import asyncio, sys
from pathlib import Path
from brain.config_secrets import load_settings
from brain.egress import Egress, EgressPolicy
from brain.tool_registry.context import SharedResources, ToolContext
from brain.tools import browser

async def main():
    context = ToolContext(
        Path(), Egress(EgressPolicy(allow=("127.0.0.1",))), model=None, secret=str, report=print,
        shared=SharedResources(), chromium=load_settings(Path()).brain_chromium,
    )
    try:
        await browser.scrape(sys.argv[1], context=context)
    finally:
        await context.shared.aclose()

asyncio.run(main())
"""


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT])
async def test_with_the_process_its_browser_goes(site, by):
    """SIGINT goes to the whole group, as Ctrl-C does."""
    with short_folder() as folder:
        await start_and_end(site, Path(folder), by)


async def start_and_end(site: Slow, folder: Path, by: signal.Signals) -> None:
    process = subprocess.Popen(  # noqa: ASYNC220 - it is done in a moment
        [sys.executable, "-c", PROGRAM, address(site, "/slow")],
        cwd=TESTS.parent, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "TMPDIR": str(folder)}, text=True,
    )  # fmt: skip
    assert await until(lambda: site.waiting == 1)
    started = psutil.Process(process.pid).children(recursive=True)
    assert running("browser", process.pid)
    assert leftovers(folder)
    os.killpg(process.pid, by) if by is signal.SIGINT else process.kill()
    said, _ = await asyncio.to_thread(process.communicate, timeout=20)
    assert await until(lambda: not any(is_alive(each) for each in started))
    assert await until(lambda: not leftovers(folder))
    assert not said or said.endswith("KeyboardInterrupt\n")
    assert "never retrieved" not in said


def leftovers(folder: Path) -> list[Path]:
    return list(folder.glob("playwright*"))


def is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
