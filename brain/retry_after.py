"""How long a server asks to be left alone."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["seconds_to_rest"]


def seconds_to_rest(retry_after: str) -> float | None:
    """The seconds or the date of `Retry-After` (RFC 9110, 10.2.3), as seconds from now; None where it says neither."""
    said = retry_after.strip()
    if said.isdecimal():
        return float(said[:9])
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
