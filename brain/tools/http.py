"""Pages and data from the web as text, and what is sent there."""

import json as json_format
import re
from collections.abc import Mapping
from typing import Any, NoReturn

import pyarrow as pa

from brain.egress import Body, FetchedPage, MediaTypes, WebRequest
from brain.errors import ToolError
from brain.executor.local import on_daemon_thread
from brain.runs import Json
from brain.tool_registry.context import ToolContext

__all__ = ["TEXT_TYPES", "as_json", "get", "post"]

TEXT_TYPES = re.compile(
    r"|text/.+|application/((.+\+)?(json|xml|yaml)|(x-)?(ndjson|javascript|yaml|www-form-urlencoded|csv))"
)
"""Media types that are text, and none at all."""
JSON_TYPE = re.compile(r"(application|text)/(.+\+)?json")
TEXTS = MediaTypes(TEXT_TYPES, "that is not text, and http.get reads pages, text, JSON and XML")
VALIDATORS = {"etag": "If-None-Match", "last_modified": "If-Modified-Since"}
"""Fields of a result, and the headers that ask whether it still holds (RFC 9110, 13.1)."""


async def get(
    url: str, params: dict[str, Any] | None = None, headers: dict[str, str] | None = None, *, context: ToolContext
) -> dict[str, Any]:
    """The text behind an address, after redirects; the earlier result again where the server says that it holds."""
    asked = dict(headers or {})
    conditions = _conditions(context.earlier, asked)
    request = WebRequest(url, parameters=params or {}, headers={**conditions, **asked}, media_types=TEXTS)
    page = await context.egress.send(request)
    if page.status == 304:  # noqa: PLR2004 - not modified
        if not conditions:
            raise ToolError(f"{page.url} has not changed since what the headers name; leave them out to get its text.")
        earlier: dict[str, Any] = context.earlier
        return earlier
    return await on_daemon_thread(lambda: described(page), name="http.get")


async def post(
    url: str,
    json: Json = None,
    form: dict[str, str] | None = None,
    text: str | None = None,
    *,
    params: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    context: ToolContext,
) -> dict[str, Any]:
    """Send something to an address; gives the text of the answer, where it is text."""
    body = _body(url, json, form, text)
    # robots.txt has no say in the page that the answer may redirect to either: a person has approved this
    request = WebRequest(url, "POST", params or {}, headers or {}, body, is_crawling=False)
    page = await context.egress.send(request)
    result = await on_daemon_thread(lambda: described(page), name="http.post")
    return result | ({"location": page.headers["location"]} if "location" in page.headers else {})


def described(page: FetchedPage) -> dict[str, Any]:
    """A page as steps pass it on; of one that is no text only what it is."""
    is_text = TEXT_TYPES.fullmatch(page.media_type)
    result: dict[str, Any] = {
        "url": page.url,
        "status": page.status,
        "media_type": page.media_type,
        "text": page.text if is_text else "",
    }
    if JSON_TYPE.fullmatch(page.media_type) and (parsed := as_json(page.text)) is not None:
        result["json"] = parsed
    for name in VALIDATORS:
        if header := page.headers.get(name.replace("_", "-")):
            result[name] = header
    return result


def as_json(text: str) -> Json:
    """What JSON text says; None where it is none."""
    try:
        return json_format.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _body(url: str, json: Json, form: dict[str, str] | None, text: str | None) -> Body | None:
    if (given := sum(value is not None for value in (json, form, text))) > 1:
        raise ToolError(f"{url} can be sent one of json, form and text, and got {given} of them.")
    try:
        if form is not None:
            return Body.of_form(form)
        if text is not None:
            return Body.of_text(text)
        return None if json is None else Body.of_json(json, _as_rows)
    except ValueError as exc:  # half a surrogate pair, or in JSON NaN and what `_as_rows` refuses
        raise ToolError(f"What was to be sent to {url} cannot be written down: {exc}.") from None


def _as_rows(value: Any) -> Json:
    """JSON for what steps pass on and JSON does not know."""
    if isinstance(value, pa.Table):
        return value.to_pylist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise ValueError(f"it holds a value of type {type(value).__name__}")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and infinities, which are no JSON


def _conditions(earlier: Json, asked: Mapping[str, str]) -> dict[str, str]:
    """Headers that ask for the page only where it is not the earlier one; none where the caller has some."""
    if not isinstance(earlier, Mapping) or not {name.lower() for name in asked}.isdisjoint(_lower(VALIDATORS)):
        return {}
    return {header: earlier[name] for name, header in VALIDATORS.items() if isinstance(earlier.get(name), str)}


def _lower(headers: Mapping[str, str]) -> set[str]:
    return {header.lower() for header in headers.values()}
