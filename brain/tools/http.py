"""Pages and data from the web, as text."""

import re
from typing import Any

from brain.errors import ToolError
from brain.tool_registry.context import ToolContext

__all__ = ["get"]

TEXT_TYPES = re.compile(
    r"|text/.+|application/((.+\+)?(json|xml|yaml)|(x-)?(ndjson|javascript|yaml|www-form-urlencoded|csv))"
)
"""Media types that are text, and none at all."""


async def get(url: str, headers: dict[str, str] | None = None, *, context: ToolContext) -> dict[str, Any]:
    """The text behind an address, after redirects."""
    page = await context.egress.get(url, headers)
    if not TEXT_TYPES.fullmatch(page.media_type):
        raise ToolError(
            f"{page.url} is {page.media_type}, which is not text; http.get reads pages, text, JSON and XML."
        )
    return {"url": page.url, "status": page.status, "media_type": page.media_type, "text": page.text}
