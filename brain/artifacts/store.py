"""The seam behind which artifacts are kept, in pieces and under their own hash, and the store that is in memory."""

import hashlib
import io
import re
import tempfile
from collections.abc import Buffer, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from brain.errors import ArtifactError

__all__ = [
    "AGAIN",
    "KEY",
    "SUFFIX",
    "ArtifactStore",
    "HashingWriter",
    "MemoryStore",
    "Write",
    "key_of",
    "missing",
    "short",
]

SUFFIX = re.compile(r"[a-z0-9]{1,8}")
SHORT_KEY = 15
"""Characters of a key in a message."""
KEY = re.compile(rf"sha256-[0-9a-f]{{64}}\.{SUFFIX.pattern}")
AGAIN = "`brain resume RUN` repeats the step that made it; a run that has succeeded has to be run anew."
"""What helps where an artifact is gone."""

type Write = Callable[[io.RawIOBase], object]
"""Writes content into a binary file, in as many pieces as it likes."""


class ArtifactStore(Protocol):
    """Where content is kept under its own hash; writing the same content twice is harmless."""

    def put(self, suffix: str, write: Write) -> str:
        """Keep what `write` writes, and return its key; nobody sees any of it before all of it is there.

        Raises ArtifactError where there is no room or no permission, and whatever `write` raises.
        """

    def fetch(self, key: str) -> AbstractContextManager[Path]:
        """A local file with the content, which is checked against the hash in the key; only to be read.

        Raises ArtifactError where it is missing, cannot be read, or is damaged; it is then removed, to be made again.
        """

    def has(self, key: str, size: int | None = None) -> bool:
        """Whether the content is there, in that many bytes where the size is known; it is not read.

        Raises ArtifactError where that cannot be told.
        """

    def address(self, key: str) -> str:
        """Where a person finds the content: a path or a URL."""


class HashingWriter(io.RawIOBase):
    """Writes into a file and hashes what goes through, so that content is never read only for its key."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0
        """Bytes that were handed over so far."""

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, piece: Buffer, /) -> int:
        """Take one piece, of any length."""
        with memoryview(piece) as bytes_:
            self.size += bytes_.nbytes
            self._hash.update(bytes_)
            self._file.write(bytes_)
            return bytes_.nbytes

    def key(self, suffix: str) -> str:
        """The key of what was written so far."""
        return f"sha256-{self._hash.hexdigest()}.{suffix}"


class MemoryStore:
    """Artifacts that live as long as this object."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}

    def put(self, suffix: str, write: Write) -> str:
        """Keep the content."""
        file = io.BytesIO()
        writer = HashingWriter(file)
        write(writer)
        key = writer.key(suffix)
        self._contents[key] = file.getvalue()
        return key

    @contextmanager
    def fetch(self, key: str) -> Iterator[Path]:
        """A temporary file with the content that `put` kept."""
        if key not in self._contents:
            raise missing(key)
        with tempfile.NamedTemporaryFile(prefix="brain-") as file:
            file.write(self._contents[key])
            file.flush()
            yield Path(file.name)

    def has(self, key: str, size: int | None = None) -> bool:
        """Whether `put` kept it."""
        return key in self._contents and size in (None, len(self._contents[key]))

    def address(self, key: str) -> str:
        """A URL in fsspec's manner, for people only."""
        return f"memory://{key}"


def short(key: str) -> str:
    """The beginning of a key, which people tell artifacts apart by."""
    return key[:SHORT_KEY]


def missing(key: str, place: str = "") -> ArtifactError:
    """What is raised where an artifact is not there."""
    return ArtifactError(f"The artifact {short(key)} is missing{f' in {place}' if place else ''}. {AGAIN}")


def key_of(content: bytes, suffix: str) -> str:
    """The name under which content is kept: its SHA-256 (FIPS 180-4) and a suffix for people who look."""
    return f"sha256-{hashlib.sha256(content).hexdigest()}.{suffix}"
