"""The loopback proxy through which a browser reaches the network: each of its connections is `Egress.connect`'s.

It serves CONNECT, which https:, ws: and wss: arrive as, and plain HTTP. It knows nothing of browsers;
`brain.egress.chromium` sends one here.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import h11
import httpcore

from brain.egress.fetch import Egress
from brain.egress.proxy_wire import (
    PIECE,
    Address,
    BrowserEnd,
    Hangup,
    ServerEnd,
    credentials,
    for_browser,
    for_server,
    named_server,
    named_tunnel,
)
from brain.errors import EgressRefused, ToolError

__all__ = ["FilteringProxy", "ProxyPass"]

HOST = "127.0.0.1"
MOST_CONNECTIONS = 512
"""At once, with those that show no pass."""
MOST_CONNECTIONS_OF_A_PASS = 64
"""At once; Chromium opens 32 to one proxy, and more for websockets only."""
HEAD_SECONDS = 10.0
MOST_FAILURES_KEPT = 100


@dataclass(eq=False)
class ProxyPass:
    """The right to use the proxy under one egress, for its `max_rendered_bytes`."""

    egress: Egress
    user: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    failures: dict[Address, ToolError] = field(default_factory=dict)
    """Why an address was not reached, EgressRefused where it may not be; the first reason, of the first 100."""
    bytes_used: int = 0
    """Both ways, as they went over the wire."""
    is_over_limit: bool = False
    _is_over: bool = False
    _connections: set[asyncio.Task[None]] = field(default_factory=set, repr=False)

    @property
    def refused(self) -> list[str]:
        """The hosts that were asked for and that the policy forbids."""
        forbidden = (host for (host, _), failure in self.failures.items() if isinstance(failure, EgressRefused))
        return list(dict.fromkeys(forbidden))

    def take(self, count: int) -> None:
        """Count bytes that are about to be passed on; beyond the limit every connection ends."""
        self.bytes_used += count
        if self.bytes_used > self.egress.policy.max_rendered_bytes:
            self.is_over_limit = True
            self.end()
            raise Hangup

    def remember(self, address: Address, failure: ToolError) -> None:
        """Keep why an address was not reached."""
        if len(self.failures) < MOST_FAILURES_KEPT:
            self.failures.setdefault(address, failure)

    def join(self, connection: asyncio.Task[None]) -> bool:
        """Count a connection in, unless the pass is over or has too many."""
        if self._is_over or len(self._connections) >= MOST_CONNECTIONS_OF_A_PASS:
            return False
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)
        return True

    def end(self) -> None:
        """Close its connections and take no more."""
        self._is_over = True
        for connection in self._connections:
            connection.cancel()

    async def aclose(self) -> None:
        """End, and wait until no connection is left."""
        self.end()
        await asyncio.gather(*self._connections, return_exceptions=True)


class FilteringProxy:
    """A proxy on a free port of 127.0.0.1 that serves whoever shows a pass, and nobody else."""

    def __init__(self) -> None:
        self._passes: dict[str, ProxyPass] = {}
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, HOST, 0, limit=PIECE)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        if self._server is None:
            raise RuntimeError("The proxy is not open.")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @asynccontextmanager
    async def admit(self, egress: Egress, seconds: float) -> AsyncIterator[ProxyPass]:
        """A pass that is good inside the block and for so many seconds; after the block it has no connection left."""
        admitted = ProxyPass(egress)
        self._passes[admitted.user] = admitted
        timer = asyncio.get_running_loop().call_later(seconds, admitted.end)
        try:
            yield admitted
        finally:
            timer.cancel()
            del self._passes[admitted.user]
            await admitted.aclose()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= MOST_CONNECTIONS:
            writer.transport.abort()
            return
        connection = asyncio.create_task(self._serve(BrowserEnd(reader, writer)))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, browser: BrowserEnd) -> None:
        connection = asyncio.current_task()
        try:
            with suppress(httpcore.NetworkError, h11.ProtocolError):  # the browser sees that its message is not whole
                await self._answer(browser, connection)  # type: ignore[arg-type] # there is one
            await browser.close()
        except (Hangup, asyncio.CancelledError, OSError):
            browser.abort()

    async def _answer(self, browser: BrowserEnd, connection: asyncio.Task[None]) -> None:
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                request = await browser.request()
        except h11.RemoteProtocolError:
            await browser.refuse(HTTPStatus.BAD_REQUEST)
            return
        shown = self._shown(request)
        if shown is None:
            await browser.refuse(HTTPStatus.PROXY_AUTHENTICATION_REQUIRED)
        elif not shown.join(connection):
            await browser.refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        elif request.method == b"CONNECT":
            await _tunnel(browser, request, shown)
        else:
            await _forward(browser, request, shown)

    def _shown(self, request: h11.Request) -> ProxyPass | None:
        user, password = credentials(request)
        found = self._passes.get(user)
        # The user name only finds the pass; what proves it is compared in constant time.
        return found if found and secrets.compare_digest(found.password.encode(), password.encode()) else None


async def _tunnel(browser: BrowserEnd, request: h11.Request, shown: ProxyPass) -> None:
    address = named_tunnel(request)
    if address is None:
        await browser.refuse(HTTPStatus.BAD_REQUEST)
        return
    async with _connected(browser, address, shown) as server:
        if server is None:
            return
        early = await browser.accept_tunnel()
        shown.take(len(early))
        await server.write(early)
        await _first_to_end(
            _pump(browser.read, server.write, shown),
            _pump(lambda: server.read(PIECE), browser.write, shown),
        )


async def _forward(browser: BrowserEnd, request: h11.Request, shown: ProxyPass) -> None:
    named = named_server(request)
    if named is None:
        await browser.refuse(HTTPStatus.BAD_REQUEST)
        return
    async with _connected(browser, named.address, shown) as stream:
        if stream is None:
            return
        server = ServerEnd(stream, shown.take)
        await server.send(for_server(request, named))
        async for event in browser.body():
            await server.send(event)
        try:
            response = await server.response()
        except (h11.RemoteProtocolError, httpcore.NetworkError):
            host, port = named.address
            shown.remember(named.address, ToolError(f"{host}:{port} gave no answer in HTTP.", transient=True))
            await browser.refuse(HTTPStatus.BAD_GATEWAY)
            return
        await _relay(browser, server, response)


async def _relay(browser: BrowserEnd, server: ServerEnd, response: h11.Response) -> None:
    await browser.send(for_browser(response))
    async for event in server.body():
        await browser.send(event)


@asynccontextmanager
async def _connected(
    browser: BrowserEnd, address: Address, shown: ProxyPass
) -> AsyncIterator[httpcore.AsyncNetworkStream | None]:
    """A connection to a checked address; None where there is none, which the pass remembers and the browser is told."""
    stream, status = await _connect(address, shown)
    if stream is None:
        await browser.refuse(status)
        yield None
        return
    try:
        yield stream
    except EgressRefused as exc:  # the call has been given a secret meanwhile that may not go there
        shown.remember(address, exc)
        raise Hangup from exc
    finally:
        with suppress(httpcore.NetworkError, OSError):
            await stream.aclose()


async def _connect(address: Address, shown: ProxyPass) -> tuple[httpcore.AsyncNetworkStream | None, HTTPStatus]:
    host, port = address
    try:
        return await shown.egress.connect(host, port, shown.egress.policy.timeout), HTTPStatus.OK
    except EgressRefused as exc:
        shown.remember(address, exc)
        return None, HTTPStatus.FORBIDDEN
    except ToolError as exc:
        shown.remember(address, exc)
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
        reason = str(exc).rstrip(".") or "it did not answer in time"
        shown.remember(address, ToolError(f"{host}:{port} was not reached: {reason}.", transient=True))
    return None, HTTPStatus.BAD_GATEWAY


async def _pump(
    read: Callable[[], Awaitable[bytes]], write: Callable[[bytes], Awaitable[None]], shown: ProxyPass
) -> None:
    while data := await read():
        shown.take(len(data))
        await write(data)


async def _first_to_end(*pumps: Coroutine[Any, Any, None]) -> None:
    """Run the pumps until one of them ends: a tunnel with one direction is of no use to a browser.

    Raises EgressRefused; all else that ends a pump is an end like another.
    """
    running = [asyncio.create_task(pump) for pump in pumps]
    try:
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for pump in running:
            pump.cancel()
        ends = await asyncio.gather(*running, return_exceptions=True)
    for refused in ends:
        if isinstance(refused, EgressRefused):
            raise refused
