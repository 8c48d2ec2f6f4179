"""A web server on this machine whose pages are functions, and an egress whose every name leads to it."""

import gzip
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpcore
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from brain.egress import Egress, EgressPolicy

__all__ = ["Asked", "Page", "Site", "SiteEgress", "Visit", "certificate", "plain"]

type Page = Callable[["Visit", str], None]
"""Answers one request, given what stands behind the `?`."""


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Site(ThreadingHTTPServer):
    """Pages by path; `asked` keeps what it was asked for. What it does not know is 404."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, pages: Mapping[str, Page] | None = None, address: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__((address, port), Visit)
        self.pages = dict(pages or {})
        self.asked: list[Asked] = []
        self.stopped = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        scheme = "https" if isinstance(self.socket, ssl.SSLSocket) else "http"
        host, port = self.server_address[:2]
        return f"{scheme}://{host}:{port}"

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [asked.path for asked in self.asked]

    def encrypt(self, pem: Path) -> None:
        """Speak TLS from now on, with the key and certificate in a file."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up early is what several tests are about."""

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.shutdown()
        self.server_close()


class Visit(BaseHTTPRequestHandler):
    """One request and the ways to answer it."""

    server: Site

    def do_GET(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(self.command, self.path, headers, sent))
        path, _, query = self.path.partition("?")
        self.server.pages.get(path, lambda visit, _: visit.answer(b"not here", 404))(self, query)

    do_POST = do_PUT = do_HEAD = do_GET  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        pass

    @property
    def asked(self) -> Asked:
        return self.server.asked[-1]

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content_length": str(len(body)), "content_type": "text/plain", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def redirect(self, target: str, status: int = 302) -> None:
        self.answer(b"", status, location=target)

    def endless(self, piece: bytes, pause: float) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/plain")
        self.end_headers()
        while not self.server.stopped.wait(pause):
            self.wfile.write(piece)

    def unsized(self, body: bytes) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def half(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "1000")
        self.end_headers()
        self.wfile.write(b"half")


def plain(text: str | bytes, media_type: str = "text/plain", *, zipped: bool = False) -> Page:
    """A page that always says the same."""
    body = text.encode() if isinstance(text, str) else text
    if zipped:
        return lambda visit, _: visit.answer(gzip.compress(body), content_type=media_type, content_encoding="gzip")
    return lambda visit, _: visit.answer(body, content_type=media_type)


class SiteEgress(Egress):
    """A real egress in a small internet: every name is the site's, on whatever port, and none is the project's own."""

    def __init__(self, site: Site, **policy: object) -> None:
        super().__init__(EgressPolicy(**{"allow": ("127.0.0.0/8",), "timeout": 10, "host_interval": 0, **policy}))
        self._site = site
        self._resolve = self._to_the_site

    async def connect(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature of the original
    ) -> httpcore.AsyncNetworkStream:
        await self.addresses(host, port)
        return await super().connect(host, self._site.server_port, timeout)

    async def _to_the_site(self, _host: str, _port: int) -> Sequence[str]:
        return [str(self._site.server_address[0])]


def certificate(folder: Path, *names: str) -> Path:
    """A file with a key and a certificate for these names; SSL_CERT_FILE makes this machine trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "tls.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return pem
