"""One browser for all calls of a process: started at the first, replaced when it has died, for a few pages at once."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from playwright.async_api import Browser, Error

from brain.egress import Egress
from brain.egress.chromium import driver, find_chromium, launched, open_context
from brain.egress.proxy import FilteringProxy
from brain.errors import ToolError
from brain.tools.visit import PageLost, Visit

__all__ = ["Errand", "OpenBrowser", "SharedBrowser"]

PAGES_AT_ONCE = 4
"""Each takes 50 to 300 MB."""
SPARE_SECONDS = 15.0
"""Beyond the time for loading: to open a page, and to read or draw what was loaded."""
PROBE_SECONDS = 5.0
CLOSE_SECONDS = 15.0
DIED = "The browser died while it was at this page, which may ask for more memory than there is."


@dataclass(frozen=True, slots=True)
class Errand[T]:
    """What a tool does in a page of its own."""

    egress: Egress
    work: Callable[[Visit], Awaitable[T]]
    seconds: float
    """For loading the page."""
    viewport: tuple[int, int] = (1280, 800)
    """Width and height in pixels."""
    is_repeatable: bool = True
    """Whether it may be done again where the browser died under it."""


@dataclass(frozen=True, slots=True)
class OpenBrowser:
    """Opens the browser that a setting names (None: the one that is found); for `SharedResources.get`."""

    named: Path | None = None

    def __call__(self) -> "SharedBrowser":
        """The browser, not yet opened."""
        return SharedBrowser(self.named)


class SharedBrowser:
    """A browser with its proxy and Playwright's driver; none of them runs before the first errand."""

    def __init__(self, named: Path | None = None) -> None:
        self._named = named
        self._slots = asyncio.Semaphore(PAGES_AT_ONCE)
        self._engine: asyncio.Task[_Engine] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._engine is not None:
            await _stopped(self._engine)
            self._engine = None

    async def run[T](self, errand: Errand[T]) -> T:
        """Do an errand; one that is repeatable is done once more on a fresh browser where the first died under it.

        Raises ToolError: transient where the browser died.
        """
        async with self._slots:
            try:
                return await self._once(errand)
            except _BrowserLost as lost:
                if lost.had_begun and not errand.is_repeatable:
                    raise ToolError(DIED, transient=True) from lost
            try:
                return await self._once(errand)
            except _BrowserLost as lost:
                raise ToolError(DIED, transient=True) from lost

    async def _once[T](self, errand: Errand[T]) -> T:
        engine = await self._running()
        seconds = errand.seconds + SPARE_SECONDS
        try:
            async with asyncio.timeout(seconds):
                return await engine.run(errand, seconds)
        except TimeoutError:
            if not await engine.answers():
                raise _BrowserLost(had_begun=True) from None
            raise ToolError(f"The page kept the browser busy for over {seconds:g} seconds.", transient=True) from None

    async def _running(self) -> "_Engine":
        """The engine, started or replaced where needed, in a task that no call's cancellation reaches."""
        if self._engine is None or (self._engine.done() and not _is_usable(self._engine)):
            self._engine = asyncio.create_task(_Engine.start(self._named, self._engine))
        return await asyncio.shield(self._engine)


class _BrowserLost(Exception):
    """The browser or its tab died, before or after the errand had begun."""

    def __init__(self, *, had_begun: bool) -> None:
        super().__init__()
        self.had_begun = had_begun


class _Engine:
    """A proxy, a driver and a browser that belong together."""

    def __init__(self, browser: Browser, proxy: FilteringProxy, stack: AsyncExitStack) -> None:
        self._browser = browser
        self._proxy = proxy
        self._stack = stack
        self._is_lost = False

    @classmethod
    async def start(cls, named: Path | None, former: "asyncio.Task[_Engine] | None") -> "_Engine":
        """Start all of it, once what is left of the former one is gone; raises ToolError."""
        if former is not None:
            await _stopped(former)
        async with AsyncExitStack() as stack:
            proxy = await stack.enter_async_context(FilteringProxy())
            playwright = await stack.enter_async_context(driver())
            program = find_chromium(named, Path(playwright.chromium.executable_path))
            browser = await stack.enter_async_context(launched(playwright, program, proxy))
            return cls(browser, proxy, stack.pop_all())

    @property
    def is_usable(self) -> bool:
        """Whether the browser lives, as far as is known."""
        return not self._is_lost and self._browser.is_connected()

    async def run[T](self, errand: Errand[T], seconds: float) -> T:
        """Do an errand in a context of its own; raises ToolError, or _BrowserLost."""
        visit: Visit | None = None
        try:
            async with open_context(
                self._browser, self._proxy, errand.egress, seconds=seconds, viewport=errand.viewport
            ) as (context, shown):
                visit = Visit(await context.new_page(), shown, errand.seconds)
                return await errand.work(visit)
        except (Error, PageLost) as exc:
            raise await self._explained(exc, visit) from exc

    async def aclose(self) -> None:
        """End browser, driver and proxy; a browser that hangs goes with the driver."""
        with suppress(Error, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._stack.aclose()

    async def answers(self) -> bool:
        """Whether the browser still does as it is told; one that does not is replaced."""
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await (await self._browser.new_browser_cdp_session()).detach()
        except (Error, TimeoutError):
            self._is_lost = True
        return not self._is_lost

    async def _explained(self, exc: Error | PageLost, visit: Visit | None) -> Exception:
        if visit is None:
            self._is_lost = True
            return _BrowserLost(had_begun=False)
        if visit.has_crashed or not await self.answers():
            return _BrowserLost(had_begun=True)
        if visit.page.is_closed():
            return ToolError("The page closed itself before it was read.")
        doing = "" if isinstance(exc, PageLost) else exc.message.partition(":")[0]  # then comes what was typed
        return ToolError(f"The page did not let the browser go on ({doing}).", transient=True)


def _is_usable(starting: "asyncio.Task[_Engine]") -> bool:
    return not starting.cancelled() and starting.exception() is None and starting.result().is_usable


async def _stopped(starting: "asyncio.Task[_Engine]") -> None:
    await asyncio.wait({starting})
    if not starting.cancelled() and starting.exception() is None:
        await starting.result().aclose()
