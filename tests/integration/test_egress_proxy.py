"""The filtering proxy over real sockets: who is served, where it connects, what it passes on and when it stops."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from brain.egress import Egress, EgressPolicy
from brain.egress import proxy as proxy_module
from brain.egress.proxy import FilteringProxy, ProxyPass
from brain.errors import EgressRefused, ToolError

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
NAMES = {
    "site.example": ["127.0.0.1"],
    "inside.example": ["127.0.0.1"],
    "metadata.example": ["169.254.169.254"],
    "six.example": ["::1", "::ffff:127.0.0.1"],
    "public.example": ["127.0.0.1"],
    "mixed.example": ["10.0.0.1", "127.0.0.1"],
}
FORBIDDEN = [
    *("127.0.0.1", "127.0.0.2", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0", "127.0.0.1."),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[fe80::1]", "[fd00:ec2::254]"),
    *("10.0.0.1", "192.168.0.1", "172.16.0.1", "100.100.100.200", "169.254.169.254", "168.63.129.16", "224.0.0.1"),
    *("inside.example", "INSIDE.example", "metadata.example", "six.example", "mixed.example"),
]
NO_ADDRESSES = [
    *("", "/", "*", "site.example", "site.example:", ":80", "site.example:0", "site.example:65536", "site.example:8o"),
    *("user@site.example:80", "site.example:80/path", "site.example\\@127.0.0.1:80", "[::1:80", "::1:80"),
    *("http://site.example:80", "site.example%00:80", "site.example#:80", "[fe80::1%25eth0]:80"),
]


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


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    served = Origin()
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    served.port = server.sockets[0].getsockname()[1]
    yield served
    server.close()
    server.close_clients()
    await server.wait_closed()


@pytest.fixture
async def proxy() -> AsyncIterator[FilteringProxy]:
    async with FilteringProxy() as opened:
        yield opened


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


async def test_a_page_is_fetched_for_who_shows_a_pass(proxy, origin):
    async with proxy.admit(egress(), 10) as admitted:
        answer = await ask(proxy, f"GET http://site.example:{origin.port}/a?b=c HTTP/1.1", "Host: x", shown(admitted))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nhello")
    assert origin.head.splitlines()[0] == "GET /a?b=c HTTP/1.1"
    assert admitted.bytes_used == len(origin.received[0]) + len(OK)


@pytest.mark.parametrize(
    "header",
    [
        "X-Nothing: here",
        "Proxy-Authorization: Basic",
        "Proxy-Authorization: Basic !!!",
        "Proxy-Authorization: Basic //8=",
        "Proxy-Authorization: Bearer abc",
        credentials("", ""),
        credentials("nobody", "guess"),
        "Authorization: Basic YTpi",
    ],
)
@pytest.mark.parametrize("method", ["GET", "CONNECT"])
async def test_without_a_pass_there_is_407_and_no_connection(proxy, origin, method, header):
    target = f"site.example:{origin.port}" if method == "CONNECT" else f"http://site.example:{origin.port}/"
    async with proxy.admit(egress(), 10):
        answer = await ask(proxy, f"{method} {target} HTTP/1.1", "Host: x", header)
    assert status(answer) == 407
    assert b"proxy-authenticate: basic" in answer.lower()
    assert answer.endswith(b"\r\n\r\n")
    assert origin.received == []


async def test_a_password_belongs_to_its_user(proxy, origin):
    async with proxy.admit(egress(), 10) as one, proxy.admit(egress(), 10) as other:
        request = f"GET http://site.example:{origin.port}/ HTTP/1.1"
        assert status(await ask(proxy, request, "Host: x", credentials(one.user, other.password))) == 407
        assert status(await ask(proxy, request, "Host: x", credentials(one.user, one.password[:-1]))) == 407
        assert one.password not in repr(one)
    assert origin.received == []


async def test_a_pass_is_worth_nothing_after_its_block(proxy, origin):
    async with proxy.admit(egress(), 10) as admitted:
        pass
    request = f"GET http://site.example:{origin.port}/ HTTP/1.1"
    assert status(await ask(proxy, request, "Host: x", shown(admitted))) == 407
    assert origin.received == []


async def test_each_pass_has_an_egress_of_its_own(proxy, origin):
    async with proxy.admit(egress("site.example"), 10) as wide, proxy.admit(egress("other.example"), 10) as narrow:
        request = f"GET http://site.example:{origin.port}/ HTTP/1.1"
        assert status(await ask(proxy, request, "Host: x", shown(narrow))) == 403
        assert status(await ask(proxy, request, "Host: x", shown(wide))) == 200
    assert narrow.refused == ["site.example"]
    assert wide.refused == []
    assert len(origin.received) == 1


@pytest.mark.parametrize("method", ["GET", "CONNECT"])
@pytest.mark.parametrize("host", FORBIDDEN)
async def test_what_the_policy_forbids_is_not_connected_to(proxy, origin, host, method):
    target = f"{host}:{origin.port}" if method == "CONNECT" else f"http://{host}:{origin.port}/"
    async with proxy.admit(egress(), 10) as admitted:
        answer = await ask(proxy, f"{method} {target} HTTP/1.1", "Host: site.example", shown(admitted))
    assert status(answer) == 403
    assert answer.endswith(b"\r\n\r\n")
    assert origin.received == []
    [(address, reason)] = admitted.failures.items()
    assert address == (host.strip("[]").lower(), origin.port)
    assert isinstance(reason, EgressRefused)
    assert "BRAIN_ALLOW_HOSTS" in str(reason)


@pytest.mark.parametrize("target", NO_ADDRESSES)
async def test_a_tunnel_to_what_is_no_address_is_refused(proxy, origin, target):
    async with proxy.admit(egress(), 10) as admitted:
        assert status(await ask(proxy, f"CONNECT {target} HTTP/1.1", "Host: x", shown(admitted))) == 400


@pytest.mark.parametrize(
    "target",
    [
        *("/", "*", "https://site.example/", "ftp://site.example/", "file:///etc/passwd", "http:///", "http://"),
        *("http://user:password@site.example/", "http://site.example:99999/", "http://site.example:0/"),
        *("http://site.example\\@127.0.0.1/", "http://site.example#@127.0.0.1/", "http://[::1/", "data:text/plain,x"),
    ],
)
async def test_a_plain_request_for_anything_but_http_is_refused(proxy, origin, target):
    async with proxy.admit(egress(), 10) as admitted:
        assert status(await ask(proxy, f"GET {target} HTTP/1.1", "Host: x", shown(admitted))) == 400
    assert admitted.failures == {}


async def test_a_tunnel_carries_bytes_both_ways_and_ends_with_either_side(proxy, origin):
    origin.answer, origin.stays_open = b"welcome", True
    async with proxy.admit(egress(), 10) as admitted, connection(proxy) as (reader, writer):
        await open_tunnel(reader, writer, origin, admitted)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await reader.readexactly(7) == b"welcome"
        writer.write(b"\x00\xff raw")
        assert await reader.readexactly(6) == b"\x00\xff raw"
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 5) == b""
    assert admitted.bytes_used == 18 + 7 + 6 + 6


async def test_what_is_sent_along_with_connect_gets_through(proxy, origin):
    async with proxy.admit(egress(), 10) as admitted:
        lines = (f"CONNECT site.example:{origin.port} HTTP/1.1", "Host: x", shown(admitted))
        answer = await ask(proxy, *lines, body=b"GET /early HTTP/1.1\r\n\r\n")
    assert answer.endswith(OK)
    assert origin.head.splitlines()[0] == "GET /early HTTP/1.1"


async def open_tunnel(reader, writer, origin: Origin, admitted: ProxyPass) -> None:
    lines = (f"CONNECT site.example:{origin.port} HTTP/1.1", "Host: x", shown(admitted), "", "")
    writer.write("\r\n".join(lines).encode())
    assert b" 200 " in await reader.readuntil(b"\r\n\r\n")


async def test_the_end_of_a_pass_ends_its_tunnels(proxy, origin):
    origin.answer, origin.stays_open = b"", True
    async with connection(proxy) as (reader, writer):
        async with proxy.admit(egress(), 10) as admitted:
            await open_tunnel(reader, writer, origin, admitted)
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 2) == b""


async def test_a_pass_ends_at_its_time(proxy, origin):
    origin.answer, origin.stays_open = b"", True
    async with proxy.admit(egress(), 0.2) as admitted, connection(proxy) as (reader, writer):
        await open_tunnel(reader, writer, origin, admitted)
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 2) == b""
        request = f"GET http://site.example:{origin.port}/ HTTP/1.1"
        assert status(await ask(proxy, request, "Host: x", shown(admitted))) == 503


async def test_the_closing_proxy_takes_its_connections_along(origin):
    origin.answer, origin.stays_open = b"", True
    async with FilteringProxy() as proxy, proxy.admit(egress(), 10) as admitted:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        await open_tunnel(reader, writer, origin, admitted)
        port = proxy.port
    with suppress(ConnectionResetError):
        assert await asyncio.wait_for(reader.read(), 2) == b""
    writer.close()
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_it_listens_on_one_loopback_address_only(proxy):
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection("127.0.0.2", proxy.port)
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection("::1", proxy.port)


@pytest.mark.parametrize("large", ["download", "upload", "tunnel"])
async def test_beyond_its_bytes_a_pass_is_over(proxy, origin, large):
    origin.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n" + b"x" * 300_000
    site = f"site.example:{origin.port}"
    lines = {
        "download": (f"GET http://{site}/ HTTP/1.1", "Host: x"),
        "upload": (f"POST http://{site}/ HTTP/1.1", "Host: x", "Content-Length: 300000"),
        "tunnel": (f"CONNECT {site} HTTP/1.1", "Host: x"),
    }[large]
    body = {"download": b"", "upload": b"x" * 300_000, "tunnel": b"GET / HTTP/1.1\r\n\r\n"}[large]
    async with proxy.admit(egress(max_rendered_bytes=200_000), 10) as admitted:
        answer = await ask(proxy, *lines, shown(admitted), body=body)
        assert len(answer) < 210_000
        assert admitted.is_over_limit
        assert status(await ask(proxy, f"GET http://{site}/ HTTP/1.1", "Host: x", shown(admitted))) == 503
    assert all(len(received) < 210_000 for received in origin.received)


async def test_a_pass_has_so_many_connections_and_no_more(proxy, origin, monkeypatch):
    monkeypatch.setattr(proxy_module, "MOST_CONNECTIONS_OF_A_PASS", 2)
    origin.answer, origin.stays_open = b"", True
    request = (f"GET http://site.example:{origin.port}/ HTTP/1.1", "Host: x")
    async with proxy.admit(egress(), 10) as admitted, proxy.admit(egress(), 10) as other:
        async with connection(proxy) as one, connection(proxy) as two:
            await open_tunnel(*one, origin, admitted)
            await open_tunnel(*two, origin, admitted)
            assert status(await ask(proxy, *request, shown(admitted))) == 503
            origin.answer, origin.stays_open = OK, False
            assert status(await ask(proxy, *request, shown(other))) == 200
        assert await eventually(lambda: ask(proxy, *request, shown(admitted)), lambda answer: status(answer) == 200)


async def eventually(action: Callable, holds: Callable[[bytes], bool]) -> bool:
    for _ in range(50):
        if holds(await action()):
            return True
        await asyncio.sleep(0.02)
    return False


async def test_connections_of_nobody_are_bounded_too(proxy, monkeypatch):
    monkeypatch.setattr(proxy_module, "MOST_CONNECTIONS", 3)
    async with connection(proxy) as one, connection(proxy), connection(proxy), connection(proxy) as too_many:
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(too_many[0].read(), 2) == b""
        one[1].write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert status(await asyncio.wait_for(one[0].read(), 2)) == 407


async def test_who_never_finishes_asking_is_hung_up_on(proxy, monkeypatch):
    monkeypatch.setattr(proxy_module, "HEAD_SECONDS", 0.1)
    async with connection(proxy) as (reader, writer):
        writer.write(b"GET http://site.example/ HTTP/1.1\r\nX-Slow: ")
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 2) == b""


async def test_headers_of_the_connection_are_not_passed_on(proxy, origin):
    origin.answer = (
        b"HTTP/1.1 200 OK\r\nkeep-alive: timeout=9\r\nproxy-authenticate: Basic\r\nupgrade: h2c\r\nx-kept: yes\r\n"
        b"connection: x-dropped\r\nx-dropped: yes\r\ncontent-length: 2\r\n\r\nok"
    )
    async with proxy.admit(egress(), 10) as admitted:
        answer = await ask(
            proxy,
            *(f"GET http://site.example:{origin.port}/ HTTP/1.1", "Host: 127.0.0.1", shown(admitted)),
            *("Connection: Upgrade, X-Secret", "Upgrade: websocket", "X-Secret: 1", "TE: trailers", "Expect: x"),
            *("Proxy-Connection: keep-alive", "Keep-Alive: 5", "X-Kept: yes", "Cookie: a=b"),
        )
    sent = {line.partition(":")[0].lower() for line in origin.head.splitlines()[1:]}
    assert sent == {"host", "x-kept", "cookie", "connection"}
    assert f"host: site.example:{origin.port}" in origin.head.lower()
    assert "connection: close" in origin.head.lower()
    returned = {line.partition(b":")[0].lower() for line in answer.partition(b"\r\n\r\n")[0].splitlines()[1:]}
    assert returned == {b"x-kept", b"content-length", b"connection"}


@pytest.mark.parametrize(
    "framing",
    [
        ("Content-Length: 4", "Content-Length: 44"),
        ("Content-Length: 4, 44",),
        ("Content-Length: +4",),
        ("Content-Length: 0x4",),
        ("Transfer-Encoding: gzip",),
        ("Transfer-Encoding: chunked, identity",),
        ("Content-Length : 4",),
        ("X: a\rContent-Length: 4",),
        ("X\x00: a",),
        ("X : a",),
    ],
)
async def test_a_message_that_can_be_taken_in_two_ways_is_not_passed_on(proxy, origin, framing):
    async with proxy.admit(egress(), 10) as admitted:
        first = f"POST http://site.example:{origin.port}/ HTTP/1.1"
        answer = await ask(proxy, first, "Host: x", shown(admitted), *framing, body=b"0\r\n\r\n")
    assert answer == b"" or status(answer) == 400
    assert origin.received == []


async def test_of_two_framings_one_is_passed_on(proxy, origin):
    smuggled = b"0\r\n\r\nGET http://127.0.0.1/ HTTP/1.1\r\nHost: x\r\n\r\n"
    async with proxy.admit(egress(), 10) as admitted:
        lines = (f"POST http://site.example:{origin.port}/ HTTP/1.1", "Host: x", shown(admitted))
        await ask(proxy, *lines, "Content-Length: 50", "Transfer-Encoding: chunked", body=smuggled)
    assert "content-length" not in origin.head.lower()
    assert origin.body == b"0\r\n\r\n"
    assert len(origin.received) == 1


async def test_a_second_request_on_a_connection_is_not_served(proxy, origin):
    async with proxy.admit(egress(), 10) as admitted:
        lines = (f"GET http://site.example:{origin.port}/ HTTP/1.1", "Host: x", shown(admitted))
        answer = await ask(proxy, *lines, body="\r\n".join([*lines, "", ""]).encode())
    assert answer.count(b"HTTP/1.1 200") == 1
    assert len(origin.received) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"", 502),
        (b"SSH-2.0-OpenSSH\r\n", 502),
        (b"HTTP/1.1 200 OK\r\nX-Injected: a\rSet-Cookie: b\r\n\r\n", 502),
        (b"HTTP/1.1 200 OK\r\nx: " + b"a" * 200_000 + b"\r\n\r\n", 502),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc", 502),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", 304),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200),
        (b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + OK, 200),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx: y\r\n\r\n", 200),
        (b"HTTP/1.1 999 Strange\r\ncontent-length: 0\r\n\r\n", 999),
    ],
)
async def test_answers_are_understood_before_they_are_passed_on(proxy, origin, answer, expected):
    origin.answer = answer
    async with proxy.admit(egress(), 10) as admitted:
        got = await ask(proxy, f"GET http://site.example:{origin.port}/ HTTP/1.1", "Host: x", shown(admitted))
    assert status(got) == expected
    assert b"set-cookie" not in got.lower()
    assert b"early hints" not in got.lower()


async def test_an_answer_that_breaks_off_is_not_passed_off_as_whole(proxy, origin):
    origin.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"
    async with proxy.admit(egress(), 10) as admitted:
        got = await ask(proxy, f"GET http://site.example:{origin.port}/ HTTP/1.1", "Host: x", shown(admitted))
    assert got == b"" or (b"100" in got and not got.endswith(b"0\r\n\r\n"))


@pytest.mark.parametrize("framing", ["Content-Length: 9", "Transfer-Encoding: chunked"])
async def test_a_body_gets_through_in_either_framing(proxy, origin, framing):
    chunked = framing.startswith("Transfer")
    async with proxy.admit(egress(), 10) as admitted:
        lines = (f"POST http://site.example:{origin.port}/ HTTP/1.1", "Host: x", shown(admitted), framing)
        body = b"4\r\nsome\r\n5\r\n body\r\n0\r\n\r\n" if chunked else b"some body"
        assert status(await ask(proxy, *lines, body=body)) == 200
    assert b"".join(re.findall(rb"some| body", origin.body)) == b"some body"


async def test_head_has_no_body(proxy, origin):
    origin.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"
    async with proxy.admit(egress(), 10) as admitted:
        got = await ask(proxy, f"HEAD http://site.example:{origin.port}/ HTTP/1.1", "Host: x", shown(admitted))
    assert status(got) == 200
    assert got.endswith(b"\r\n\r\n")


async def test_why_an_address_was_not_reached_is_remembered(proxy, origin):
    async with proxy.admit(egress(), 10) as admitted:
        assert status(await ask(proxy, "GET http://nowhere.example/ HTTP/1.1", "Host: x", shown(admitted))) == 502
        assert status(await ask(proxy, "CONNECT site.example:1 HTTP/1.1", "Host: x", shown(admitted))) == 502
    unknown, dead = admitted.failures.values()
    assert str(unknown) == "The host nowhere.example was not found."
    assert str(dead).startswith("site.example:1 was not reached: ")
    assert (unknown.transient, dead.transient) == (False, True)
    assert admitted.refused == []


async def test_a_name_that_changes_its_address_is_refused_from_then_on(proxy, origin):
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])

    async def rebinding(_host: str, _port: int) -> list[str]:
        return next(answers)

    changing = Egress(EgressPolicy(allow=("127.0.0.1",)), rebinding)
    async with proxy.admit(changing, 10) as admitted:
        request = f"GET http://rebind.example:{origin.port}/ HTTP/1.1"
        assert status(await ask(proxy, request, "Host: x", shown(admitted))) == 200
        assert status(await ask(proxy, request, "Host: x", shown(admitted))) == 403
    assert len(origin.received) == 1


async def test_what_is_no_http_gets_400(proxy):
    assert status(await ask(proxy, "\x16\x03\x01\x02\x00\x01\x00\x01")) == 400
    assert status(await ask(proxy, "GET / HTTP/1.1", "X: " + "a" * 70_000)) in (400, 431)
