"""Pages through ScraperAPI, for sites that answer no plain request; needs a key of that service."""

from http import HTTPStatus
from typing import Any

from brain.egress import BadStatus, MediaTypes, WebRequest
from brain.egress.urls import parse_url, without_user
from brain.errors import ToolError
from brain.tool_registry.context import ToolContext
from brain.tools.http import TEXT_TYPES

__all__ = ["get"]

SERVICE = "https://api.scraperapi.com/"
KEY = "SCRAPERAPI_KEY"
SECONDS = 70.0
"""How long the service tries before it gives up: https://docs.scraperapi.com/."""
TEXTS = MediaTypes(TEXT_TYPES, "that is not text, and scraperapi.get reads pages, text, JSON and XML")


async def get(url: str, *, render: bool = False, country: str | None = None, context: ToolContext) -> dict[str, Any]:
    """The text of a page as the service fetched it; robots.txt of the page's host is asked all the same."""
    await context.egress.check_robots(url)
    target = without_user(parse_url(url))
    # The key travels in a header, so that no address that is shown or logged holds it.
    headers = {"x-sapi-api_key": context.secret(KEY)}
    if render:
        headers["x-sapi-render"] = "true"
    if country:
        headers["x-sapi-country_code"] = country
    request = WebRequest(
        SERVICE, parameters={"url": target}, headers=headers, media_types=TEXTS, is_crawling=False, seconds=SECONDS
    )
    try:
        page = await context.egress.send(request)
    except BadStatus as exc:
        raise _explained(exc, target) from exc
    return {"url": target, "status": page.status, "media_type": page.media_type, "text": page.text}


def _explained(exc: BadStatus, target: str) -> ToolError:
    if exc.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return ToolError(
            f"ScraperAPI did not fetch {target} ({exc.status}): check the key in {KEY} and what its plan covers."
        )
    return ToolError(f"ScraperAPI did not fetch {target}: it answered {exc.status}.", transient=exc.transient)
