"""Resolve, check, connect: every connection of a tool is made here, whatever is spoken over it.

A name is resolved, its addresses are checked, and the connection goes to a checked one, so that a name that changes its
answer between check and use (DNS rebinding) gains nothing. Configured services (model, database, Redis) do not go
through here.
"""

import asyncio
import copy
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Self

import httpcore

from brain.addresses import Address, AllowedHosts, HostList, written_address
from brain.egress.bound_hosts import BoundHosts, BoundStream
from brain.egress.policy import EgressPolicy
from brain.errors import EgressRefused, ToolError

__all__ = ["Gate", "Resolver"]

type Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to the addresses of the host, best first."""

CONNECT_SECONDS = 5.0
"""For one address, where the host has more of them."""
HIGHEST_PORT = 65_535
OTHER_SERVICES = frozenset({
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
    110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531,
    532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060,
    5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
})  # fmt: skip
"""Ports of mail, chat and the like, which might take a request for their own language: the Fetch standard's list."""


class Gate:
    """Whom tools may reach; it holds no connection between calls."""

    def __init__(self, policy: EgressPolicy | None = None, resolver: Resolver | None = None) -> None:
        self.policy = policy or EgressPolicy()
        self._allowed = AllowedHosts(self.policy.allow)
        self._only = HostList(self.policy.only, "BRAIN_ONLY_HOSTS")
        self._resolve = resolver or _system_resolver
        self.bound = BoundHosts()
        """What the secrets that a call has been given leave of the network."""

    def narrowed(self, bound: BoundHosts) -> Self:
        """The same way to the network for one call of a tool, which `bound` makes narrower as the call goes on."""
        own = copy.copy(self)
        own.bound = bound
        return own

    async def connect(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore asks for it in seconds
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, check and connect to a checked address; every connection of a tool is made here."""
        stream = await self._connected(host, port, timeout)
        return BoundStream(stream, host, self.bound)

    async def _connected(self, host: str, port: int, seconds: float | None) -> httpcore.AsyncNetworkStream:
        *others, last = await self.addresses(host, port)
        for address in others:
            try:
                return await _connect(address, port, min(CONNECT_SECONDS, seconds or CONNECT_SECONDS))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await _connect(last, port, seconds)

    async def addresses(self, host: str, port: int) -> list[Address]:
        """The addresses of a host that may be reached, at least one, best first.

        The one place where a host is refused. Raises EgressRefused where none may be reached, ToolError where the name
        is not known.
        """
        self.bound.check(host)
        if not 0 < port <= HIGHEST_PORT or (port in OTHER_SERVICES and not self._allowed.names(host)):
            raise EgressRefused(f"port {port} of {host} is not one where web pages are served.")
        if self._only and not self._only.names(host) and not self._only.has_networks:
            raise _not_listed(host, "")  # without looking the name up, which would already tell somebody
        written = written_address(host)
        found = [written] if written else [ipaddress.ip_address(each) for each in await self._resolve(host, port)]
        means = f" ({found[0]})" if found and str(found[0]) != host else ""
        listed = [address for address in found if not self._only or self._only.holds(host, address)]
        if found and not listed:
            raise _not_listed(host, means)
        allowed = [address for address in listed if self._allowed.permits(host, address)]
        if not allowed:
            raise EgressRefused(
                f"{host}{means} is not a public address; add {host} to BRAIN_ALLOW_HOSTS if tools may reach it."
            )
        return allowed


def _not_listed(host: str, means: str) -> EgressRefused:
    return EgressRefused(
        f"{host}{means} is not in BRAIN_ONLY_HOSTS, and nothing else is reached; add it there if tools may reach it."
    )


async def _system_resolver(host: str, port: int) -> Sequence[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, ValueError) as exc:  # ValueError: characters that no name has
        raise ToolError(
            f"The host {host} was not found: check how it is written, and the connection to the network.",
            transient=getattr(exc, "errno", None) == socket.EAI_AGAIN,
        ) from exc
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def _connect(address: Address, port: int, seconds: float | None) -> httpcore.AsyncNetworkStream:
    return await httpcore.AnyIOBackend().connect_tcp(str(address), port, seconds)
