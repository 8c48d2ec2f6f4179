"""httpx over connections that a gate makes; httpx's own transport cannot be told which network to use."""

import ssl
from collections.abc import AsyncIterator

import httpcore
import httpx

from brain.egress.gate import Gate

__all__ = ["CheckedTransport"]


class CheckedTransport(httpx.AsyncBaseTransport):
    """A pool of httpcore whose network is the checked one."""

    def __init__(self, gate: Gate, certificates: ssl.SSLContext) -> None:
        self._pool = httpcore.AsyncConnectionPool(certificates, network_backend=_CheckedBackend(gate))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request as it is; redirects are for the caller to follow."""
        url = request.url
        response = await self._pool.handle_async_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(response.status, headers=response.headers, stream=_Stream(response))

    async def aclose(self) -> None:
        """Hang up."""
        await self._pool.aclose()


class _CheckedBackend(httpcore.AsyncNetworkBackend):
    """Hands every connection that httpcore wants to `Gate.connect`."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,  # noqa: ARG002 - httpcore's signature
        socket_options: object = None,  # noqa: ARG002 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        return await self._gate.connect(host, port, timeout)


class _Stream(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._response.aiter_stream():
            yield part

    async def aclose(self) -> None:
        await self._response.aclose()
