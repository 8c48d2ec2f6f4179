"""What a web page says, where it leads, and any part of it."""

import logging
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from html import unescape
from typing import Any
from urllib.parse import urldefrag, urlsplit

import lxml.html
from lxml import etree

from brain.errors import ToolError
from brain.tools.html_document import absolute, base_of, parse_html, text_of

__all__ = ["extract_links", "extract_text", "select"]

DOCUMENT = re.compile(r"<(html|body)\b", re.IGNORECASE)
TAG = re.compile(r"<[a-zA-Z!/][^>]*>")
LINK_TAGS = ("a", "area")
LONGEST_SHOWN = 100
"""Characters of a selector in a message."""
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
ADDRESS_ATTRIBUTES = frozenset({"href", "src", "action", "poster", "data", "cite", "formaction"})
"""Attributes that hold one address."""


def extract_text(html: str) -> dict[str, str]:
    """The title and the readable text of a page; text that is no HTML comes back as it is."""
    if not TAG.search(html):
        title, text = "", html.strip()
    else:
        title, text = _extracted(html)
    if not text:
        raise ToolError(
            "No readable text was found in the page; it may be empty, or filled in by scripts, which are not run here."
        )
    return {"title": title, "text": text}


def extract_links(
    html: str,
    base_url: str | None = None,
    text: str | None = None,
    pattern: str | None = None,
    *,
    same_site: bool = False,
) -> dict[str, Any]:
    """The web addresses that a page links to, absolute, each once, in the order of the page."""
    if same_site and base_url is None:
        raise ToolError("same_site needs base_url, the address that the page came from.")
    page = parse_html(html)
    base = base_of(page, base_url)
    found: dict[str, str] = {}
    for url, said in _links(page, base):
        found[url] = found.get(url) or said
    links = [
        {"url": url, "text": said}
        for url, said in found.items()
        if (text is None or text.casefold() in said.casefold())
        and (pattern is None or fnmatchcase(url, pattern))
        and not (same_site and not _is_same_site(url, base_url or ""))
    ]
    left_out = 0 if base else sum(_is_relative(element) for element in page.iter(*LINK_TAGS))
    return {"links": links, "urls": [link["url"] for link in links], "count": len(links), "left_out": left_out}


def select(
    html: str,
    selector: str,
    attribute: str | None = None,
    *,
    give: str = "text",
    base_url: str | None = None,
    limit: int = 1000,
) -> dict[str, Any]:
    """The elements that a CSS selector matches, as their text, their HTML or one of their attributes."""
    page = parse_html(html)
    matching, base = _matching(page, selector), base_of(page, base_url)
    values = [_of(element, attribute, give, base) for element in matching[:limit]]
    return {
        "matches": [value for value in values if value is not None],
        "count": len(matching),
        "limited": len(matching) > limit,
    }


def _extracted(html: str) -> tuple[str, str]:
    import trafilatura
    from trafilatura.settings import Document

    if not DOCUMENT.search(html):
        html = f"<html><body>{html}</body></html>"
    # What the library complains about at length is told once, by `extract_text`.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    found = trafilatura.bare_extraction(html, with_metadata=True, favor_recall=True)
    document = found.as_dict() if isinstance(found, Document) else found or {}
    title = document.get("title") or _title(html)
    return title, (document.get("text") or trafilatura.html2txt(html)).strip()


def _title(html: str) -> str:
    found = re.search(r"<title[^>]*>(.{0,500}?)</title>", html, re.IGNORECASE | re.DOTALL)
    return re.sub(r"\s+", " ", unescape(found[1])).strip() if found else ""


def _links(page: lxml.html.HtmlElement, base: str | None) -> Iterator[tuple[str, str]]:
    for element in page.iter(*LINK_TAGS):
        href = (element.get("href") or "").strip()
        if not href.startswith("#") and href and (url := absolute(href, base)) is not None:
            yield urldefrag(url).url, text_of(element) or _said_instead(element)


def _is_relative(element: lxml.html.HtmlElement) -> bool:
    href = (element.get("href") or "").strip()
    return bool(href) and not href.startswith("#") and not SCHEME.match(href)


def _said_instead(element: lxml.html.HtmlElement) -> str:
    """What a link without text says: of a picture in it, or to who points at it."""
    pictures = (picture.get("alt") for picture in element.iter("img", "area"))
    return next((text.strip() for text in (*pictures, element.get("title")) if text and text.strip()), "")


def _is_same_site(url: str, base_url: str) -> bool:
    """Whether both are of one host, or one of a host below the other; `www.` is left out of account."""
    here, there = (_site(address) for address in (base_url, url))
    return here == there or here.endswith(f".{there}") or there.endswith(f".{here}")


def _site(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _matching(page: lxml.html.HtmlElement, selector: str) -> list[lxml.html.HtmlElement]:
    from cssselect import SelectorError
    from lxml.cssselect import CSSSelector

    try:
        return list(CSSSelector(selector, translator="html")(page))
    except (SelectorError, etree.XPathError, RecursionError) as exc:
        shown = selector if len(selector) <= LONGEST_SHOWN else f"{selector[:LONGEST_SHOWN]}…"
        raise ToolError(f"{shown!r} is no CSS selector that is understood: {str(exc).rstrip('.')}.") from None


def _of(element: lxml.html.HtmlElement, attribute: str | None, give: str, base: str | None) -> str | None:
    if attribute is not None:
        value: str | None = element.get(attribute.lower())
        is_address = value is not None and base is not None and attribute.lower() in ADDRESS_ATTRIBUTES
        return (absolute(value, base) or value) if value is not None and is_address else value
    if give == "html":
        source: str = lxml.html.tostring(element, encoding="unicode", with_tail=False)
        return source
    return text_of(element)
