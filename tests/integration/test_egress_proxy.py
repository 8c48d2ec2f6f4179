"""The filtering proxy over real sockets: who is served, where it connects, and when it stops."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest
from proxy_bench import OK, ask, connection, credentials, egress, open_tunnel, shown, status

from brain.egress import Egress, EgressPolicy
from brain.egress import proxy as proxy_module
from brain.egress.bound_hosts import BoundHosts
from brain.egress.proxy import FilteringProxy
from brain.errors import EgressRefused

pytestmark = pytest.mark.asyncio(loop_scope="module")

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
    async with (
        proxy.admit(egress("site.example"), 10) as wide,
        proxy.admit(egress("other.example"), 10) as narrow,
    ):
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


async def test_a_secret_that_is_given_meanwhile_ends_tunnels_to_where_it_may_not_go(proxy, origin):
    bound = BoundHosts()
    origin.answer, origin.stays_open = b"", True
    async with proxy.admit(egress().narrowed(bound), 10) as admitted, connection(proxy) as (reader, writer):
        await open_tunnel(reader, writer, origin, admitted)
        bound.bind("SHOP_KEY", ["shop.example"])
        writer.write(b"late")
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 5) == b""
        request = f"GET http://site.example:{origin.port}/ HTTP/1.1"
        assert status(await ask(proxy, request, "Host: x", shown(admitted))) == 403
    [reason] = admitted.failures.values()
    assert "has been given the secret SHOP_KEY, which may only go to shop.example" in str(reason)
    assert origin.received == [b""]


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
    async with (
        connection(proxy) as one,
        connection(proxy),
        connection(proxy),
        connection(proxy) as too_many,
    ):
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
