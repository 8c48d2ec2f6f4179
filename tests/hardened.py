"""Chromium as the browser tools start it, in front of servers of this machine, and what is told about it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
from browser_hostiles import NAMES
from playwright.async_api import Error, Page

from brain.egress import Egress, EgressPolicy
from brain.errors import ToolError

__all__ = ["SITE", "VICTIM", "Watched", "browser_processes", "go", "is_confined", "until"]

SITE, VICTIM = "site.localhost", "victim.site.localhost"


class Watched(Egress):
    """An egress over the names of the tests; it keeps whom it was asked for, and whom it connected to."""

    def __init__(self, *allow: str) -> None:
        super().__init__(EgressPolicy(allow=allow, timeout=5), self._known)
        self.asked: list[str] = []
        self.connected: set[str] = set()

    async def connect(self, host: str, port: int, timeout: float | None = None) -> object:  # noqa: ASYNC109
        self.asked.append(host)
        stream = await super().connect(host, port, timeout)
        self.connected.add(host)
        return stream

    async def _known(self, host: str, _port: int) -> list[str]:
        if host == "rebind.localhost":  # is the site when the page is opened, and the victim ever after
            return ["127.0.0.3"] if self.asked.count(host) == 1 else ["127.0.0.1"]
        if host not in NAMES:
            raise ToolError(f"The host {host} was not found.")
        return list(NAMES[host])


async def until(holds: Callable[[], bool], seconds: float = 30) -> bool:
    """Wait for something to become true."""
    for _ in range(int(seconds / 0.05)):
        if holds():
            return True
        await asyncio.sleep(0.05)
    return False


async def go(page: Page, url: str) -> None:
    """Open an address, whatever becomes of it."""
    with suppress(Error):
        await page.goto(url, wait_until="commit", timeout=20_000)


def browser_processes() -> list[psutil.Process]:
    """The main process of every browser that this process has started, the newest last."""
    return sorted(filter(is_main, psutil.Process().children(recursive=True)), key=lambda main: main.create_time())


def is_confined(process: psutil.Process) -> bool:
    """Whether a process has only the system calls that a filter lets through (seccomp, mode 2)."""
    with suppress(OSError):
        return "Seccomp:\t2" in Path(f"/proc/{process.pid}/status").read_text()
    return False


def is_main(process: psutil.Process) -> bool:
    try:
        flags = process.cmdline()
    except psutil.Error:  # it has just ended
        return False
    return "--remote-debugging-pipe" in flags and not any(flag.startswith("--type=") for flag in flags)
