"""The tools that fetch and send, against a real HTTP server on this machine, through real httpx."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from web_site import Page, Site, SiteEgress, Visit, certificate, plain

from brain.errors import EgressRefused, SettingsError, ToolError
from brain.tool_registry.context import ToolContext
from brain.tools import feed, html, http, http_pages, pdf, scraperapi

ARTICLE = (Path(__file__).parent / "data" / "article.html").read_text(encoding="utf-8")
SHOP = "http://shop.example"


def as_json(value: object, **headers: str) -> Page:
    body = json.dumps(value).encode()
    return lambda visit, _: visit.answer(body, **{"content_type": "application/json", **headers})


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as server:
        yield server


@pytest.fixture
def context(site: Site, tmp_path: Path) -> ToolContext:
    egress = SiteEgress(site, robots=False)
    return ToolContext(tmp_path, egress, model=None, secret=lambda name: f"the {name}", report=lambda *_: None)


async def test_a_page_is_downloaded_and_read(site, context):
    site.pages |= {
        "/to": lambda visit, _: visit.redirect("/article"),
        "/article": plain(ARTICLE, "text/html; charset=utf-8"),
    }
    page = await http.get(f"{SHOP}/to", context=context)
    assert page.keys() == {"url", "status", "media_type", "text"}
    assert page["url"] == f"{SHOP}/article"
    assert (page["status"], page["media_type"]) == (200, "text/html")
    read = html.extract_text(page["text"])
    assert read["title"] == "Why Seattle is not that wet"
    assert "fewer inches of rain than New York" in read["text"]
    assert "Cookie settings" not in read["text"]
    assert "tracker" not in read["text"]


async def test_parameters_take_the_place_of_those_of_their_name(site, context):
    site.pages["/"] = plain("hello")
    await http.get(f"{SHOP}/?a=1&b=%20x&a=2", {"a": "ž &", "on": True, "n": 2.5, "tag": ["x", "y"]}, context=context)
    assert site.paths == ["/?b=%20x&a=%C5%BE+%26&on=true&n=2.5&tag=x&tag=y"]


async def test_json_comes_as_text_and_as_a_value(site, context):
    site.pages |= {
        "/plain": as_json({"a": [1, None]}),
        "/api": as_json([1], content_type="application/vnd.api+json"),
    }
    page = await http.get(f"{SHOP}/plain", context=context)
    assert (page["text"], page["json"]) == ('{"a": [1, null]}', {"a": [1, None]})
    assert (await http.get(f"{SHOP}/api", context=context))["json"] == [1]


@pytest.mark.parametrize("text", ["", "{", "NaN", "[Infinity]", "[" * 100_000, "1" * 5000])
async def test_what_only_claims_to_be_json_is_text_alone(site, context, text):
    site.pages["/"] = plain(text, "application/json")
    page = await http.get(f"{SHOP}/", context=context)
    assert page["text"] == text
    assert "json" not in page


async def test_what_is_no_text_is_refused(site, context):
    site.pages["/"] = plain(b"\x89PNG", "image/png")
    with pytest.raises(ToolError, match=r"http://shop\.example/ is image/png; that is not text, and http\.get reads"):
        await http.get(f"{SHOP}/", context=context)


def versioned(visit: Visit, _query: str) -> None:
    """A page that is sent only to who does not have it."""
    validators = {"etag": '"v1"', "last_modified": "Wed, 21 Oct 2015 07:28:00 GMT"}
    asked = visit.asked.headers
    if '"v1"' in (asked.get("if-none-match"), asked.get("x-have")) or "if-modified-since" in asked:
        visit.answer(b"", 304, **validators)
    else:
        visit.answer(b"text of v1", **validators)


async def test_an_earlier_result_that_still_holds_is_given_again(site, context):
    site.pages["/"] = versioned
    first = await http.get(f"{SHOP}/", context=context)
    assert (first["etag"], first["last_modified"]) == ('"v1"', "Wed, 21 Oct 2015 07:28:00 GMT")
    again = await http.get(f"{SHOP}/", context=replace(context, earlier=first))
    assert again == first
    sent = site.asked[1].headers
    assert (sent["if-none-match"], sent["if-modified-since"]) == ('"v1"', "Wed, 21 Oct 2015 07:28:00 GMT")


async def test_an_earlier_result_that_does_not_hold_any_more_is_replaced(site, context):
    site.pages["/"] = versioned
    old = {"url": f"{SHOP}/", "status": 200, "media_type": "text/plain", "text": "text of v0", "etag": '"v0"'}
    assert (await http.get(f"{SHOP}/", context=replace(context, earlier=old)))["text"] == "text of v1"


@pytest.mark.parametrize("earlier", [None, {}, {"etag": 3, "last_modified": None}, [], "text"])
async def test_an_earlier_result_without_a_version_asks_for_the_page_as_ever(site, context, earlier):
    site.pages["/"] = versioned
    assert (await http.get(f"{SHOP}/", context=replace(context, earlier=earlier)))["text"] == "text of v1"
    assert not {"if-none-match", "if-modified-since"} & site.asked[0].headers.keys()


async def test_a_condition_of_the_caller_goes_before_that_of_the_cache(site, context):
    site.pages["/"] = versioned
    old = {"etag": '"v0"', "text": "text of v0"}
    with pytest.raises(ToolError, match="has not changed since what the headers name"):
        await http.get(f"{SHOP}/", headers={"if-none-match": '"v1"'}, context=replace(context, earlier=old))
    assert site.asked[0].headers["if-none-match"] == '"v1"'


@pytest.mark.parametrize(
    ("sent", "arrived", "media_type"),
    [
        ({"json": {"a": "ž"}}, '{"a": "ž"}', "application/json"),
        ({"json": False}, "false", "application/json"),
        ({"form": {"a": "b c"}}, "a=b+c", "application/x-www-form-urlencoded"),
        ({"text": "hello"}, "hello", "text/plain; charset=utf-8"),
        ({"text": ""}, "", "text/plain; charset=utf-8"),
        ({"json": {"rows": pa.table({"d": [date(2024, 1, 2)], "n": [1]})}}, None, "application/json"),
    ],
)
async def test_what_is_posted_arrives_as_what_it_is(site, context, sent, arrived, media_type):
    site.pages["/orders"] = as_json({"id": 7}, location="/orders/7")
    answer = await http.post(f"{SHOP}/orders", **sent, params={"dry": True}, context=context)
    assert (answer["json"], answer["location"]) == ({"id": 7}, "/orders/7")
    (asked,) = site.asked
    assert (asked.method, asked.path, asked.headers["content-type"]) == ("POST", "/orders?dry=true", media_type)
    assert asked.body.decode() == (arrived if arrived is not None else '{"rows": [{"d": "2024-01-02", "n": 1}]}')


async def test_an_answer_to_a_post_may_be_nothing_or_no_text(site, context):
    site.pages["/"] = lambda visit, _: visit.answer(b"", 204)
    assert (await http.post(f"{SHOP}/", context=context))["status"] == 204
    site.pages["/"] = plain(b"\x89PNG", "image/png")
    answer = await http.post(f"{SHOP}/", context=context)
    assert (answer["media_type"], answer["text"]) == ("image/png", "")


async def test_robots_txt_has_no_say_in_what_a_post_leads_to(site, context):
    site.pages |= {
        "/robots.txt": plain("User-agent: *\nDisallow: /\n"),
        "/orders": lambda visit, _: visit.redirect("/orders/7", 303),
        "/orders/7": plain("thank you"),
    }
    asking = replace(context, egress=SiteEgress(site))
    assert (await http.post(f"{SHOP}/orders", text="x", context=asking))["text"] == "thank you"
    assert site.paths == ["/orders", "/orders/7"]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"json": 1, "text": "a"}, "can be sent one of json, form and text, and got 2 of them"),
        ({"json": float("nan")}, "cannot be written down: Out of range float"),
        ({"json": {"a": object()}}, "cannot be written down: it holds a value of type object"),
        ({"json": "\ud800"}, "cannot be written down"),
        ({"text": "\ud800"}, "cannot be written down"),
        ({"form": {"a": "\ud800"}}, "cannot be written down"),
        ({"params": {"a": "\ud800"}}, r"The parameters for http://shop\.example/ hold characters"),
        ({"headers": {"a": "\ud800"}}, "characters that HTTP does not take"),
    ],
)
async def test_what_cannot_be_posted_is_told_before_anything_is_sent(site, context, given, complaint):
    with pytest.raises(ToolError, match=complaint):
        await http.post(f"{SHOP}/", **given, context=context)
    assert site.asked == []


def numbered(last: int, key: str = "page", size: int = 2) -> Page:
    """A list of `last` pages, asked for by number or by what comes before."""

    def page(visit: Visit, query: str) -> None:
        asked = int(dict(part.split("=") for part in query.split("&") if part).get(key, "1"))
        number = asked if key == "page" else asked // size + 1
        names = [f"{number}.{place}" for place in range(size)] if number <= last else []
        as_json({"results": [{"name": name} for name in names]})(visit, query)

    return page


async def test_pages_are_counted_until_one_is_empty(site, context):
    site.pages["/list"] = numbered(3)
    told = []
    watching = replace(context, report=lambda _, text: told.append(text))
    got = await http_pages.paginate(
        f"{SHOP}/list?size=2", "results[*].name", page_parameter="page", params={"sort": "up"}, context=watching
    )
    assert got == {"items": ["1.0", "1.1", "2.0", "2.1", "3.0", "3.1"], "pages": 4, "complete": True}
    assert site.paths == [f"/list?size=2&sort=up&page={number}" for number in (1, 2, 3, 4)]
    assert told[1] == "2 pages, 4 items"


async def test_items_are_counted_until_a_page_is_empty(site, context):
    site.pages["/list"] = numbered(2, "offset")
    got = await http_pages.paginate(f"{SHOP}/list", "results", offset_parameter="offset", context=context)
    assert (len(got["items"]), got["complete"]) == (4, True)
    assert site.paths == ["/list?offset=0", "/list?offset=2", "/list?offset=4"]


async def test_a_page_that_is_not_there_ends_counting_but_not_the_first(site, context):
    site.pages["/list"] = lambda visit, query: (
        as_json(["a"])(visit, query) if query == "p=0" else visit.answer(b"", 404)
    )
    got = await http_pages.paginate(f"{SHOP}/list", page_parameter="p", first_page=0, context=context)
    assert got == {"items": ["a"], "pages": 1, "complete": True}
    with pytest.raises(ToolError, match="answered 404 Not Found"):
        await http_pages.paginate(f"{SHOP}/list", page_parameter="p", context=context)


async def test_the_address_of_the_next_page_may_stand_in_the_page_or_in_a_header(site, context):
    site.pages |= {
        "/a": as_json({"items": [1], "meta": {"next": "/b?from=a"}}, link="<http://shop.example/c>; rel=next"),
        "/b": as_json({"items": [2], "meta": {"next": None}}),
        "/c": as_json({"items": [3]}, link='</a>; rel="first", <c2>; rel="last next"'),
        "/c2": as_json({"items": [4]}, link='</a>; rel="first"'),
    }
    got = await http_pages.paginate(f"{SHOP}/a", "items", next_url="meta.next", params={"k": 1}, context=context)
    assert got == {"items": [1, 2], "pages": 2, "complete": True}
    assert site.paths == ["/a?k=1", "/b?from=a"]
    got = await http_pages.paginate(f"{SHOP}/a", "items", headers={"x-key": "k"}, context=context)
    assert (got["items"], got["complete"]) == ([1, 3, 4], True)
    assert [asked.headers.get("x-key") for asked in site.asked[2:]] == ["k", "k", "k"]


@pytest.mark.parametrize(
    ("following", "stopped"),
    [
        ("http://other.example/a", "The next page is at http://other.example:80, another server than the first one."),
        ("https://shop.example/a", "The next page is at https://shop.example:443, another server than the first one."),
        ("/a", "Page 1 leads to a page that was there before."),
        ("/b", "max_pages (1) was reached and there may be more pages."),
    ],
)
async def test_what_is_not_fetched_is_said(site, context, following, stopped):
    site.pages |= {"/a": as_json({"items": [1], "next": following}), "/b": as_json({"items": [2]})}
    got = await http_pages.paginate(f"{SHOP}/a", "items", next_url="next", max_pages=1, context=context)
    assert got == {"items": [1], "pages": 1, "complete": False, "stopped": stopped}
    assert site.paths == ["/a"]


async def test_pages_that_all_say_the_same_are_taken_once(site, context):
    site.pages["/list"] = as_json(["a", "b"])
    got = await http_pages.paginate(f"{SHOP}/list", page_parameter="page", context=context)
    assert (got["items"], got["pages"], got["complete"]) == (["a", "b"], 1, False)
    assert got["stopped"] == "Page 2 says the same as one before, so it may be no page of its own."


async def test_all_pages_together_have_a_limit(site, context, monkeypatch):
    monkeypatch.setattr(http_pages, "MOST_BYTES", 100)
    site.pages["/list"] = numbered(9)
    got = await http_pages.paginate(f"{SHOP}/list", "results", page_parameter="page", context=context)
    assert (got["pages"], got["complete"]) == (3, False)
    assert got["stopped"].startswith("The pages so far are larger than")


@pytest.mark.parametrize(
    ("page", "arguments", "complaint"),
    [
        (as_json({"rows": [1], "next": 3}), {}, r"items \(@\) finds no list in .*/a\. Its fields are: rows, next\."),
        (as_json([1]), {"items": "a["}, r"items \(a\[\) is no JMESPath that can be worked out: "),
        (as_json([1]), {"items": "abs('x')"}, "is no JMESPath that can be worked out"),
        (
            as_json({"rows": [1], "next": 3}),
            {"items": "rows", "next_url": "next"},
            r"next_url \(next\) finds 3 in .*/a",
        ),
        (as_json({"r": [1], "n": "http://10.0.0.1:x/"}), {"items": "r", "next_url": "n"}, "no address of a web page"),
        (plain("<p>hello</p>", "text/html"), {}, r"shop\.example/a \(page 1\) is not JSON"),
        (plain(b"PK", "application/zip"), {}, "is application/zip; that is not JSON"),
        (as_json([1]), {"next_url": "a", "page_parameter": "b"}, "takes one of next_url, page_parameter"),
    ],
)
async def test_a_list_that_cannot_be_gathered_is_told(site, context, page, arguments, complaint):
    site.pages["/a"] = page
    with pytest.raises(ToolError, match=complaint):
        await http_pages.paginate(f"{SHOP}/a", **arguments, context=context)


async def test_a_list_does_not_lead_to_a_private_address(site, context):
    site.pages["/a"] = as_json({"r": [1], "n": "http://10.0.0.1/"})
    got = await http_pages.paginate(f"{SHOP}/a", "r", next_url="n", context=context)
    assert got["stopped"].startswith("The next page is at http://10.0.0.1:80, another server")
    site.pages["/a"] = as_json({"r": [1], "n": "/b"})
    site.pages["/b"] = lambda visit, _: visit.redirect("http://10.0.0.1/")
    with pytest.raises(EgressRefused, match=r"10\.0\.0\.1 is not a public address"):
        await http_pages.paginate(f"{SHOP}/a", "r", next_url="n", context=context)


async def test_a_feed_is_fetched_and_its_addresses_are_made_full(site, context):
    entry = '<entry><title>A</title><link href="/1"/><id>1</id></entry>'
    body = (
        f'<?xml version="1.0" encoding="iso-8859-2"?><feed xmlns="http://www.w3.org/2005/Atom"><title>ž</title>{entry}'
    )
    site.pages |= {
        "/feed": plain((body + "</feed>").replace(">A<", ">žluť<").encode("iso-8859-2"), "application/atom+xml"),
        "/picture": plain(b"\x89PNG", "image/png"),
        "/page": plain("<html><body>hello</body></html>", "text/html"),
    }
    table = await feed.read(f"{SHOP}/feed", context=context)
    assert table.select(["title", "url"]).to_pylist() == [{"title": "žluť", "url": f"{SHOP}/1"}]
    with pytest.raises(ToolError, match=r"is image/png; that is no feed, and feed\.read reads RSS and Atom"):
        await feed.read(f"{SHOP}/picture", context=context)
    with pytest.raises(ToolError, match=r"http://shop\.example/page is no RSS or Atom feed; of a web page, take"):
        await feed.read(f"{SHOP}/page", context=context)


async def test_a_pdf_on_the_web_that_is_none_is_told(site, context):
    site.pages |= {"/a.pdf": plain("<html>", "text/html"), "/b.pdf": plain("<html>", "application/pdf")}
    with pytest.raises(ToolError, match=r"shop\.example/a\.pdf is text/html; pdf\.extract_text reads PDF\."):
        await pdf.extract_text(url=f"{SHOP}/a.pdf", context=context)
    with pytest.raises(ToolError, match=r"shop\.example/b\.pdf is no PDF file\."):
        await pdf.extract_text(url=f"{SHOP}/b.pdf", context=context)


@pytest.fixture
def service(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """ScraperAPI's server, as far as its name and TLS go; pages ask for robots.txt at the same one."""
    pem = certificate(tmp_path, "api.scraperapi.com", "shop.example")
    site.encrypt(pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    return site


async def test_a_page_comes_through_scraperapi_and_the_key_is_in_no_address(service, context):
    service.pages["/"] = plain("<p>rendered</p>", "text/html")
    page = await scraperapi.get("https://me:pw@shop.example/a?b=1", render=True, country="de", context=context)
    assert page == {
        "url": "https://shop.example/a?b=1", "status": 200, "media_type": "text/html", "text": "<p>rendered</p>",
    }  # fmt: skip
    (asked,) = service.asked
    assert asked.path == "/?url=https%3A%2F%2Fshop.example%2Fa%3Fb%3D1"
    assert asked.headers["host"] == "api.scraperapi.com"
    sent = {name: value for name, value in asked.headers.items() if name.startswith("x-sapi-")}
    assert sent == {"x-sapi-api_key": "the SCRAPERAPI_KEY", "x-sapi-render": "true", "x-sapi-country_code": "de"}


async def test_scraperapi_does_not_go_around_robots_txt_or_to_private_addresses(service, context):
    asking = replace(context, egress=SiteEgress(service))
    service.pages |= {"/robots.txt": plain("User-agent: *\nDisallow: /private\n"), "/": plain("text")}
    with pytest.raises(EgressRefused, match="excludes it for the-brain"):
        await scraperapi.get("https://shop.example/private", context=asking)
    with pytest.raises(EgressRefused, match=r"10\.0\.0\.1 is not a public address"):
        await scraperapi.get("http://10.0.0.1/", context=asking)
    assert (await scraperapi.get("https://shop.example/open", context=asking))["text"] == "text"
    assert service.paths == ["/robots.txt", "/?url=https%3A%2F%2Fshop.example%2Fopen"]


@pytest.mark.parametrize(
    ("status", "said", "transient"),
    [(401, "check the key in SCRAPERAPI_KEY", False), (403, "check the key", False), (404, "it answered 404", False),
     (429, "it answered 429", True), (500, "it answered 500", True)],
)  # fmt: skip
async def test_what_scraperapi_refuses_is_told_without_the_key(service, context, status, said, transient):
    service.pages["/"] = lambda visit, _: visit.answer(b"", status)
    with pytest.raises(ToolError, match=f"ScraperAPI did not fetch https://shop.example/a.*{said}") as failure:
        await scraperapi.get("https://shop.example/a", context=context)
    assert failure.value.transient is transient
    assert "the SCRAPERAPI_KEY" not in str(failure.value)


async def test_scraperapi_without_a_key_is_told(service, context):
    def unset(name: str) -> str:
        raise SettingsError(f"The secret {name} is not set: add {name}=... to .env or to the environment.")

    with pytest.raises(SettingsError, match="The secret SCRAPERAPI_KEY is not set: add SCRAPERAPI_KEY="):
        await scraperapi.get("https://shop.example/", context=replace(context, secret=unset))
    assert service.asked == []
