"""The browser tools on a site of this machine, through real Chromium and the filtering proxy."""

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator, Awaitable, Iterable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from browser_site import SENTENCE, Pages, self_signed
from matplotlib import image

from brain.config_secrets import load_settings
from brain.egress import Egress, EgressPolicy
from brain.errors import EgressRefused, ToolError
from brain.tool_registry.context import SharedResources, ToolContext
from brain.tools import browser, shared_browser, visit

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[Pages]:
    async with Pages("127.0.0.1") as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[SharedResources]:
    resources = SharedResources()
    yield resources
    await resources.aclose()


@pytest.fixture
def context(shared: SharedResources, tmp_path: Path) -> ToolContext:
    return ToolContext(
        tmp_path, egress(), model=None, secret=lambda name: name, report=lambda *_: None, shared=shared,
        chromium=load_settings(tmp_path).brain_chromium,
    )  # fmt: skip


@pytest.fixture
def page(site: Pages):
    """Put a page on the site, and return its address."""

    def put(html: str, path: str = "/page") -> str:
        site.pages[path] = html
        return f"http://site.localhost:{site.port}{path}"

    return put


@pytest.fixture
def here(site: Pages) -> str:
    return f"http://site.localhost:{site.port}"


async def known_names(host: str, _port: int) -> list[str]:
    if host.endswith(".localhost"):
        return ["127.0.0.1"]
    if host == "intranet.example":
        return ["10.0.0.5"]
    raise ToolError(f"The host {host} was not found.")


def egress(*allow: str, **policy: object) -> Egress:
    return Egress(EgressPolicy(allow=allow or ("site.localhost",), **policy), known_names)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """A site of this machine answers at once."""
    monkeypatch.setattr(visit, "QUIET_SECONDS", 0.15)


async def failures(tasks: Iterable[Awaitable[object]]) -> list[ToolError]:
    """The errors that several calls at once end with; fails where one succeeds."""
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [each for each in ended if not isinstance(each, ToolError)] == []
    assert [each for each in ended if "\n" in str(each)] == []
    return ended


async def test_a_page_is_read_as_its_scripts_have_left_it(context, page):
    url = page(
        "<title>loading</title><div id=place>Loading</div><script>setTimeout(() => { document.title = 'Rain';"
        f"place.innerHTML = `<h1>Rain</h1><p>{SENTENCE}</p>` }}, 50)</script>"
    )
    read = await browser.scrape(url, context=context)
    assert read["url"] == url
    assert read["title"] == "Rain"
    assert SENTENCE in read["text"]
    assert f"<p>{SENTENCE}</p>" in read["html"]
    assert read["left_out"] == []


async def test_what_is_fetched_after_loading_is_waited_for(context, page, here):
    chain = f"fetch('{here}/text?1').then(() => fetch('{here}/text?2')).then(() => document.body.append('both here'))"
    assert "both here" in (await browser.scrape(page(f"<script>{chain}</script>"), context=context))["html"]


async def test_a_selector_is_waited_for_longer_than_quiet(context, page):
    url = page("<script>setTimeout(() => document.body.innerHTML = '<p class=late>late at last</p>', 700)</script>")
    assert (await browser.scrape(url, ".late", context=context))["text"] == "late at last"


async def test_a_selector_that_fits_ends_the_waiting(context, page):
    url = page(f"<p class=there>{SENTENCE}</p><img src=/silent>")
    started = time.monotonic()
    assert (await browser.scrape(url, ".there", timeout=20, context=context))["left_out"] == []
    assert time.monotonic() - started < 10


async def test_a_selector_that_fits_nothing_in_time_may_be_tried_again(context, page):
    url = page("<p>nothing")
    with pytest.raises(ToolError) as late:
        await browser.scrape(url, "#never", 1, context=context)
    assert str(late.value) == f"{url} showed nothing that fits '#never' within 1 seconds."
    assert late.value.transient


async def test_what_is_no_selector_is_told(context, page):
    with pytest.raises(ToolError, match=r"^'!!' is no CSS selector; write it as in ") as wrong:
        await browser.scrape(page("<p>x"), "!!", context=context)
    assert not wrong.value.transient


async def test_a_page_that_does_not_answer_may_be_tried_again(context, here):
    with pytest.raises(ToolError, match=r"/silent did not answer within 1 seconds\.$") as slow:
        await browser.scrape(f"{here}/silent", timeout=1, context=context)
    assert slow.value.transient


async def test_a_page_with_a_part_that_does_not_answer_is_read_without_it(context, page):
    read = await browser.scrape(page(f"<p>{SENTENCE}</p><img src=/silent>"), timeout=1, context=context)
    assert read["text"] == SENTENCE
    assert read["left_out"] == ["The page was still loading after 1 seconds."]


async def test_a_page_without_an_end_is_read_as_far_as_it_came(context, here):
    read = await browser.scrape(f"{here}/drip", timeout=1, context=context)
    assert read["text"].count(SENTENCE) > 3
    assert read["left_out"] == ["The page was still loading after 1 seconds."]


async def test_a_page_that_is_never_quiet_is_read_in_the_end(context, page, monkeypatch):
    monkeypatch.setattr(visit, "SETTLE_SECONDS", 1)
    url = page(f"<p>{SENTENCE}</p><script>setInterval(() => fetch('/text'), 50)</script>")
    assert (await browser.scrape(url, context=context))["text"] == SENTENCE


async def test_a_script_that_never_ends_ends_at_the_limit(context, page, monkeypatch):
    monkeypatch.setattr(shared_browser, "SPARE_SECONDS", 1)
    with pytest.raises(ToolError, match="The page kept the browser busy for over 2 seconds") as busy:
        await browser.scrape(page("<p>x</p><script>while (true) {}</script>"), timeout=1, context=context)
    assert busy.value.transient
    assert (await browser.scrape(page("<p>and on"), context=context))["text"] == "and on"


ASKING = [
    "alert('a'); confirm('b'); prompt('c'); print(); open('/page'); onbeforeunload = event => event.preventDefault()",
    "setInterval(() => alert('again'), 10)",
    "navigator.geolocation.getCurrentPosition(() => 0); Notification.requestPermission()",
]


async def test_what_asks_a_person_does_not_hold_up_the_browser(context, page):
    urls = [page(f"<p>{SENTENCE}</p><script>{script}</script>", f"/asking-{at}") for at, script in enumerate(ASKING)]
    read = await asyncio.gather(*(browser.scrape(url, timeout=5, context=context) for url in urls))
    assert [each["text"] for each in read] == [SENTENCE] * len(ASKING)


async def test_a_page_that_always_reloads_ends(context, page, monkeypatch):
    monkeypatch.setattr(visit, "SETTLE_SECONDS", 1)
    url = page(f"<p>{SENTENCE}</p><script>setTimeout(() => location.reload(), 100)</script>")
    assert SENTENCE in (await browser.scrape(url, timeout=2, context=context))["html"]


async def test_a_page_that_closes_itself_harms_nobody_else(context, page):
    quiet = browser.scrape(page(f"<p>{SENTENCE}</p>", "/quiet"), context=context)
    closing = browser.scrape(page("<script>close()</script>", "/closing"), context=context)
    read, failure = await asyncio.gather(quiet, closing, return_exceptions=True)
    assert read["text"] == SENTENCE
    assert isinstance(failure, ToolError | dict)


async def test_a_download_is_told_from_a_page(context, here):
    urls = [f"{here}/bytes?{name}" for name in ("zip", "attachment")]
    for failure in await failures(browser.scrape(url, context=context) for url in urls):
        assert str(failure).endswith("is a file to download, which a browser tool does not keep; use http.get.")


async def test_a_huge_page_is_cut_and_says_so(context, here, monkeypatch):
    monkeypatch.setattr(visit, "MOST_CHARACTERS", 20_000)
    read = await browser.scrape(f"{here}/bytes?bomb", context=context)
    assert len(read["html"]) == 20_000
    assert read["left_out"] == ["The HTML was cut after 20,000 of 5,000,046 characters."]


async def test_a_page_that_loads_too_much_is_refused(context, page):
    narrow = replace(context, egress=egress(max_rendered_bytes=200_000))
    url = page("<script>fetch('/large')</script><p>x")
    page("x" * 500_000, "/large")
    with pytest.raises(ToolError) as large:
        await browser.scrape(url, context=narrow)
    assert str(large.value) == f"{url} loads more than 0.2 MB, the limit for a page in the browser."
    assert not large.value.transient


TEXTS = {
    "latin": "café für 5 €",
    "declared": "привет",
    "utf16": "žluťoučký",
    "wrong": "ok \ufffd end",
    "json": '{"a": 1}',
    "picture": "svg",
}


async def test_any_encoding_and_kind_of_text_is_read(context, here):
    read = await asyncio.gather(*(browser.scrape(f"{here}/bytes?{name}", context=context) for name in TEXTS))
    for each, text in zip(read, TEXTS.values(), strict=True):
        assert text in f"{each['text']} {each['html']}"
    assert "\0" not in json.dumps(read, ensure_ascii=False)


async def test_halves_of_characters_can_be_stored(context, page):
    url = page(
        "<p>x</p><script>document.title = 'a\\ud800b'; document.body.append('c\\udc00d \\ud83d\\ude00')</script>"
    )
    read = await browser.scrape(url, context=context)
    assert read["title"] == "a\ufffdb"
    assert "c\ufffdd 😀" in read["html"]


async def test_a_page_cannot_forge_what_is_read(context, page):
    url = page(
        f"<title>true</title><p>{SENTENCE}</p><img name=title><img name=documentElement><form name=doctype></form>"
        "<script>Object.defineProperty(Element.prototype, 'outerHTML', {get: () => ({})});"
        "Object.defineProperty(Document.prototype, 'title', {get: () => { throw 1 }});"
        "String.prototype.slice = () => 3; JSON.stringify = () => ''; XMLSerializer.prototype.serializeToString = 1"
        "</script>"
    )
    read = await browser.scrape(url, context=context)
    assert (read["title"], read["text"]) == ("true", SENTENCE)


async def test_an_empty_page_is_said_to_be_empty(context, page):
    read = await browser.scrape(page("<title>empty</title>"), context=context)
    assert (read["text"], read["left_out"]) == ("", ["No readable text was found in the page."])


STATUSES = {"404": False, "403 <p>no": False, "503 <p>down": True}


async def test_an_error_of_the_server_is_told_with_whether_it_may_pass(context, here):
    ended = await failures(browser.scrape(f"{here}/status?{status}", context=context) for status in STATUSES)
    assert [f" answered {status[:3]} " in str(each) for each, status in zip(ended, STATUSES, strict=True)] == [True] * 3
    assert [each.transient for each in ended] == list(STATUSES.values())


async def test_redirects_are_followed_to_where_they_lead(context, page, here):
    url = page(f"<p>{SENTENCE}")
    assert (await browser.scrape(f"{here}/to?{here}/to?{url}", context=context))["url"] == url
    with pytest.raises(ToolError, match="it leads from one address to the next without an end"):
        await browser.scrape(f"{here}/loop", context=context)


LEADS = [
    "/to?{to}",
    "/markup?<meta http-equiv=refresh content='0;url={to}'>",
    "/markup?<form action='{to}'></form><script>document.forms[0].submit()</script>",
]


@pytest.mark.parametrize("to", ["http://127.0.0.1:{port}/", "https://intranet.example/"])
async def test_a_page_that_leads_to_where_tools_may_not_go_is_refused(context, here, site, to):
    site.forget()
    forbidden = to.format(port=site.port)
    host = urlsplit(forbidden).hostname
    urls = [here + way.format(to=forbidden) for way in LEADS]
    for refusal in await failures(browser.scrape(url, context=context) for url in urls):
        assert isinstance(refusal, EgressRefused)
        assert str(refusal).replace("/?", "/").startswith(f"{forbidden} was refused: {host}")
        assert f"is not a public address; add {host} to BRAIN_ALLOW_HOSTS if tools may reach it." in str(refusal)
    assert {target.partition("?")[0] for target in site.asked} <= {"/to", "/markup", "/favicon.ico"}


async def test_parts_that_were_refused_are_named(context, page):
    url = page(f"<p>{SENTENCE}</p><img src=http://10.0.0.1/><iframe src=https://intranet.example/></iframe>")
    read = await browser.scrape(url, context=context)
    assert read["text"] == SENTENCE
    [told] = read["left_out"]
    assert told in (
        "What the page wanted from 10.0.0.1, intranet.example was refused.",
        "What the page wanted from intranet.example, 10.0.0.1 was refused.",
    )


@pytest.mark.parametrize(
    "address",
    [
        *("file:///etc/passwd", "data:text/html,<p>x", "javascript:alert(1)", "chrome://version", "about:blank"),
        *("view-source:http://site.localhost/", "ftp://site.localhost/", "//site.localhost/", "site.localhost", ""),
        *("http://", "http:///x", "http:\\\\site.localhost", " http://site.localhost/", "http://\nsite.localhost/"),
    ],
)
async def test_what_is_no_web_address_is_refused_before_a_browser_starts(context, address):
    resources = SharedResources()
    with pytest.raises(EgressRefused, match="only http:// and https:// addresses are opened"):
        await browser.scrape(address, context=replace(context, shared=resources))
    assert resources._opened == {}


REASONS = {
    "http://nowhere.example/": "The host nowhere.example was not found",
    "https://nowhere.example/": "The host nowhere.example was not found",
    "http://site.localhost:9/": "http://site.localhost:9/ was not opened: ",
    "http://site.localhost:2/": "http://site.localhost:2/ was not opened: ",
    "http://me:hunter2@intranet.example/": "http://intranet.example/ was refused: ",
    "http://site.localhost:99999/": "it names no host and port that can be reached",
    "http://[::1/": "is no address of a web page",
}


async def test_why_a_page_was_not_opened_is_told_in_a_sentence(context):
    ended = await failures(browser.scrape(address, context=context) for address in REASONS)
    for each, told in zip(ended, REASONS.values(), strict=True):
        assert told in str(each)
    assert "hunter2" not in str(ended)


async def test_a_server_that_hangs_up_may_be_tried_again(context, here):
    with pytest.raises(
        ToolError, match=r"/hangup was not opened: site\.localhost:[0-9]+ gave no answer in HTTP"
    ) as lost:
        await browser.scrape(f"{here}/hangup", context=context)
    assert lost.value.transient


async def test_a_page_that_breaks_off_may_be_tried_again(context, here):
    with pytest.raises(ToolError, match=r"/half broke off its answer\.$") as broken:
        await browser.scrape(f"{here}/half", context=context)
    assert broken.value.transient


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(context, tmp_path):
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=self_signed(tmp_path))
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(ToolError, match=r"its certificate is not trusted \(CERT_AUTHORITY_INVALID\)"):
        await browser.scrape(f"https://site.localhost:{port}/", context=context)
    server.close()
    server.close_clients()
    await server.wait_closed()


async def test_a_picture_shows_the_window_or_the_whole_page(context, page):
    url = page("<body style='margin: 0; background: rgb(255, 0, 0)'><div style='height: 1500px'>")
    window = await browser.screenshot(url, width=400, height=300, context=context)
    assert (window.media_type, window.name) == ("image/png", "site.localhost.png")
    pixels = image.imread(io.BytesIO(window.content), format="png")
    assert pixels.shape[:2] == (300, 400)
    assert pixels[150, 200, :3].tolist() == [1, 0, 0]
    whole = await browser.screenshot(url, full_page=True, width=400, height=300, context=context)
    assert image.imread(io.BytesIO(whole.content), format="png").shape[:2] == (1500, 400)


async def test_a_page_too_high_for_a_picture_is_told(context, page):
    url = page("<body style='margin: 0'><div style='height: 20000px'>")
    with pytest.raises(ToolError, match=r"is 20,000 pixels high, and a picture holds 16,000: set full_page: false"):
        await browser.screenshot(url, full_page=True, context=context)
    assert (await browser.screenshot(url, height=200, context=context)).content
