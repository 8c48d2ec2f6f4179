"""The body of an answer as it comes in: decompressed, and never more of it than the limit."""

import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx

from brain.egress.policy import MEGABYTE
from brain.egress.urls import shown
from brain.errors import ToolError

__all__ = ["Limit", "read_body"]

GZIP = 16 + zlib.MAX_WBITS
GZIP_START = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of a body is read."""

    size: int
    """Bytes, before and after decompression."""
    cuts: bool = False
    """Whether the rest is left unread; otherwise a longer body is an error."""


async def read_body(response: httpx.Response, url: httpx.URL, limit: Limit) -> bytes:
    """The whole body; raises ToolError where it is too large or compressed in a way that was not asked for.

    httpx's own decoders know no limit: a few thousand bytes may become gigabytes in one step of theirs.
    """
    declared = response.headers.get("content-length", "0")
    if not limit.cuts and declared.isdecimal() and int(declared) > limit.size:
        raise _too_large(url, limit)
    body = bytearray()
    async for part in _decompressed(response, url, limit):
        body += part
        if len(body) > limit.size:
            if not limit.cuts:
                raise _too_large(url, limit)
            break
    return bytes(body[: limit.size])


async def _decompressed(response: httpx.Response, url: httpx.URL, limit: Limit) -> AsyncIterator[bytes]:
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        async for part in response.aiter_raw():
            yield part
        return
    if encoding not in ("gzip", "x-gzip"):
        raise ToolError(f"{shown(url)} came compressed as {encoding}, although only gzip was asked for.")
    unpacking, received = _Gunzip(limit.size + 1), 0
    async for part in response.aiter_raw():
        received += len(part)
        yield unpacking.feed(part)
        if unpacking.is_full or (limit.cuts and received > limit.size):
            return
        if received > limit.size:
            raise _too_large(url, limit)
    unpacking.finish()


class _Gunzip:
    """Gzip members one after another (RFC 1952, 2.2), up to `size` bytes of what was in them."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._member = zlib.decompressobj(wbits=GZIP)
        self._is_over = False

    @property
    def is_full(self) -> bool:
        return self._left == 0

    def feed(self, part: bytes) -> bytes:
        out = bytearray()
        while part and self._left and self._goes_on_with(part):
            out += (piece := self._member.decompress(part, self._left))
            self._left -= len(piece)
            part = self._member.unused_data
        return bytes(out)

    def finish(self) -> None:
        """Raises zlib.error where the end is missing."""
        if not self._is_over and not self._member.eof:
            raise zlib.error("incomplete")

    def _goes_on_with(self, part: bytes) -> bool:
        """Whether the bytes are data: after a member there is another one, or padding that means nothing."""
        if self._member.eof and not self._is_over:
            self._is_over = not part.startswith(GZIP_START[: len(part)])
            self._member = self._member if self._is_over else zlib.decompressobj(wbits=GZIP)
        return not self._is_over


def _too_large(url: httpx.URL, limit: Limit) -> ToolError:
    return ToolError(f"{shown(url)} is larger than {limit.size / MEGABYTE:g} MB, the limit for one page.")
