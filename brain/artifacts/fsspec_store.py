"""Artifacts in a folder, or under any URL that fsspec knows."""

import hashlib
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from brain.artifacts.store import AGAIN, KEY, HashingWriter, Write, missing, short
from brain.errors import ArtifactError, SettingsError

__all__ = ["FsspecStore"]

OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oss", "oci", "cos", "r2"})
"""Protocols whose objects appear whole or not at all: nothing has to be moved into place, which would copy it there."""
HALF = ".half-"
"""How the names begin under which content is written before it is whole."""
HALF_SECONDS = 24 * 3600
"""The age from which such a file counts as left behind by a process that was killed."""


class FsspecStore:
    """Artifacts in a folder or under any URL that fsspec knows (`s3://`, `gs://`, `memory://`).

    Raises SettingsError where fsspec knows none, or what the URL needs is not installed.
    """

    def __init__(self, url: str) -> None:
        import fsspec
        from fsspec.implementations.local import LocalFileSystem

        self._url = url
        try:
            self._files, self._root = fsspec.core.url_to_fs(url)
        except (ValueError, ImportError) as exc:
            raise SettingsError(
                f"Artifacts cannot be kept in {url}: {exc}. Set BRAIN_ARTIFACTS_URL to another."
            ) from exc
        self._is_local = isinstance(self._files, LocalFileSystem)
        self._is_object_store = not OBJECT_STORES.isdisjoint(_protocols(self._files.protocol))
        self._is_swept = False

    def put(self, suffix: str, write: Write) -> str:
        """Write beside the place, and move it there when it is whole, unless the same is there already."""
        with self._spool() as path:
            key, size = self._written(path, suffix, write)
            try:
                if self._size(key) != size:
                    keep = self._move if self._is_local else self._upload
                    keep(path, key)
            except Exception as exc:
                raise self._unwritten(size, exc) from exc
        return key

    @contextmanager
    def fetch(self, key: str) -> Iterator[Path]:
        """The file itself where it is local, else a temporary copy; damaged content is removed, to be made again."""
        place = self._path(key)
        if self._is_local:
            if self._hash_of(Path(place), key) != _hash_in(key):
                raise self._damaged(key)
            yield Path(place)
            return
        with _temporary() as path:
            if (arrived := self._fetched(key, path)) != _hash_in(key):
                again = self._fetched(key, path)
                if again == arrived:
                    raise self._damaged(key)
                if again != _hash_in(key):
                    raise self._unreadable(key, "what arrives is another thing each time")
            yield path

    def has(self, key: str, size: int | None = None) -> bool:
        """Ask for the size, which costs one request where the place is remote."""
        try:
            found = self._size(key)
        except ArtifactError:
            raise
        except Exception as exc:
            raise self._unreadable(key, _reason(exc)) from exc
        return found is not None and size in (None, found)

    def address(self, key: str) -> str:
        """The path of a local file, else a URL."""
        address: str = self._files.unstrip_protocol(self._path(key))
        return address.removeprefix("file://")

    def _size(self, key: str) -> int | None:
        """The size of what is there, None where nothing is; raises whatever the file system raises."""
        place = self._path(key)
        try:
            return Path(place).stat().st_size if self._is_local else int(self._files.size(place))
        except FileNotFoundError:
            return None

    @contextmanager
    def _spool(self) -> Iterator[Path]:
        """Where content is written first: in the folder itself, or in a temporary one where the place is remote."""
        if not self._is_local:
            with _temporary() as path:
                yield path
            return
        self._sweep()
        path = Path(self._root, f"{HALF}{uuid4().hex}")
        try:
            yield path
        finally:
            with suppress(OSError):  # what was to be said is said, and most often it has been moved away
                path.unlink()

    def _sweep(self) -> None:
        """Take away, once, what processes that were killed have left half written."""
        if not self._is_swept:
            self._is_swept = True
            for path in Path(self._root).glob(f"{HALF}*"):
                with suppress(OSError):
                    if time.time() - path.stat().st_mtime > HALF_SECONDS:
                        path.unlink()

    def _written(self, path: Path, suffix: str, write: Write) -> tuple[str, int]:
        """Key and size of what `write` writes to a new file."""
        size = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                writer = HashingWriter(file)
                try:
                    write(writer)
                finally:
                    size = writer.size
        except OSError as exc:
            raise self._unwritten(size, exc, gathered_in=None if self._is_local else path.parent) from exc
        return writer.key(suffix), size

    def _move(self, path: Path, key: str) -> None:
        place = Path(self._path(key))
        place.parent.mkdir(exist_ok=True)
        path.replace(place)

    def _upload(self, path: Path, key: str) -> None:
        """In pieces, by fsspec; where a file could be seen before it is whole, under another name first."""
        if self._is_object_store:
            self._files.put_file(str(path), self._path(key))
        else:
            self._upload_and_move(path, self._path(key))

    def _upload_and_move(self, path: Path, place: str) -> None:
        half = f"{self._root}/{HALF}{uuid4().hex}"
        try:
            self._files.put_file(str(path), half)
            self._files.makedirs(place.rpartition("/")[0], exist_ok=True)
            self._files.mv(half, place)
        except BaseException:
            with suppress(Exception):
                self._files.rm_file(half)
            raise

    def _fetched(self, key: str, path: Path) -> str:
        """Copy the content to a local file, in pieces; returns its hash."""
        try:
            self._files.get_file(self._path(key), str(path))
        except FileNotFoundError:
            raise missing(key, self._url) from None
        except Exception as exc:
            raise self._unreadable(key, _reason(exc)) from exc
        return self._hash_of(path, key)

    def _hash_of(self, path: Path, key: str) -> str:
        """SHA-256 in hex of a file, which is read in pieces."""
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            raise missing(key, self._url) from None
        except OSError as exc:
            raise self._unreadable(key, _reason(exc)) from exc

    def _damaged(self, key: str) -> ArtifactError:
        """Take the content away, so that nobody takes it for whole, and say so."""
        with suppress(Exception):
            self._files.rm_file(self._path(key))
        return ArtifactError(f"The artifact {short(key)} in {self._url} was damaged and is taken away. {AGAIN}")

    def _unreadable(self, key: str, reason: str) -> ArtifactError:
        return ArtifactError(f"The artifact {short(key)} in {self._url} cannot be read: {reason}.")

    def _unwritten(self, size: int, exc: Exception, gathered_in: Path | None = None) -> ArtifactError:
        told = f"An artifact{f' ({size:,} bytes so far)' if size else ''} could not be"
        if gathered_in is not None:
            return ArtifactError(
                f"{told} gathered in {gathered_in} on its way to {self._url}: {_reason(exc)}. "
                "Make room there or set TMPDIR to another folder."
            )
        return ArtifactError(
            f"{told} written to {self._url}: {_reason(exc)}. "
            "Make room there or set BRAIN_ARTIFACTS_URL to another place."
        )

    def _path(self, key: str) -> str:
        if not KEY.fullmatch(key):
            raise ArtifactError(f"{key!r} is not the name of an artifact.")
        return f"{self._root}/{key[7:9]}/{key}"


def _protocols(protocol: str | tuple[str, ...]) -> tuple[str, ...]:
    return (protocol,) if isinstance(protocol, str) else protocol


@contextmanager
def _temporary() -> Iterator[Path]:
    """A name for a file in a folder of its own that is removed with it."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="brain-", ignore_cleanup_errors=True)
    except OSError as exc:
        raise ArtifactError(
            f"There is no room for a temporary file in {tempfile.gettempdir()}: {_reason(exc)}. "
            "Make room there or set TMPDIR to another folder."
        ) from exc
    with folder as path:
        yield Path(path, "artifact")


def _hash_in(key: str) -> str:
    return key.removeprefix("sha256-").partition(".")[0]


def _reason(exc: Exception) -> str:
    return (exc.strerror if isinstance(exc, OSError) else None) or str(exc) or type(exc).__name__
