"""Where artifacts are kept: the same promises in memory, in a folder and under a URL, and what folders and URLs add."""

import io
import os
import resource
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from brain.artifacts import ArtifactStore, FsspecStore, MemoryStore, key_of
from brain.artifacts import fsspec_store as fsspec_store_module
from brain.errors import ArtifactError, SettingsError

CONTENT = b"some bytes"
KEY = key_of(CONTENT, "bin")
AGAIN = r"`brain resume RUN` repeats the step that made it; a run that has succeeded has to be run anew\."


def put(store: ArtifactStore, content: bytes, suffix: str = "bin") -> str:
    return store.put(suffix, lambda file: file.write(content))


def get(store: ArtifactStore, key: str) -> bytes:
    with store.fetch(key) as path:
        return path.read_bytes()


class Bucket(MemoryFileSystem):
    """Takes no options of other file systems, as s3fs does not, and moves nothing."""

    protocol = "bucket"

    def __init__(self) -> None:
        super().__init__()

    def mv(self, *_: Any, **__: Any) -> None:
        raise NotImplementedError


@pytest.fixture(params=["memory", "folder", "url", "object store"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ArtifactStore:
    match request.param:
        case "memory":
            return MemoryStore()
        case "folder":
            return FsspecStore(str(tmp_path / "not" / "there yet"))
        case "object store":
            monkeypatch.setattr(fsspec_store_module, "OBJECT_STORES", frozenset({"bucket"}))
            fsspec.register_implementation("bucket", Bucket, clobber=True)
            return FsspecStore(f"bucket://{uuid4().hex}")
    return FsspecStore(f"memory://{uuid4().hex}")


class TestEveryStore:
    def test_gives_back_what_it_was_given_under_its_hash(self, store: ArtifactStore) -> None:
        assert put(store, CONTENT) == KEY
        assert get(store, KEY) == CONTENT

    def test_takes_the_same_content_twice(self, store: ArtifactStore) -> None:
        assert put(store, CONTENT) == put(store, CONTENT)
        assert get(store, KEY) == CONTENT

    def test_takes_nothing_and_much(self, store: ArtifactStore) -> None:
        for content in (b"", os.urandom(3_000_000)):
            assert get(store, put(store, content)) == content

    def test_takes_content_in_pieces(self, store: ArtifactStore) -> None:
        pieces = [os.urandom(100_000) for _ in range(30)]
        key = store.put("bin", lambda file: [file.write(piece) for piece in pieces])
        assert key == key_of(b"".join(pieces), "bin")
        assert get(store, key) == b"".join(pieces)

    def test_knows_what_it_has_without_reading_it(self, store: ArtifactStore) -> None:
        assert not store.has(KEY)
        put(store, CONTENT)
        assert store.has(KEY)
        assert store.has(KEY, len(CONTENT))
        assert not store.has(KEY, len(CONTENT) + 1)

    def test_has_nothing_of_what_is_not_whole(self, store: ArtifactStore) -> None:
        def break_off(file: io.RawIOBase) -> None:
            file.write(CONTENT)
            assert not store.has(KEY)
            raise ValueError("nothing more to say")

        with pytest.raises(ValueError, match="nothing more to say"):
            store.put("bin", break_off)
        assert not store.has(KEY)

    def test_says_what_is_missing_and_what_to_do(self, store: ArtifactStore) -> None:
        with pytest.raises(ArtifactError, match=rf"The artifact {KEY[:15]} is missing.*\. {AGAIN}$"):
            get(store, KEY)

    def test_has_an_address_for_people(self, store: ArtifactStore) -> None:
        put(store, CONTENT)
        assert store.address(KEY).endswith(KEY)

    def test_serves_many_threads(self, store: ArtifactStore) -> None:
        contents = [bytes([number]) * 10_000 for number in range(40)] * 2
        with ThreadPoolExecutor(16) as threads:
            list(threads.map(lambda content: put(store, content), contents))
        assert all(get(store, key_of(content, "bin")) == content for content in contents)

    def test_leaves_nothing_temporary_behind(
        self, store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        get(store, put(store, CONTENT))
        assert [path.name for path in tmp_path.rglob("*") if path.is_file()] in ([], [KEY])


@pytest.mark.parametrize("key", ["../../etc/passwd", "sha256-00.bin", "", f"{KEY}/..", KEY.upper(), f"x{KEY}"])
def test_nothing_but_the_name_of_an_artifact_leads_to_a_file(key: str, tmp_path: Path) -> None:
    for look in (get, FsspecStore.has):
        with pytest.raises(ArtifactError, match="is not the name of an artifact"):
            look(FsspecStore(str(tmp_path)), key)


@pytest.fixture(params=["folder", "url"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> "Opened":
    return Opened(str(tmp_path) if request.param == "folder" else f"memory://{uuid4().hex}")


class Opened:
    """A store into which others reach."""

    def __init__(self, url: str) -> None:
        self.store = FsspecStore(url)
        self._folder = None if url.startswith("memory:") else Path(url)

    def damage(self, content: bytes) -> None:
        address = self.store.address(KEY)
        if self._folder is None:
            MemoryFileSystem().pipe_file(address, content)
        else:
            Path(address).write_bytes(content)


@pytest.mark.parametrize("damage", [b"other byte", b"cut", b""], ids=["changed", "cut off", "emptied"])
def test_damaged_content_is_noticed_and_taken_away_so_that_it_can_be_made_again(
    damage: bytes, open_store: Opened
) -> None:
    store = open_store.store
    put(store, CONTENT)
    open_store.damage(damage)
    with pytest.raises(ArtifactError, match=rf"The artifact {KEY[:15]} in .* was damaged and is taken away\. {AGAIN}$"):
        get(store, KEY)
    assert not store.has(KEY)
    put(store, CONTENT)
    assert get(store, KEY) == CONTENT


def test_content_that_was_cut_off_is_replaced_even_if_nobody_read_it(open_store: Opened) -> None:
    put(open_store.store, CONTENT)
    open_store.damage(CONTENT[:3])
    put(open_store.store, CONTENT)
    assert get(open_store.store, KEY) == CONTENT


def watched(look: Any) -> tuple[threading.Event, threading.Thread]:
    """Look again and again, until the event is set."""
    done = threading.Event()

    def go_on() -> None:
        while not done.is_set():
            look()

    watcher = threading.Thread(target=go_on)
    watcher.start()
    return done, watcher


def test_nobody_ever_sees_half_a_file(tmp_path: Path) -> None:
    """One thread writes while another looks at every file that there is."""
    contents = [os.urandom(200_000) for _ in range(40)]
    seen: set[int] = set()
    done, watcher = watched(lambda: seen.update(path.stat().st_size for path in tmp_path.glob("*/sha256-*")))
    store = FsspecStore(str(tmp_path))
    for content in contents:
        put(store, content)
    done.set()
    watcher.join()
    assert seen == {200_000}
    assert not list(tmp_path.rglob(".*")), "nothing temporary stays"


def test_nobody_ever_sees_half_of_what_is_uploaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked at after each piece that arrives."""
    monkeypatch.setattr(MemoryFileSystem, "blocksize", 1000)
    files, root = MemoryFileSystem(), f"/{uuid4().hex}"
    store, sizes, content = FsspecStore(f"memory:/{root}"), set(), os.urandom(20_000)
    key = key_of(content, "bin")
    arrives = files.open(f"{root}/probe", "wb").__class__.write

    def write(self: Any, piece: bytes) -> int:
        written: int = arrives(self, piece)
        sizes.add(files.size(place) if files.exists(place := f"{root}/{key[7:9]}/{key}") else None)
        return written

    monkeypatch.setattr("fsspec.implementations.memory.MemoryFile.write", write, raising=False)
    put(store, content)
    assert sizes == {None}
    assert get(store, key) == content
    assert not [name for name in files.find(root) if ".half-" in name]


def test_what_a_killed_process_left_half_written_is_taken_away_a_day_later(tmp_path: Path) -> None:
    old, new = tmp_path / ".half-old", tmp_path / ".half-new"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, time.time() - 25 * 3600))
    put(FsspecStore(str(tmp_path)), CONTENT)
    assert (old.exists(), new.exists()) == (False, True)


def test_what_arrives_changed_on_its_way_is_fetched_again_and_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The place is as it was; only the way is bad."""
    store = FsspecStore(f"memory://{uuid4().hex}")
    put(store, CONTENT)
    arriving = iter([b"half", CONTENT, b"half", b"another half"])

    def get_file(_files: Any, _place: str, path: str) -> None:
        Path(path).write_bytes(next(arriving))

    monkeypatch.setattr(MemoryFileSystem, "get_file", get_file)
    assert get(store, KEY) == CONTENT
    with pytest.raises(ArtifactError, match="cannot be read: what arrives is another thing each time"):
        get(store, KEY)
    assert store.has(KEY)


class TestAPlaceThatFails:
    """Under a URL, with errors that are no OSError, as libraries for buckets raise them."""

    @pytest.fixture(autouse=True)
    def _failing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise RuntimeError("Unable to locate credentials")

        for name in ("put_file", "get_file"):
            monkeypatch.setattr(MemoryFileSystem, name, fail)

    def test_is_told_where_something_is_written(self) -> None:
        with pytest.raises(
            ArtifactError,
            match=r"\(10 bytes so far\) could not be written to memory://bucket: Unable to locate credentials\.",
        ):
            put(FsspecStore("memory://bucket"), CONTENT)

    def test_is_told_where_something_is_read(self) -> None:
        with pytest.raises(ArtifactError, match=r"in memory://bucket cannot be read: Unable to locate credentials"):
            get(FsspecStore("memory://bucket"), KEY)

    def test_is_told_where_something_is_looked_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(MemoryFileSystem, "size", MemoryFileSystem.get_file)
        with pytest.raises(ArtifactError, match=r"in memory://bucket cannot be read: Unable to locate credentials"):
            FsspecStore("memory://bucket").has(KEY)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for 64 kB."""
    folder = tmp_path / "full"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this user may not mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_told_with_the_size_the_place_and_the_way_out(full_disk: Path) -> None:
    with pytest.raises(ArtifactError) as caught:
        put(FsspecStore(str(full_disk)), os.urandom(200_000))
    message = str(caught.value)
    assert "(200,000 bytes so far) could not be written to" in message
    assert f"{full_disk}: No space left on device. Make room there or set BRAIN_ARTIFACTS_URL" in message
    assert not [path for path in full_disk.rglob("*") if path.is_file()], "what could be written is taken away again"


def test_a_full_disk_on_the_way_to_a_remote_place_is_told_by_its_own_name(
    full_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(full_disk))
    with pytest.raises(ArtifactError, match=rf"gathered in {full_disk}/.* on its way to memory://.*No space.*TMPDIR"):
        put(FsspecStore("memory://bucket"), os.urandom(200_000))
    assert not list(full_disk.iterdir())


def test_a_write_that_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    """A limit on the size of files stands for every other reason why a write can fail in the middle."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(ArtifactError, match=r"could not be written to .*: File too large"):
            put(FsspecStore(str(tmp_path)), os.urandom(200_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ArtifactError, match=r"could not be written to .*file.*BRAIN_ARTIFACTS_URL"):
        put(FsspecStore(str(tmp_path / "file")), CONTENT)


@pytest.mark.parametrize("url", ["nowhere://bucket", "s3://bucket"])
def test_a_place_of_a_kind_that_is_not_there_is_told(url: str) -> None:
    with pytest.raises(SettingsError, match=rf"Artifacts cannot be kept in {url}: .*Set BRAIN_ARTIFACTS_URL"):
        FsspecStore(url)
