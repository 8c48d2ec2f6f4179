"""Fetching over HTTP, each connection made to an address that was checked.

`Egress.connect` resolves a name, checks the addresses and connects to a checked one, so that a name that changes its
answer between check and use (DNS rebinding) gains nothing. Configured services (model, database, Redis) do not go
through here.
"""

import asyncio
import codecs
import ipaddress
import re
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus

import httpcore
import httpx

from brain.addresses import Address, AllowedHosts, written_address
from brain.errors import EgressRefused, ToolError

__all__ = ["Egress", "EgressPolicy", "FetchedPage", "Resolver"]

type Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to the addresses of the host, best first."""

MEGABYTE = 1_000_000
CONNECT_SECONDS = 5.0
"""For one address, where the host has more of them."""
LONGEST_SHOWN = 300
"""Characters of a URL that a message shows."""
USER_IN_URL = re.compile(r"//[^/?#]*@")
HIGHEST_PORT = 65_535

ASKED_FOR = {"Accept": "*/*", "Accept-Encoding": "gzip", "User-Agent": "the-brain"}
NOT_FOR_CALLERS = re.compile(
    r"host|connection|content-length|transfer-encoding|accept-encoding|te|trailer|upgrade|proxy-.*", re.IGNORECASE
)
"""Headers that belong to the connection (RFC 9110, 7.6.1) or say whom the request is for."""
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
HARMLESS_ELSEWHERE = frozenset({"accept", "accept-encoding", "accept-language", "user-agent"})
"""Headers of the caller that a redirect to another host still gets; all others may carry a secret."""

WEB_ENCODING = re.compile(
    r"utf-?8|utf-?16([bl]e)?|(us-)?ascii|iso[-_]?8859-?\d+|latin-?\d|(windows|cp)-?\d+|koi8-[ru]|macintosh|"
    r"gbk|gb2312|gb18030|big5(-hkscs)?|euc-(jp|kr)|shift[-_]jis|iso-2022-jp",
    re.IGNORECASE,
)
"""Those of the Encoding Standard (WHATWG); Python knows more, some of them slow and some not for text."""
SAID_FOR_WINDOWS_1252 = re.compile(r"(us-)?ascii|iso[-_]?8859-?1|latin-?1", re.IGNORECASE)
META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset=[\"']?\s*([\w-]{2,30})", re.IGNORECASE)
META_WITHIN = 1024
"""Bytes; the HTML standard's limit for the declaration."""


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """Whom tools may reach, and the limits of one fetch."""

    allow: tuple[str, ...] = ()
    """Hosts, addresses or networks that may be reached although they are not public."""
    max_bytes: int = 10 * MEGABYTE
    """Of the body, after decompression."""
    timeout: float = 30.0
    """Seconds for everything: name, connection, redirects, body."""
    max_redirects: int = 5
    max_rendered_bytes: int = 50 * MEGABYTE
    """Of everything that one page loads in a browser, both ways, as it goes over the wire."""


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """An answer with a 2xx status, after redirects and decompression."""

    url: str
    """Where it came from in the end, without user and password."""
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    content: bytes
    media_type: str
    """In lower case, without parameters; empty where the server did not say."""
    charset: str
    """The encoding that `text` uses: by byte-order mark, server or page, else UTF-8, else windows-1252."""

    @property
    def text(self) -> str:
        """The content as text; what cannot be decoded, and NUL, which PostgreSQL refuses, becomes U+FFFD."""
        text = self.content.decode(self.charset, errors="replace").removeprefix("\ufeff")
        return text.replace("\0", "\ufffd")


class Egress:
    """The way to the network for tools; it holds no connection between calls."""

    def __init__(self, policy: EgressPolicy | None = None, resolver: Resolver | None = None) -> None:
        self.policy = policy or EgressPolicy()
        self._allowed = AllowedHosts(self.policy.allow)
        self._resolve = resolver or _system_resolver

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> FetchedPage:
        """Fetch a page, following redirects; the caller's headers stay with the host they were meant for.

        Raises EgressRefused where an address is not allowed, ToolError on everything else, with `transient` set
        for time-outs, lost connections, 429 and 5xx.
        """
        target = _parse(url)
        sent = _checked_headers(headers or {}, target)
        try:
            async with asyncio.timeout(self.policy.timeout), self._client() as client:
                return await self._follow(client, target, sent)
        except TimeoutError:
            limit = f"{self.policy.timeout:g} seconds"
            raise ToolError(f"{_shown(target)} did not answer in full within {limit}.", transient=True) from None

    async def connect(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore asks for it in seconds
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, check and connect to a checked address; every connection of a tool is made here."""
        *others, last = await self.addresses(host, port)
        for address in others:
            try:
                return await _connect(address, port, min(CONNECT_SECONDS, timeout or CONNECT_SECONDS))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await _connect(last, port, timeout)

    async def addresses(self, host: str, port: int) -> list[Address]:
        """The addresses of a host that may be reached, at least one, best first.

        Raises EgressRefused where none may be, ToolError where the name is not known.
        """
        written = written_address(host)
        found = [written] if written else [ipaddress.ip_address(each) for each in await self._resolve(host, port)]
        allowed = [address for address in found if self._allowed.permits(host, address)]
        if not allowed:
            means = f" ({found[0]})" if found and str(found[0]) != host else ""
            raise EgressRefused(
                f"{host}{means} is not a public address; add {host} to BRAIN_ALLOW_HOSTS if tools may reach it."
            )
        return allowed

    def _client(self) -> httpx.AsyncClient:
        transport = _CheckedTransport(self, self._certificates)
        return httpx.AsyncClient(transport=transport, trust_env=False, timeout=self.policy.timeout)

    @cached_property
    def _certificates(self) -> ssl.SSLContext:
        # Certificates, unlike proxies, may come from the environment: with SSL_CERT_FILE a company adds its own.
        return httpx.create_ssl_context(trust_env=True)

    async def _follow(self, client: httpx.AsyncClient, target: httpx.URL, sent: httpx.Headers) -> FetchedPage:
        for _ in range(self.policy.max_redirects + 1):
            with _translated(target):
                async with client.stream("GET", target, headers=sent) as response:
                    if not response.has_redirect_location:
                        return await self._read(response, target)
            following = _parse(response.headers["location"], base=target)
            if _origin(following) != _origin(target):
                sent = httpx.Headers({name: value for name, value in sent.items() if name in HARMLESS_ELSEWHERE})
            target = following
        raise ToolError(f"{_shown(target)} was not fetched: more than {self.policy.max_redirects} redirects led to it.")

    async def _read(self, response: httpx.Response, target: httpx.URL) -> FetchedPage:
        _check_status(response, target)
        content = await self._body(response, target)
        return FetchedPage(
            url=_without_user(target),
            status=response.status_code,
            headers=dict(response.headers),
            content=content,
            media_type=response.headers.get("content-type", "").partition(";")[0].strip().lower(),
            charset=_charset(response.charset_encoding, content),
        )

    async def _body(self, response: httpx.Response, target: httpx.URL) -> bytes:
        limit = self.policy.max_bytes
        too_large = f"{_shown(target)} is larger than {limit / MEGABYTE:g} MB, the limit for one page."
        if int(response.headers.get("content-length", 0)) > limit:
            raise ToolError(too_large)
        body = bytearray()
        async for part in _decompressed(response, target, limit):
            body += part
            if len(body) > limit:
                raise ToolError(too_large)
        return bytes(body)


class _CheckedBackend(httpcore.AsyncNetworkBackend):
    """Hands every connection that httpcore wants to `Egress.connect`."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,  # noqa: ARG002 - httpcore's signature
        socket_options: object = None,  # noqa: ARG002 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        return await self._egress.connect(host, port, timeout)


class _CheckedTransport(httpx.AsyncBaseTransport):
    """httpx over a pool of httpcore whose network is the checked one; httpx's own transport cannot be told which."""

    def __init__(self, egress: Egress, certificates: ssl.SSLContext) -> None:
        self._pool = httpcore.AsyncConnectionPool(certificates, network_backend=_CheckedBackend(egress))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        response = await self._pool.handle_async_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                extensions=request.extensions,
            )
        )
        return httpx.Response(response.status, headers=response.headers, stream=_Stream(response))

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._response.aiter_stream():
            yield part

    async def aclose(self) -> None:
        await self._response.aclose()


async def _system_resolver(host: str, port: int) -> Sequence[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as exc:
        raise ToolError(
            f"The host {host} was not found: check how it is written, and the connection to the network.",
            transient=getattr(exc, "errno", None) == socket.EAI_AGAIN,
        ) from exc
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def _connect(address: Address, port: int, seconds: float | None) -> httpcore.AsyncNetworkStream:
    return await httpcore.AnyIOBackend().connect_tcp(str(address), port, seconds)


def _parse(url: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        parsed = base.join(url) if base else httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as exc:
        shown = _clip(repr(USER_IN_URL.sub("//", url)))
        raise EgressRefused(f"{shown} is no address of a web page: {exc}.") from None
    if parsed.scheme not in ("http", "https"):
        raise EgressRefused(f"{_shown(parsed)} was refused: only http:// and https:// addresses are fetched.")
    if not parsed.host or "%" in parsed.host or not 0 < (parsed.port or 1) <= HIGHEST_PORT:
        raise EgressRefused(f"{_shown(parsed)} was refused: it names no host and port that can be reached.")
    return parsed


def _checked_headers(headers: Mapping[str, str], target: httpx.URL) -> httpx.Headers:
    for name, value in headers.items():
        if NOT_FOR_CALLERS.fullmatch(name):
            raise ToolError(f"The header {name} for {_shown(target)} cannot be chosen; leave it out.")
        if not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
            raise ToolError(f"The header {name!r} for {_shown(target)} holds characters that HTTP does not take.")
    all_headers = httpx.Headers(ASKED_FOR)
    all_headers.update(headers)
    return all_headers


@contextmanager
def _translated(target: httpx.URL) -> Iterator[None]:
    try:
        yield
    except EgressRefused as exc:
        raise EgressRefused(f"{_shown(target)} was refused: {exc}") from None
    except httpcore.TimeoutException as exc:
        raise ToolError(f"{_shown(target)} did not answer in time.", transient=True) from exc
    except httpcore.ConnectError as exc:
        if "certificate" in str(exc).lower():
            raise ToolError(f"{_shown(target)} was not fetched: its certificate is not trusted ({exc}).") from exc
        raise ToolError(f"{_shown(target)} was not reached: {_reason(exc)}.", transient=True) from exc
    except httpcore.LocalProtocolError as exc:
        raise ToolError(f"{_shown(target)} cannot be asked for: {exc}.") from exc
    except (httpcore.NetworkError, httpcore.ProtocolError) as exc:
        raise ToolError(f"{_shown(target)} broke off its answer: {_reason(exc)}.", transient=True) from exc
    except zlib.error as exc:
        raise ToolError(f"{_shown(target)} sent a compressed answer that is damaged.", transient=True) from exc


def _reason(exc: Exception) -> str:
    return str(exc).rstrip(".") or "the connection was lost"


def _check_status(response: httpx.Response, target: httpx.URL) -> None:
    if not response.is_success:
        status = response.status_code
        transient = status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS) or response.is_server_error
        said = f"{status} {response.reason_phrase}".strip()
        raise ToolError(f"{_shown(target)} answered {said}.", transient=transient)


async def _decompressed(response: httpx.Response, target: httpx.URL, limit: int) -> AsyncIterator[bytes]:
    """At most a little over `limit` bytes, however small the compressed ones are (httpx's decoders know no limit)."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        async for part in response.aiter_raw():
            yield part
        return
    if encoding not in ("gzip", "x-gzip"):
        raise ToolError(f"{_shown(target)} came compressed as {encoding}, although only gzip was asked for.")
    inflate, left = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS), limit + 1
    async for part in response.aiter_raw():
        out = inflate.decompress(part, left)
        left -= len(out)
        yield out
        if not left:
            return
    if not inflate.eof:
        raise zlib.error("incomplete")


def _charset(declared: str | None, content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8"
    meta = META_CHARSET.search(content[:META_WITHIN])
    for name in (declared, meta[1].decode("ascii", "replace") if meta else None):
        if name and (known := _known_encoding(name)):
            return known
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"


def _known_encoding(name: str) -> str | None:
    if not WEB_ENCODING.fullmatch(name):
        return None
    try:
        return codecs.lookup("windows-1252" if SAID_FOR_WINDOWS_1252.fullmatch(name) else name).name
    except LookupError:
        return None


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def _without_user(url: httpx.URL) -> str:
    return str(url.copy_with(userinfo=b""))


def _shown(url: httpx.URL) -> str:
    return _clip(_without_user(url))


def _clip(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
