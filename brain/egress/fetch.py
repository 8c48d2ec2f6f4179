"""Fetching over HTTP: one request, its redirects, and the limits and manners that hold on each of them."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from http import HTTPStatus

import httpx

from brain.egress.body import Limit, read_body
from brain.egress.courtesy import LONGEST_REST, Courtesy
from brain.egress.failures import BadStatus, RedirectsWithoutEnd, check_status, translated
from brain.egress.gate import Gate, Resolver
from brain.egress.page import FetchedPage, charset_of
from brain.egress.policy import EgressPolicy
from brain.egress.request import Hop, WebRequest
from brain.egress.robots import MOST_READ, Robots, RobotsRules, robots_url
from brain.egress.transport import CheckedTransport
from brain.egress.urls import host_of, origin_of, parse_url, shown, without_user
from brain.errors import EgressRefused, ToolError
from brain.retry_after import seconds_to_rest

__all__ = ["Egress"]

REPEATS = 2
"""How often a request is sent again to a host that asked for a short rest."""
RESTING = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class Egress(Gate):
    """The way to the network for tools; it holds no connection between calls. Used on one event loop."""

    def __init__(self, policy: EgressPolicy | None = None, resolver: Resolver | None = None) -> None:
        super().__init__(policy, resolver)
        self._courtesy = Courtesy()
        self._robots = Robots()
        # Certificates, unlike proxies, may come from the environment: with SSL_CERT_FILE a company adds its own.
        self._certificates = cache(lambda: httpx.create_ssl_context(trust_env=True))

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> FetchedPage:
        """Fetch a page; as `send`."""
        return await self.send(WebRequest(url, headers=headers or {}))

    async def send(self, request: WebRequest) -> FetchedPage:
        """Send a request and follow redirects; the caller's headers stay with the host they were meant for.

        Raises EgressRefused where an address is not allowed or excluded by robots.txt, ToolError on everything else,
        with `transient` set for time-outs, lost connections, 429 and 5xx.
        """
        first = hop = Hop.first(request)
        limit = _TimeLimit(request.seconds or self.policy.timeout)
        async with self._client(limit) as client:
            for _ in range(self.policy.max_redirects + 1):
                answer = await self._answer(client, hop, request, limit)
                if isinstance(answer, FetchedPage):
                    return answer
                hop = answer
        raise RedirectsWithoutEnd(
            f"{shown(first.url)} was not fetched: it leads through more than {self.policy.max_redirects} redirects, "
            f"the last to {shown(hop.url)}."
        )

    async def check_robots(self, url: str) -> None:
        """Return where the page may be fetched as far as its host and the host's robots.txt go.

        For ways to a page that do not lead through `send`. Raises EgressRefused, ToolError.
        """
        page = parse_url(url)
        with translated(page):
            await self.addresses(*origin_of(page)[1:])
        await self._rules_for(page)

    def _client(self, limit: "_TimeLimit") -> httpx.AsyncClient:
        transport = CheckedTransport(self, self._certificates())
        return httpx.AsyncClient(transport=transport, trust_env=False, timeout=limit.seconds)

    async def _answer(
        self, client: httpx.AsyncClient, hop: Hop, request: WebRequest, limit: "_TimeLimit"
    ) -> FetchedPage | Hop:
        """The page, or where a redirect leads."""
        repeats = REPEATS if hop.is_safe else 0
        while True:
            async with self._turn(hop, request), limit.running(hop.url), self._response(client, hop) as response:
                rest = self._rest(response, hop.url)
                if rest is None or rest > LONGEST_REST or not repeats:
                    return await self._taken(response, hop, request)
            repeats -= 1

    @asynccontextmanager
    async def _turn(self, hop: Hop, request: WebRequest) -> AsyncIterator[None]:
        """Wait for one's turn at the host; raises EgressRefused where its robots.txt excludes the page."""
        host, interval = host_of(hop.url), None
        if not self._allowed.names(host):
            rules = await self._rules_for(hop.url) if request.is_crawling and hop.is_safe else None
            interval = max(self.policy.host_interval, rules.delay if rules else 0.0)
        async with self._courtesy.turn(host, interval):
            yield

    @asynccontextmanager
    async def _response(self, client: httpx.AsyncClient, hop: Hop) -> AsyncIterator[httpx.Response]:
        with translated(hop.url):
            sent = client.stream(hop.method, hop.url, headers=hop.headers, content=hop.content)
            async with sent as response:
                yield response

    def _rest(self, response: httpx.Response, url: httpx.URL) -> float | None:
        """How long the host asks to be left alone, which all requests to it then do."""
        if response.status_code not in RESTING:
            return None
        seconds = seconds_to_rest(response.headers.get("retry-after", ""))
        if seconds is not None:
            self._courtesy.rest(host_of(url), seconds)
        return seconds

    async def _taken(self, response: httpx.Response, hop: Hop, request: WebRequest) -> FetchedPage | Hop:
        if response.has_redirect_location:
            return hop.redirected(response.status_code, response.headers["location"])
        is_unchanged = response.status_code == HTTPStatus.NOT_MODIFIED and request.is_conditional
        if not is_unchanged:
            check_status(response, hop.url)
        page = _page(response, hop.url)
        if is_unchanged or hop.method == "HEAD":
            return page
        if request.media_types and not request.media_types.pattern.fullmatch(page.media_type):
            raise ToolError(f"{shown(hop.url)} is {page.media_type}; {request.media_types.taken}.")
        limit = Limit(request.cut_at or self.policy.max_bytes, cuts=request.cut_at is not None)
        return _page(response, hop.url, await read_body(response, hop.url, limit))

    async def _rules_for(self, url: httpx.URL) -> RobotsRules | None:
        """What robots.txt says; None where it is not asked. Raises EgressRefused where it excludes the page."""
        if not self.policy.robots or self._allowed.names(host_of(url)):
            return None
        with translated(url):
            rules = await self._robots.rules(origin_of(url), lambda: self._read_robots(url))
        rules.check(url)
        return rules

    async def _read_robots(self, url: httpx.URL) -> RobotsRules:
        """RFC 9309, 2.3.1: where there is none everything is allowed, where it cannot be read nothing is."""
        _, host, port = origin_of(url)
        await self.addresses(host, port)  # a host that is refused or unknown is told as that
        address = robots_url(url)
        try:
            page = await self.send(WebRequest(address, is_crawling=False, cut_at=MOST_READ))
        except RedirectsWithoutEnd:
            return RobotsRules(address)
        except ToolError as exc:
            if isinstance(exc, BadStatus) and httpx.codes.is_client_error(exc.status):
                return RobotsRules(address)
            kind = EgressRefused if isinstance(exc, EgressRefused) else ToolError
            next_step = "try again later" if exc.transient else "BRAIN_ROBOTS=off does without"
            raise kind(
                f"{str(exc).removesuffix('.')}, and unless it is read no page of {host} is fetched; {next_step}.",
                transient=exc.transient,
            ) from exc
        return await asyncio.to_thread(RobotsRules.of, address, page.text)


class _TimeLimit:
    """Seconds that are left for the work of one fetch; waiting for a turn takes none of them."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._left = seconds

    @asynccontextmanager
    async def running(self, url: httpx.URL) -> AsyncIterator[None]:
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._left):
                yield
        except TimeoutError:
            within = f"{self.seconds:g} seconds"
            raise ToolError(f"{shown(url)} did not answer in full within {within}.", transient=True) from None
        finally:
            self._left -= time.monotonic() - started


def _page(response: httpx.Response, url: httpx.URL, content: bytes = b"") -> FetchedPage:
    return FetchedPage(
        url=without_user(url),
        status=response.status_code,
        headers=dict(response.headers),
        content=content,
        media_type=response.headers.get("content-type", "").partition(";")[0].strip().lower(),
        charset=charset_of(response.charset_encoding, content),
    )
