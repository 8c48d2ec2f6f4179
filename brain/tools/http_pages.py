"""Lists that an API gives out page by page, gathered into one."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Protocol

import httpx
import jmespath

from brain.egress import BadStatus, FetchedPage, MediaTypes, WebRequest
from brain.egress.urls import origin_of, parse_url, with_parameters
from brain.errors import ToolError
from brain.executor.local import on_daemon_thread
from brain.runs import Json
from brain.tool_registry.context import ToolContext
from brain.tools.http import TEXT_TYPES, as_json

__all__ = ["paginate"]

MOST_BYTES = 50_000_000
"""Of all pages together."""
NOT_FOUND = 404
NAMES_SHOWN = 12
JSON_PAGES = MediaTypes(TEXT_TYPES, "that is not JSON, which http.paginate reads")


async def paginate(
    url: str,
    items: str = "@",
    *,
    next_url: str | None = None,
    page_parameter: str | None = None,
    offset_parameter: str | None = None,
    first_page: int = 1,
    max_pages: int = 10,
    params: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    context: ToolContext,
) -> dict[str, Any]:
    """The items of all pages in order, and whether these are all that there are."""
    if sum(each is not None for each in (next_url, page_parameter, offset_parameter)) > 1:
        raise ToolError("http.paginate takes one of next_url, page_parameter and offset_parameter.")
    way: _Way = _NextUrl(next_url) if next_url is not None else _Links()
    if page_parameter is not None:
        way = _Counted(page_parameter, first_page, by_items=False)
    if offset_parameter is not None:
        way = _Counted(offset_parameter, 0, by_items=True)
    request = WebRequest(url, parameters=params or {}, headers=headers or {}, media_types=JSON_PAGES)
    gathering = _Gathering(context, items, way, max_pages, origin_of(parse_url(url)))
    return await gathering.run(way.first(request))


@dataclass(frozen=True, slots=True)
class _Taken:
    """A page that was fetched, and how far the gathering has come with it."""

    page: FetchedPage
    value: Json
    found: int
    pages: int
    items: int


class _Way(Protocol):
    """How one page leads to the next."""

    @property
    def is_counted(self) -> bool:
        """Whether only an empty or missing page tells that the one before was the last."""

    def first(self, request: WebRequest) -> WebRequest:
        """The request for the first page."""

    def next(self, request: WebRequest, taken: _Taken) -> WebRequest | None:
        """The request for the page after this one; None after the last."""


@dataclass(slots=True)
class _Gathering:
    context: ToolContext
    expression: str
    way: _Way
    max_pages: int
    origin: tuple[str, str, int]
    items: list[Json] = field(default_factory=list)
    pages: int = 0
    size: int = 0
    seen: set[str] = field(default_factory=set)
    stopped: str | None = None

    async def run(self, request: WebRequest | None) -> dict[str, Any]:
        while request is not None and not self._is_limited(request):
            request = await self._take(request)
        outcome = {"items": self.items, "pages": self.pages, "complete": self.stopped is None}
        return outcome if self.stopped is None else {**outcome, "stopped": self.stopped}

    def _is_limited(self, request: WebRequest) -> bool:
        """Whether the page is not fetched although there is one; `stopped` then says why."""
        url = with_parameters(parse_url(request.url), request.parameters)
        if origin_of(url) != self.origin:
            self.stopped = f"The next page is at {_at(url)}, another server than the first one."
        elif str(url) in self.seen:
            self.stopped = f"Page {self.pages} leads to a page that was there before."
        elif self.pages >= self.max_pages:
            self.stopped = f"max_pages ({self.max_pages}) was reached and there may be more pages."
        elif self.size > MOST_BYTES:
            self.stopped = f"The pages so far are larger than {MOST_BYTES / 1e6:g} MB, and there may be more."
        self.seen.add(str(url))
        return self.stopped is not None

    async def _take(self, request: WebRequest) -> WebRequest | None:
        page = await self._fetched(request)
        if page is None:
            return None
        digest = sha256(page.content).hexdigest()
        value, found = await on_daemon_thread(lambda: self._items_of(page), name="http.paginate")
        if found and digest in self.seen:
            self.stopped = f"Page {self.pages + 1} says the same as one before, so it may be no page of its own."
            return None
        self.seen.add(digest)
        self.items += found
        self.pages += 1
        self.size += len(page.content)
        self.context.report(None, f"{self.pages} pages, {len(self.items)} items")
        return self.way.next(request, _Taken(page, value, len(found), self.pages, len(self.items)))

    async def _fetched(self, request: WebRequest) -> FetchedPage | None:
        try:
            return await self.context.egress.send(request)
        except BadStatus as exc:
            if exc.status == NOT_FOUND and self.pages and self.way.is_counted:
                return None  # so many APIs say that there are no more pages
            raise

    def _items_of(self, page: FetchedPage) -> tuple[Json, list[Json]]:
        value = as_json(page.text)
        if value is None:
            raise ToolError(f"{page.url} (page {self.pages + 1}) is not JSON, which http.paginate reads.")
        found = _search("items", self.expression, value)
        if found is None and self.pages and self.way.is_counted:
            return value, []
        if not isinstance(found, list):
            fields = f" Its fields are: {', '.join(list(value)[:NAMES_SHOWN])}." if isinstance(value, Mapping) else ""
            raise ToolError(f"items ({self.expression}) finds no list in {page.url}.{fields}")
        return value, found


class _Links:
    """By the header `Link: <...>; rel="next"` (RFC 8288)."""

    is_counted = False

    def first(self, request: WebRequest) -> WebRequest:
        return request

    def next(self, request: WebRequest, taken: _Taken) -> WebRequest | None:
        links = httpx.Response(200, headers={"Link": taken.page.headers.get("link", "")}).links.values()
        target = next((link["url"] for link in links if "next" in link.get("rel", "").lower().split()), None)
        return None if target is None else _at_url(request, target, taken.page)


@dataclass(frozen=True, slots=True)
class _NextUrl:
    """By an address in the page."""

    expression: str
    is_counted: bool = False

    def first(self, request: WebRequest) -> WebRequest:
        return request

    def next(self, request: WebRequest, taken: _Taken) -> WebRequest | None:
        target = _search("next_url", self.expression, taken.value)
        if target is None or target in ("", False):
            return None
        if not isinstance(target, str):
            raise ToolError(f"next_url ({self.expression}) finds {str(target)[:60]} in {taken.page.url}, no address.")
        return _at_url(request, target, taken.page)


@dataclass(frozen=True, slots=True)
class _Counted:
    """By a parameter that counts pages, or the items so far."""

    parameter: str
    start: int
    by_items: bool
    is_counted: bool = True

    def first(self, request: WebRequest) -> WebRequest:
        return self._at(request, self.start)

    def next(self, request: WebRequest, taken: _Taken) -> WebRequest | None:
        done = taken.items if self.by_items else taken.pages
        return self._at(request, self.start + done) if taken.found else None

    def _at(self, request: WebRequest, number: int) -> WebRequest:
        return replace(request, parameters={**request.parameters, self.parameter: number})


def _at_url(request: WebRequest, target: str, page: FetchedPage) -> WebRequest:
    url = parse_url(target, base=httpx.URL(page.url))
    return replace(request, url=str(url), parameters={})


def _at(url: httpx.URL) -> str:
    scheme, host, port = origin_of(url)
    return f"{scheme}://{host}:{port}"


def _search(argument: str, expression: str, value: Json) -> Json:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)  # an old way to write text
            return jmespath.search(expression, value)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as exc:
        reason = str(exc).splitlines()[0].rstrip(":.")
        raise ToolError(f"{argument} ({expression}) is no JMESPath that can be worked out: {reason}.") from None
