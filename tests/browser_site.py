"""A site with pages that are slow, endless, broken, huge or of a strange encoding."""

import asyncio
import gzip
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from browser_hostiles import Site, response
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

__all__ = ["SENTENCE", "Pages", "self_signed"]

SENTENCE = "It rained in Seattle for most of the winter, and nobody there was surprised."
HTML = "content-type: text/html"


class Pages(Site):
    """A site with pages that are slow, endless, broken, or of a strange encoding."""

    async def respond(self, target: str, writer: asyncio.StreamWriter) -> None:
        path, _, query = target.partition("?")
        match path:
            case "/silent":
                await asyncio.sleep(20)
            case "/drip":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<title>drip</title>")
                while not writer.is_closing():
                    writer.write(f"<p>{SENTENCE}</p>".encode())
                    await writer.drain()
                    await asyncio.sleep(0.05)
            case "/half":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\ncontent-type: text/html\r\n\r\n<p>half")
            case "/hangup":
                writer.transport.abort()
            case "/bytes":
                kind, content = RAW[query]
                writer.write(f"HTTP/1.1 200 OK\r\n{kind}\r\ncontent-length: {len(content)}\r\n\r\n".encode() + content)
            case "/loop":
                writer.write(response("", "location: /loop", status="302 Found"))
            case "/status":
                code, _, body = query.partition(" ")
                writer.write(response(body.replace("%20", " "), HTML, status=f"{code[:3]} Said So"))
            case "/echo":
                said = self.bodies[-1] or query
                writer.write(response(f"<title>{said}</title><p id=said>{said}</p><p>{SENTENCE}</p>", HTML))
            case _:
                await super().respond(target, writer)
        await writer.drain()


RAW = {
    "latin": ("content-type: text/html", "<p>café für 5 €".encode("cp1252")),
    "declared": ("content-type: text/html; charset=koi8-r", "<p>привет".encode("koi8-r")),
    "meta": ("content-type: text/html", "<meta charset=shift_jis><p>日本語".encode("shift_jis")),
    "utf16": ("content-type: text/html", "<p>žluťoučký".encode("utf-16")),
    "wrong": ("content-type: text/html; charset=utf-8", b"<p>ok \xff\x00 end"),
    "nonsense": ("content-type: text/html; charset=punycode", "<p>žluť".encode()),
    "bomb": ("content-type: text/html\r\ncontent-encoding: gzip", gzip.compress(b"<p>" + b"bomb " * 1_000_000)),
    "text": ("content-type: text/plain", b"just text"),
    "json": ("content-type: application/json", b'{"a": 1}'),
    "picture": ("content-type: image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'><text>svg</text></svg>"),
    "zip": ("content-type: application/zip", b"PK\x03\x04"),
    "attachment": ("content-type: text/html\r\ncontent-disposition: attachment; filename=a.html", b"<p>attached"),
}


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "site.localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("site.localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "tls.pem"
    plain = serialization.NoEncryption()
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
