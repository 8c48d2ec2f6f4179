"""Where artifacts are kept: bytes under their own hash, in a folder, a bucket, or memory."""

import hashlib
import re
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from brain.errors import ArtifactError, SettingsError

__all__ = ["SHORT_KEY", "SUFFIX", "ArtifactStore", "FsspecStore", "MemoryStore", "key_of"]

SUFFIX = re.compile(r"[a-z0-9]{1,8}")
SHORT_KEY = 15
"""Characters of a key in a message."""
KEY = re.compile(rf"sha256-[0-9a-f]{{64}}\.{SUFFIX.pattern}")


class ArtifactStore(Protocol):
    """Where bytes are kept under their own hash; writing the same content twice is harmless."""

    def put(self, key: str, content: bytes) -> None:
        """Keep `content`; raises ArtifactError where there is no room or no permission."""

    def get(self, key: str) -> bytes:
        """The bytes; raises ArtifactError where they are missing."""

    def address(self, key: str) -> str:
        """Where a person finds the bytes: a path or a URL."""


class MemoryStore:
    """Artifacts that live as long as this object."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}

    def put(self, key: str, content: bytes) -> None:
        """Keep the bytes."""
        self._contents[key] = content

    def get(self, key: str) -> bytes:
        """The bytes that `put` kept."""
        try:
            return self._contents[key]
        except KeyError:
            raise ArtifactError(_missing(key)) from None

    def address(self, key: str) -> str:
        """A URL in fsspec's manner, for people only."""
        return f"memory://{key}"


class FsspecStore:
    """Artifacts in a folder or under any URL that fsspec knows (`s3://`, `gs://`, `memory://`).

    Raises SettingsError where fsspec knows none, or what the URL needs is not installed.
    """

    def __init__(self, url: str) -> None:
        import fsspec
        from fsspec.implementations.local import LocalFileSystem

        self._url = url
        try:
            self._files, self._root = fsspec.core.url_to_fs(url, auto_mkdir=True)
        except (ValueError, ImportError) as exc:
            raise SettingsError(
                f"Artifacts cannot be kept in {url}: {exc}. Set BRAIN_ARTIFACTS_URL to another."
            ) from exc
        self._is_local = isinstance(self._files, LocalFileSystem)

    def put(self, key: str, content: bytes) -> None:
        """Write the bytes, unless they are there, in a way that a reader never sees half of them."""
        path = self._path(key)
        try:
            if not self._has(path, len(content)):
                _write_whole(Path(path), content) if self._is_local else self._files.pipe_file(path, content)
        except OSError as exc:
            raise ArtifactError(
                f"The artifact {key[:SHORT_KEY]} ({len(content):,} bytes) could not be written to {self._url}: "
                f"{_reason(exc)}. Make room there or set BRAIN_ARTIFACTS_URL to another place."
            ) from exc

    def get(self, key: str) -> bytes:
        """Read the bytes and check them against the hash in the key; damaged ones are removed, to be made again."""
        path = self._path(key)
        try:
            content: bytes = self._files.cat_file(path)
        except FileNotFoundError:
            raise ArtifactError(_missing(key)) from None
        except OSError as exc:
            raise ArtifactError(
                f"The artifact {key[:SHORT_KEY]} in {self._url} cannot be read: {_reason(exc)}."
            ) from exc
        if key_of(content, key.rpartition(".")[2]) != key:
            with suppress(OSError):
                self._files.rm_file(path)
            raise ArtifactError(f"The artifact {key[:SHORT_KEY]} in {self._url} is damaged; run its step again.")
        return content

    def address(self, key: str) -> str:
        """The path of a local file, else a URL."""
        address: str = self._files.unstrip_protocol(self._path(key))
        return address.removeprefix("file://")

    def _has(self, path: str, size: int) -> bool:
        """Whether the file is there, and whole as far as its size tells."""
        try:
            return bool(self._files.size(path) == size)
        except FileNotFoundError:
            return False

    def _path(self, key: str) -> str:
        if not KEY.fullmatch(key):
            raise ArtifactError(f"{key!r} is not the name of an artifact.")
        return f"{self._root}/{key[7:9]}/{key}"


def _write_whole(path: Path, content: bytes) -> None:
    """Write beside the place and rename: fsspec's transactions are shared by all threads of a process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".half-{uuid4().hex}")
    try:
        half.write_bytes(content)
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def _reason(exc: OSError) -> str:
    return exc.strerror or str(exc)


def _missing(key: str) -> str:
    return f"The artifact {key[:SHORT_KEY]} is missing; run its step again."


def key_of(content: bytes, suffix: str) -> str:
    """The name under which content is kept: its SHA-256 (FIPS 180-4) and a suffix for people who look."""
    return f"sha256-{hashlib.sha256(content).hexdigest()}.{suffix}"
