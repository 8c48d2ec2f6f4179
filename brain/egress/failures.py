"""What goes wrong on the way to a page, in sentences."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import httpcore
import httpx

from brain.egress.urls import shown
from brain.errors import EgressRefused, ToolError
from brain.retry_after import seconds_to_rest

__all__ = ["BadStatus", "RedirectsWithoutEnd", "check_status", "translated"]


class BadStatus(ToolError):
    """The server answered with a status that is no success."""

    def __init__(self, message: str | None = None, *, transient: bool = False, status: int = 0) -> None:
        super().__init__(message, transient=transient)
        self.status = status


class RedirectsWithoutEnd(ToolError):
    """More redirects than are followed."""


@contextmanager
def translated(url: httpx.URL) -> Iterator[None]:
    """Turn what httpcore raises into ToolError, `transient` where the same request may succeed later."""
    try:
        yield
    except EgressRefused as exc:
        raise EgressRefused(f"{shown(url)} was refused: {exc}") from None
    except (httpx.RemoteProtocolError, httpx.InvalidURL) as exc:
        # httpx reads where a redirect leads even where it is not to follow it
        raise EgressRefused(f"{shown(url)} redirects to something that is no address of a web page: {exc}.") from None
    except httpcore.TimeoutException as exc:
        raise ToolError(f"{shown(url)} did not answer in time.", transient=True) from exc
    except httpcore.ConnectError as exc:
        if "certificate" in str(exc).lower():
            raise ToolError(f"{shown(url)} was not fetched: its certificate is not trusted ({exc}).") from exc
        raise ToolError(f"{shown(url)} was not reached: {_reason(exc)}.", transient=True) from exc
    except httpcore.LocalProtocolError as exc:
        raise ToolError(f"{shown(url)} cannot be asked for: {exc}.") from exc
    except (httpcore.NetworkError, httpcore.ProtocolError) as exc:
        raise ToolError(f"{shown(url)} broke off its answer: {_reason(exc)}.", transient=True) from exc
    except zlib.error as exc:
        raise ToolError(f"{shown(url)} sent a compressed answer that is damaged.", transient=True) from exc


def check_status(response: httpx.Response, url: httpx.URL) -> None:
    """Return where the answer is a success; raises BadStatus."""
    if response.is_success:
        return
    status = response.status_code
    transient = status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS) or response.is_server_error
    said = f"{status} {response.reason_phrase}".strip()
    rest = seconds_to_rest(response.headers.get("retry-after", ""))
    later = f" and asks to come back in {rest:.0f} seconds" if rest and transient else ""
    raise BadStatus(f"{shown(url)} answered {said}{later}.", transient=transient, status=status)


def _reason(exc: Exception) -> str:
    return str(exc).rstrip(".") or "the connection was lost"
