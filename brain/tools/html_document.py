"""HTML source as a tree, however broken it is."""

from urllib.parse import urljoin, urlsplit

import lxml.html
from lxml import etree

from brain.errors import ToolError

__all__ = ["absolute", "base_of", "parse_html", "text_of"]

WEB = ("http://", "https://")


def parse_html(html: str) -> lxml.html.HtmlElement:
    """The root of the page; raises ToolError where there is nothing in it."""
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        # as bytes, because lxml refuses text that declares an encoding
        return lxml.html.document_fromstring(html.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        raise ToolError("The page is empty: there is no HTML in it to look through.") from None


def text_of(element: lxml.html.HtmlElement) -> str:
    """What the element says, on one line."""
    return " ".join(str(element.text_content()).split())


def base_of(page: lxml.html.HtmlElement, base_url: str | None) -> str | None:
    """What relative addresses of the page start from: `<base href>`, itself relative to where the page came from."""
    for element in page.iter("base"):
        if href := (element.get("href") or "").strip():
            return absolute(href, base_url)
    return base_url


def absolute(address: str, base: str | None) -> str | None:
    """The address in full, where it is one of the web and what it starts from is known."""
    try:
        joined = urljoin(base or "", address.strip())
        has_host = bool(urlsplit(joined).hostname)
    except ValueError:
        return None
    return joined if has_host and joined.lower().startswith(WEB) else None
