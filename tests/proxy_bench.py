"""A client of the filtering proxy and a server behind it, both down to their bytes."""

import asyncio
import base64
import re
from contextlib import asynccontextmanager, suppress

from brain.egress import Egress, EgressPolicy
from brain.egress.proxy import FilteringProxy, ProxyPass
from brain.errors import ToolError

__all__ = ["OK", "Origin", "ask", "connection", "credentials", "egress", "open_tunnel", "shown", "status"]

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
NAMES = {
    "site.example": ["127.0.0.1"],
    "inside.example": ["127.0.0.1"],
    "metadata.example": ["169.254.169.254"],
    "six.example": ["::1", "::ffff:127.0.0.1"],
    "public.example": ["127.0.0.1"],
    "mixed.example": ["10.0.0.1", "127.0.0.1"],
}


class Origin:
    """A server that keeps whole what it was sent, and answers with what it was told to."""

    def __init__(self) -> None:
        self.answer = OK
        self.received: list[bytes] = []
        self.stays_open = False
        self.port = 0

    @property
    def head(self) -> str:
        return self.received[0].partition(b"\r\n\r\n")[0].decode()

    @property
    def body(self) -> bytes:
        return self.received[0].partition(b"\r\n\r\n")[2]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        at = len(self.received)
        self.received.append(b"")
        with suppress(OSError):
            while not is_whole(self.received[at]) and (data := await reader.read(65536)):
                self.received[at] += data
            writer.write(self.answer)
            await writer.drain()
            while self.stays_open and (data := await reader.read(65536)):
                self.received[at] += data
                writer.write(data)
        writer.close()


def is_whole(request: bytes) -> bool:
    """Whether a request has come to its end, as far as these tests go."""
    head, end, body = request.partition(b"\r\n\r\n")
    if length := re.search(rb"content-length: (\d+)", head, re.IGNORECASE):
        return len(body) >= int(length[1])
    return bool(end) and (b"chunked" not in head.lower() or body.endswith(b"0\r\n\r\n"))


async def known_names(host: str, _port: int) -> list[str]:
    if host not in NAMES:
        raise ToolError(f"The host {host} was not found.")
    return NAMES[host]


def egress(*allow: str, **policy: object) -> Egress:
    return Egress(EgressPolicy(allow=allow or ("site.example",), timeout=5, **policy), known_names)


def credentials(user: str, password: str) -> str:
    return f"Proxy-Authorization: Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def shown(proxy_pass: ProxyPass) -> str:
    return credentials(proxy_pass.user, proxy_pass.password)


@asynccontextmanager
async def connection(proxy: FilteringProxy):
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def ask(proxy: FilteringProxy, *lines: str, body: bytes = b"") -> bytes:
    """Send one request, by its lines, and return everything that comes back."""
    async with connection(proxy) as (reader, writer):
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        with suppress(ConnectionResetError):
            return await asyncio.wait_for(reader.read(), 5)
        return b""


def status(answer: bytes) -> int:
    return int(answer.split()[1])


async def open_tunnel(reader, writer, origin: Origin, admitted: ProxyPass) -> None:
    lines = (f"CONNECT site.example:{origin.port} HTTP/1.1", "Host: x", shown(admitted), "", "")
    writer.write("\r\n".join(lines).encode())
    assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
