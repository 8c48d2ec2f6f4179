"""Pages as a browser shows them, once their scripts have run: read, drawn, and forms filled in."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import TimeoutError as PageTimeout

from brain.artifacts import File
from brain.errors import EgressRefused, ToolError
from brain.executor.local import on_daemon_thread
from brain.tool_registry.context import ToolContext
from brain.tools.browser_forms import FieldValue, Form
from brain.tools.html import extract_text
from brain.tools.shared_browser import Errand, OpenBrowser
from brain.tools.visit import Visit, shown

__all__ = ["fill_and_submit", "scrape", "screenshot"]

HIGHEST_PICTURE = 16_000
"""Pixels; Chromium repeats or leaves out what is below 16,384."""
SECONDS = 30
"""For a page to load, where a call does not say."""
PAGE_ADDRESS = re.compile(r"https?://[^\s/?#\\][^\x00-\x1f]*", re.IGNORECASE)
NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
"""NUL and halves of characters, neither of which PostgreSQL takes."""


async def scrape(
    url: str,
    wait_for: str | None = None,
    timeout: float = SECONDS,  # noqa: ASYNC109 - an argument of the tool, in seconds
    *,
    context: ToolContext,
) -> dict[str, Any]:
    """The text and the HTML of a page."""

    async def work(visit: Visit) -> dict[str, Any]:
        await visit.open(url, wait_for)
        return await _as_read(visit, with_html=True)

    return await _visited(url, context, Errand(context.egress, work, timeout))


async def screenshot(
    url: str,
    *,
    full_page: bool = False,
    width: int = 1280,
    height: int = 800,
    wait_for: str | None = None,
    timeout: float = SECONDS,  # noqa: ASYNC109 - an argument of the tool, in seconds
    context: ToolContext,
) -> File:
    """A picture (PNG) of a page, or of its part that fits a window."""

    async def work(visit: Visit) -> File:
        await visit.open(url, wait_for)
        return await _picture(visit, full_page=full_page)

    return await _visited(url, context, Errand(context.egress, work, timeout, (width, height)))


async def fill_and_submit(
    url: str,
    fields: Mapping[str, FieldValue],
    submit: str | None = None,
    timeout: float = SECONDS,  # noqa: ASYNC109 - an argument of the tool, in seconds
    *,
    context: ToolContext,
) -> dict[str, Any]:
    """Fill in a form of a page, send it, and read what comes after it."""

    async def work(visit: Visit) -> dict[str, Any]:
        await visit.open(url)
        form = Form(visit.page)
        for name, value in fields.items():
            await form.fill(name, value)
        await form.submit(submit)
        try:
            await visit.follow()
            await visit.settle()
            read = await _as_read(visit, with_html=False)
        except ToolError as exc:
            raise ToolError(form.censored(str(exc))) from None
        return {**read, **{name: form.censored(read[name]) for name in ("url", "title", "text")}}

    return await _visited(url, context, Errand(context.egress, work, timeout, is_repeatable=False))


async def _visited[T](url: str, context: ToolContext, errand: Errand[T]) -> T:
    """Open a page, by GET, as all browser tools do: what may forbid that is asked here."""
    if not PAGE_ADDRESS.fullmatch(url):
        raise EgressRefused(f"{shown(url)!r} was refused: only http:// and https:// addresses are opened.")
    if errand.is_repeatable:  # what a person has approved asks no robots.txt, as http.post does not
        await context.egress.check_robots(url)
    browser = await context.shared.get(OpenBrowser(context.chromium))
    return await browser.run(errand)


async def _as_read(visit: Visit, *, with_html: bool) -> dict[str, Any]:
    page = await visit.read()
    html = NOT_STORABLE.sub("\ufffd", page.html)
    text = await on_daemon_thread(lambda: _readable(html), name="browser")
    if not text:
        visit.left_out.append("No readable text was found in the page.")
    told = {"url": page.url, "title": NOT_STORABLE.sub("\ufffd", page.title), "text": text}
    return {**told, **({"html": html} if with_html else {}), "left_out": visit.left_out}


def _readable(html: str) -> str:
    try:
        return extract_text(html)["text"]
    except ToolError:
        return ""


async def _picture(visit: Visit, *, full_page: bool) -> File:
    page = await visit.read()
    address = shown(page.url)
    if full_page and page.height > HIGHEST_PICTURE:
        raise ToolError(
            f"{address} is {page.height:,} pixels high, and a picture holds {HIGHEST_PICTURE:,}: set full_page: false "
            "and height to the part that you need."
        )
    try:
        content = await visit.page.screenshot(full_page=full_page, animations="disabled")
    except PageTimeout:
        raise ToolError(f"{address} could not be drawn within 30 seconds.", transient=True) from None
    return File(content, "image/png", f"{urlsplit(page.url).hostname}.png")
