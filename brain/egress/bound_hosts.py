"""Where one call of a tool may still go: every secret that it has been given leaves it the hosts of its binding."""

import ssl
from collections.abc import Iterable, Mapping
from typing import Any

import httpcore

from brain.addresses import bare_host
from brain.errors import EgressRefused

__all__ = ["BoundHosts", "BoundStream"]

ANY_SUBDOMAIN = "*."


class BoundHosts:
    """The hosts that are left to a call; told of secrets by its thread, asked by the event loop."""

    def __init__(self) -> None:
        self._given: Mapping[str, tuple[str, ...]] = {}

    def bind(self, secret: str, hosts: Iterable[str]) -> None:
        """From now on the call reaches only hosts that this secret, and every other that it knows, may go to."""
        self._given = {**self._given, secret: tuple(hosts)}

    def check(self, host: str) -> None:
        """Return where the call may reach a host; raises EgressRefused that names the secret and the way out."""
        asked = bare_host(host)
        for secret, hosts in self._given.items():
            if not any(_covers(bare_host(each), asked) for each in hosts):
                may = f"may only go to {', '.join(hosts)}" if hosts else "may go to no host"
                raise EgressRefused(
                    f"this call has been given the secret {secret}, which {may}; "
                    f"add {host} to the hosts of {secret} in tools.json if the tool may reach it."
                )


class BoundStream(httpcore.AsyncNetworkStream):
    """A connection that takes nothing more once a secret has been given that may not go to its host."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, host: str, bound: BoundHosts) -> None:
        self._stream = stream
        self._host = host
        self._bound = bound

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's signature
        """What comes."""
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's signature
        """Send; raises EgressRefused."""
        self._bound.check(self._host)
        await self._stream.write(buffer, timeout)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        """The same connection encrypted."""
        return BoundStream(await self._stream.start_tls(ssl_context, server_hostname, timeout), self._host, self._bound)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks about the socket."""
        return self._stream.get_extra_info(info)

    async def aclose(self) -> None:
        """Hang up."""
        await self._stream.aclose()


def _covers(bound: str, host: str) -> bool:
    if bound.startswith(ANY_SUBDOMAIN):
        return host.removesuffix(bound.removeprefix("*")) not in ("", host)
    return host == bound
