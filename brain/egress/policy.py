"""Whom tools may reach, how much of it they take, and how they behave there."""

from dataclasses import dataclass

__all__ = ["MEGABYTE", "EgressPolicy"]

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """The settings of the way out, and the limits of one fetch."""

    allow: tuple[str, ...] = ()
    """Hosts, `*.` domains, addresses or networks that may be reached although they are not public.

    They are the project's own: a host that is named here is not asked for its robots.txt, nor spared.
    """
    only: tuple[str, ...] = ()
    """Where there are any, nothing else is reached, public or not."""
    max_bytes: int = 10 * MEGABYTE
    """Of the body, before and after decompression."""
    timeout: float = 30.0
    """Seconds for everything: name, connection, redirects, body. Waiting for one's turn at a host does not count."""
    max_redirects: int = 5
    max_rendered_bytes: int = 50 * MEGABYTE
    """Of everything that one page loads in a browser, both ways, as it goes over the wire."""
    robots: bool = True
    """Whether pages that a host's robots.txt excludes stay unread."""
    host_interval: float = 0.25
    """Seconds from one request to a host to the next."""
