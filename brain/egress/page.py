"""What comes back from the web: a page, and how its bytes are read as text."""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["FetchedPage", "charset_of"]

WEB_ENCODING = re.compile(
    r"utf-?8|utf-?16([bl]e)?|(us-)?ascii|iso[-_]?8859-?\d+|latin-?\d|(windows|cp)-?\d+|koi8-[ru]|macintosh|"
    r"gbk|gb2312|gb18030|big5(-hkscs)?|euc-(jp|kr)|shift[-_]jis|iso-2022-jp",
    re.IGNORECASE,
)
"""Those of the Encoding Standard (WHATWG); Python knows more, some of them slow and some not for text."""
SAID_FOR_WINDOWS_1252 = re.compile(r"(us-)?ascii|iso[-_]?8859-?1|latin-?1", re.IGNORECASE)
META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset=[\"']?\s*([\w-]{2,30})", re.IGNORECASE)
META_WITHIN = 1024
"""Bytes; the HTML standard's limit for the declaration."""


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """An answer with a 2xx status, or 304 where the request asked so; after redirects and decompression."""

    url: str
    """Where it came from in the end, without user and password."""
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    content: bytes
    media_type: str
    """In lower case, without parameters; empty where the server did not say."""
    charset: str
    """The encoding that `text` uses: by byte-order mark, server or page, else UTF-8, else windows-1252."""

    @property
    def text(self) -> str:
        """The content as text; what cannot be decoded, and NUL, which PostgreSQL refuses, becomes U+FFFD."""
        text = self.content.decode(self.charset, errors="replace").removeprefix("\ufeff")
        return text.replace("\0", "\ufffd")


def charset_of(declared: str | None, content: bytes) -> str:
    """The encoding of a text, from what the server declared, what the page says, and what its bytes look like."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8"
    meta = META_CHARSET.search(content[:META_WITHIN])
    for name in (declared, _said_by(meta) if meta else None):
        if name and (known := _known_encoding(name)):
            return known
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"


def _said_by(meta: re.Match[bytes]) -> str:
    """The encoding that a page names; it cannot be UTF-16, or the declaration would not have been found (WHATWG)."""
    name = meta[1].decode("ascii", "replace")
    return "utf-8" if name.lower().startswith("utf-16") else name


def _known_encoding(name: str) -> str | None:
    if not WEB_ENCODING.fullmatch(name):
        return None
    try:
        return codecs.lookup("windows-1252" if SAID_FOR_WINDOWS_1252.fullmatch(name) else name).name
    except LookupError:
        return None
