"""One page in the browser: opened, waited for until it has settled, and read, with what the proxy kept from it."""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import CDPSession, Error, Page, Request, Response
from playwright.async_api import TimeoutError as PageTimeout

from brain.egress.proxy import ProxyPass
from brain.errors import EgressRefused, ToolError

__all__ = ["MOST_CHARACTERS", "PageLost", "Rendered", "Visit", "shown", "without_user"]

QUIET_SECONDS = 0.5
"""A page settles when so long no request was under way."""
SETTLE_SECONDS = 5.0
"""A page that is never quiet is taken as it is after so long."""
POLL_SECONDS = 0.05
HEARTBEAT_SECONDS = 1.0
MOST_CHARACTERS = 2_000_000
"""Of a page's HTML."""
READ_TRIES = 3
"""A page may lead on to another while it is read."""
LONGEST_SHOWN = 300
DEFAULT_PORTS = {"http": 80, "https": 443}
USER_IN_ADDRESS = re.compile(r"//[^/?#]*@")
NET_ERROR = re.compile(r"net::ERR_(\w+)")
LASTING = {
    "UNSAFE_REDIRECT": "it leads to an address that no page may lead to",
    "UNKNOWN_URL_SCHEME": "it leads to an address that is no web page",
    "TOO_MANY_REDIRECTS": "it leads from one address to the next without an end",
    "INVALID_HTTP_RESPONSE": "what answers there does not speak HTTP",
    "SSL_PROTOCOL_ERROR": "what answers there does not speak TLS",
    "ABORTED": "it gives no page",
    "UNSAFE_PORT": "browsers do not connect to this port",
}
"""Errors of Chromium (net_error_list.h) that will be the same next time."""
SERVER_ERRORS = 500
WORLD = "brain"

READ_PAGE = """(() => {
  // Elements may be called as the document's own properties are; the prototype's cannot be hidden so.
  const own = name => Object.getOwnPropertyDescriptor(Document.prototype, name).get.call(document);
  const root = own('documentElement'), doctype = own('doctype');
  const html = (doctype ? new XMLSerializer().serializeToString(doctype) : '') + (root?.outerHTML ?? '');
  const height = Math.max(root?.scrollHeight ?? 0, own('body')?.scrollHeight ?? 0);
  return {url: own('URL'), title: own('title').slice(0, 1000), html: html.slice(0, MOST), length: html.length, height};
})()"""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a page has become after its scripts have run."""

    url: str
    """Without user and password."""
    title: str
    html: str
    """Its first `MOST_CHARACTERS`."""
    length: int
    """Of all of the HTML, in characters."""
    height: int
    """In pixels."""


class PageLost(Exception):
    """The page is not there any more."""


class Visit:
    """A page, from its first request on."""

    def __init__(self, page: Page, proxy_pass: ProxyPass, seconds: float) -> None:
        self.page = page
        self.left_out: list[str] = []
        """Sentences about what the page was not given, or the result does not hold."""
        self.has_crashed = False
        self._pass = proxy_pass
        self._seconds = seconds
        self._deadline = _now() + seconds
        self._led_to = ""
        """The address that the page was last sent to; `_document` is the request, `_answer` what came back."""
        self._answer: Response | None = None
        self._under_way: set[Request] = set()
        self._document: Request | None = None
        self._is_led = False
        self._broken = ""
        """What went wrong with `_document`, as Chromium calls it."""
        self._traffic = asyncio.Event()
        self._loaded = asyncio.Event()
        page.on("request", self._on_request)
        page.on("response", self._on_response)
        page.on("requestfinished", self._on_end)
        page.on("requestfailed", self._on_failure)
        page.on("load", lambda _page: self._loaded.set())
        page.on("crash", self._on_crash)
        page.on("close", self._on_close)
        page.context.on("page", self._on_window)

    @property
    def _is_gone(self) -> bool:
        return self.has_crashed or self.page.is_closed()

    @property
    def milliseconds_left(self) -> float:
        """For loading; at least one, because Playwright takes 0 for no limit."""
        return max(1.0, (self._deadline - _now()) * 1000)

    async def open(self, url: str, wait_for: str | None = None) -> None:
        """Load a page and wait until it has settled, or until it shows what the CSS selector `wait_for` fits.

        Raises EgressRefused, and ToolError where nothing is opened; `read` says what became of it later.
        """
        self._led_to = url
        try:
            await self.page.goto(url, wait_until="commit", timeout=self.milliseconds_left)
        except Error as exc:
            raise self._explained(exc) from exc
        await (self.settle() if wait_for is None else self._appears(wait_for))

    async def follow(self) -> None:
        """Wait for the page that a click leads to, if it leads to one."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._deadline):
                await self._traffic_within(QUIET_SECONDS)
                while self._is_led:
                    await self._traffic_within(None)

    async def settle(self) -> None:
        """Wait until the page is loaded and quiet, or the time is over."""
        try:
            async with asyncio.timeout_at(self._deadline):
                await self._happens(self._loaded)
        except TimeoutError:
            self.left_out.append(f"The page was still loading after {self._seconds:g} seconds.")
        with suppress(TimeoutError):
            async with asyncio.timeout_at(min(self._deadline, _now() + SETTLE_SECONDS)):
                while True:
                    await self._traffic_within(None if self._under_way else QUIET_SECONDS)

    async def read(self) -> Rendered:
        """The page as it is now; says in `left_out` what was kept from it.

        Raises EgressRefused, and ToolError where there is no page of the web to see, or one that tells of an error.
        """
        value = await self._evaluated(READ_PAGE.replace("MOST", str(MOST_CHARACTERS)))
        seen = Rendered(**{**value, "url": without_user(value["url"])})
        self._check(seen.url)
        if seen.length > MOST_CHARACTERS:
            self.left_out.append(f"The HTML was cut after {MOST_CHARACTERS:,} of {seen.length:,} characters.")
        if refused := self._pass.refused:
            self.left_out.append(f"What the page wanted from {', '.join(refused)} was refused.")
        return seen

    def _check(self, url: str) -> None:
        status = self._answer.status if self._answer else HTTPStatus.OK
        if self._pass.is_over_limit:
            limit = self._pass.egress.policy.max_rendered_bytes / 1_000_000
            raise ToolError(f"{shown(self._led_to)} loads more than {limit:g} MB, the limit for a page in the browser.")
        if self._failure() and (self._answer is None or status >= HTTPStatus.BAD_REQUEST):
            raise self._not_reached("it was not reached", transient=True)
        if self._broken:
            raise self._network_error(self._broken)
        if urlsplit(url).scheme not in DEFAULT_PORTS:
            raise self._not_reached("it leads to no page of the web", transient=False)
        if status >= HTTPStatus.BAD_REQUEST:
            raise _bad_status(self._led_to, status)

    async def _traffic_within(self, seconds: float | None) -> None:
        """Return when a request begins or ends; raises TimeoutError."""
        self._traffic.clear()
        async with asyncio.timeout(seconds):
            await self._happens(self._traffic)

    async def _happens(self, event: asyncio.Event) -> None:
        """Wait for an event of the page; raises PageLost or Error where there is none to come any more."""
        while not event.is_set() and not self._is_gone:
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await event.wait()
            await self.page.context.cookies("about:blank")  # raises where the driver has died, which tells nobody
        if self._is_gone:
            raise PageLost

    async def _appears(self, selector: str) -> None:
        try:
            await self.page.wait_for_selector(f"css={selector}", timeout=self.milliseconds_left)
        except PageTimeout:
            self._check(self.page.url)
            raise ToolError(
                f"{shown(self.page.url)} showed nothing that fits {selector!r} within {self._seconds:g} seconds.",
                transient=True,
            ) from None
        except Error as exc:
            if "selector" in exc.message:
                raise ToolError(f"{selector!r} is no CSS selector; write it as in table.prices or #total.") from None
            raise

    async def _evaluated(self, expression: str) -> Any:
        """The value of an expression in a world of its own, where the page's scripts cannot forge it."""
        session = await self.page.context.new_cdp_session(self.page)  # it goes with the page
        for _ in range(READ_TRIES - 1):
            with suppress(Error):
                return await _in_own_world(session, expression)
            await asyncio.sleep(POLL_SECONDS)
        return await _in_own_world(session, expression)

    def _explained(self, error: Error) -> ToolError:
        """Why a page was not opened, in the words of `Egress.get`."""
        said, url = error.message, shown(self._led_to)
        if isinstance(error, PageTimeout):
            return ToolError(f"{url} did not answer within {self._seconds:g} seconds.", transient=True)
        if "Download is starting" in said:
            return ToolError(f"{url} is a file to download, which a browser tool does not keep; use http.get.")
        if "invalid URL" in said:
            return EgressRefused(f"{url!r} is no address of a web page.")
        found = NET_ERROR.search(said)
        if found is None:
            raise error
        return self._network_error(found[1])

    def _network_error(self, code: str) -> ToolError:
        url = shown(self._led_to)
        if self._answer and not self._failure():
            if code == "HTTP_RESPONSE_CODE_FAILURE":  # an error without a page to it
                return _bad_status(self._led_to, self._answer.status)
            return ToolError(f"{url} broke off its answer.", transient=True)
        if code.startswith("CERT_"):
            return ToolError(f"{url} was not opened: its certificate is not trusted ({code}).")
        if code in LASTING:
            return ToolError(f"{url} was not opened: {LASTING[code]}.")
        return self._not_reached(code.replace("_", " ").lower(), transient=True)

    def _not_reached(self, reason: str, *, transient: bool) -> ToolError:
        """What the proxy knows about the address that the page led to in the end, else the browser's reason."""
        failure, url = self._failure(), shown(self._led_to)
        if isinstance(failure, EgressRefused):
            return EgressRefused(f"{url} was refused: {failure}")
        if failure is not None:
            return ToolError(f"{url} was not opened: {failure}", transient=failure.transient)
        return ToolError(f"{url} was not opened: {reason}.", transient=transient)

    def _failure(self) -> ToolError | None:
        parts = urlsplit(self._led_to)
        address = (parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 0))
        return self._pass.failures.get(address)

    def _on_request(self, request: Request) -> None:
        self._under_way.add(request)
        self._traffic.set()
        if self._leads(request):
            self._led_to, self._document, self._answer = request.url, request, None
            self._is_led, self._broken = True, ""
            self._loaded.clear()

    def _on_response(self, response: Response) -> None:
        if self._leads(response.request):
            self._is_led, self._answer = False, response

    def _on_end(self, request: Request) -> None:
        self._under_way.discard(request)
        self._traffic.set()

    def _on_failure(self, request: Request) -> None:
        self._on_end(request)
        if request == self._document:
            found = NET_ERROR.search(request.failure or "")
            self._is_led, self._broken = False, found[1] if found and found[1] != "ABORTED" else ""
            self._loaded.set()  # nothing more comes

    def _on_crash(self, page: Page) -> None:
        self.has_crashed = True
        self._on_close(page)

    def _on_close(self, _page: Page) -> None:
        self._traffic.set()
        self._loaded.set()

    async def _on_window(self, window: Page) -> None:
        """Close a window that the page opened: what it sends goes through the proxy, but nobody looks at it."""
        if window is not self.page:
            self.left_out.append("A window that the page opened was closed.")
            with suppress(Error):
                await window.close()

    def _leads(self, request: Request) -> bool:
        with suppress(Error):  # a frame that is not there yet
            return request.is_navigation_request() and request.frame == self.page.main_frame
        return False


async def _in_own_world(session: CDPSession, expression: str) -> Any:
    tree = await session.send("Page.getFrameTree")
    of_frame = {"frameId": tree["frameTree"]["frame"]["id"], "worldName": WORLD}
    world = await session.send("Page.createIsolatedWorld", of_frame)
    asked = {"expression": expression, "contextId": world["executionContextId"], "returnByValue": True}
    answer = await session.send("Runtime.evaluate", asked)
    if "exceptionDetails" in answer:
        raise ToolError("The page could not be read; it may be too large for the browser.")
    return answer["result"]["value"]


def without_user(url: str) -> str:
    """An address without the user and the password in it."""
    return USER_IN_ADDRESS.sub("//", url, count=1)


def shown(url: str) -> str:
    """An address for a message: without user and password, and not endless."""
    plain = without_user(url)
    return plain if len(plain) <= LONGEST_SHOWN else f"{plain[:LONGEST_SHOWN]}…"


def _bad_status(url: str, status: int) -> ToolError:
    phrase = HTTPStatus(status).phrase if status in HTTPStatus else ""
    passing = status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS) or status >= SERVER_ERRORS
    return ToolError(f"{shown(url)} answered {f'{status} {phrase}'.strip()}.", transient=passing)


def _now() -> float:
    return asyncio.get_running_loop().time()
