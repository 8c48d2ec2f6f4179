"""HTTP as the filtering proxy speaks it, to a browser and to a server: read and written by h11, never copied through.

What is sent on is made anew from what was understood, so that the two sides cannot take one message differently
(request smuggling).
"""

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

import h11
import httpcore

__all__ = [
    "PIECE",
    "Address",
    "BrowserEnd",
    "Hangup",
    "NamedServer",
    "ServerEnd",
    "credentials",
    "for_browser",
    "for_server",
    "named_server",
    "named_tunnel",
]

HEAD_BYTES = 64 * 1024
PIECE = 64 * 1024
"""Bytes that are read at once."""
HTTP_PORT = 80
HIGHEST_PORT = 65_535
HOST = r"\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9_.-]+)"
AUTHORITY = re.compile(rf"(?:{HOST}):(?P<port>[0-9]{{1,5}})")
ABSOLUTE = re.compile(rf"http://(?P<authority>(?:{HOST})(?::(?P<port>[0-9]{{1,5}}))?)(?P<rest>[/?][!-\"$-~]*)?")
"""RFC 9112, 3.2; a user in the address, which browsers do not send, is not taken."""
HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization proxy-authentication-info "
    b"te trailer transfer-encoding upgrade expect".split()
)
"""Headers that belong to one connection (RFC 9110, 7.6.1)."""

type Address = tuple[str, int]
"""Host, in lower case and without brackets, and port."""
type Headers = Iterable[tuple[bytes, bytes]]


class Hangup(Exception):
    """The connection is to end without a word."""


@dataclass(frozen=True, slots=True)
class NamedServer:
    """Whom a plain request is for, and what it asks there."""

    address: Address
    authority: str
    """As it was written, for the Host header."""
    target: str
    """Path and query."""


class BrowserEnd:
    """The connection that a browser made."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)

    async def request(self) -> h11.Request:
        """The head of its request; raises h11.RemoteProtocolError where that is no HTTP."""
        event = await _next_event(self._http, self.read)
        if not isinstance(event, h11.Request):
            raise Hangup
        return event

    async def body(self) -> AsyncIterator[h11.Event]:
        """What follows the head, to the end of the request."""
        async for event in _to_the_end(self._http, self.read):
            yield event

    async def send(self, event: h11.Event) -> None:
        """Answer with a part of a response."""
        await self.write(self._http.send(event) or b"")

    async def refuse(self, status: HTTPStatus) -> None:
        """Answer with a status and nothing else: pages read this too."""
        headers = [("content-length", "0"), ("connection", "close")]
        if status is HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            headers.append(("proxy-authenticate", 'Basic realm="the-brain"'))
        await self.send(h11.Response(status_code=status, headers=headers, reason=status.phrase.encode()))
        await self.send(h11.EndOfMessage())

    async def accept_tunnel(self) -> bytes:
        """Say that the tunnel stands; returns what was sent into it already."""
        await self.send(h11.Response(status_code=HTTPStatus.OK, headers=[], reason=b"Connection established"))
        return self._http.trailing_data[0]

    async def read(self) -> bytes:
        """The next bytes; none at the end."""
        return await self._reader.read(PIECE)

    async def write(self, data: bytes) -> None:
        """Send bytes, as fast as they are taken."""
        self._writer.write(data)
        await self._writer.drain()

    async def close(self) -> None:
        """Send what is left, and hang up."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    def abort(self) -> None:
        """Hang up at once."""
        self._writer.transport.abort()


class ServerEnd:
    """The connection to a server that a plain request goes to; `take` counts its bytes, and may end it."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, take: Callable[[int], None]) -> None:
        self._stream = stream
        self._take = take
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)

    async def send(self, event: h11.Event) -> None:
        """Ask with a part of a request."""
        data = self._http.send(event) or b""
        self._take(len(data))
        await self._stream.write(data)

    async def response(self) -> h11.Response:
        """The head of the final response; raises h11.RemoteProtocolError where there is none."""
        while True:
            event = await _next_event(self._http, self._read)
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise h11.RemoteProtocolError("the server sent no response")

    async def body(self) -> AsyncIterator[h11.Event]:
        """What follows the head, to the end of the response."""
        async for event in _to_the_end(self._http, self._read):
            yield event

    async def _read(self) -> bytes:
        data = await self._stream.read(PIECE)
        self._take(len(data))
        return data


def credentials(request: h11.Request) -> tuple[str, str]:
    """User and password of Proxy-Authorization (RFC 7617); empty where there are none."""
    given = next((value for name, value in request.headers if name == b"proxy-authorization"), b"")
    scheme, _, encoded = given.partition(b" ")
    if scheme.lower() != b"basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


def named_tunnel(request: h11.Request) -> Address | None:
    """Where a CONNECT leads; None where it does not say so properly."""
    return _address(AUTHORITY.fullmatch(request.target.decode("latin-1")))


def named_server(request: h11.Request) -> NamedServer | None:
    """Whom a plain request is for; None where it does not name an http:// address."""
    match = ABSOLUTE.fullmatch(request.target.decode("latin-1"))
    address = _address(match)
    if match is None or address is None:
        return None
    rest = match["rest"] or "/"
    return NamedServer(address, match["authority"], rest if rest.startswith("/") else f"/{rest}")


def for_server(request: h11.Request, named: NamedServer) -> h11.Request:
    """The request as the server gets it: of this connection's own, with the Host that was checked."""
    headers = [(b"host", named.authority.encode()), *_passed_on(request.headers, b"host"), (b"connection", b"close")]
    if _is_chunked(request.headers):
        headers.append((b"transfer-encoding", b"chunked"))
    return h11.Request(method=request.method, target=named.target, headers=headers)


def for_browser(response: h11.Response) -> h11.Response:
    """The response as the browser gets it."""
    headers = [*_passed_on(response.headers), (b"connection", b"close")]
    return h11.Response(status_code=response.status_code, headers=headers, reason=response.reason)


def _passed_on(headers: Headers, *but: bytes) -> Iterator[tuple[bytes, bytes]]:
    named = {each.strip().lower() for name, value in headers if name == b"connection" for each in value.split(b",")}
    dropped = HOP_BY_HOP | named | set(but) | ({b"content-length"} if _is_chunked(headers) else set())
    return ((name, value) for name, value in headers if name not in dropped)


def _is_chunked(headers: Headers) -> bool:
    return any(name == b"transfer-encoding" for name, _ in headers)


def _address(match: re.Match[str] | None) -> Address | None:
    if match is None:
        return None
    port = int(match["port"] or HTTP_PORT)
    return ((match["six"] or match["name"]).lower(), port) if 0 < port <= HIGHEST_PORT else None


async def _to_the_end(http: h11.Connection, read: Callable[[], Awaitable[bytes]]) -> AsyncIterator[h11.Event]:
    while True:
        event = await _next_event(http, read)
        if isinstance(event, h11.Data):
            yield event
        elif isinstance(event, h11.EndOfMessage):
            yield h11.EndOfMessage()  # without trailers
            return
        else:
            raise Hangup


async def _next_event(http: h11.Connection, read: Callable[[], Awaitable[bytes]]) -> h11.Event:
    while not isinstance(event := http.next_event(), h11.Event):
        if event is h11.PAUSED:  # what follows is no HTTP any more
            raise Hangup
        http.receive_data(await read())
    return event
