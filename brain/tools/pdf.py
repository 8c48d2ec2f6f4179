"""What PDF files say, page by page."""

import io
import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from brain.egress import MediaTypes, WebRequest
from brain.errors import ToolError
from brain.executor.local import on_daemon_thread
from brain.tool_registry.context import ToolContext
from brain.tools.project_files import path_to_read

if TYPE_CHECKING:
    from pypdf import PdfReader

__all__ = ["extract_text"]

SUFFIXES = (".pdf",)
PDFS = MediaTypes(re.compile(r"|application/(x-)?pdf|(application|binary)/octet-stream"), "pdf.extract_text reads PDF")
START_WITHIN = 1024
"""Bytes before `%PDF-` that readers put up with."""
MOST_PAGES = 200
MOST_BYTES = 100_000_000
"""Of a file of the project."""
MOST_CHARACTERS = 5_000_000
SECONDS = 100.0
"""After which no further page is begun; a page of a file that was made to be slow can take long."""
UNSTORABLE = re.compile("[\0\ud800-\udfff]")


async def extract_text(
    path: str | None = None,
    url: str | None = None,
    first_page: int = 1,
    last_page: int | None = None,
    *,
    context: ToolContext,
) -> dict[str, Any]:
    """The text of a file of the project or of the web; `limited` says whether pages were left out at a limit."""
    if (path is None) == (url is None):
        raise ToolError("pdf.extract_text takes either path or url.")
    if url is not None:
        page = await context.egress.send(WebRequest(url, media_types=PDFS))
        content, where = page.content, page.url
    else:
        content, where = _file(path or "", context), path or ""
    return await on_daemon_thread(lambda: _read(content, where, first_page, last_page), name="pdf.extract_text")


def _file(path: str, context: ToolContext) -> bytes:
    file = path_to_read(context.project, path, SUFFIXES)
    if file.stat().st_size > MOST_BYTES:
        raise ToolError(f"{path} is larger than {MOST_BYTES / 1e6:g} MB.")
    return file.read_bytes()


def _read(content: bytes, where: str, first_page: int, last_page: int | None) -> dict[str, Any]:
    with _told(where):
        reader = _opened(content, where)
        count = len(reader.pages)
        last = min(last_page or count, count)
        if not first_page <= last:
            raise ToolError(f"{where} has no page from {first_page} to {last_page or count}; it has {count}.")
        pages = list(_texts(reader, first_page, last))
        title = reader.metadata.title if reader.metadata else None
    if not any(page["text"] for page in pages):
        raise ToolError(
            f"{where} holds no text on the pages {first_page} to {pages[-1]['page']}: they are pictures, as scanners "
            "make them, and would have to go through text recognition (OCR) first."
        )
    return {
        "title": _storable(title or ""),
        "page_count": count,
        "text": "\n\n".join(page["text"] for page in pages if page["text"]),
        "pages": pages,
        "limited": pages[-1]["page"] < last,
    }


@contextmanager
def _told(where: str) -> Iterator[None]:
    try:
        yield
    except ToolError:
        raise
    except Exception as exc:  # a broken file may make the library raise anything: its page on errors says so
        reason = (str(exc).splitlines() or [type(exc).__name__])[0].rstrip(".")
        raise ToolError(f"{where} is broken and cannot be read as PDF: {reason}.") from exc


def _opened(content: bytes, where: str) -> "PdfReader":
    from pypdf import PdfReader

    # What the library finds odd in a file is told once, by what is raised here.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    if b"%PDF-" not in content[:START_WITHIN]:
        raise ToolError(f"{where} is no PDF file.")
    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        raise ToolError(f"{where} is encrypted and needs a password; save a copy without one and read that.")
    return reader


def _texts(reader: "PdfReader", first: int, last: int) -> Iterator[dict[str, Any]]:
    """Page after page, until one of the limits is reached."""
    started, characters = time.monotonic(), 0
    for number in range(first, min(last, first + MOST_PAGES - 1) + 1):
        text = _storable(reader.pages[number - 1].extract_text()).strip()
        characters += len(text)
        yield {"page": number, "text": text}
        if characters > MOST_CHARACTERS or time.monotonic() - started > SECONDS:
            return


def _storable(text: str) -> str:
    """With U+FFFD for what PostgreSQL refuses."""
    return UNSTORABLE.sub("\ufffd", text)
