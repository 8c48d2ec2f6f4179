"""Entries of RSS and Atom feeds as a table."""

import calendar
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from brain.egress import MediaTypes, WebRequest
from brain.errors import ToolError
from brain.executor.local import on_daemon_thread
from brain.tool_registry.context import ToolContext
from brain.tools.html_document import parse_html, text_of
from brain.tools.http import TEXT_TYPES

__all__ = ["read"]

FEEDS = MediaTypes(TEXT_TYPES, "that is no feed, and feed.read reads RSS and Atom")
AS_TEXT = {"content-type": "application/xml; charset=utf-8"}
SCHEMA = pa.schema([
    ("title", pa.string()),
    ("url", pa.string()),
    ("published", pa.timestamp("us", "UTC")),
    ("updated", pa.timestamp("us", "UTC")),
    ("author", pa.string()),
    ("summary", pa.string()),
    ("content", pa.string()),
    ("tags", pa.string()),
    ("id", pa.string()),
])  # fmt: skip


async def read(url: str | None = None, text: str | None = None, *, context: ToolContext) -> pa.Table:
    """One row an entry, in the order of the feed; from an address, or from the source that an earlier step fetched."""
    if (url is None) == (text is None):
        raise ToolError("feed.read takes either url or text.")
    if url is not None:
        page = await context.egress.send(WebRequest(url, media_types=FEEDS))
        said = {"content-type": page.headers.get("content-type", ""), "content-location": page.url}
        return await on_daemon_thread(lambda: _table(page.content, said, page.url), name="feed.read")
    source = (text or "").encode("utf-8", "replace")
    return await on_daemon_thread(lambda: _table(source, AS_TEXT, "The text"), name="feed.read")


def _table(source: bytes, headers: Mapping[str, str], where: str) -> pa.Table:
    import feedparser

    # A stream, because the library takes text that looks like an address or a path for one, and opens it.
    found = feedparser.parse(io.BytesIO(source), response_headers=dict(headers))
    if not found.get("version"):
        raise ToolError(f"{where} is no RSS or Atom feed; of a web page, take the address of its feed.")
    return pa.Table.from_pylist([_row(entry) for entry in found.entries], schema=SCHEMA)


def _row(entry: Any) -> dict[str, Any]:
    contents = [each.get("value") for each in entry.get("content", ()) if each.get("value")]
    return {
        "title": _plain(entry.get("title")),
        "url": entry.get("link"),
        "published": _time(entry, "published_parsed"),
        "updated": _time(entry, "updated_parsed"),
        "author": entry.get("author"),
        "summary": _plain(entry.get("summary")),
        "content": contents[0] if contents else None,
        "tags": ", ".join(tag["term"] for tag in entry.get("tags", ()) if tag.get("term")) or None,
        "id": entry.get("id"),
    }


def _plain(html: str | None) -> str | None:
    """What a title or summary says: feeds write them in HTML."""
    if not html or not html.strip():
        return None
    return text_of(parse_html(html)) or None


def _time(entry: Any, name: str) -> datetime | None:
    """A time of the entry, which the library gives in UTC; None for one that no calendar has.

    Past the library's own look-up, which takes one time for another where it is missing.
    """
    parsed = dict.get(entry, name)
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError):
        return None
