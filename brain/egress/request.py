"""What a tool asks of the web, and what becomes of the request as it is sent from server to server."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal, Self

import httpx

from brain.egress.urls import origin_of, parse_url, shown, with_parameters
from brain.errors import ToolError

__all__ = ["Body", "Hop", "MediaTypes", "Method", "WebRequest"]

type Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

AGENT = "the-brain"
ASKED_FOR = {"Accept": "*/*", "Accept-Encoding": "gzip", "User-Agent": AGENT}
NOT_FOR_CALLERS = re.compile(
    r"host|connection|content-length|transfer-encoding|accept-encoding|te|trailer|upgrade|proxy-.*", re.IGNORECASE
)
"""Headers that belong to the connection (RFC 9110, 7.6.1) or say whom the request is for."""
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
HARMLESS_ELSEWHERE = frozenset({"accept", "accept-encoding", "accept-language", "user-agent"})
"""Headers of the caller that a redirect to another host still gets; all others may carry a secret."""
ABOUT_THE_BODY = frozenset({"content-type", "content-encoding", "content-language", "content-location", "digest"})
SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class MediaTypes:
    """Which answers a tool can use; looked at before the body is read."""

    pattern: re.Pattern[str]
    """Of the whole media type in lower case, which is empty where the server does not say."""
    taken: str
    """What is taken, to end a message: `http.get reads pages, text, JSON and XML`."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a request sends along."""

    content: bytes
    media_type: str

    @classmethod
    def of_json(cls, value: Any, default: Callable[[Any], Any] | None = None) -> Self:
        """A JSON value; `default` turns what is none into one, as `json.dumps` asks it to.

        Raises ValueError where the value holds NaN or an infinity.
        """
        return cls(json.dumps(value, ensure_ascii=False, allow_nan=False, default=default).encode(), "application/json")

    @classmethod
    def of_form(cls, fields: Mapping[str, str]) -> Self:
        """Fields as a form of a page sends them."""
        return cls(str(httpx.QueryParams(dict(fields))).encode(), "application/x-www-form-urlencoded")

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Plain text."""
        return cls(text.encode(), "text/plain; charset=utf-8")


@dataclass(frozen=True, slots=True)
class WebRequest:
    """One request, with what its answer may be."""

    url: str
    method: Method = "GET"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Of the query: texts, numbers, booleans and lists of them, each in place of what the URL has under its name."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    media_types: MediaTypes | None = None
    """None: any."""
    is_crawling: bool = True
    """Whether robots.txt is asked before a GET; not for an API that the project has a key for."""
    cut_at: int | None = None
    """Bytes of the body after which the rest is left unread; None: a body beyond the policy's limit is an error."""
    seconds: float | None = None
    """Of time; None: the policy's."""

    @property
    def is_conditional(self) -> bool:
        """Whether 304 (not modified) is an answer to it (RFC 9110, 13)."""
        return not {"if-none-match", "if-modified-since"}.isdisjoint(map(str.lower, self.headers))


@dataclass(frozen=True, slots=True)
class Hop:
    """The request as one server gets it."""

    url: httpx.URL
    method: Method
    headers: httpx.Headers
    content: bytes | None

    @classmethod
    def first(cls, request: WebRequest) -> Self:
        """The request to where it was meant for; raises ToolError on headers that cannot be chosen."""
        url = with_parameters(parse_url(request.url), request.parameters)
        headers = httpx.Headers(ASKED_FOR)
        if request.body:
            headers["Content-Type"] = request.body.media_type
        headers.update(_checked(request.headers, url))
        return cls(url, request.method, headers, request.body.content if request.body else None)

    @property
    def is_safe(self) -> bool:
        """Whether it only asks (RFC 9110, 9.2.1), so that it may be repeated."""
        return self.method in SAFE

    def redirected(self, status: int, location: str) -> "Hop":
        """The request that follows a redirect (RFC 9110, 15.4).

        A method that changes something is repeated at the same origin only; other hosts get none of the caller's
        headers that may carry a secret. Raises EgressRefused, ToolError.
        """
        url = parse_url(location, base=self.url)
        is_same = origin_of(url) == origin_of(self.url)
        headers = self.headers if is_same else _without(self.headers, set(self.headers) - HARMLESS_ELSEWHERE)
        if self.is_safe:
            return Hop(url, self.method, headers, self.content)
        if status == HTTPStatus.SEE_OTHER or (self.method == "POST" and status in (301, 302)):  # as browsers do
            return Hop(url, "GET", _without(headers, ABOUT_THE_BODY), None)
        if not is_same:
            raise ToolError(
                f"{shown(self.url)} sends the {self.method} on to {shown(url)}, and what it carries is not handed to "
                "another server; ask that address itself if it is the right one."
            )
        return Hop(url, self.method, headers, self.content)


def _checked(headers: Mapping[str, str], url: httpx.URL) -> Mapping[str, str]:
    for name, value in headers.items():
        if NOT_FOR_CALLERS.fullmatch(name):
            raise ToolError(f"The header {name} for {shown(url)} cannot be chosen; leave it out.")
        if not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
            raise ToolError(f"The header {name!r} for {shown(url)} holds characters that HTTP does not take.")
    return headers


def _without(headers: httpx.Headers, names: "set[str] | frozenset[str]") -> httpx.Headers:
    return httpx.Headers([(name, value) for name, value in headers.items() if name not in names])
