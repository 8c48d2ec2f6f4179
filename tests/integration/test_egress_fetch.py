"""Fetching from a real HTTP server on this machine, through real httpx."""

import gzip
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from web_site import Page, Site, certificate

from brain.egress import Egress, EgressPolicy
from brain.errors import EgressRefused, ToolError

BOMB = gzip.compress(b"\0" * 50_000_000)
EMPTY = gzip.compress(b"") * 600_000
"""12 MB that are nothing once unpacked."""
MEMBERS = gzip.compress(b"first ") + gzip.compress(b"second") + b"\0" * 20

PAGES: dict[str, Page] = {
    "/": lambda page, _: page.answer(b"hello"),
    "/gzip": lambda page, _: page.answer(gzip.compress(b"small " * 1000), content_encoding="gzip"),
    "/bomb": lambda page, _: page.answer(BOMB, content_encoding="gzip"),
    "/bomb-in-bomb": lambda page, _: page.answer(gzip.compress(BOMB), content_encoding="gzip, gzip"),
    "/brotli": lambda page, _: page.answer(b"\x1b", content_encoding="br"),
    "/members": lambda page, _: page.answer(MEMBERS, content_encoding="gzip"),
    "/slow-bomb": lambda page, _: page.answer(EMPTY, content_encoding="gzip"),
    "/broken-gzip": lambda page, _: page.answer(b"this is not gzip", content_encoding="gzip"),
    "/cut-gzip": lambda page, _: page.answer(gzip.compress(bytes(range(256)) * 99)[:-9], content_encoding="gzip"),
    "/declared-50-mb": lambda page, _: page.answer(b"x" * 50_000_000),
    "/undeclared-50-mb": lambda page, _: page.unsized(b"x" * 50_000_000),
    "/endless": lambda page, _: page.endless(b"drop", pause=0.05),
    "/silent": lambda page, _: page.server.stopped.wait(20),
    "/half": lambda page, _: page.half(),
    "/latin": lambda page, _: page.answer("café €".encode("cp1252"), content_type="text/plain; charset=ISO-8859-1"),
    "/undeclared": lambda page, _: page.answer("café".encode("cp1252")),
    "/meta": lambda page, _: page.answer("<meta charset=koi8-r>привет".encode("koi8-r"), content_type="text/html"),
    "/utf16": lambda page, _: page.answer("žluť".encode("utf-16")),
    "/nonsense-charset": lambda page, _: page.answer("žluť".encode(), content_type="text/plain; charset=punycode"),
    "/broken-utf8": lambda page, _: page.answer(b"ok \xff\x00 end", content_type="text/plain; charset=utf-8"),
    "/picture": lambda page, _: page.answer(b"\x89PNG", content_type="image/png"),
    "/json": lambda page, _: page.answer(b'{"a": 1}', content_type="application/vnd.api+json"),
    "/to": lambda page, query: page.redirect(query),
    "/loop": lambda page, _: page.redirect("/loop"),
    "/status": lambda page, query: page.answer(b"no", int(query)),
}


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(PAGES) as server:
        yield server


def egress(**changes: object) -> Egress:
    return Egress(EgressPolicy(**{"allow": ("127.0.0.1",), "timeout": 10, **changes}))


async def test_headers_reach_the_server_they_were_meant_for_and_no_other(site):
    with Site(PAGES) as other:
        await egress().get(f"{site.url}/to?{other.url}/", {"X-Api-Key": "k1", "Authorization": "k2", "Accept": "a/b"})
        assert site.asked[0].headers["x-api-key"] == "k1"
        assert site.asked[0].headers["authorization"] == "k2"
        there = other.asked[0].headers
        assert not {"x-api-key", "authorization"} & there.keys()
        assert there["accept"] == "a/b"


async def test_headers_stay_through_a_redirect_on_the_same_server(site):
    await egress().get(f"{site.url}/to?/", {"X-Api-Key": "k1"})
    assert [asked.headers["x-api-key"] for asked in site.asked] == ["k1", "k1"]


async def test_a_redirect_to_a_private_address_is_refused(site):
    with pytest.raises(EgressRefused, match=r"http://127\.0\.0\.2:\d+/admin was refused: 127\.0\.0\.2 is not a public"):
        await egress().get(f"{site.url}/to?http://127.0.0.2:{site.server_port}/admin")
    assert len(site.asked) == 1


@pytest.mark.parametrize("target", ["file:///etc/passwd", "http://[::1]/", "http://2130706434/", "//[x"])
async def test_a_redirect_to_anything_else_is_refused_too(site, target):
    with pytest.raises(EgressRefused):
        await egress().get(f"{site.url}/to?{target}")


async def test_redirects_end(site):
    with pytest.raises(
        ToolError, match=r"/loop was not fetched: it leads through more than 5 redirects, the last to .*/loop"
    ):
        await egress().get(f"{site.url}/loop")
    assert len(site.asked) == 6


async def test_a_name_that_changes_its_address_is_connected_to_where_it_was_checked(site):
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])

    async def rebinding(_host: str, _port: int) -> list[str]:
        return next(answers)

    with Site(PAGES, "127.0.0.2", site.server_port) as inside:
        policy = EgressPolicy(allow=("127.0.0.1",), timeout=10, robots=False)
        fetcher = Egress(policy, rebinding)
        page = await fetcher.get(f"http://rebind.example:{site.server_port}/")
        assert page.text == "hello"
        assert site.asked[0].headers["host"] == f"rebind.example:{site.server_port}"
        with pytest.raises(EgressRefused, match=r"rebind\.example \(127\.0\.0\.2\)"):
            await fetcher.get(f"http://rebind.example:{site.server_port}/")
        assert inside.asked == []


async def test_a_name_that_changes_its_address_during_a_redirect_is_refused(site):
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])

    async def rebinding(_host: str, _port: int) -> list[str]:
        return next(answers)

    port = site.server_port
    with Site(PAGES, "127.0.0.2", port) as inside, pytest.raises(EgressRefused, match=r"b\.example"):
        await Egress(EgressPolicy(allow=("127.0.0.1",), robots=False), rebinding).get(
            f"http://a.example:{port}/to?http://b.example:{port}/"
        )
    assert inside.asked == []


async def test_a_host_with_a_dead_address_is_reached_at_its_next_one(site):
    async def two(_host: str, _port: int) -> list[str]:
        return ["127.0.0.3", "127.0.0.1"]

    page = await Egress(EgressPolicy(allow=("127.0.0.0/8",)), two).get(f"http://two.example:{site.server_port}/")
    assert page.text == "hello"


@pytest.fixture
def secure_site(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The site behind TLS, as tls.example, with a certificate that this machine is told to trust."""
    pem = certificate(tmp_path, "tls.example")
    site.encrypt(pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    return site


async def to_this_machine(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


async def test_a_certificate_is_checked_against_the_name_and_not_the_address(secure_site):
    fetcher = Egress(EgressPolicy(allow=("127.0.0.1",), timeout=10, robots=False), to_this_machine)
    assert (await fetcher.get(f"https://tls.example:{secure_site.server_port}/")).text == "hello"
    with pytest.raises(
        ToolError, match=r"https://other\.example:\d+/ was not fetched: its certificate is not"
    ) as refusal:
        await fetcher.get(f"https://other.example:{secure_site.server_port}/")
    assert not refusal.value.transient


async def test_proxies_of_the_environment_are_not_used(site, monkeypatch):
    with Site(PAGES) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert (await egress().get(f"{site.url}/")).text == "hello"
        assert proxy.asked == []


async def test_a_user_and_password_in_the_address_are_sent_but_never_shown(site):
    address = site.url.replace("//", "//me:hunter2@")
    page = await egress().get(f"{address}/")
    assert site.asked[0].headers["authorization"].startswith("Basic ")
    assert page.url == f"{site.url}/"
    with pytest.raises(ToolError) as failure:
        await egress().get(f"{address}/status?404")
    assert str(failure.value) == f"{site.url}/status?404 answered 404 Not Found."


async def test_compressed_pages_are_read(site):
    assert (await egress().get(f"{site.url}/gzip")).text == "small " * 1000


async def test_a_compressed_page_may_be_in_several_pieces_with_padding_behind(site):
    assert (await egress().get(f"{site.url}/members")).text == "first second"


@pytest.mark.parametrize("page", ["/bomb", "/slow-bomb", "/declared-50-mb", "/undeclared-50-mb"])
async def test_a_page_beyond_the_limit_is_refused_quickly(site, page):
    started = time.monotonic()
    with pytest.raises(ToolError, match=rf"{page} is larger than 10 MB, the limit for one page\.$") as refusal:
        await egress().get(f"{site.url}{page}")
    assert not refusal.value.transient
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("page", ["/bomb-in-bomb", "/brotli"])
async def test_a_compression_that_was_not_asked_for_is_refused(site, page):
    with pytest.raises(ToolError, match="although only gzip was asked for"):
        await egress().get(f"{site.url}{page}")


@pytest.mark.parametrize("page", ["/broken-gzip", "/cut-gzip"])
async def test_a_damaged_compressed_page_is_told(site, page):
    with pytest.raises(ToolError, match="sent a compressed answer that is damaged"):
        await egress().get(f"{site.url}{page}")


@pytest.mark.parametrize("page", ["/endless", "/silent"])
async def test_a_slow_page_ends_at_the_time_limit(site, page):
    started = time.monotonic()
    with pytest.raises(ToolError, match=r"did not answer in full within 0\.3 seconds|did not answer in time") as slow:
        await egress(timeout=0.3).get(f"{site.url}{page}")
    assert slow.value.transient
    assert time.monotonic() - started < 30


async def test_a_connection_that_breaks_off_may_be_tried_again(site):
    with pytest.raises(ToolError, match="/half broke off its answer") as broken:
        await egress().get(f"{site.url}/half")
    assert broken.value.transient


async def test_a_server_that_is_not_there_may_be_tried_again(site):
    with Site(PAGES) as gone:
        url = gone.url
    with pytest.raises(ToolError, match=f"{re.escape(url)} was not reached") as failure:
        await egress().get(url)
    assert failure.value.transient


@pytest.mark.parametrize(("status", "transient"), [(404, False), (403, False), (429, True), (500, True), (503, True)])
async def test_an_error_of_the_server_is_told_with_whether_it_may_pass(site, status, transient):
    with pytest.raises(ToolError, match=f"answered {status}") as failure:
        await egress().get(f"{site.url}/status?{status}")
    assert failure.value.transient is transient


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("/latin", "café €"),
        ("/undeclared", "café"),
        ("/meta", "<meta charset=koi8-r>привет"),
        ("/utf16", "žluť"),
        ("/nonsense-charset", "žluť"),
        ("/broken-utf8", "ok \ufffd\ufffd end"),
    ],
)
async def test_text_in_any_encoding_is_readable(site, page, text):
    assert (await egress().get(f"{site.url}{page}")).text == text
