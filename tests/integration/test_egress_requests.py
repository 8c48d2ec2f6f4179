"""Requests of every kind, and what becomes of them on the way, against a real server."""

import re
from collections.abc import Iterator

import pytest
from web_site import Page, Site, SiteEgress, plain

from brain.egress import Body, MediaTypes, WebRequest
from brain.errors import ToolError

ORDER = Body.of_json({"what": "žluť", "how many": 2})


def redirecting(status: int) -> Page:
    return lambda visit, query: visit.redirect(query, status)


@pytest.fixture
def site() -> Iterator[Site]:
    codes = {f"/{status}": redirecting(status) for status in (301, 302, 303, 307, 308)}
    with Site({"/": plain("hello"), **codes}) as server:
        yield server


@pytest.fixture
def way(site: Site) -> SiteEgress:
    return SiteEgress(site, robots=False)


@pytest.mark.parametrize(
    ("body", "media_type", "content"),
    [
        (ORDER, "application/json", '{"what": "žluť", "how many": 2}'.encode()),
        (Body.of_form({"a b": "c&d", "e": "ž"}), "application/x-www-form-urlencoded", b"a+b=c%26d&e=%C5%BE"),
        (Body.of_text("žluť"), "text/plain; charset=utf-8", "žluť".encode()),
        (None, None, b""),
    ],
)
async def test_a_body_arrives_as_what_it_is(site, way, body, media_type, content):
    await way.send(WebRequest("http://shop.example/", method="POST", body=body))
    (asked,) = site.asked
    assert (asked.method, asked.body) == ("POST", content)
    assert asked.headers.get("content-type") == media_type
    assert asked.headers["content-length"] == str(len(content))


async def test_the_caller_may_say_what_the_body_is(site, way):
    headers = {"content-type": "application/vnd.api+json"}
    await way.send(WebRequest("http://shop.example/", method="POST", headers=headers, body=ORDER))
    assert site.asked[0].headers["content-type"] == "application/vnd.api+json"


@pytest.mark.parametrize(
    ("status", "method", "followed_by"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (301, "PUT", "PUT"),
        (302, "PUT", "PUT"),
        (307, "PUT", "PUT"),
        (302, "GET", "GET"),
        (303, "HEAD", "HEAD"),
    ],
)
async def test_a_redirect_at_the_same_host_keeps_or_changes_the_method_as_rfc_9110_says(
    site, way, status, method, followed_by
):
    body = None if method in ("GET", "HEAD") else ORDER
    await way.send(WebRequest(f"http://shop.example/{status}?/", method=method, headers={"x-key": "k"}, body=body))
    first, second = site.asked
    assert (first.method, second.method) == (method, followed_by)
    assert second.headers["x-key"] == "k"
    assert second.body == (first.body if followed_by == method else b"")
    assert ("content-type" in second.headers) is bool(second.body)


@pytest.mark.parametrize("status", [307, 308])
async def test_what_a_request_carries_is_not_handed_to_another_host(site, way, status):
    url = f"http://shop.example/{status}?http://thief.example/"
    with pytest.raises(ToolError) as refused:
        await way.send(WebRequest(url, method="POST", body=ORDER))
    assert str(refused.value) == (
        f"{url} sends the POST on to http://thief.example/, and what it carries is not handed to another server; "
        "ask that address itself if it is the right one."
    )
    assert len(site.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_after_a_post_another_host_is_only_asked_and_gets_no_secret(site, way, status):
    headers = {"authorization": "k", "accept": "a/b"}
    url = f"http://shop.example/{status}?http://other.example/"
    await way.send(WebRequest(url, method="POST", headers=headers, body=ORDER))
    second = site.asked[1]
    assert (second.method, second.body, second.headers["accept"]) == ("GET", b"", "a/b")
    assert not {"authorization", "content-type"} & second.headers.keys()


async def test_another_port_or_scheme_is_another_host(site, way):
    for other in ("http://shop.example:8080/", "https://shop.example:8443/"):
        with pytest.raises(ToolError, match="is not handed to another server"):
            await way.send(WebRequest(f"http://shop.example/307?{other}", method="POST", body=ORDER))


async def test_what_cannot_be_used_is_refused_before_it_is_read(site, way):
    site.pages["/film"] = lambda visit, _: visit.answer(b"x", content_type="Video/MP4", content_length="900000000")
    media_types = MediaTypes(re.compile(r"text/.*"), "only text is read")
    with pytest.raises(ToolError, match=r"http://shop\.example/film is video/mp4; only text is read\."):
        await way.send(WebRequest("http://shop.example/film", media_types=media_types))


async def test_not_modified_is_an_answer_to_who_asks_so_and_an_error_otherwise(site, way):
    site.pages["/"] = lambda visit, _: visit.answer(b"", 304, etag='"1"')
    page = await way.send(WebRequest("http://shop.example/", headers={"If-None-Match": '"1"'}))
    assert (page.status, page.content, page.headers["etag"]) == (304, b"", '"1"')
    with pytest.raises(ToolError, match="answered 304 Not Modified"):
        await way.get("http://shop.example/")


async def test_head_brings_headers_alone(site, way):
    site.pages["/"] = lambda visit, _: visit.answer(b"x" * 50, content_type="image/png", etag='"2"')
    page = await way.send(WebRequest("http://shop.example/", method="HEAD"))
    assert (page.content, page.media_type, page.headers["content-length"]) == (b"", "image/png", "50")


async def test_cookies_last_as_long_as_the_redirects_of_one_request(site, way):
    site.pages["/in"] = lambda visit, _: visit.answer(b"", 302, location="/", set_cookie="a=1")
    await way.get("http://shop.example/in")
    await way.get("http://shop.example/")
    assert [asked.headers.get("cookie") for asked in site.asked] == [None, "a=1", None]
