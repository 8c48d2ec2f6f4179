"""Addresses of pages: parsed and refused, and shown without the user and password in them."""

import re
from collections.abc import Mapping
from typing import Any

import httpx

from brain.egress.gate import HIGHEST_PORT
from brain.errors import EgressRefused, ToolError

__all__ = ["Origin", "clip", "host_of", "origin_of", "parse_url", "shown", "with_parameters", "without_user"]

type Origin = tuple[str, str, int]
"""Scheme, host, port (RFC 6454)."""

LONGEST_SHOWN = 300
"""Characters of a URL that a message shows."""
USER_IN_URL = re.compile(r"//[^/?#]*@")


def parse_url(url: str, base: httpx.URL | None = None) -> httpx.URL:
    """The address, relative to `base`; raises EgressRefused where it is none of a web page."""
    try:
        parsed = base.join(url) if base else httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as exc:
        written = clip(repr(USER_IN_URL.sub("//", url)))
        raise EgressRefused(f"{written} is no address of a web page: {exc}.") from None
    if parsed.scheme not in ("http", "https"):
        raise EgressRefused(f"{shown(parsed)} was refused: only http:// and https:// addresses are fetched.")
    port = 80 if parsed.port is None else parsed.port
    if not parsed.host or "%" in parsed.host or not 0 < port <= HIGHEST_PORT:
        raise EgressRefused(f"{shown(parsed)} was refused: it names no host and port that can be reached.")
    return parsed


def with_parameters(url: httpx.URL, parameters: Mapping[str, Any]) -> httpx.URL:
    """The address with these query parameters, each in place of those of its name; the others stay as they are."""
    if not parameters:
        return url
    kept = [each for each in url.query.decode("ascii").split("&") if each and _name(each) not in parameters]
    try:
        added = str(httpx.QueryParams(dict(parameters)))
    except UnicodeError:
        raise ToolError(f"The parameters for {shown(url)} hold characters that cannot be sent.") from None
    return url.copy_with(query="&".join(filter(None, [*kept, added])).encode())


def host_of(url: httpx.URL) -> str:
    """The host as it goes over the wire, in ASCII."""
    return url.raw_host.decode("ascii")


def origin_of(url: httpx.URL) -> Origin:
    """Whom a page belongs to."""
    return url.scheme, host_of(url), url.port or (443 if url.scheme == "https" else 80)


def without_user(url: httpx.URL) -> str:
    """The address without user and password."""
    return str(url.copy_with(userinfo=b""))


def shown(url: httpx.URL) -> str:
    """The address as messages show it."""
    return clip(without_user(url))


def clip(text: str) -> str:
    """The text, cut where it is too long for a message."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _name(parameter: str) -> str:
    return next(iter(httpx.QueryParams(parameter)), "")
