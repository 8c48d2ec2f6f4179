"""What a web page says, without menus, scripts and advertisements."""

import logging
import re
from html import unescape

from brain.errors import ToolError

__all__ = ["extract_text"]

DOCUMENT = re.compile(r"<(html|body)\b", re.IGNORECASE)
TAG = re.compile(r"<[a-zA-Z!/][^>]*>")


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
