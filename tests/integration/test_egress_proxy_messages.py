"""What the filtering proxy makes of messages: understood and written anew, or not passed on."""

import re

import pytest
from proxy_bench import OK, ask, egress, shown, status

pytestmark = pytest.mark.asyncio(loop_scope="module")


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


async def test_what_is_no_http_gets_400(proxy):
    assert status(await ask(proxy, "\x16\x03\x01\x02\x00\x01\x00\x01")) == 400
    assert status(await ask(proxy, "GET / HTTP/1.1", "X: " + "a" * 70_000)) in (400, 431)
